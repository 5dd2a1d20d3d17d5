// Execution, recording and replay: round trips, tampered traces, windows, refusals, limits.
#include <filesystem>

#include <gtest/gtest.h>

#include <isotrace/core/merkle.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/replay.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using executor::NamedTensor;
using trace::Divergence;

std::unique_ptr<backends::Backend> reference_backend() {
  auto backend = backends::make_backend("reference", {});
  EXPECT_TRUE(backend.has_value());
  return *std::move(backend);
}

/// h = x W; r = Relu(h); s = Exp(x); y = r + s; five steps with an unrelated output.
core::Program sample_program() {
  ModelBuilder model(13);
  model.input("x", {2, 2}).initializer("w", floats({2, 2}, {1, -2, 3, 0.5F})).output("y");
  model.node("MatMul", {"x", "w"}, {"h"}).named("first");
  model.node("Relu", {"h"}, {"r"});
  model.node("Exp", {"x"}, {"s"});
  model.node("Add", {"r", "s"}, {"y"});
  model.node("Neg", {"x"}, {"z"});
  model.output("z");
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value());
  return *std::move(program);
}

std::vector<NamedTensor> sample_inputs() { return {{"x", floats({2, 2}, {1, 2, -1, 0.25F})}}; }

class Recorded : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "isotrace_" +
            testing::UnitTest::GetInstance()->current_test_info()->name() + ".isotrace";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  trace::Trace record(executor::RecordOptions options = {}) {
    options.path = path_;
    core::PosixFiles files;
    const auto recording = executor::record(program_, sample_inputs(), *backend_, files, options);
    EXPECT_TRUE(recording.has_value()) << core::describe(recording.error());
    root_ = recording->root;
    EXPECT_EQ(recording->steps, 5U);
    auto trace = trace::parse_trace(*files.read(path_, 1 << 20));
    EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
    return *std::move(trace);
  }

  executor::ReplayResult replay(const trace::Trace& trace,
                                const executor::ReplayOptions& options = {}) {
    auto result = executor::replay(trace, program_, sample_inputs(), *backend_, options);
    EXPECT_TRUE(result.has_value()) << core::describe(result.error());
    return *std::move(result);
  }

  core::Program program_ = sample_program();
  std::unique_ptr<backends::Backend> backend_ = reference_backend();
  std::string path_;
  core::Digest root_;
};

/// What an attacker can do: change the trace and make its root fit again.
void close_again(trace::Trace& trace) {
  trace.root = core::merkle_root(trace::trace_leaves(trace));
}

void damage(trace::TensorRecord& record) { record.digest.bytes[5] ^= 1; }

TEST(Execute, ComputesTheGraph) {
  const auto outputs = executor::execute(sample_program(), sample_inputs(), *reference_backend());
  ASSERT_TRUE(outputs.has_value()) << core::describe(outputs.error());
  EXPECT_EQ((*outputs)[0].name, "y");
  EXPECT_EQ((*outputs)[0].value.data<float>()[0], 7.0F + 0x1.5bf0a8p+1F);
  EXPECT_EQ((*outputs)[1].value.data<float>()[3], -0.25F);
}

TEST(Execute, OutputsThatAreInputsOrConstants) {
  ModelBuilder model(13);
  model.input("x", {2}).initializer("b", floats({1}, {5})).output("x").output("b");
  const auto program = executor::import_onnx(model.bytes());
  const std::vector<NamedTensor> inputs = {{"x", floats({2}, {1, 2})}};
  const auto outputs = executor::execute(*program, inputs, *reference_backend());
  ASSERT_TRUE(outputs.has_value());
  EXPECT_TRUE(core::identical((*outputs)[0].value, inputs[0].value));
  EXPECT_EQ((*outputs)[1].value.data<float>()[0], 5);
}

TEST(Execute, AnOperandThatStandsTwice) {
  ModelBuilder model(13);
  model.input("x", {2}).output("y");
  model.node("Neg", {"x"}, {"h"});
  model.node("Mul", {"h", "h"}, {"y"});
  const auto program = executor::import_onnx(model.bytes());
  const std::vector<NamedTensor> inputs = {{"x", floats({2}, {3, 4})}};
  const auto outputs = executor::execute(*program, inputs, *reference_backend());
  ASSERT_TRUE(outputs.has_value());
  EXPECT_EQ((*outputs)[0].value.data<float>()[1], 16);
}

RefusalCode refusal_of(const core::Program& program, const std::vector<NamedTensor>& inputs,
                       const executor::ExecuteLimits& limits = {}) {
  const auto outputs = executor::execute(program, inputs, *reference_backend(), {}, limits);
  EXPECT_FALSE(outputs.has_value());
  return outputs ? RefusalCode::file_not_found : outputs.error().code;
}

TEST(ExecuteRefuses, InputsThatDoNotFit) {
  const core::Program program = sample_program();
  EXPECT_EQ(refusal_of(program, {}), RefusalCode::input_missing);
  EXPECT_EQ(refusal_of(program, {{"q", floats({1}, {1})}}), RefusalCode::input_unknown);
  EXPECT_EQ(refusal_of(program, {{"x", floats({4}, {1, 2, 3, 4})}}), RefusalCode::input_mismatch);
  EXPECT_EQ(refusal_of(program, {{"x", core::Tensor(core::Dtype::f64, {2, 2})}}),
            RefusalCode::input_mismatch);
  auto twice = sample_inputs();
  twice.push_back(twice.front());
  EXPECT_EQ(refusal_of(program, twice), RefusalCode::input_mismatch);
}

TEST(ExecuteRefuses, StepsOverTheLimitsBeforeTheyRun) {
  ModelBuilder model(13);
  model.input("n", {2}, onnx::TensorProto::INT64).output("y");
  model.node("ConstantOfShape", {"n"}, {"y"}).named("bomb");
  const auto program = executor::import_onnx(model.bytes());
  const std::vector<NamedTensor> bomb = {{"n", integers({1 << 20, 1 << 10})}};
  executor::ExecuteLimits limits;
  limits.bytes_max = 1 << 20;
  EXPECT_EQ(refusal_of(*program, bomb, limits), RefusalCode::limit_exceeded);
  limits = {};
  limits.work_max = 1000;
  EXPECT_EQ(refusal_of(*program, bomb, limits), RefusalCode::limit_exceeded);
  const std::vector<NamedTensor> impossible = {{"n", integers({1 << 30, 1 << 30})}};
  EXPECT_EQ(refusal_of(*program, impossible), RefusalCode::limit_exceeded);
}

TEST(ExecuteRefuses, NamingTheStep) {
  ModelBuilder model(13);
  model.input("x", {-1}).initializer("s", integers({3})).output("y");
  model.node("Reshape", {"x", "s"}, {"y"}).named("fold");
  const auto program = executor::import_onnx(model.bytes());
  const std::vector<NamedTensor> inputs = {{"x", floats({4}, {1, 2, 3, 4})}};
  const auto outputs = executor::execute(*program, inputs, *reference_backend());
  ASSERT_FALSE(outputs.has_value());
  EXPECT_EQ(outputs.error().code, RefusalCode::shape_mismatch);
  EXPECT_EQ(outputs.error().where.find("step 0 (Reshape, fold)"), 0U) << outputs.error().where;
}

TEST(ExecuteRefuses, WhatTheObserverRefuses) {
  const executor::StepObserver stop = [](const executor::StepView& step) {
    return step.index == 1
               ? core::Result<core::Done>(core::refuse(RefusalCode::file_write_failed, ""))
               : core::Done{};
  };
  const auto outputs =
      executor::execute(sample_program(), sample_inputs(), *reference_backend(), stop);
  ASSERT_FALSE(outputs.has_value());
  EXPECT_EQ(outputs.error().code, RefusalCode::file_write_failed);
}

TEST_F(Recorded, ReplaysToTheSameRoot) {
  const trace::Trace trace = record();
  EXPECT_EQ(trace.root, root_);
  const auto result = replay(trace);
  EXPECT_TRUE(result.verdict.accepted()) << result.verdict.reason;
  EXPECT_EQ(result.root, root_);
  EXPECT_EQ(result.steps, 5U);
  EXPECT_FALSE(result.divergence.has_value());
}

TEST_F(Recorded, SeedAndInputsAreInTheRootAndTheToolIsNot) {
  record();
  const core::Digest plain = root_;
  executor::RecordOptions options;
  options.tool = "isotrace test";
  options.keep = executor::Keep::all;
  record(options);
  EXPECT_EQ(root_, plain);
  options.seed = 1;
  const trace::Trace seeded = record(options);
  EXPECT_NE(root_, plain);
  EXPECT_TRUE(replay(seeded).verdict.accepted());
}

TEST_F(Recorded, KeepsContentsOnRequest) {
  EXPECT_EQ(record().contents.size(), 1U);
  executor::RecordOptions options;
  options.keep = executor::Keep::all;
  const trace::Trace trace = record(options);
  for (const trace::StepRecord& step : trace.steps) {
    for (const auto& output : step.outputs) EXPECT_NE(trace.find_content(output.digest), nullptr);
  }
}

TEST_F(Recorded, TamperedResultIsRejectedAtItsStep) {
  trace::Trace trace = record();
  for (std::size_t step = 0; step < trace.steps.size(); ++step) {
    trace::Trace forged = trace;
    damage(forged.steps[step].outputs[0]);
    close_again(forged);
    const auto result = replay(forged);
    EXPECT_EQ(result.verdict.kind, core::Verdict::Kind::rejected);
    ASSERT_TRUE(result.divergence.has_value());
    EXPECT_EQ(result.divergence->kind, Divergence::Kind::result);
    EXPECT_EQ(result.divergence->step, step);
    EXPECT_EQ(result.divergence->a, forged.steps[step].outputs[0]);
    EXPECT_EQ(result.divergence->b, trace.steps[step].outputs[0]);
    EXPECT_EQ(result.root, core::Digest{});
  }
}

TEST_F(Recorded, TamperedOperandOperationAndAttributes) {
  const trace::Trace trace = record();
  trace::Trace operand = trace;
  damage(*operand.steps[1].inputs[0]);
  EXPECT_EQ(replay(operand).divergence->kind, Divergence::Kind::operand);
  trace::Trace operation = trace;
  operation.steps[1].op = core::Op::abs;
  EXPECT_EQ(replay(operation).divergence->kind, Divergence::Kind::operation);
  trace::Trace attributes = trace;
  attributes.steps[0].attributes.bytes[0] ^= 1;
  const auto result = replay(attributes);
  EXPECT_EQ(result.divergence->kind, Divergence::Kind::operation);
  EXPECT_NE(result.verdict.reason.find("step 0 (MatMul)"), std::string::npos)
      << result.verdict.reason;
}

TEST_F(Recorded, TamperedInputsOutputsAndRoot) {
  const trace::Trace trace = record();
  trace::Trace input = trace;
  damage(input.identity.inputs[0].tensor);
  EXPECT_EQ(replay(input).divergence->kind, Divergence::Kind::input);
  trace::Trace outputs = trace;
  std::swap(outputs.outputs[0].tensor, outputs.outputs[1].tensor);
  EXPECT_EQ(replay(outputs).divergence->kind, Divergence::Kind::outputs);
  trace::Trace root = trace;
  root.root.bytes[0] ^= 1;
  const auto result = replay(root);
  EXPECT_EQ(result.verdict.kind, core::Verdict::Kind::rejected);
  EXPECT_FALSE(result.divergence.has_value());
}

TEST_F(Recorded, MissingAndSurplusSteps) {
  const trace::Trace trace = record();
  trace::Trace shorter = trace;
  shorter.steps.pop_back();
  EXPECT_EQ(replay(shorter).divergence->kind, Divergence::Kind::length);
  EXPECT_EQ(replay(shorter).divergence->step, 4U);
  trace::Trace longer = trace;
  longer.steps.push_back(longer.steps.back());
  EXPECT_EQ(replay(longer).divergence->kind, Divergence::Kind::length);
  trace::Trace empty = trace;
  empty.steps.clear();
  EXPECT_EQ(replay(empty).divergence->step, 0U);
}

TEST_F(Recorded, AnotherProgramIsRejected) {
  trace::Trace trace = record();
  trace.identity.program.bytes[0] ^= 1;
  const auto result = replay(trace);
  EXPECT_EQ(result.verdict.kind, core::Verdict::Kind::rejected);
}

TEST_F(Recorded, WindowsJudgeTheirStepsOnly) {
  trace::Trace trace = record();
  damage(trace.steps[1].outputs[0]);
  const auto before = replay(trace, {.from = 0, .to = 0, .limits = {}});
  EXPECT_TRUE(before.verdict.accepted());
  EXPECT_EQ(before.steps, 1U);
  EXPECT_EQ(before.root, core::Digest{});
  EXPECT_TRUE(replay(trace, {.from = 2, .to = 4, .limits = {}}).verdict.accepted());
  const auto inside = replay(trace, {.from = 1, .to = 2, .limits = {}});
  EXPECT_EQ(inside.verdict.kind, core::Verdict::Kind::rejected);
  EXPECT_EQ(inside.divergence->step, 1U);
}

TEST_F(Recorded, WindowsOutsideTheTraceAreRefused) {
  const trace::Trace trace = record();
  for (const executor::ReplayOptions& options :
       {executor::ReplayOptions{.from = 5, .to = {}, .limits = {}},
        executor::ReplayOptions{.from = 0, .to = 5, .limits = {}},
        executor::ReplayOptions{.from = 3, .to = 2, .limits = {}},
        executor::ReplayOptions{.from = 0, .to = ~std::uint64_t{0}, .limits = {}}}) {
    const auto result = executor::replay(trace, program_, sample_inputs(), *backend_, options);
    ASSERT_FALSE(result.has_value()) << options.from;
    EXPECT_EQ(result.error().code, RefusalCode::trace_step_unknown);
  }
}

TEST_F(Recorded, UnknownSemanticsAreRefused) {
  trace::Trace trace = record();
  trace.identity.semantics = "isonum-9";
  const auto result = executor::replay(trace, program_, sample_inputs(), *backend_, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, RefusalCode::trace_semantics_unknown);
}

TEST_F(Recorded, EmbeddedRunNeedsNothingElse) {
  const trace::Trace trace = record();
  const auto run = executor::embedded_run(trace);
  ASSERT_TRUE(run.has_value()) << core::describe(run.error());
  EXPECT_EQ(core::program_digest(run->program), trace.identity.program);
  const auto result = executor::replay(trace, run->program, run->inputs, *backend_, {});
  EXPECT_TRUE(result->verdict.accepted());
}

TEST_F(Recorded, EmbeddedRunRefusals) {
  executor::RecordOptions options;
  options.embed_program = false;
  const trace::Trace bare = record(options);
  EXPECT_EQ(executor::embedded_run(bare).error().code, RefusalCode::trace_without_program);
  const trace::Trace trace = record();
  trace::Trace without_input = trace;
  without_input.contents.clear();
  EXPECT_EQ(executor::embedded_run(without_input).error().code, RefusalCode::trace_without_program);
  trace::Trace other = trace;
  other.identity.program.bytes[3] ^= 1;
  EXPECT_EQ(executor::embedded_run(other).error().code, RefusalCode::trace_digest_mismatch);
  trace::Trace damaged = trace;
  damaged.program.resize(damaged.program.size() / 2);
  EXPECT_EQ(executor::embedded_run(damaged).error().code, RefusalCode::program_malformed);
}

TEST_F(Recorded, RecomputesOneStep) {
  const trace::Trace trace = record();
  const auto run = executor::embedded_run(trace);
  for (std::size_t step = 0; step < trace.steps.size(); ++step) {
    const auto tensors = executor::recompute_step(*run, *backend_, step);
    ASSERT_TRUE(tensors.has_value());
    EXPECT_EQ(trace::record_of(tensors->results[0]), trace.steps[step].outputs[0]);
    EXPECT_EQ(trace::record_of(*tensors->operands[0]), *trace.steps[step].inputs[0]);
  }
  const auto beyond = executor::recompute_step(*run, *backend_, 5);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, RefusalCode::trace_step_unknown);
}

}  // namespace
}  // namespace isotrace::tests
