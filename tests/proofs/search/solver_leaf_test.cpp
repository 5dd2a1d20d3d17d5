// Z3 and cvc5 as oracles about networks, with solvers put in their place that lie, fail or talk
// nonsense.
#include <gtest/gtest.h>

#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/proofs/search/solver_leaf.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

using core::Rational;
using core::RefusalCode;
using smt::Answer;

/// y = relu(3 x - 1) for x in [0, 1]; unsafe: y >= 1, which is x >= 2/3.
class SolverLeaf : public testing::Test {
 protected:
  SolverLeaf() {
    tests::Chain chain({1, 1});
    const int weight = chain.floats({1, 1}, {3});
    const int bias = chain.floats({1}, {-1});
    const core::Program program = chain.gemm(weight, bias).relu().build();
    network_ = *lower_program(program, Level::real, false);
    property_ = *parse_vnnlib(tests::box_property(1, 1, "0", "1", "(assert (>= Y_0 1))\n"));
  }

  core::Result<SolverOpinion> ask(const smt::SolveFunction& solve, bool agree = false) {
    smt::DecideOptions options = solvers_of_networks();
    options.agree = agree;
    options.alarm_folder = testing::TempDir();
    options.limits.wall_milliseconds = 1'000;
    options.limits.output_bytes_max = 1 << 20;
    return find_real_counterexample(network_, property_.cases[0], options, solve);
  }

  static smt::SolveFunction says(Answer::Kind kind, std::map<std::string, Rational> model = {}) {
    Answer answer;
    answer.kind = kind;
    answer.model.numbers.insert(model.begin(), model.end());
    return [text = write_answer(answer)](auto&&...) { return text; };
  }

  Network network_;
  Property property_;
};

TEST_F(SolverLeaf, models_that_hold_are_taken) {
  for (const Rational& x : {Rational(2, 3), Rational(1), Rational(7, 9)}) {
    const auto opinion = ask(says(Answer::Kind::sat, {{"x0", x}}));
    ASSERT_TRUE(opinion.has_value());
    ASSERT_EQ(opinion->point.size(), 1U);
    EXPECT_EQ(opinion->point[0], x.convert_to<double>());
  }
  for (const smt::Engine engine : {smt::Engine::z3, smt::Engine::cvc5}) {
    smt::DecideOptions options = solvers_of_networks();
    options.engines = {engine};
    const auto real = find_real_counterexample(network_, property_.cases[0], options);
    ASSERT_TRUE(real.has_value());
    ASSERT_EQ(real->point.size(), 1U) << smt::name(engine);
    EXPECT_GE(real->point[0], 0.66) << "which is about 2/3";
  }
}

TEST_F(SolverLeaf, lies_are_not) {
  const Rational near = Rational(2, 3) - Rational(1, core::Integer(1) << 200U);
  std::vector<smt::SolveFunction> lies = {
      says(Answer::Kind::sat),  // x = 0 is safe
      says(Answer::Kind::sat, {{"x1", Rational(1)}}),
      [](auto&&...) { return std::string("believe me"); },
  };
  for (const Rational& x : {near, Rational(0), Rational(2), Rational(-5)}) {
    lies.push_back(says(Answer::Kind::sat, {{"x0", x}}));
  }
  for (const smt::SolveFunction& lie : lies) {
    const auto opinion = ask(lie);
    ASSERT_FALSE(opinion.has_value());
    EXPECT_EQ(opinion.error().code, RefusalCode::solver_answer_wrong);
  }
}

TEST_F(SolverLeaf, the_other_solver_is_asked_where_one_crashes) {
  const auto opinion = ask([](const smt::Question& question, smt::Engine engine,
                              const smt::EngineLimits& limits) -> std::string {
    if (engine == smt::Engine::z3) std::abort();
    return smt::solve_with_engine(question, engine, limits);
  });
  ASSERT_TRUE(opinion.has_value());
  EXPECT_EQ(opinion->point.size(), 1U);
  ASSERT_EQ(opinion->decision.runs.size(), 2U);
  EXPECT_EQ(opinion->decision.runs[0].outcome, smt::Outcome::crashed);
}

TEST_F(SolverLeaf, who_disagrees_is_an_alarm) {
  const auto opinion = ask(
      [](const smt::Question& question, smt::Engine engine, const smt::EngineLimits& limits) {
        if (engine == smt::Engine::z3) return smt::solve_with_engine(question, engine, limits);
        Answer answer;
        answer.kind = Answer::Kind::unsat;
        return write_answer(answer);
      },
      true);
  ASSERT_FALSE(opinion.has_value());
  EXPECT_EQ(opinion.error().code, RefusalCode::solvers_disagree);
}

TEST_F(SolverLeaf, other_answers_say_nothing) {
  const smt::SolveFunction silent[] = {
      says(Answer::Kind::unsat),
      says(Answer::Kind::unknown),
      [](auto&&...) -> std::string { std::abort(); },
      [](auto&&...) -> std::string { throw 1; },
      [](auto&&...) { return std::string(2 << 20, 'x'); },
  };
  for (const smt::SolveFunction& solve : silent) {
    const auto opinion = ask(solve);
    ASSERT_TRUE(opinion.has_value());
    EXPECT_TRUE(opinion->point.empty());
  }
}

}  // namespace
}  // namespace isotrace::proofs::search
