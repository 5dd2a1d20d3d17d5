// Traces whose tensors are hashed beside the run: the same bytes, refusals and limits, however many
// threads hash.
#include <thread>

#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/replay.hpp>

#include "tests/executor/control_models.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using executor::NamedTensor;

constexpr unsigned thread_counts[] = {0, 1, 3};
constexpr std::int64_t elements = 8192;  // 32 KiB: more than is hashed at once
constexpr std::uint64_t tensor_bytes = 4 * elements;

/// A chain of `length` sums, every second one under another shape, with a loop at its end.
core::Program chain_program(int length) {
  ModelBuilder model(13);
  model.input("x", {elements}).input("n", {}, onnx_i64).output("y");
  model.initializer("matrix", core::Tensor::of<std::int64_t>({2}, {64, -1}));
  model.initializer("list", core::Tensor::of<std::int64_t>({1}, {-1}));
  std::string last = "x";
  for (int i = 0; i < length; ++i) {
    const std::string number = std::to_string(i);
    model.node("Add", {last, last}, {"sum" + number});
    last = "shape" + number;
    model.node("Reshape", {"sum" + number, i % 2 == 0 ? "matrix" : "list"}, {last});
  }
  ModelBuilder body = loop_body({"s"});
  body.node("Sub", {"s", last}, {"less"});
  body.node("Identity", {"go"}, {"on"});
  body.output("on").output("less");
  model.node("Loop", {"n", "", last}, {"y"}).attribute("body", body.graph());
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return *std::move(program);
}

std::vector<NamedTensor> chain_inputs() {
  core::Tensor x(core::Dtype::f32, {elements});
  for (std::size_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = static_cast<float>(i % 7);
  return {{"x", std::move(x)}, {"n", count(5)}};
}

struct Recorded {
  core::Result<executor::Recording> recording;
  core::Bytes file;        ///< the trace; empty if refused
  std::size_t operations;  ///< how often something was written
};

Recorded record(const core::Program& program, unsigned threads, Fault fault = {},
                executor::ExecuteLimits limits = {}, backends::Backend* given = nullptr) {
  const auto reference = *backends::make_backend("reference", {});
  backends::Backend& backend = given != nullptr ? *given : *reference;
  SimulatedFiles files(fault);
  const executor::RecordOptions options{.path = "t",
                                        .keep = executor::Keep::all,
                                        .tool = {},
                                        .limits = limits,
                                        .hash_threads = threads};
  auto recording = executor::record(program, chain_inputs(), backend, files, options);
  const auto left = files.files();
  return {std::move(recording), left.empty() ? core::Bytes{} : left.begin()->second,
          files.operations()};
}

TEST(StepRecords, TheTraceDoesNotDependOnTheThreads) {
  const core::Program program = chain_program(40);
  const Recorded expected = record(program, 0);
  ASSERT_TRUE(expected.recording.has_value()) << core::describe(expected.recording.error());
  for (int round = 0; round < 5; ++round) {
    for (const unsigned threads : thread_counts) {
      const Recorded actual = record(program, threads);
      ASSERT_TRUE(actual.recording.has_value()) << core::describe(actual.recording.error());
      EXPECT_EQ(actual.recording->root, expected.recording->root) << threads;
      EXPECT_TRUE(actual.file == expected.file) << threads;
    }
  }
}

/// The reference, lending threads that are not there: tasks from the last to the first.
class SharingBackend final : public backends::Backend {
 public:
  [[nodiscard]] backends::BackendInfo info() const override { return reference_->info(); }
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> dtypes) const override {
    return reference_->supports(node, dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    return reference_->run(node, operands);
  }
  [[nodiscard]] unsigned shared_threads() const override { return 1U << 20; }
  void share(std::size_t count, const std::function<void(std::size_t)>& task) override {
    for (std::size_t i = count; i-- > 0;) task(i);
    tasks += count;
  }

  std::size_t tasks = 0;

 private:
  std::unique_ptr<backends::Backend> reference_ = *backends::make_backend("reference", {});
};

TEST(StepRecords, ThreadsOfTheBackendHashWhereNoOthersAreLeft) {
  const core::Program program = chain_program(90);  // of more than is hashed at a time
  SharingBackend backend;
  const auto root_with = [&](backends::Backend& any, unsigned threads) {
    SimulatedFiles files{Fault{}};
    return executor::record(program, chain_inputs(), any, files,
                            {.path = "t", .tool = {}, .hash_threads = threads})
        ->root;
  };
  const core::Digest expected = record(program, 0).recording->root;
  EXPECT_EQ(root_with(backend, 2), expected);
  EXPECT_GE(backend.tasks, 90U);
  for (const unsigned threads : {1U, 2U, 5U}) {
    EXPECT_EQ(root_with(**backends::make_backend("cpu", {.threads = threads, .isa = {}}), threads),
              expected);
  }
}

TEST(StepRecords, AFileThatFailsEndsTheRunWithTheSameRefusal) {
  const core::Program program = chain_program(10);
  const std::size_t operations = record(program, 0).operations;
  ASSERT_GT(operations, 60U);
  for (std::size_t operation = 0; operation < operations; operation += 3) {
    const Fault fault{Fault::Kind::refuse, operation};
    const Recorded expected = record(program, 0, fault);
    ASSERT_FALSE(expected.recording.has_value()) << operation;
    for (const unsigned threads : thread_counts) {
      const Recorded actual = record(program, threads, fault);
      ASSERT_FALSE(actual.recording.has_value());
      EXPECT_EQ(core::describe(actual.recording.error()),
                core::describe(expected.recording.error()));
      EXPECT_EQ(actual.operations, expected.operations) << operation;
    }
  }
}

TEST(StepRecords, OfStepsBeforeARefusalAreWritten) {
  const core::Program program = chain_program(20);
  executor::ExecuteLimits limits;
  limits.work_max = 30 * elements;
  const Recorded expected = record(program, 0, {}, limits);
  ASSERT_FALSE(expected.recording.has_value());
  EXPECT_EQ(expected.recording.error().code, RefusalCode::limit_exceeded);
  EXPECT_GT(expected.operations, 20U);
  for (const unsigned threads : thread_counts) {
    const Recorded actual = record(program, threads, {}, limits);
    ASSERT_FALSE(actual.recording.has_value());
    EXPECT_EQ(core::describe(actual.recording.error()), core::describe(expected.recording.error()));
    EXPECT_EQ(actual.operations, expected.operations) << threads;
  }
}

/// Tensors that wait for their digests make room when memory is needed.
TEST(StepRecords, LimitsOfMemoryDoNotDependOnTheThreads) {
  const core::Program program = chain_program(40);
  executor::ExecuteLimits limits;
  const auto with_tensors = [&](std::uint64_t tensors, unsigned threads) {
    limits.bytes_max = tensors * tensor_bytes + 4096;
    return record(program, threads, {}, limits).recording;
  };
  // A sum and what is added, then besides in the loop the state and what is subtracted.
  for (const unsigned threads : thread_counts) {
    const auto fits = with_tensors(3, threads);
    EXPECT_TRUE(fits.has_value()) << threads << " " << core::describe(fits.error());
    const auto refused = with_tensors(1, threads);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(core::describe(refused.error()), core::describe(with_tensors(1, 0).error()));
  }
  SharingBackend shares;
  limits.bytes_max = 3 * tensor_bytes + 4096;
  EXPECT_TRUE(record(program, 1, {}, limits, &shares).recording.has_value());
}

TEST(StepRecords, AReplayFindsTheSameStepWithAnyNumberOfThreads) {
  const core::Program program = chain_program(20);
  auto trace = trace::parse_trace(record(program, 0).file);
  ASSERT_TRUE(trace.has_value()) << core::describe(trace.error());
  const auto backend = *backends::make_backend("reference", {});
  const auto judge = [&](unsigned threads) {
    return *executor::replay(*trace, program, chain_inputs(), *backend,
                             {.to = {}, .hash_threads = threads});
  };
  for (const unsigned threads : thread_counts) EXPECT_TRUE(judge(threads).verdict.accepted());
  for (const std::size_t step : {std::size_t{0}, std::size_t{17}, trace->steps.size() - 1}) {
    const core::Digest right = trace->steps[step].outputs[0].digest;
    trace->steps[step].outputs[0].digest.bytes[3] ^= 1;
    for (const unsigned threads : thread_counts) {
      const executor::ReplayResult result = judge(threads);
      ASSERT_TRUE(result.divergence.has_value()) << threads;
      EXPECT_EQ(result.divergence->step, step) << threads;
      EXPECT_EQ(result.steps, step + 1) << threads;
    }
    trace->steps[step].outputs[0].digest = right;
  }
}

TEST(StepRecords, HashingThreadsAreNeverMoreThanComputingOnesOrProcessors) {
  EXPECT_LE(executor::choose_hash_threads(1), 1U);
  EXPECT_LE(executor::choose_hash_threads(2), 2U);
  EXPECT_LE(executor::choose_hash_threads(1U << 20), std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace isotrace::tests
