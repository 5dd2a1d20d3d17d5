#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/trace/compare.hpp>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

using Kind = Divergence::Kind;

Recording without_program() {
  Recording recording = sample_recording();
  recording.program.clear();
  return recording;
}

template <class Change>
Divergence divergence_after(Change change) {
  Recording other = without_program();
  change(other);
  const auto found = find_divergence(make_trace(without_program()), make_trace(other));
  EXPECT_TRUE(found.has_value());
  return found.value_or(Divergence{});
}

void damage(TensorRecord& tensor) { tensor.digest.bytes[0] ^= 1; }

TEST(FindDivergence, none_between_equal_computations_by_different_backends) {
  Recording other = sample_recording();
  other.provenance.backend = "cpu";
  EXPECT_FALSE(find_divergence(make_trace(sample_recording()), make_trace(other)).has_value());
}

TEST(FindDivergence, names_semantics_seed_and_input_before_their_consequences) {
  const auto everywhere = [](Recording& r) {
    for (StepRecord& step : r.steps) damage(step.outputs[0]);
    damage(r.outputs[0].tensor);
  };
  EXPECT_EQ(divergence_after([&](Recording& r) {
              r.identity.semantics = "isonum-2";
              r.identity.seed = 1;
              everywhere(r);
            }).kind,
            Kind::semantics);
  EXPECT_EQ(divergence_after([&](Recording& r) {
              r.identity.seed = 1;
              everywhere(r);
            }).kind,
            Kind::seed);
  const auto input = divergence_after([&](Recording& r) {
    damage(r.identity.inputs[0].tensor);
    damage(*r.steps[0].inputs[0]);
    everywhere(r);
  });
  EXPECT_EQ(input.kind, Kind::input);
  EXPECT_EQ(input.tensor, "x");
  EXPECT_NE(input.a->digest, input.b->digest);
}

TEST(FindDivergence, missing_input_has_one_side_only) {
  const auto found = divergence_after([](Recording& r) { r.identity.inputs.clear(); });
  EXPECT_EQ(found.kind, Kind::input);
  EXPECT_TRUE(found.a.has_value());
  EXPECT_FALSE(found.b.has_value());
}

TEST(FindDivergence, wrong_result_names_step_operation_and_output) {
  const auto found = divergence_after([](Recording& r) {
    damage(r.steps[1].outputs[0]);
    damage(r.outputs[0].tensor);
  });
  EXPECT_EQ(found.kind, Kind::result);
  EXPECT_EQ(found.step, 1U);
  EXPECT_EQ(found.operation, "Relu");
  EXPECT_EQ(found.tensor, "output 0");
}

TEST(FindDivergence, first_wrong_result_wins_over_the_operand_it_becomes) {
  const auto found = divergence_after([](Recording& r) {
    damage(r.steps[0].outputs[0]);
    damage(*r.steps[1].inputs[0]);
    damage(r.steps[1].outputs[0]);
  });
  EXPECT_EQ(found.kind, Kind::result);
  EXPECT_EQ(found.step, 0U);
}

TEST(FindDivergence, another_constant_is_an_operand) {
  const auto found = divergence_after([](Recording& r) {
    r.identity.program.bytes[0] ^= 1;
    damage(*r.steps[0].inputs[1]);
    damage(r.steps[0].outputs[0]);
  });
  EXPECT_EQ(found.kind, Kind::operand);
  EXPECT_EQ(found.tensor, "input 1");
  EXPECT_EQ(found.operand, 1U);
}

TEST(FindDivergence, other_operation_attribute_or_arity_is_an_operation) {
  const auto kind = [](auto change) { return divergence_after(change).kind; };
  EXPECT_EQ(kind([](Recording& r) { r.steps[1].op = core::Op::abs; }), Kind::operation);
  EXPECT_EQ(kind([](Recording& r) { r.steps[1].attributes.bytes[0] ^= 1; }), Kind::operation);
  EXPECT_EQ(kind([](Recording& r) { r.steps[1].inputs.emplace_back(); }), Kind::operation);
  EXPECT_EQ(kind([](Recording& r) { r.steps[1].outputs.clear(); }), Kind::operation);
}

TEST(FindDivergence, one_trace_with_more_steps_is_length_in_both_directions) {
  const Trace a = make_trace(chain_recording(5));
  Recording shorter = chain_recording(5);
  shorter.steps.pop_back();
  const Trace b = make_trace(shorter);
  for (const auto& found : {find_divergence(a, b), find_divergence(b, a)}) {
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, Kind::length);
    EXPECT_EQ(found->step, 4U);
  }
}

TEST(FindDivergence, other_output_names_and_unseen_program_changes_are_told_apart) {
  const auto outputs = divergence_after([](Recording& r) { r.outputs[0].name = "z"; });
  EXPECT_EQ(outputs.kind, Kind::outputs);
  EXPECT_EQ(outputs.tensor, "y");
  const auto program = divergence_after([](Recording& r) { r.identity.program.bytes[0] ^= 1; });
  EXPECT_EQ(program.kind, Kind::program);
}

TEST(FindDivergence, every_single_changed_step_of_a_long_chain_is_found) {
  const Trace original = make_trace(chain_recording(70));
  for (std::size_t step = 0; step < 70; ++step) {
    Recording other = chain_recording(70);
    damage(other.steps[step].outputs[0]);
    const auto found = find_divergence(original, make_trace(other));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, Kind::result);
    EXPECT_EQ(found->step, step);
  }
}

TEST(FindElementDifference, none_in_identical_tensors) {
  const auto a = core::Tensor::of<float>({2}, {1, 2});
  EXPECT_FALSE(find_element_difference(a, a).has_value());
}

TEST(FindElementDifference, shows_index_values_bits_and_ulps) {
  core::Tensor a(core::Dtype::f32, {2, 3, 4});
  core::Tensor b = a;
  a.data<float>()[17] = 3.0F;
  b.data<float>()[17] = std::nextafter(std::nextafter(3.0F, 4.0F), 4.0F);
  b.data<float>()[23] = 1;
  const auto found = find_element_difference(a, b);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->element, 17U);
  EXPECT_EQ(found->index, (std::vector<std::int64_t>{1, 1, 1}));
  EXPECT_EQ(found->a, "0x1.8p+1");
  EXPECT_EQ(found->b, "0x1.800004p+1");
  EXPECT_EQ(found->a_bits, "0x40400000");
  EXPECT_EQ(found->b_bits, "0x40400002");
  EXPECT_EQ(found->ulps, 2U);
  EXPECT_EQ(found->differing, 2U);
}

TEST(FindElementDifference, scalars_zeros_and_nans_of_different_bits_differ) {
  const auto zero = find_element_difference(core::Tensor::of<double>({}, {0.0}),
                                            core::Tensor::of<double>({}, {-0.0}));
  ASSERT_TRUE(zero.has_value());
  EXPECT_TRUE(zero->index.empty());
  EXPECT_EQ(zero->ulps, 0U);
  EXPECT_EQ(zero->b, "-0x0p+0");
  const auto nan = find_element_difference(core::Tensor::of<core::Half>({1}, {{0x7E00}}),
                                           core::Tensor::of<core::Half>({1}, {{0x7E01}}));
  ASSERT_TRUE(nan.has_value());
  EXPECT_FALSE(nan->ulps.has_value());
  EXPECT_EQ(nan->b_bits, "0x7e01");
}

}  // namespace
}  // namespace isotrace::trace::samples
