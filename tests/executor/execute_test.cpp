// What a backend cannot do is known before anything is executed.
#include <gtest/gtest.h>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

TEST(ExecuteRefuses, EveryUnsupportedStepBeforeTheFirstOne) {
  ModelBuilder model;
  model.input("x", {2}, onnx::TensorProto::INT32).output("y").output("z");
  model.node("Add", {"x", "x"}, {"sum"});
  model.node("Sqrt", {"sum"}, {"y"}).named("root");
  model.node("Floor", {"sum"}, {"z"});
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_TRUE(program.has_value()) << core::describe(program.error());
  const std::vector<executor::NamedTensor> inputs = {{"x", core::Tensor(core::Dtype::i32, {2})}};
  for (const char* name : {"reference", "cpu"}) {
    const auto backend = *backends::make_backend(name, {});
    std::size_t steps = 0;
    const executor::StepObserver count = [&](const executor::StepView&) {
      ++steps;
      return core::Result<core::Done>(core::Done{});
    };
    const auto outputs = executor::execute(*program, inputs, *backend, count);
    ASSERT_FALSE(outputs.has_value());
    const core::Refusal& refusal = outputs.error();
    EXPECT_EQ(refusal.code, core::RefusalCode::operation_dtype_unsupported);
    EXPECT_TRUE(refusal.where.starts_with("step 1 (Sqrt, root)")) << refusal.where;
    EXPECT_NE(refusal.detail.find("step 2 (Floor)"), std::string::npos) << refusal.detail;
    EXPECT_EQ(steps, 0U);
  }
}

}  // namespace
}  // namespace isotrace::tests
