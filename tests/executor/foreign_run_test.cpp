// Runs of another engine recorded as foreign traces: what they say, that they never pass as runs of
// the reference, and that bounds judge them with whatever numbers stand in them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <isotrace/backends/fallback_backend.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/executor/foreign_backend.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/judge_traces.hpp>
#include <isotrace/executor/memory_trace.hpp>
#include <isotrace/reference/evaluate.hpp>

#include "tests/executor/control_models.hpp"
#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Op;
using core::RefusalCode;
using core::Tensor;
using executor::Agreement;
using executor::OnnxStep;
using executor::RecordOptions;

/// The reference under another name, but for what it does to the results of one operation.
class OtherEngine final : public executor::ForeignEngine {
 public:
  using Change = std::function<core::Result<core::Done>(std::vector<Tensor>&)>;
  OtherEngine(Op op, Change change) : op_(op), change_(std::move(change)) {}

  [[nodiscard]] std::string name() const override { return "Other 1.2"; }
  core::Result<std::vector<std::optional<Tensor>>> run(const OnnxStep& step) override {
    ISOTRACE_TRY_DONE(executor::write_onnx_step(step));
    const core::FloatEnvironment environment;
    ISOTRACE_TRY(auto results, reference::evaluate(step.node, step.operands));
    if (step.node.op == op_) ISOTRACE_TRY_DONE(change_(results));
    return std::vector<std::optional<Tensor>>(results.begin(), results.end());
  }

 private:
  Op op_;
  Change change_;
};

/// Puts a value in the place of element 1.
OtherEngine::Change putting(float value) {
  return [value](std::vector<Tensor>& results) -> core::Result<core::Done> {
    results[0].data<float>()[1] = value;
    return core::Done{};
  };
}

class ForeignRuns : public ::testing::Test {
 protected:
  /// y = Tanh(x) * x, with the largest index beside it.
  static executor::EmbeddedRun sample() {
    ModelBuilder model;
    model.input("x", {2, 3}).output("y").output("top");
    model.node("Tanh", {"x"}, {"t"});
    model.node("Mul", {"t", "x"}, {"y"});
    model.node("ArgMax", {"y"}, {"top"}).attribute("axis", 1);
    return {*executor::import_onnx(model.bytes()),
            {{"x", floats({2, 3}, {0.5F, -1, 2, -0.25F, 3, 0})}}};
  }

  static std::unique_ptr<backends::Backend> engine(Op op, OtherEngine::Change change) {
    return std::make_unique<executor::ForeignBackend>(
        std::make_unique<OtherEngine>(op, std::move(change)));
  }
  core::Result<trace::Trace> try_record(backends::Backend& backend) {
    return executor::record_in_memory(run_.program, run_.inputs, backend,
                                      {.path = {}, .keep = executor::Keep::all, .tool = {}});
  }
  trace::Trace record(backends::Backend& backend) { return *try_record(backend); }
  trace::Trace foreign(Op op, OtherEngine::Change change) {
    return record(*engine(op, std::move(change)));
  }

  std::vector<Agreement> judge(const trace::Trace& b) {
    std::vector<Agreement> steps;
    const auto done = executor::judge_traces(
        {own_, b, run_, nullptr}, *reference_, executor::BoundOptions{},
        [&](const executor::StepJudgement& step) -> core::Result<core::Done> {
          steps.push_back(step.agreement());
          return core::Done{};
        });
    EXPECT_TRUE(done.has_value() && !done->has_value());
    return steps;
  }

  std::unique_ptr<backends::Backend> reference_ = *backends::make_backend("reference", {});
  executor::EmbeddedRun run_ = sample();
  trace::Trace own_ = record(*reference_);
};

using Agreements = std::vector<Agreement>;

TEST_F(ForeignRuns, NameTheEngineUnderTheirRoot) {
  const trace::Trace same = foreign(Op::tanh, [](auto&) { return core::Done{}; });
  EXPECT_EQ(same.identity.semantics, "foreign:Other 1.2");
  EXPECT_NE(same.root, own_.root);
  EXPECT_EQ(trace_leaves(same)[1], trace_leaves(own_)[1]);
  const auto found = trace::find_divergence(own_, same);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, trace::Divergence::Kind::semantics);
}

TEST_F(ForeignRuns, AreComparedStepByStepWithRunsOfOurOwnAndWithEachOther) {
  const trace::Trace other = foreign(Op::mul, putting(7));
  const trace::Trace third = foreign(Op::mul, putting(8));
  using Pair = std::pair<const trace::Trace*, const trace::Trace*>;
  for (const auto& [a, b] : {Pair{&own_, &other}, Pair{&other, &own_}, Pair{&other, &third}}) {
    const auto found = trace::find_divergence(*a, *b);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, trace::Divergence::Kind::result);
    EXPECT_EQ(found->step, 1U);
  }
}

TEST_F(ForeignRuns, AreNeverReplayedNorTakenForCanonicalOnes) {
  const trace::Trace same = foreign(Op::tanh, [](auto&) { return core::Done{}; });
  const auto replayed = executor::replay(same, run_.program, run_.inputs, *reference_, {});
  ASSERT_FALSE(replayed.has_value());
  EXPECT_EQ(replayed.error().code, RefusalCode::trace_foreign);
  const auto judged = executor::judge_traces(
      {same, own_, run_, nullptr}, *reference_, executor::BoundOptions{},
      [](const executor::StepJudgement&) { return core::Result<core::Done>(core::Done{}); });
  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(judged.error().code, RefusalCode::trace_foreign);
}

TEST_F(ForeignRuns, AreJudgedByBoundsOnTheirOwnOperands) {
  const float exact = std::tanh(-1.0F);
  EXPECT_EQ(judge(foreign(Op::tanh, putting(std::nextafter(exact, 0.0F)))),
            (Agreements{Agreement::within, Agreement::equal, Agreement::equal}));
  EXPECT_EQ(judge(foreign(Op::tanh, putting(exact * 1.01F))),
            (Agreements{Agreement::outside, Agreement::equal, Agreement::equal}));
  EXPECT_EQ(judge(foreign(Op::mul, putting(5))),
            (Agreements{Agreement::equal, Agreement::outside, Agreement::equal}));
}

TEST_F(ForeignRuns, NaNAndInfinityAreOutsideWhereTheyAppear) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    const auto steps = judge(foreign(Op::tanh, putting(value)));
    EXPECT_EQ(steps[0], Agreement::outside);
    EXPECT_EQ(steps[1], Agreement::equal);  // on the operand that it had
  }
}

TEST_F(ForeignRuns, AStepThatTheEngineCannotDoIsRefusedOrMarked) {
  const auto refusing = [](auto&) -> core::Result<core::Done> {
    return core::refuse(RefusalCode::foreign_step_failed, "", "no such kernel");
  };
  const auto refused = try_record(*engine(Op::mul, refusing));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::foreign_step_failed);
  EXPECT_NE(refused.error().where.find("step 1 (Mul"), std::string::npos) << refused.error().where;
  backends::FallbackBackend both(engine(Op::mul, refusing),
                                 *backends::make_backend("reference", {}));
  const trace::Trace marked = record(both);
  EXPECT_EQ(marked.fallback_steps, std::vector<std::uint64_t>{1});
  EXPECT_EQ(marked.identity.semantics, "foreign:Other 1.2");
}

TEST_F(ForeignRuns, AResultOfAnotherShapeEndsTheRun) {
  const auto refused = try_record(*engine(Op::tanh, [](std::vector<Tensor>& results) {
    results[0] = floats({1, 3}, {1, 2, 3});
    return core::Result<core::Done>(core::Done{});
  }));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::backend_contract_broken);
}

TEST_F(ForeignRuns, AStatedOperandThatFitsNoOperationEndsTheJudgement) {
  trace::Trace b = foreign(Op::mul, putting(5));
  const Tensor other = floats({5}, {1, 2, 3, 4, 5});
  b.contents.emplace(core::tensor_digest(other), other);
  b.steps[1].outputs[0] = b.steps[2].inputs[0].emplace(trace::record_of(other));
  b.steps[1].outputs[0].shape = {5};
  const auto done = executor::judge_traces(
      {own_, b, run_, nullptr}, *reference_, executor::BoundOptions{},
      [](const executor::StepJudgement&) { return core::Result<core::Done>(core::Done{}); });
  ASSERT_TRUE(done.has_value() && done->has_value());
  EXPECT_EQ((*done)->step, 2U);
}

TEST_F(ForeignRuns, ControlFlowIsOurOwnAndItsStepsAreTheEngines) {
  run_ = {*executor::import_onnx(nested_model().bytes()), nested_inputs(3, false)};
  own_ = record(*reference_);
  EXPECT_EQ(judge(foreign(Op::sub, putting(7))), Agreements(3, Agreement::outside));
}

}  // namespace
}  // namespace isotrace::tests
