#include <gtest/gtest.h>

#include <cmath>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::RefusalCode;
using tests::box_property;
using tests::Chain;
using Kind = ProveOutcome::Kind;

/// y = |x| as relu(x) + relu(-x).
core::Program absolute_value() {
  Chain chain({1, 1});
  const int first = chain.floats({1, 2}, {1, -1});
  const int none = chain.floats({2}, {0, 0});
  const int second = chain.floats({2, 1}, {1, 1});
  const int zero = chain.floats({1}, {0});
  return chain.gemm(first, none).relu().gemm(second, zero).build();
}

ProveOutcome prove_ok(const core::Program& program, const std::string& text,
                      const ProveOptions& options = {}) {
  const auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *outcome : ProveOutcome{};
}

/// A property that takes some splitting: a bound just below the least value that attacks find.
struct Splitting {
  core::Program program;
  std::string text;
};
Splitting make_splitting() {
  core::PhiloxStream random(41);
  core::Program program = tests::random_dense(random, {3, 20, 20, 2});
  float limit = 0;
  for (;;) {
    std::string text =
        box_property(3, 2, "-1", "1", "(assert (<= Y_0 " + std::to_string(limit) + "))\n");
    const ProveOutcome outcome = prove_ok(program, text);
    if (outcome.kind != Kind::violated) return {std::move(program), std::move(text)};
    limit = outcome.proof.counterexample.outputs[0] - 0.02F;
  }
}

TEST(Prove, a_true_property_is_proved_and_the_proof_accepted) {
  const core::Program program = absolute_value();
  const ProveOutcome outcome =
      prove_ok(program, box_property(1, 1, "-1", "1", "(assert (<= Y_0 -0.01))\n"));
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  const auto report = check_proof(outcome.proof);
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->verdict.accepted()) << report->verdict.reason;
  EXPECT_EQ(report->program, core::program_digest(program));
}

TEST(Prove, a_false_property_is_violated_by_a_confirmed_float) {
  const ProveOutcome outcome =
      prove_ok(absolute_value(), box_property(1, 1, "-1", "1", "(assert (<= Y_0 0.01))\n"));
  ASSERT_EQ(outcome.kind, Kind::violated);
  const Counterexample& found = outcome.proof.counterexample;
  EXPECT_LE(found.outputs[0], 0.01F);
  EXPECT_EQ(found.outputs, tests::run_reference(absolute_value(), found.inputs));
}

TEST(Prove, cases_that_share_a_box_are_attacked_together) {
  // Each of 40 inputs is an output; only the last one can come so near to its end.
  Chain chain({1, 40});
  std::vector<float> unit(40 * 40);
  for (std::size_t i = 0; i < 40; ++i) unit[i * 41] = 1;
  const int weights = chain.floats({40, 40}, unit);
  const int none = chain.floats({40}, std::vector<float>(40));
  const core::Program program = chain.gemm(weights, none).build();
  std::string unsafe = "(assert (or";
  for (int i = 0; i < 40; ++i) {
    unsafe += " (and (>= Y_" + std::to_string(i) + (i < 39 ? " 1.5))" : " 0.99))");
  }
  const ProveOutcome outcome = prove_ok(program, box_property(40, 40, "-1", "1", unsafe + "))\n"));
  ASSERT_EQ(outcome.kind, Kind::violated);
  EXPECT_EQ(outcome.proof.counterexample.violated_case, 39U);
  EXPECT_EQ(outcome.nodes, 0U);
}

TEST(Prove, an_input_fixed_to_no_float_is_proved_over_the_reals_or_said_to_be_none) {
  const std::string fixed = "0.10000000000000001";
  const ProveOutcome above =
      prove_ok(absolute_value(), box_property(1, 1, fixed, fixed, "(assert (>= Y_0 0.2))\n"));
  EXPECT_EQ(above.kind, Kind::proved) << above.detail;
  const ProveOutcome below =
      prove_ok(absolute_value(), box_property(1, 1, fixed, fixed, "(assert (<= Y_0 0.2))\n"));
  EXPECT_EQ(below.kind, Kind::undecided);
  EXPECT_NE(below.detail.find("no binary32 input lies in its box"), std::string::npos)
      << below.detail;
}

TEST(Prove, a_case_without_rows_is_violated_by_any_input) {
  EXPECT_EQ(prove_ok(absolute_value(), box_property(1, 1, "0.1", "0.2", "")).kind, Kind::violated);
}

TEST(Prove, conjunctions_need_their_rows_together) {
  // Y >= |x|, so Y <= 0.3 and x-free Y >= 0.4 cannot hold together, though each alone can.
  const std::string text =
      box_property(1, 1, "-1", "1", "(assert (and (<= Y_0 0.3) (>= Y_0 0.4)))\n");
  EXPECT_EQ(prove_ok(absolute_value(), text).kind, Kind::proved);
}

TEST(Prove, every_level_is_proved_under_its_name) {
  for (const Level level : {Level::exact_order, Level::any_order, Level::real}) {
    ProveOptions options;
    options.level = level;
    const ProveOutcome outcome = prove_ok(
        absolute_value(), box_property(1, 1, "-1", "1", "(assert (<= Y_0 -0.01))\n"), options);
    ASSERT_EQ(outcome.kind, Kind::proved);
    EXPECT_EQ(outcome.proof.level, level);
  }
}

TEST(Prove, the_same_bytes_come_out_for_any_number_of_jobs) {
  const Splitting splitting = make_splitting();
  std::vector<core::Bytes> proofs;
  for (const unsigned jobs : {1U, 2U, 4U}) {
    ProveOptions options;
    options.jobs = jobs;
    const ProveOutcome outcome = prove_ok(splitting.program, splitting.text, options);
    ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
    EXPECT_GT(outcome.nodes, 20U) << "the property should need splitting";
    proofs.push_back(write_proof(outcome.proof));
  }
  EXPECT_EQ(proofs[0], proofs[1]);
  EXPECT_EQ(proofs[0], proofs[2]);
}

/// |x| beside a neuron of 1000 that the bias takes away again: near 0, a hundredth is little of all
/// that is added up, however small a box is.
TEST(Prove, plain_splits_leave_be_what_holds_by_little_at_its_weakest_point) {
  Chain chain({1, 1});
  const int first = chain.floats({1, 3}, {1, -1, 0});
  const int thousand = chain.floats({3}, {0, 0, 1000});
  const int second = chain.floats({3, 1}, {1, 1, 1});
  const int back = chain.floats({1}, {-1000});
  const core::Program program = chain.gemm(first, thousand).relu().gemm(second, back).build();
  const std::string text = box_property(1, 1, "-1", "1", "(assert (<= Y_0 -0.01))\n");
  ProveOptions options;
  options.plain_boxes = ProveOptions::no_clips;
  const ProveOutcome outcome = prove_ok(program, text, options);
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  EXPECT_GT(outcome.nodes, prove_ok(program, text).nodes);
  EXPECT_LT(outcome.nodes, 32U);
}

TEST(Prove, progress_is_reported) {
  const Splitting splitting = make_splitting();
  std::uint64_t done = 0;
  ProveOptions options;
  options.progress = [&](const ProveProgress& progress) {
    EXPECT_GT(progress.boxes_done, done);
    done = progress.boxes_done;
    EXPECT_EQ(progress.cases, 1U);
  };
  EXPECT_EQ(prove_ok(splitting.program, splitting.text, options).nodes, done);
}

TEST(Prove, out_of_time_is_undecided) {
  const Splitting splitting = make_splitting();
  int asked = 0;
  ProveOptions options;
  options.out_of_time = [&] { return ++asked > 3; };
  const ProveOutcome outcome = prove_ok(splitting.program, splitting.text, options);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::timeout);
}

TEST(Prove, too_many_nodes_is_undecided_for_memory) {
  const Splitting splitting = make_splitting();
  ProveOptions options;
  options.nodes_max = 140;
  const ProveOutcome outcome = prove_ok(splitting.program, splitting.text, options);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::memory) << outcome.detail;
}

TEST(Prove, an_operation_without_bound_is_undecided_with_its_refusal) {
  Chain chain({1, 1});
  chain.then(Op::softsign, {-1});
  const ProveOutcome outcome =
      prove_ok(chain.build(), box_property(1, 1, "0", "1", "(assert (<= Y_0 -1.0))\n"));
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::unsupported);
  ASSERT_TRUE(outcome.refusal.has_value());
  EXPECT_EQ(outcome.refusal->code, RefusalCode::prove_unsupported);
}

TEST(Prove, an_operation_without_bound_is_refuted_by_executing_it) {
  Chain chain({1, 1});
  chain.then(Op::softsign, {-1});
  const core::Program program = chain.build();
  const std::string text = box_property(1, 1, "0", "1", "(assert (>= Y_0 0.49))\n");
  const ProveOutcome outcome = prove_ok(program, text);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  EXPECT_GE(outcome.proof.counterexample.outputs[0], 0.49F);
  const auto report = check_proof(outcome.proof);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->verdict.kind, core::Verdict::Kind::undecided) << "outputs need re-execution";
  ProveOptions reals;
  reals.level = Level::real;
  EXPECT_EQ(prove_ok(program, text, reals).reason, UndecidedReason::unsupported);
  ProveOptions late;
  late.out_of_time = [] { return true; };
  EXPECT_EQ(prove_ok(program, text, late).kind, Kind::undecided);
}

TEST(Prove, runs_of_many_inputs_are_turned_over_where_steps_have_no_slope) {
  // Enough of 400 inputs must be positive, in blocks that random corners do not give.
  Chain chain({1, 400});
  chain.then(Op::sign, {-1});
  std::vector<float> weights(400, 1);
  for (std::size_t i = 0; i < 400; ++i) weights[i] = i / 100 % 2 == 0 ? 1.0F : -1.0F;
  chain.then(Op::matmul, {-1, chain.floats({400, 1}, weights)}, {{"k_segment", std::int64_t{256}}});
  const core::Program program = chain.build();
  const std::string text = box_property(400, 1, "-1", "1", "(assert (>= Y_0 380.0))\n");
  const ProveOutcome outcome = prove_ok(program, text);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  EXPECT_GE(outcome.proof.counterexample.outputs[0], 380.0F);
  EXPECT_EQ(prove_ok(program, box_property(400, 1, "-1", "1", "(assert (>= Y_0 401.0))\n")).kind,
            Kind::undecided);
}

TEST(Prove, property_mismatch_for_other_numbers_of_inputs_or_outputs) {
  for (const auto& [inputs, outputs] : {std::pair{2, 1}, std::pair{1, 2}}) {
    const auto outcome =
        prove(absolute_value(),
              box_property(static_cast<std::size_t>(inputs), static_cast<std::size_t>(outputs), "0",
                           "1", "(assert (<= Y_0 -1.0))\n"),
              {});
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, RefusalCode::property_mismatch);
  }
}

TEST(Prove, property_malformed_is_passed_on) {
  const auto outcome = prove(absolute_value(), "(assert", {});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, RefusalCode::property_malformed);
}

/// y = (2 x + 2 C) / 2 - C with C = 2^22, as sums of a product and a bias: floats give multiples of
/// 1/2, the reals everything, and bounds for any order of summation cannot tell.
core::Program coarse() {
  Chain chain({1, 1});
  const int twice = chain.floats({1, 1}, {2});
  const int half = chain.floats({1, 1}, {0.5F});
  const int up = chain.floats({1}, {0x1p23F});
  const int down = chain.floats({1}, {-0x1p22F});
  return chain.gemm(twice, up).gemm(half, down).build();
}

TEST(Prove, a_real_counterexample_that_no_float_confirms_is_its_own_category) {
  // Over the reals y = x meets [0.2, 0.3]; no float run gives such a y.
  const std::string text =
      box_property(1, 1, "0.1", "0.4", "(assert (and (>= Y_0 0.2) (<= Y_0 0.3)))\n");
  ProveOptions options;
  EXPECT_EQ(prove_ok(coarse(), text, options).reason, UndecidedReason::precision);
  options.solver = true;
  const ProveOutcome outcome = prove_ok(coarse(), text, options);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::unconfirmed_real) << outcome.detail;
}

TEST(Prove, the_solver_never_makes_an_undecided_property_proved) {
  // Unsatisfiable over the reals (y = x), beyond the float bounds: stays undecided.
  const std::string text =
      box_property(1, 1, "0.4", "0.9", "(assert (and (>= Y_0 0.2) (<= Y_0 0.3)))\n");
  ProveOptions options;
  options.solver = true;
  const ProveOutcome outcome = prove_ok(coarse(), text, options);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::precision) << outcome.detail;
}

}  // namespace
}  // namespace isotrace::proofs
