// Traces of control flow: which steps there are, that they replay, and where a fault shows first.
#include <filesystem>

#include <gtest/gtest.h>

#include <isotrace/core/merkle.hpp>
#include <isotrace/executor/replay.hpp>

#include "tests/executor/control_models.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using executor::NamedTensor;
using trace::Divergence;

/// The reference, but for one element of one of the additions.
class FaultyBackend final : public backends::Backend {
 public:
  explicit FaultyBackend(std::size_t faulty) : faulty_(faulty) {}
  [[nodiscard]] backends::BackendInfo info() const override { return exact_->info(); }
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> dtypes) const override {
    return exact_->supports(node, dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    auto results = exact_->run(node, operands);
    if (results && node.op == core::Op::add && additions_++ == faulty_) {
      (*results)[0].mutable_bytes()[0] ^= 1;
    }
    return results;
  }

 private:
  std::unique_ptr<backends::Backend> exact_ = *backends::make_backend("reference", {});
  std::size_t faulty_;
  std::size_t additions_ = 0;
};

class ControlTrace : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "isotrace_control_" +
            testing::UnitTest::GetInstance()->current_test_info()->name() + ".isotrace";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  trace::Trace record(const std::vector<NamedTensor>& inputs, backends::Backend& backend) {
    core::PosixFiles files;
    executor::RecordOptions options;
    options.path = path_;
    const auto recording = executor::record(program_, inputs, backend, files, options);
    EXPECT_TRUE(recording.has_value()) << core::describe(recording.error());
    auto trace = trace::parse_trace(*files.read(path_, 1 << 20));
    EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
    EXPECT_EQ(trace->steps.size(), recording->steps);
    return *std::move(trace);
  }

  executor::ReplayResult replay(const trace::Trace& trace,
                                const executor::ReplayOptions& options = {}) {
    const auto run = executor::embedded_run(trace);
    EXPECT_TRUE(run.has_value()) << core::describe(run.error());
    auto result = executor::replay(trace, run->program, run->inputs, *backend_, options);
    EXPECT_TRUE(result.has_value()) << core::describe(result.error());
    return *std::move(result);
  }

  core::Program program_ = *executor::import_onnx(nested_model().bytes());
  std::unique_ptr<backends::Backend> backend_ = *backends::make_backend("reference", {});
  std::string path_;
};

TEST_F(ControlTrace, ShowsEveryStepInsideAndThenTheNodeItself) {
  const trace::Trace trace = record(nested_inputs(3, true), *backend_);
  Names names;
  for (const trace::StepRecord& step : trace.steps) names.push_back(step.name);
  const Names expected = {"outer[0]/which[then]/inner",
                          "outer[0]/which",
                          "outer[1]/which[then]/inner[0]/add_x",
                          "outer[1]/which[then]/inner[0]/add_total",
                          "outer[1]/which[then]/inner",
                          "outer[1]/which",
                          "outer[2]/which[then]/inner[0]/add_x",
                          "outer[2]/which[then]/inner[0]/add_total",
                          "outer[2]/which[then]/inner[1]/add_x",
                          "outer[2]/which[then]/inner[1]/add_total",
                          "outer[2]/which[then]/inner",
                          "outer[2]/which",
                          "outer"};
  EXPECT_EQ(names, expected);
  for (std::size_t i = 0; i < trace.steps.size(); ++i) EXPECT_EQ(trace.steps[i].index, i);
  // What goes round is what came out: the state of round 2 is the result of round 1.
  EXPECT_EQ(*trace.steps[6].inputs[0], trace.steps[5].outputs[0]);
  EXPECT_EQ(trace.steps[12].outputs[0], trace.steps[11].outputs[0]);
  EXPECT_EQ(trace.steps[12].op, core::Op::loop);
}

TEST_F(ControlTrace, ReplaysToTheSameRoot) {
  for (const bool flag : {true, false}) {
    const trace::Trace trace = record(nested_inputs(4, flag), *backend_);
    const auto result = replay(trace);
    EXPECT_TRUE(result.verdict.accepted()) << result.verdict.reason;
    EXPECT_EQ(result.root, trace.root);
    EXPECT_EQ(result.steps, trace.steps.size());
  }
}

TEST_F(ControlTrace, WindowsInsideALoopAreJudgedAlone) {
  trace::Trace trace = record(nested_inputs(3, true), *backend_);
  trace.steps[7].outputs[0].digest.bytes[0] ^= 1;
  const auto outside = replay(trace, {.from = 8, .to = 10, .limits = {}});
  EXPECT_TRUE(outside.verdict.accepted()) << outside.verdict.reason;
  EXPECT_EQ(outside.steps, 3U);
  const auto inside = replay(trace, {.from = 6, .to = 8, .limits = {}});
  ASSERT_TRUE(inside.divergence.has_value());
  EXPECT_EQ(inside.divergence->step, 7U);
  EXPECT_EQ(inside.divergence->kind, Divergence::Kind::result);
}

TEST_F(ControlTrace, MissingAndSurplusStepsAreRejected) {
  const trace::Trace trace = record(nested_inputs(2, true), *backend_);
  const std::uint64_t steps = trace.steps.size();
  trace::Trace shorter = trace;
  shorter.steps.pop_back();
  EXPECT_EQ(replay(shorter).divergence->kind, Divergence::Kind::length);
  EXPECT_EQ(replay(shorter).divergence->step, steps - 1);
  trace::Trace longer = trace;
  longer.steps.push_back(longer.steps.back());
  EXPECT_EQ(replay(longer).divergence->kind, Divergence::Kind::length);
  EXPECT_EQ(replay(longer).divergence->step, steps);
  EXPECT_EQ(replay(longer, {.from = 1, .to = steps, .limits = {}}).divergence->kind,
            Divergence::Kind::length);
}

TEST_F(ControlTrace, AFaultInsideAnIterationIsTheFirstDivergence) {
  const auto inputs = nested_inputs(3, true);
  const trace::Trace good = record(inputs, *backend_);
  FaultyBackend faulty(3);  // add_total of inner[0] in outer[2]
  const trace::Trace bad = record(inputs, faulty);
  const auto divergence = trace::find_divergence(good, bad);
  ASSERT_TRUE(divergence.has_value());
  EXPECT_EQ(divergence->kind, Divergence::Kind::result);
  EXPECT_EQ(divergence->step, 7U);
  EXPECT_EQ(bad.steps[7].name, "outer[2]/which[then]/inner[0]/add_total");
  const auto result = replay(bad);
  ASSERT_TRUE(result.divergence.has_value());
  EXPECT_EQ(result.divergence->step, 7U);
}

TEST_F(ControlTrace, RecomputesAnyStep) {
  const trace::Trace trace = record(nested_inputs(3, true), *backend_);
  const auto run = executor::embedded_run(trace);
  for (std::size_t step = 0; step < trace.steps.size(); ++step) {
    const auto tensors = executor::recompute_step(*run, *backend_, step);
    ASSERT_TRUE(tensors.has_value()) << core::describe(tensors.error());
    ASSERT_EQ(tensors->results.size(), trace.steps[step].outputs.size());
    EXPECT_EQ(trace::record_of(tensors->results[0]), trace.steps[step].outputs[0]);
  }
  const auto beyond = executor::recompute_step(*run, *backend_, trace.steps.size());
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, RefusalCode::trace_step_unknown);
}

TEST_F(ControlTrace, RefusalsNameTheStepInside) {
  executor::ExecuteLimits limits;
  limits.work_max = 9 * executor::program_work;
  const auto outputs =
      executor::execute(program_, nested_inputs(100, false), *backend_, {}, limits);
  ASSERT_FALSE(outputs.has_value());
  EXPECT_EQ(outputs.error().code, RefusalCode::limit_exceeded);
  EXPECT_NE(outputs.error().where.find("outer["), std::string::npos) << outputs.error().where;
}

}  // namespace
}  // namespace isotrace::tests
