// Level R: properties of ReLU networks that hold with nothing to spare are proved, and what is
// violated over the reals alone is told from that.
#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using Kind = ProveOutcome::Kind;
using tests::Chain;

struct Answer {
  ProveOutcome outcome;
  std::uint64_t exact = 0;
};

Answer answer(const core::Program& program, const std::string& text, unsigned jobs = 1) {
  Answer made;
  ProveOptions options;
  options.level = Level::real;
  options.jobs = jobs;
  options.nodes_max = 50'000;
  options.on_stage = [&](const ProveStage& stage) {
    for (const auto& [name, number] : stage.sizes) made.exact += name == "exactLeaves" ? number : 0;
  };
  auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome) << (outcome ? "" : core::describe(outcome.error()));
  if (!outcome) return made;
  made.outcome = *std::move(outcome);
  if (made.outcome.kind == Kind::proved) {
    const auto report = check_proof(*parse_proof(write_proof(made.outcome.proof)));
    EXPECT_TRUE(report && report->verdict.accepted());
  }
  return made;
}

/// Weights with all their 24 bits.
std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<float> scaled(std::vector<float> values, float by) {
  for (float& value : values) value *= by;
  return values;
}

/// y = sum of w_i (relu(z_i) - relu(2 z_i) / 2), which is 0, plus `beyond` times another ReLU; z_i
/// are random forms of the inputs. 2 z_i and its half do not round.
core::Program nothing_to_spare(core::PhiloxStream& random, std::size_t inputs, std::size_t count,
                               float beyond) {
  Chain chain({1, static_cast<std::int64_t>(inputs)});
  const auto z = tests::uniforms(random, inputs * count);
  const auto bias = scaled(tests::uniforms(random, count), 0.25F);
  const auto w = tests::uniforms(random, count);
  const int first =
      chain.floats({static_cast<std::int64_t>(2 * count + 1), static_cast<std::int64_t>(inputs)},
                   joined({z, scaled(z, 2), tests::uniforms(random, inputs)}));
  const int first_bias = chain.floats({static_cast<std::int64_t>(2 * count + 1)},
                                      joined({bias, scaled(bias, 2), {0.1F}}));
  const int second = chain.floats({1, static_cast<std::int64_t>(2 * count + 1)},
                                  joined({w, scaled(w, -0.5F), {beyond}}));
  const int none = chain.floats({1}, {0});
  return chain.gemm(first, first_bias, 1, 1, true).relu().gemm(second, none, 1, 1, true).build();
}

TEST(ExactLeaves, what_holds_with_nothing_to_spare_is_proved) {
  core::PhiloxStream random(11);
  std::uint64_t exact = 0;
  for (int round = 0; round < 12; ++round) {
    const std::size_t inputs = 1 + random.next_below(3);
    const auto program =
        nothing_to_spare(random, inputs, 2 + random.next_below(3), round % 2 == 0 ? 0.0F : 0.7F);
    const std::string text = tests::box_property(inputs, 1, "-1", "1", "(assert (< Y_0 0))\n");
    const Answer made = answer(program, text);
    EXPECT_EQ(made.outcome.kind, Kind::proved) << "round " << round << " " << made.outcome.detail;
    exact += made.exact;
    const Answer again = answer(program, text, 3);
    if (made.outcome.kind != Kind::proved) continue;
    EXPECT_EQ(write_proof(again.outcome.proof), write_proof(made.outcome.proof));
  }
  EXPECT_GT(exact, 0U);
}

TEST(ExactLeaves, the_same_properties_are_not_proved_where_the_bound_counts_as_unsafe) {
  core::PhiloxStream random(12);
  for (int round = 0; round < 6; ++round) {
    const auto program = nothing_to_spare(random, 2, 3, 0);
    const Answer made =
        answer(program, tests::box_property(2, 1, "-1", "1", "(assert (<= Y_0 0))\n"));
    EXPECT_NE(made.outcome.kind, Kind::proved);
  }
}

TEST(ExactLeaves, rounding_alone_is_no_counterexample_over_the_reals) {
  // The binary64 value of y rounds as well: only rational numbers tell that it is 0.
  core::PhiloxStream random(13);
  for (int round = 0; round < 4; ++round) {
    const auto program = nothing_to_spare(random, 3, 4, 0);
    const Answer made =
        answer(program, tests::box_property(3, 1, "-1", "1", "(assert (< Y_0 0))\n"));
    EXPECT_NE(made.outcome.kind, Kind::violated);
  }
}

/// y = |x - 1/3| to the nearest number with 24 bits: relu(3 x - 1) / 3 + relu(1 - 3 x) / 3.
TEST(ExactLeaves, a_counterexample_that_is_no_float_is_found_over_the_reals) {
  Chain chain({1, 1});
  const int first = chain.floats({1, 2}, {3, -3});
  const int first_bias = chain.floats({2}, {-1, 1});
  const int second = chain.floats({2, 1}, {0x1.555556p-2F, 0x1.555556p-2F});
  const int none = chain.floats({1}, {0});
  const auto program = chain.gemm(first, first_bias).relu().gemm(second, none).build();
  const auto property = [](const std::string& row) {
    return tests::box_property(1, 1, "0", "1", "(assert " + row + ")\n");
  };
  const Answer found = answer(program, property("(<= Y_0 0)"));
  EXPECT_EQ(found.outcome.kind, Kind::undecided);
  EXPECT_EQ(found.outcome.reason, UndecidedReason::unconfirmed_real) << found.outcome.detail;
  EXPECT_EQ(answer(program, property("(< Y_0 0)")).outcome.kind, Kind::proved);
  EXPECT_EQ(answer(program, property("(<= Y_0 1e-3)")).outcome.kind, Kind::violated);
}

}  // namespace
}  // namespace isotrace::proofs
