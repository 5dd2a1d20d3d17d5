// Single steps written as ONNX models and read again.
#include <gtest/gtest.h>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/onnx_writer.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using executor::NamedTensor;
using executor::OnnxStepModel;
using executor::StepView;

/// The first step of a model, written with its second and later operands as initialisers or not.
core::Result<OnnxStepModel> write_first_step(const core::Program& program,
                                             const std::vector<NamedTensor>& inputs,
                                             bool later_constant) {
  const auto backend = *backends::make_backend("reference", {});
  core::Result<OnnxStepModel> written = OnnxStepModel{};
  const auto write = [&](const StepView& step) -> core::Result<core::Done> {
    if (step.index != 0) return core::Done{};
    std::vector<bool> constant(step.operands.size(), later_constant);
    if (!constant.empty()) constant[0] = false;
    written = executor::write_onnx_step(
        {step.node, step.operands, executor::infos_of(step.results), constant});
    return core::Done{};
  };
  const auto outputs = executor::execute(program, inputs, *backend, write);
  if (!outputs) return tl::make_unexpected(outputs.error());
  return written;
}

core::Program import(core::ByteView bytes) {
  auto program = executor::import_onnx(bytes);
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}

TEST(OnnxWriter, KeepsOperandsThatStayAsInitialisers) {
  ModelBuilder model(21);
  model.input("x", {1, 1, 3, 3}).output("y");
  model.initializer("w", floats({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}));
  model.node("Conv", {"x", "w"}, {"y"}).attribute("pads", Ints{1, 0, 1, 0});
  const core::Program program = import(model.bytes());
  const std::vector<NamedTensor> inputs = {
      {"x", floats({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})}};

  const auto step = write_first_step(program, inputs, true);
  ASSERT_TRUE(step.has_value()) << core::describe(step.error());
  EXPECT_EQ(step->inputs, (std::vector<std::string>{"x0", ""}));
  EXPECT_EQ(step->outputs, (std::vector<std::string>{"y0"}));
  const core::Program again = import(step->bytes);
  ASSERT_EQ(again.inputs.size(), 1U);
  EXPECT_EQ(again.inputs[0].shape, (core::Shape{1, 1, 3, 3}));
  EXPECT_EQ(core::program_digest(again), core::program_digest([&] {
              core::Program renamed = program;  // names of inputs and outputs are in the digest
              renamed.inputs[0].name = "x0";
              renamed.outputs[0].name = "y0";
              return renamed;
            }()));
}

TEST(OnnxWriter, WritesBoundsOfClipAsScalars) {
  ModelBuilder model(13);
  model.input("x", {3}).output("y").initializer("low", floats({1}, {-1}));
  model.node("Clip", {"x", "low"}, {"y"});
  const auto step =
      write_first_step(import(model.bytes()), {{"x", floats({3}, {-2, 0, 2})}}, false);
  ASSERT_TRUE(step.has_value()) << core::describe(step.error());
  EXPECT_EQ(import(step->bytes).inputs[1].shape, core::Shape{});
}

TEST(OnnxWriter, RefusesWhatIsNoSingleNode) {
  ModelBuilder sequence(13);
  sequence.input("x", {2}).output("y");
  sequence.node("SequenceConstruct", {"x"}, {"s"});
  sequence.node("ConcatFromSequence", {"s"}, {"y"}).attribute("axis", 0);
  const auto packed =
      write_first_step(import(sequence.bytes()), {{"x", floats({2}, {1, 2})}}, false);
  ASSERT_FALSE(packed.has_value());
  EXPECT_EQ(packed.error().code, core::RefusalCode::onnx_inexpressible);
  EXPECT_EQ(packed.error().where, "SequenceConstruct");
}

}  // namespace
}  // namespace isotrace::tests
