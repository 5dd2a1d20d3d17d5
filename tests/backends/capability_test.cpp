#include <isotrace/backends/capability.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/samples.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::Tensor;

core::Node node_of(Op op) {
  return {.op = op, .inputs = {}, .outputs = {}, .attributes = {}, .name = {}};
}

TEST(Capability, every_matrix_has_each_pair_of_operation_and_type_once) {
  for (const std::string& name : backend_names()) {
    const auto matrix = capability_matrix(name);
    ASSERT_TRUE(matrix);
    const auto control = std::count_if(core::all_ops().begin(), core::all_ops().end(),
                                       [](const core::OpInfo& info) { return info.control; });
    EXPECT_EQ(control, 3);
    EXPECT_EQ(matrix->size(), (core::all_ops().size() - 3) * 22);
    std::vector<std::pair<Op, Dtype>> pairs;
    for (const Capability& entry : *matrix) pairs.emplace_back(entry.op, entry.dtype);
    std::sort(pairs.begin(), pairs.end());
    EXPECT_EQ(std::adjacent_find(pairs.begin(), pairs.end()), pairs.end());
  }
}

TEST(Capability, the_table_says_exactly_what_the_reference_does) {
  const core::FloatEnvironment environment;
  const auto matrix = *capability_matrix("reference");
  for (const Capability& entry : matrix) {
    for (const Sample& sample : make_samples(entry.op, entry.dtype, 7)) {
      const auto views = sample.views();
      const auto outcome = reference::evaluate(sample.node, views);
      const bool refused =
          !outcome && outcome.error().code == RefusalCode::operation_dtype_unsupported;
      EXPECT_EQ(entry.support == Support::refused, refused)
          << core::op_info(entry.op).name << " " << core::dtype_name(entry.dtype) << " "
          << (outcome ? "has a result" : core::describe(outcome.error()));
      EXPECT_EQ(find_support(matrix, sample.node, sample.dtypes()).has_value(), !refused)
          << core::op_info(entry.op).name << " " << core::dtype_name(entry.dtype);
      EXPECT_TRUE(refused || outcome)
          << core::op_info(entry.op).name << " " << core::dtype_name(entry.dtype) << " "
          << core::describe(outcome.error());
    }
  }
}

TEST(Capability, indices_have_the_types_that_the_reference_takes) {
  const core::FloatEnvironment environment;
  const auto matrix = *capability_matrix("reference");
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control) continue;
    for (const Dtype index : {Dtype::i32, Dtype::u8, Dtype::f32}) {
      for (Sample& sample : make_samples(info.op, Dtype::f64, 8)) {
        bool changed = false;
        for (auto& operand : sample.operands) {
          if (!operand || operand->dtype() != Dtype::i64) continue;
          operand = Tensor(index, operand->shape());  // all 0: the types alone are the question
          changed = true;
        }
        if (!changed) continue;
        const auto views = sample.views();
        const auto outcome = reference::evaluate(sample.node, views);
        const bool refused =
            !outcome && outcome.error().code == RefusalCode::operation_dtype_unsupported;
        EXPECT_EQ(find_support(matrix, sample.node, sample.dtypes()).has_value(), !refused)
            << info.name << " with " << core::dtype_name(index) << ": "
            << (outcome ? "has a result" : core::describe(outcome.error()));
      }
    }
  }
}

TEST(Capability, the_cpu_backend_serves_what_the_reference_serves) {
  const auto reference = *capability_matrix("reference");
  const auto cpu = *capability_matrix("cpu");
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    EXPECT_EQ(cpu[i].support == Support::refused, reference[i].support == Support::refused);
  }
  const auto support_of = [&](Op op, Dtype dtype) {
    return std::find_if(
               cpu.begin(), cpu.end(),
               [&](const Capability& entry) { return entry.op == op && entry.dtype == dtype; })
        ->support;
  };
  EXPECT_EQ(support_of(Op::conv, Dtype::f32), Support::simd);
  EXPECT_EQ(support_of(Op::conv, Dtype::f64), Support::reference_loop);
  EXPECT_EQ(support_of(Op::layer_normalization, Dtype::f32), Support::simd);
  EXPECT_EQ(support_of(Op::tanh, Dtype::f32), Support::simd);
  EXPECT_EQ(support_of(Op::transpose, Dtype::u8), Support::simd);
}

TEST(Capability, mixed_types_are_refused_as_operation_dtype_unsupported) {
  const auto matrix = *capability_matrix("cpu");
  const auto code = [&](Op op, std::vector<Dtype> dtypes) {
    return find_support(matrix, node_of(op), dtypes).error().code;
  };
  EXPECT_EQ(code(Op::add, {Dtype::f32, Dtype::f64}), RefusalCode::operation_dtype_unsupported);
  EXPECT_EQ(code(Op::add, {Dtype::f32}), RefusalCode::operation_dtype_unsupported);
  EXPECT_EQ(code(Op::where, {Dtype::f32, Dtype::f32, Dtype::f32}),
            RefusalCode::operation_dtype_unsupported);
  EXPECT_EQ(code(Op::gather, {Dtype::f32, Dtype::f32}), RefusalCode::operation_dtype_unsupported);
  EXPECT_EQ(code(Op::matmul, {Dtype::boolean, Dtype::boolean}),
            RefusalCode::operation_dtype_unsupported);
}

TEST(Capability, optional_operands_may_be_left_out) {
  const auto matrix = *capability_matrix("cpu");
  const auto has = [&](Op op, std::vector<Dtype> dtypes) {
    return find_support(matrix, node_of(op), dtypes).has_value();
  };
  EXPECT_TRUE(has(Op::clip, {Dtype::f32}));
  EXPECT_TRUE(has(Op::clip, {Dtype::f32, Dtype::f32}));
  EXPECT_TRUE(has(Op::pad, {Dtype::f32, Dtype::i64, Dtype::i64}));
  EXPECT_TRUE(has(Op::conv, {Dtype::f32, Dtype::f32}));
  EXPECT_FALSE(has(Op::clip, {Dtype::f32, Dtype::f32, Dtype::f32, Dtype::f32}));
}

TEST(Capability, an_operation_served_for_no_type_is_refused_as_backend_operation_unsupported) {
  const CapabilityMatrix small = {{Op::add, Dtype::f32, Support::simd},
                                  {Op::sub, Dtype::f32, Support::refused}};
  const Dtype two[] = {Dtype::f32, Dtype::f32};
  EXPECT_EQ(find_support(small, node_of(Op::add), two), Support::simd);
  EXPECT_EQ(find_support(small, node_of(Op::sub), two).error().code,
            RefusalCode::backend_operation_unsupported);
  EXPECT_EQ(find_support(small, node_of(Op::mul), two).error().code,
            RefusalCode::backend_operation_unsupported);
}

TEST(Capability, an_unknown_backend_is_refused) {
  EXPECT_EQ(capability_matrix("CUDA").error().code, RefusalCode::backend_unknown);
}

}  // namespace
}  // namespace isotrace::backends
