// Programs made ready for many runs: the results, traces and refusals of single runs, whatever the
// runs before them were.
#include <isotrace/executor/prepared_program.hpp>

#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

using executor::NamedTensor;

/// Chains of a convolution and of sums, of any batch and any image size, and a change of shape that
/// reads elements of another input.
core::Program make_program() {
  ModelBuilder model(13);
  model.input("x", {-1, 3, -1, -1}).input("shape", {2}, onnx::TensorProto::INT64);
  model.output("y").output("flat");
  core::Tensor weights(core::Dtype::f32, {4, 3, 3, 3});
  for (std::size_t i = 0; i < weights.elements(); ++i) {
    weights.data<float>()[i] = 0.25F * static_cast<float>(i % 11) - 1.0F;
  }
  model.initializer("w", std::move(weights));
  model.initializer("b", core::Tensor::of<float>({1, 4, 1, 1}, {1.0F, -2.0F, 0.5F, 0.0F}));
  model.node("Conv", {"x", "w"}, {"c"});
  model.node("Add", {"c", "b"}, {"s"});
  model.node("Relu", {"s"}, {"r"});
  model.node("Exp", {"r"}, {"y"});
  model.node("Reshape", {"y", "shape"}, {"f"});
  model.node("Neg", {"f"}, {"n"});
  model.node("Abs", {"n"}, {"flat"});
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return *std::move(program);
}

std::vector<NamedTensor> make_inputs(std::int64_t batch, std::int64_t size, std::int64_t rows) {
  core::Tensor x(core::Dtype::f32, {batch, 3, size, size});
  for (std::size_t i = 0; i < x.elements(); ++i) {
    x.data<float>()[i] = 0.01F * static_cast<float>(static_cast<int>(i % 97) - 48);
  }
  return {{"x", std::move(x)}, {"shape", core::Tensor::of<std::int64_t>({2}, {rows, -1})}};
}

std::vector<std::vector<NamedTensor>> all_inputs() {
  std::vector<std::vector<NamedTensor>> inputs;
  inputs.push_back(make_inputs(1, 8, 4));
  inputs.push_back(make_inputs(2, 8, 4));
  inputs.push_back(make_inputs(1, 12, 8));
  inputs.push_back(make_inputs(1, 8, 7));  // 144 elements are no rows of 7: refused
  inputs.push_back(make_inputs(1, 2, 4));  // no room for the window: refused
  inputs.push_back(make_inputs(1, 8, 4));
  return inputs;
}

void expect_same(const core::Result<std::vector<NamedTensor>>& actual,
                 const core::Result<std::vector<NamedTensor>>& expected) {
  ASSERT_EQ(actual.has_value(), expected.has_value());
  if (!expected) {
    EXPECT_EQ(core::describe(actual.error()), core::describe(expected.error()));
    return;
  }
  ASSERT_EQ(actual->size(), expected->size());
  for (std::size_t i = 0; i < expected->size(); ++i) {
    EXPECT_EQ((*actual)[i].name, (*expected)[i].name);
    EXPECT_TRUE(core::identical((*actual)[i].value, (*expected)[i].value)) << i;
  }
}

class PreparedProgramTest : public testing::TestWithParam<const char*> {};

TEST_P(PreparedProgramTest, RunsAsSingleRunsDo) {
  const core::Program program = make_program();
  const auto backend = *backends::make_backend(GetParam(), {.threads = 2, .isa = {}});
  const auto other = *backends::make_backend(GetParam(), {});
  executor::PreparedProgram prepared(program, *backend);
  std::size_t refused = 0;
  for (int round = 0; round < 3; ++round) {
    for (const auto& inputs : all_inputs()) {
      const auto expected = executor::execute(program, inputs, *other);
      expect_same(prepared.execute(inputs), expected);
      refused += expected ? 0 : 1;
    }
  }
  EXPECT_EQ(refused, 6U);
}

TEST_P(PreparedProgramTest, RecordsTheSameTraces) {
  const core::Program program = make_program();
  const auto backend = *backends::make_backend(GetParam(), {});
  executor::PreparedProgram prepared(program, *backend);
  for (const auto& inputs : all_inputs()) {
    SimulatedFiles files{Fault{}};
    SimulatedFiles files_of_prepared{Fault{}};
    const executor::RecordOptions options{.path = "t", .tool = {}};
    const auto expected = executor::record(program, inputs, *backend, files, options);
    (void)prepared.execute(inputs);
    const auto actual = prepared.record(inputs, files_of_prepared, options);
    ASSERT_EQ(actual.has_value(), expected.has_value());
    EXPECT_TRUE(files_of_prepared.files() == files.files());
    if (expected) {
      EXPECT_EQ(actual->root, expected->root);
    }
  }
}

/// A cost that is known from a run before counts as one that is found.
TEST_P(PreparedProgramTest, KeepsLimits) {
  const core::Program program = make_program();
  const auto backend = *backends::make_backend(GetParam(), {});
  executor::PreparedProgram prepared(program, *backend);
  const auto inputs = make_inputs(1, 8, 4);
  ASSERT_TRUE(prepared.execute(inputs).has_value());
  for (std::uint64_t bytes = 0; bytes < 4096; bytes += 128) {
    const executor::ExecuteLimits limits{.bytes_max = bytes};
    expect_same(prepared.execute(inputs, {}, limits),
                executor::execute(program, inputs, *backend, {}, limits));
  }
  for (std::uint64_t work = 0; work < 20000; work += 500) {
    const executor::ExecuteLimits limits{.work_max = work};
    expect_same(prepared.execute(inputs, {}, limits),
                executor::execute(program, inputs, *backend, {}, limits));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, PreparedProgramTest, testing::Values("reference", "cpu"));

}  // namespace
}  // namespace isotrace::tests
