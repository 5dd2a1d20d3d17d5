#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/smt/encode_network.hpp>
#include <isotrace/smt/solve_z3.hpp>

namespace isotrace::smt {
namespace {

using core::Rational;
using Kind = SolverAnswer::Kind;

SolverLimits short_limits() {
  SolverLimits limits;
  limits.wall_milliseconds = 10'000;
  limits.memory_bytes = std::uint64_t{1} << 30;
  return limits;
}

SolverAnswer solve(const std::string& text, const SolverLimits& limits = short_limits()) {
  auto answer = solve_z3(text, limits);
  EXPECT_TRUE(answer.has_value()) << (answer ? "" : core::describe(answer.error()));
  return answer ? *answer : SolverAnswer{};
}

/// Pigeons in holes, one fewer hole: short to state, long to refute without symmetry.
std::string pigeonhole(int holes) {
  const auto name = [](int pigeon, int hole) {
    return "p" + std::to_string(pigeon) + "_" + std::to_string(hole);
  };
  std::string text;
  for (int p = 0; p <= holes; ++p) {
    for (int h = 0; h < holes; ++h) text += "(declare-const " + name(p, h) + " Bool)\n";
  }
  for (int p = 0; p <= holes; ++p) {
    text += "(assert (or";
    for (int h = 0; h < holes; ++h) text += " " + name(p, h);
    text += "))\n";
    for (int q = 0; q < p; ++q) {
      for (int h = 0; h < holes; ++h) {
        text += "(assert (not (and " + name(p, h) + " " + name(q, h) + ")))\n";
      }
    }
  }
  return text;
}

TEST(SolveZ3, sat_gives_an_exact_model) {
  const SolverAnswer answer = solve(
      "(declare-const x Real)(declare-const y Real)"
      "(assert (= (* 3.0 x) 1.0))(assert (= y (- (/ 7.0 2.0))))");
  ASSERT_EQ(answer.kind, Kind::sat);
  EXPECT_EQ(answer.model.at("x"), Rational(1, 3));
  EXPECT_EQ(answer.model.at("y"), Rational(-7, 2));
}

TEST(SolveZ3, unsat_is_told_apart) {
  EXPECT_EQ(solve("(declare-const x Real)(assert (< x 0.0))(assert (> x 0.0))").kind, Kind::unsat);
}

TEST(SolveZ3, models_of_encoded_networks_satisfy_them_exactly) {
  core::PhiloxStream random(7);
  int sat = 0;
  for (int round = 0; round < 12; ++round) {
    const auto small = [&] { return Rational(static_cast<int>(random.next_below(17)) - 8, 4); };
    NetworkQuery query;
    query.box.assign(2, {Rational(-1), Rational(1)});
    AffineLayer hidden{{}, {}, true};
    for (int i = 0; i < 4; ++i) {
      hidden.weights.push_back({small(), small()});
      hidden.bias.push_back(small());
    }
    AffineLayer last{{{small(), small(), small(), small()}}, {small()}, false};
    query.layers = {hidden, last};
    query.constraints.push_back({{Rational(1)}, Rational(-1), false});
    const SolverAnswer answer = solve(*encode_network(query));
    if (answer.kind != Kind::sat) continue;
    ++sat;
    std::vector<Rational> h;
    for (std::size_t i = 0; i < 4; ++i) {
      const Rational z = hidden.weights[i][0] * answer.model.at("x0") +
                         hidden.weights[i][1] * answer.model.at("x1") + hidden.bias[i];
      h.push_back(z > 0 ? z : Rational(0));
    }
    Rational y = last.bias[0];
    for (std::size_t i = 0; i < 4; ++i) y += last.weights[0][i] * h[i];
    EXPECT_LE(y, Rational(-1));
  }
  EXPECT_GT(sat, 0);
  EXPECT_LT(sat, 12);
}

TEST(SolveZ3, wall_clock_limit_gives_unknown) {
  SolverLimits limits = short_limits();
  limits.wall_milliseconds = 300;
  const SolverAnswer answer = solve(pigeonhole(40), limits);
  EXPECT_EQ(answer.kind, Kind::unknown);
  EXPECT_EQ(answer.reason, "wall-clock limit");
}

TEST(SolveZ3, resource_limit_gives_unknown) {
  SolverLimits limits = short_limits();
  limits.resource_units = 1000;
  EXPECT_EQ(solve(pigeonhole(12), limits).kind, Kind::unknown);
}

TEST(SolveZ3, memory_limit_is_no_answer) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer reserves the address space itself";
#endif
  SolverLimits limits = short_limits();
  limits.memory_bytes = std::uint64_t{8} << 20;
  const auto answer = solve_z3(pigeonhole(40), limits);
  if (answer) {
    EXPECT_EQ(answer->kind, Kind::unknown);
  } else {
    EXPECT_EQ(answer.error().code, core::RefusalCode::solver_failed);
  }
}

TEST(SolveZ3, solver_failed_on_text_that_is_not_smtlib) {
  const auto answer = solve_z3("(assert (= x", short_limits());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, core::RefusalCode::solver_failed);
}

TEST(ParseAnswer, solver_failed_on_nonsense) {
  for (const char* text : {"", "sat", "sat\nx", "sat\nx 1/0\n", "sat\nx one\n", "sat\n 1\n",
                           "sat\nx 1\nx 2\n", "unsat\nx 1\n", "perhaps\n", "error 3\n"}) {
    const auto answer = parse_answer(text);
    ASSERT_FALSE(answer.has_value()) << text;
    EXPECT_EQ(answer.error().code, core::RefusalCode::solver_failed) << text;
  }
}

TEST(ParseAnswer, all_three_answers_are_read) {
  EXPECT_EQ(parse_answer("unsat\n")->kind, Kind::unsat);
  EXPECT_EQ(parse_answer("unknown timeout\n")->reason, "timeout");
  EXPECT_EQ(parse_answer("sat\nx -3/4\n")->model.at("x"), Rational(-3, 4));
}

}  // namespace
}  // namespace isotrace::smt
