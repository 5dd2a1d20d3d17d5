// Runs of steps as one change neither results nor refusals.
#include <isotrace/executor/chains.hpp>

#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Shape;
using core::Tensor;
using executor::NamedTensor;

Tensor random_floats(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(core::Dtype::f32, shape);
  core::PhiloxStream random(seed);
  for (float& x : tensor.data<float>()) x = 2 * random.next_f32() - 1;
  return tensor;
}

/// Conv, BatchNormalization, Relu, whose result is read twice; Conv, Add, Clip; an activation in
/// parts; MatMul and its bias, which is an output.
core::Program make_program() {
  ModelBuilder model;
  model.input("x", {1, 4, 9, 17}).output("y").output("z");
  model.initializer("w", random_floats({8, 4, 3, 3}, 1));
  model.initializer("v", random_floats({8, 8, 1, 1}, 2));
  for (const char* name : {"scale", "bias", "mean"}) {
    model.initializer(name, random_floats({8}, 3));
  }
  model.initializer("variance", floats({8}, {1, 2, 3, 4, 5, 6, 7, 8}));
  model.initializer("half", floats({}, {0.5F}));
  model.initializer("m", random_floats({15, 6}, 4));
  model.initializer("b", random_floats({6}, 5));
  model.node("Conv", {"x", "w"}, {"a"});
  model.node("BatchNormalization", {"a", "scale", "bias", "mean", "variance"}, {"n"});
  model.node("Relu", {"n"}, {"r"});
  model.node("Conv", {"r", "v"}, {"c"});
  model.node("Add", {"r", "c"}, {"s"});
  model.node("Clip", {"s", "", "half"}, {"t"});
  model.node("Mul", {"t", "half"}, {"h"});
  model.node("Erf", {"h"}, {"e"});
  model.node("Mul", {"t", "e"}, {"g"});
  model.node("MatMul", {"g", "m"}, {"p"});
  model.node("Add", {"p", "b"}, {"y"});
  model.node("Relu", {"y"}, {"z"});
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program) << (program ? "" : core::describe(program.error()));
  return program ? *std::move(program) : core::Program{};
}

/// What a run says: its refusal or its outputs.
struct Outcome {
  std::string refusal;
  std::vector<NamedTensor> outputs;
};

Outcome run(const core::Program& program, backends::Backend& backend, bool observed,
            const executor::ExecuteLimits& limits) {
  const std::vector<NamedTensor> inputs = {{"x", random_floats({1, 4, 9, 17}, 9)}};
  executor::StepObserver observer;
  if (observed) {
    observer = [](const executor::StepView&) { return core::Result<core::Done>(core::Done{}); };
  }
  auto outputs = executor::execute(program, inputs, backend, observer, limits);
  if (!outputs) return {core::describe(outputs.error()), {}};
  return {"", *std::move(outputs)};
}

TEST(Chains, end_where_a_value_is_read_twice_or_is_an_output) {
  const core::Program program = make_program();
  const auto cpu = backends::make_backend("cpu", {});
  if (!cpu) GTEST_SKIP() << "no AVX2";
  const std::vector<std::size_t> expected = {3, 1, 1, 3, 1, 1, 3, 1, 1, 2, 1, 1};
  EXPECT_EQ(executor::find_chains(program, **cpu), expected);
  const auto reference = backends::make_backend("reference", {});
  EXPECT_EQ(executor::find_chains(program, **reference), std::vector<std::size_t>(12, 1));
}

/// Limits around everything that a step could reach: each gives the same outputs or the same
/// refusal, of the same step, whether steps run as one or not.
TEST(Chains, are_refused_where_their_steps_are) {
  const core::Program program = make_program();
  const auto cpu = backends::make_backend("cpu", {.threads = 2, .isa = {}});
  if (!cpu) GTEST_SKIP() << "no AVX2";
  std::size_t refused = 0;
  std::size_t done = 0;
  const auto compare = [&](const executor::ExecuteLimits& limits) {
    const Outcome expected = run(program, **cpu, true, limits);
    const Outcome actual = run(program, **cpu, false, limits);
    EXPECT_EQ(actual.refusal, expected.refusal);
    ASSERT_EQ(actual.outputs.size(), expected.outputs.size());
    for (std::size_t i = 0; i < actual.outputs.size(); ++i) {
      EXPECT_TRUE(core::identical(actual.outputs[i].value, expected.outputs[i].value));
    }
    ++(expected.refusal.empty() ? done : refused);
  };
  for (std::uint64_t bytes = 1000; bytes < 16'000; bytes += 120) compare({.bytes_max = bytes});
  for (std::uint64_t work = 1000; work < 120'000; work += 700) compare({.work_max = work});
  EXPECT_GE(refused, 100U);
  EXPECT_GE(done, 20U);
}

}  // namespace
}  // namespace isotrace::tests
