// Runs whose results stay with the backend: the same traces, outputs and refusals, and no elements
// fetched but those that somebody needs.
#include "tests/executor/remote_backend.hpp"

#include <gtest/gtest.h>

#include <isotrace/backends/fallback_backend.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/replay.hpp>

#include "tests/executor/control_models.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

using core::Op;
using core::RefusalCode;
using executor::Keep;
using executor::NamedTensor;

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return *std::move(program);
}

/// y = relu(x w) under another shape, added to itself: a branch, a view, an operand read twice.
core::Program branching_program() {
  ModelBuilder model(13);
  model.input("x", {4, 8}).output("y");
  model.initializer("w", floats({8, 6}, std::vector<float>(48, 0.25F)));
  model.initializer("flat", integers({-1}));
  model.node("MatMul", {"x", "w"}, {"product"});
  model.node("Relu", {"product"}, {"positive"});
  model.node("Reshape", {"positive", "flat"}, {"line"});
  model.node("Reshape", {"product", "flat"}, {"raw"});
  model.node("Add", {"line", "raw"}, {"sum"});
  model.node("Mul", {"sum", "sum"}, {"y"});
  return import(model);
}

std::vector<NamedTensor> branching_inputs() {
  std::vector<float> values;
  for (int i = 0; i < 32; ++i) values.push_back(static_cast<float>(i - 16));
  return {{"x", floats({4, 8}, values)}};
}

/// A shape that is computed on the way: its elements decide the shape of a result.
core::Program shaping_program() {
  ModelBuilder model(13);
  model.input("x", {4, 6}).output("y");
  model.initializer("two", integers({2}));
  model.initializer("first", integers({0}));
  model.initializer("reps", integers({2, 1, 3}));
  model.node("Neg", {"x"}, {"minus"});
  model.node("Shape", {"minus"}, {"shape"});
  model.node("Gather", {"shape", "first"}, {"rows"});
  model.node("Div", {"rows", "two"}, {"half"});
  model.node("Concat", {"half", "two", "reps"}, {"whole"}).attribute("axis", 0);
  model.node("ConstantOfShape", {"whole"}, {"zeros"});
  model.node("Slice", {"x", "first", "half"}, {"part"});
  model.node("ReduceSum", {"part"}, {"sum"});
  model.node("Add", {"zeros", "sum"}, {"y"});
  return import(model);
}

std::vector<NamedTensor> shaping_inputs() {
  return {{"x", floats({4, 6}, std::vector<float>(24, 1.5F))}};
}

struct Case {
  core::Program program;
  std::vector<NamedTensor> inputs;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({branching_program(), branching_inputs()});
  all.push_back({shaping_program(), shaping_inputs()});
  all.push_back({import(nested_model()), nested_inputs(4, true)});
  all.push_back({import(nested_model()), nested_inputs(3, false)});
  return all;
}

struct Recorded {
  core::Result<executor::Recording> recording;
  core::Bytes file;
};

Recorded record(const Case& one, backends::Backend& backend, Keep keep = Keep::none,
                unsigned threads = 0) {
  SimulatedFiles files(Fault{});
  auto recording = executor::record(
      one.program, one.inputs, backend, files,
      {.path = "t", .keep = keep, .tool = {}, .limits = {}, .hash_threads = threads});
  const auto left = files.files();
  return {std::move(recording), left.empty() ? core::Bytes{} : left.begin()->second};
}

TEST(RemoteResults, HaveTheTraceOfResultsThatAreHere) {
  for (const Case& one : cases()) {
    const auto reference = *backends::make_backend("reference", {});
    const Recorded expected = record(one, *reference);
    ASSERT_TRUE(expected.recording) << core::describe(expected.recording.error());
    for (const unsigned threads : {0U, 2U}) {
      for (const auto& local : {std::vector<Op>{}, {Op::add, Op::gather}, {Op::mul, Op::shape}}) {
        RemoteLog log;
        RemoteBackend backend(log, local);
        const Recorded actual = record(one, backend, Keep::none, threads);
        ASSERT_TRUE(actual.recording) << core::describe(actual.recording.error());
        EXPECT_EQ(actual.recording->root, expected.recording->root);
        for (std::size_t i = 0; i < expected.recording->outputs.size(); ++i) {
          EXPECT_TRUE(core::identical(actual.recording->outputs[i].value,
                                      expected.recording->outputs[i].value));
        }
        EXPECT_EQ(log.alive, 0U);
      }
    }
  }
}

TEST(RemoteResults, AreFetchedOnlyForOutputsAndForWhatTheHostReads) {
  RemoteLog log;
  RemoteBackend backend(log);
  const Case branching{branching_program(), branching_inputs()};
  ASSERT_TRUE(record(branching, backend).recording);
  EXPECT_EQ(log.fetches, 1U);  // the output
  EXPECT_EQ(log.digests, 6U);  // one per result, views included
  log = {};
  ASSERT_TRUE(executor::execute(branching.program, branching.inputs, backend));
  EXPECT_EQ(log.fetches, 1U);
  EXPECT_EQ(log.digests, 0U);
  log = {};
  // Mul reads one value twice; its result, the output, is here.
  RemoteBackend without_mul(log, {Op::mul});
  ASSERT_TRUE(record(branching, without_mul).recording);
  EXPECT_EQ(log.fetches, 1U);
}

TEST(RemoteResults, AreNotFetchedForTheirShape) {
  ModelBuilder model(13);
  model.input("x", {4, 6}).output("shape").output("size");
  model.node("Neg", {"x"}, {"minus"});
  model.node("Shape", {"minus"}, {"shape"});
  model.node("Size", {"minus"}, {"size"});
  const Case one{import(model), shaping_inputs()};
  RemoteLog log;
  RemoteBackend backend(log, {Op::shape, Op::size});
  ASSERT_TRUE(record(one, backend).recording);
  EXPECT_EQ(log.fetches, 0U);
}

TEST(RemoteResults, AreStoredWhereContentsAreAskedFor) {
  for (const Case& one : cases()) {
    const auto reference = *backends::make_backend("reference", {});
    RemoteLog log;
    RemoteBackend backend(log);
    const auto parse = [](const Recorded& recorded) { return *trace::parse_trace(recorded.file); };
    const trace::Trace expected = parse(record(one, *reference, Keep::all));
    const trace::Trace actual = parse(record(one, backend, Keep::all));
    EXPECT_EQ(actual.root, expected.root);
    EXPECT_EQ(actual.contents.size(), expected.contents.size());
  }
}

TEST(RemoteResults, ReplayWithoutTheirElements) {
  const Case one{branching_program(), branching_inputs()};
  RemoteLog log;
  RemoteBackend backend(log);
  const Recorded recorded = record(one, backend);
  const auto trace = trace::parse_trace(recorded.file);
  ASSERT_TRUE(trace);
  log = {};
  const auto replayed = executor::replay(*trace, one.program, one.inputs, backend, {});
  ASSERT_TRUE(replayed) << core::describe(replayed.error());
  EXPECT_TRUE(replayed->verdict.accepted()) << replayed->verdict.reason;
  EXPECT_EQ(log.fetches, 0U);
}

TEST(RemoteResults, AreHereForWhoWatchesTheSteps) {
  const Case one{branching_program(), branching_inputs()};
  RemoteLog log;
  RemoteBackend backend(log);
  std::size_t seen = 0;
  const auto watch = [&](const executor::StepView& step) -> core::Result<core::Done> {
    for (const core::TensorView& result : step.results) seen += result.bytes()[0] == 255 ? 0 : 1;
    return core::Done{};
  };
  ASSERT_TRUE(executor::execute(one.program, one.inputs, backend, watch));
  EXPECT_EQ(seen, 6U);
}

TEST(RemoteResults, EveryRefusalOfTheDeviceEndsTheRunWithItsCode) {
  for (const Case& one : cases()) {
    RemoteLog whole;
    RemoteBackend counting(whole);
    ASSERT_TRUE(record(one, counting, Keep::all).recording);
    for (std::size_t i = 0; i < whole.fetches; ++i) {
      RemoteLog log{.fetches_max = i};
      RemoteBackend backend(log);
      const Recorded refused = record(one, backend, Keep::all);
      ASSERT_FALSE(refused.recording) << i;
      EXPECT_EQ(refused.recording.error().code, RefusalCode::device_failed);
      EXPECT_EQ(log.alive, 0U);
    }
    for (std::size_t i = 0; i < whole.digests; ++i) {
      RemoteLog log{.digests_max = i};
      RemoteBackend backend(log);
      const Recorded refused = record(one, backend);
      ASSERT_FALSE(refused.recording) << i;
      EXPECT_EQ(refused.recording.error().code, RefusalCode::device_failed);
      EXPECT_NE(refused.recording.error().where.find("step "), std::string::npos);
    }
  }
}

TEST(RemoteResults, StayBehindABackendWithAFallback) {
  const Case one{branching_program(), branching_inputs()};
  RemoteLog log;
  backends::FallbackBackend backend(std::make_unique<RemoteBackend>(log),
                                    *backends::make_backend("reference", {}));
  const Recorded recorded = record(one, backend);
  ASSERT_TRUE(recorded.recording);
  EXPECT_TRUE(recorded.recording->fallback_steps.empty());
  EXPECT_EQ(backend.direct(), 4U);
  EXPECT_EQ(log.fetches, 1U);
}

TEST(RemoteResults, CountAsMemoryThatIsTaken) {
  const Case one{branching_program(), branching_inputs()};
  for (std::uint64_t bytes = 0; bytes < 1024; bytes += 32) {
    const auto reference = *backends::make_backend("reference", {});
    RemoteLog log;
    RemoteBackend backend(log);
    const executor::ExecuteLimits limits{.bytes_max = bytes};
    const auto expected = executor::execute(one.program, one.inputs, *reference, {}, limits);
    const auto actual = executor::execute(one.program, one.inputs, backend, {}, limits);
    ASSERT_EQ(actual.has_value(), expected.has_value()) << bytes;
    if (!expected) {
      EXPECT_EQ(core::describe(actual.error()), core::describe(expected.error()));
    }
  }
}

}  // namespace
}  // namespace isotrace::tests
