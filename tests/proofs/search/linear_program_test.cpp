// Leaves by linear programming: the same verdicts from fewer boxes, and proofs that the checker
// accepts without knowing where their numbers come from.
#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "quantised_graphs.hpp"

namespace isotrace::proofs {
namespace {

using Kind = ProveOutcome::Kind;

struct Answer {
  Kind kind = Kind::undecided;
  std::uint64_t boxes = 0;
  std::uint64_t by_programs = 0;
};

Answer answer(const core::Program& program, const std::string& text, std::size_t neurons) {
  Answer made;
  ProveOptions options;
  options.nodes_max = 20'000;
  options.program_neurons = neurons;
  options.on_stage = [&](const ProveStage& stage) {
    for (const auto& [name, number] : stage.sizes) {
      if (name == "programs") made.by_programs += number;
    }
  };
  const auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome) << (outcome ? "" : core::describe(outcome.error()));
  if (!outcome) return made;
  made.kind = outcome->kind;
  made.boxes = outcome->nodes;
  if (made.kind == Kind::proved) {
    const auto report = check_proof(*parse_proof(write_proof(outcome->proof)));
    EXPECT_TRUE(report && report->verdict.accepted());
  }
  return made;
}

/// Output 0 stays a little below what no sample reaches: by so much of the range of samples.
std::string question(const core::Program& program, std::size_t inputs, core::PhiloxStream& random,
                     float slack) {
  float most = -100;
  float least = 100;
  for (int i = 0; i < 200; ++i) {
    std::vector<float> x = tests::uniforms(random, inputs);
    for (float& value : x) value *= 0.4F;
    const float y = tests::run_reference(program, x)[0];
    most = std::max(most, y);
    least = std::min(least, y);
  }
  const std::string limit = std::to_string(most + slack * (most - least));
  const std::string number = limit[0] == '-' ? "(- " + limit.substr(1) + ")" : limit;
  return tests::box_property(inputs, 2, "-0.4", "0.4", "(assert (>= Y_0 " + number + "))\n");
}

void expect_fewer_boxes(const std::vector<std::int64_t>& widths, std::uint64_t seed, float slack) {
  core::PhiloxStream random(seed);
  std::uint64_t without = 0;
  std::uint64_t with = 0;
  std::uint64_t by_programs = 0;
  for (int round = 0; round < 8; ++round) {
    const core::Program program = tests::random_dense(random, widths);
    const std::string text = question(program, static_cast<std::size_t>(widths[0]), random, slack);
    const Answer plain = answer(program, text, 0);
    const Answer programmed = answer(program, text, 64);
    EXPECT_EQ(plain.by_programs, 0U);
    if (plain.kind != Kind::undecided && programmed.kind != Kind::undecided) {
      EXPECT_EQ(plain.kind, programmed.kind) << "round " << round;
    }
    if (plain.kind != Kind::proved || programmed.kind != Kind::proved) continue;
    without += plain.boxes;
    with += programmed.boxes;
    by_programs += programmed.by_programs;
  }
  EXPECT_GT(by_programs, 0U);
  EXPECT_LT(with, without);
}

TEST(LinearPrograms, boxes_that_bounds_leave_open_are_closed) {
  expect_fewer_boxes({5, 12, 12, 2}, 81, 0.45F);
}

TEST(LinearPrograms, sign_splits_take_part) { expect_fewer_boxes({30, 14, 14, 2}, 82, 1); }

TEST(LinearPrograms, more_open_neurons_than_allowed_are_left_alone) {
  core::PhiloxStream random(83);
  const core::Program program = tests::random_dense(random, {5, 12, 12, 2});
  const std::string text = question(program, 5, random, 0.45F);
  EXPECT_EQ(answer(program, text, 1).by_programs, 0U);
}

TEST(LinearPrograms, quantised_programs_keep_their_verdicts) {
  core::PhiloxStream random(84);
  for (int round = 0; round < 8; ++round) {
    const core::Program program = tests::random_quantised(random, tests::QuantisedKind::qdq);
    const std::string limit = std::to_string(8 * tests::uniform(random));
    const std::string number = limit[0] == '-' ? "(- " + limit.substr(1) + ")" : limit;
    const std::string text =
        tests::box_property(2, 2, "0.1", "0.9", "(assert (>= Y_1 " + number + "))\n");
    EXPECT_EQ(answer(program, text, 0).kind, answer(program, text, 40).kind) << "round " << round;
  }
}

}  // namespace
}  // namespace isotrace::proofs
