// Z3 as an oracle about networks, with solvers put in its place that lie, fail or talk nonsense.
#include <gtest/gtest.h>

#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/solver_leaf.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

using core::Rational;
using core::RefusalCode;
using smt::SolverAnswer;

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

  SolverOpinion ask(const SolveText& solve) {
    return find_real_counterexample(network_, property_.cases[0], 1000, solve);
  }

  static SolveText says(SolverAnswer::Kind kind, std::map<std::string, Rational> model = {}) {
    return [=](auto&&...) -> core::Result<SolverAnswer> { return SolverAnswer{kind, model, {}}; };
  }

  Network network_;
  Property property_;
};

TEST_F(SolverLeaf, models_that_hold_are_taken) {
  for (const Rational& x : {Rational(2, 3), Rational(1), Rational(7, 9)}) {
    const auto opinion = ask(says(SolverAnswer::Kind::sat, {{"x0", x}}));
    EXPECT_EQ(opinion.outcome, "counterexample over the reals");
    ASSERT_EQ(opinion.point.size(), 1U);
    EXPECT_EQ(opinion.point[0], x.convert_to<double>());
  }
  const auto real = find_real_counterexample(network_, property_.cases[0], 10'000);
  EXPECT_EQ(real.outcome, "counterexample over the reals");
  EXPECT_NE(real.query.find("(assert"), std::string::npos);
}

TEST_F(SolverLeaf, lies_are_not) {
  const Rational near = Rational(2, 3) - Rational(1, core::Integer(1) << 200U);
  for (const Rational& x : {near, Rational(0), Rational(2), Rational(-5)}) {
    const auto opinion = ask(says(SolverAnswer::Kind::sat, {{"x0", x}}));
    EXPECT_EQ(opinion.outcome, "lied") << x;
    EXPECT_TRUE(opinion.point.empty());
  }
  EXPECT_EQ(ask(says(SolverAnswer::Kind::sat)).outcome, "lied") << "x = 0 is safe";
  EXPECT_EQ(ask(says(SolverAnswer::Kind::sat, {{"x1", Rational(1)}})).outcome, "lied");
}

TEST_F(SolverLeaf, other_answers_say_nothing) {
  EXPECT_EQ(ask(says(SolverAnswer::Kind::unsat)).outcome, "nothing");
  EXPECT_EQ(ask(says(SolverAnswer::Kind::unknown)).outcome, "nothing");
  const SolveText crash = [](auto&&...) -> core::Result<SolverAnswer> {
    return core::refuse(RefusalCode::solver_failed, "z3", "signal 11");
  };
  EXPECT_EQ(ask(crash).outcome, "nothing");
  for (const char* flood : {"sat\nx0 1/0\n", "sat\nx0\n", "believe me", "sat\nx0 1\nx0 1\n"}) {
    const SolveText nonsense = [=](auto&&...) { return smt::parse_answer(flood); };
    EXPECT_EQ(ask(nonsense).outcome, "nothing") << flood;
  }
}

}  // namespace
}  // namespace isotrace::proofs::search
