// Batch and machine invariance: held by the backends, and named where a fault breaks it.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/invariance.hpp>

#include "tests/executor/faulty_backend.hpp"
#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Tensor;
using executor::NamedTensor;

/// y = Relu(Transpose(x w)): the batch is the second axis of a value in between.
core::Program model_with_batch(const Ints& shape) {
  ModelBuilder model;
  model.input("x", shape).output("y");
  model.initializer("w", floats({2, 3}, {1, 2, 3, 4, 5, 6}));
  model.node("MatMul", {"x", "w"}, {"m"}).named("product");
  model.node("Transpose", {"m"}, {"t"}).attribute("perm", Ints{1, 0});
  model.node("Relu", {"t"}, {"r"}).named("bend");
  model.node("Transpose", {"r"}, {"y"}).attribute("perm", Ints{1, 0});
  return *executor::import_onnx(model.bytes());
}

std::vector<NamedTensor> rows() { return {{"x", floats({3, 2}, {1, 2, -3, 4, 5, -6})}}; }

TEST(BatchInvariance, HoldsOnTheBackends) {
  const core::Program program = model_with_batch({-1, 2});
  for (const char* name : {"reference", "cpu"}) {
    const auto backend = *backends::make_backend(name, {});
    const auto cases = executor::check_batch_invariance(program, rows(), *backend);
    ASSERT_TRUE(cases.has_value()) << core::describe(cases.error());
    ASSERT_EQ(cases->size(), 3U);
    for (const auto& one : *cases) EXPECT_TRUE(one.held) << one.name;
  }
}

TEST(BatchInvariance, NamesRowStepAndOutputThatDependOnTheBatch) {
  // Columns beyond the first are wrong: rows of the batch, seen behind the transposition.
  const BackendFault fault = [](const core::Node& node, core::Operands operands,
                                backends::Backend& honest) -> core::Result<std::vector<Tensor>> {
    ISOTRACE_TRY(auto results, honest.run(node, operands));
    const auto columns = static_cast<std::size_t>(results[0].dim(1));
    if (columns > 1) results[0].data<float>()[columns - 1] += 1;
    return results;
  };
  FaultyBackend backend(core::Op::relu, fault);
  const auto cases = executor::check_batch_invariance(model_with_batch({-1, 2}), rows(), backend);
  ASSERT_TRUE(cases.has_value()) << core::describe(cases.error());
  EXPECT_TRUE((*cases)[0].held);
  EXPECT_TRUE((*cases)[1].held);
  const auto& broken = (*cases)[2];
  EXPECT_FALSE(broken.held);
  EXPECT_EQ(broken.output, "y");
  ASSERT_TRUE(broken.first.has_value());
  EXPECT_EQ(broken.first->step, 2U);
  EXPECT_EQ(broken.first->operation, "Relu");
  EXPECT_EQ(broken.first->name, "bend");
}

TEST(BatchInvariance, RefusesModelsOfOneBatchSize) {
  const auto backend = *backends::make_backend("reference", {});
  const std::vector<NamedTensor> one = {{"x", floats({1, 2}, {1, 2})}};
  const auto fixed = executor::check_batch_invariance(model_with_batch({1, 2}), one, *backend);
  ASSERT_FALSE(fixed.has_value());
  EXPECT_EQ(fixed.error().code, core::RefusalCode::input_mismatch);
  EXPECT_NE(fixed.error().detail.find("x [1,2]"), std::string::npos) << fixed.error().detail;
  const auto single = executor::check_batch_invariance(model_with_batch({-1, 2}), one, *backend);
  ASSERT_FALSE(single.has_value());
  EXPECT_EQ(single.error().code, core::RefusalCode::input_mismatch);
}

TEST(BatchInvariance, RefusesOutputsWhoseRowsCannotBeToldApart) {
  ModelBuilder model;
  model.input("x", {-1, 2}).output("y");
  model.node("ReduceSum", {"x"}, {"y"});
  const auto backend = *backends::make_backend("reference", {});
  const auto cases =
      executor::check_batch_invariance(*executor::import_onnx(model.bytes()), rows(), *backend);
  ASSERT_FALSE(cases.has_value());
  EXPECT_EQ(cases.error().code, core::RefusalCode::shape_mismatch);
  EXPECT_EQ(cases.error().where, "output y");
}

TEST(MachineInvariance, HoldsAndNamesTheMachineAndStepThatBreakIt) {
  const BackendFault fault = [](const core::Node& node, core::Operands operands,
                                backends::Backend& honest) -> core::Result<std::vector<Tensor>> {
    ISOTRACE_TRY(auto results, honest.run(node, operands));
    results[0].data<float>()[0] += 1;
    return results;
  };
  std::vector<executor::Machine> machines;
  machines.push_back({"reference", *backends::make_backend("reference", {})});
  machines.push_back({"cpu", *backends::make_backend("cpu", {})});
  machines.push_back({"wrong", std::make_unique<FaultyBackend>(core::Op::matmul, fault)});
  const auto cases =
      executor::check_machine_invariance(model_with_batch({-1, 2}), rows(), machines);
  ASSERT_TRUE(cases.has_value()) << core::describe(cases.error());
  ASSERT_EQ(cases->size(), 2U);
  EXPECT_TRUE((*cases)[0].held);
  EXPECT_FALSE((*cases)[1].held);
  EXPECT_EQ((*cases)[1].name, "wrong");
  ASSERT_TRUE((*cases)[1].first.has_value());
  EXPECT_EQ((*cases)[1].first->operation, "MatMul");
  EXPECT_EQ((*cases)[1].first->name, "product");
}

}  // namespace
}  // namespace isotrace::tests
