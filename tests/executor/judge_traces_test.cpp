// A recorded run judged by bounds: roundings pass, also where they were carried on; faults do not.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/judge_traces.hpp>
#include <isotrace/executor/memory_trace.hpp>

#include "tests/executor/faulty_backend.hpp"
#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Tensor;
using executor::Agreement;
using executor::BoundOptions;

/// y = Tanh(MatMul(x, w)): errors of the product are carried into Tanh.
class JudgeTraces : public ::testing::Test {
 protected:
  JudgeTraces() {
    ModelBuilder model(20);
    model.input("x", {4, 64});
    std::vector<float> weights(64 * 8);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = 0.1F * static_cast<float>(i % 13) - 0.55F;
    }
    model.initializer("w", Tensor::of<float>({64, 8}, std::span<const float>(weights)));
    model.node("MatMul", {"x", "w"}, {"p"});
    model.node("Tanh", {"p"}, {"y"});
    model.output("y", {4, 8});
    auto program = executor::import_onnx(model.bytes());
    EXPECT_TRUE(program.has_value()) << core::describe(program.error());
    Tensor x(core::Dtype::f32, {4, 64});
    float next = -1.3F;
    for (float& value : x.data<float>()) value = next += 0.01F;
    run_ = {*std::move(program), {{"x", std::move(x)}}};
    a_ = record(*reference_, executor::Keep::none);
  }

  trace::Trace record(backends::Backend& backend, executor::Keep keep) {
    auto trace = executor::record_in_memory(run_.program, run_.inputs, backend,
                                            {.path = {}, .keep = keep, .tool = {}});
    EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
    return *std::move(trace);
  }

  /// The reference, but every element of a result is changed.
  static FaultyBackend changing(core::Op op, float (*change)(float)) {
    return {op,
            [change](const core::Node& node, core::Operands operands,
                     backends::Backend& honest) -> core::Result<std::vector<Tensor>> {
              ISOTRACE_TRY(auto results, honest.run(node, operands));
              for (float& value : results[0].data<float>()) value = change(value);
              return results;
            }};
  }

  struct Judged {
    std::vector<Agreement> steps;
    std::optional<executor::TraceMismatch> mismatch;
    std::optional<core::RefusalCode> refusal;
  };
  Judged judge(const trace::Trace& b, backends::Backend* maker = nullptr) {
    Judged judged;
    const auto done = executor::judge_traces(
        {a_, b, run_, maker}, *reference_, BoundOptions{},
        [&](const executor::StepJudgement& step) -> core::Result<core::Done> {
          judged.steps.push_back(step.agreement());
          return core::Done{};
        });
    if (done) {
      judged.mismatch = *done;
    } else {
      judged.refusal = done.error().code;
    }
    return judged;
  }

  std::unique_ptr<backends::Backend> reference_ = *backends::make_backend("reference", {});
  executor::EmbeddedRun run_;
  trace::Trace a_;
};

using Agreements = std::vector<Agreement>;

TEST_F(JudgeTraces, ARoundingIsWithinAndWhatFollowsFromItIsJudgedOnItsOwn) {
  FaultyBackend rounding = changing(core::Op::matmul, [](float x) { return x * (1 + 0x1p-22F); });
  const Judged judged = judge(record(rounding, executor::Keep::all));
  EXPECT_EQ(judged.steps, (Agreements{Agreement::within, Agreement::equal}));
  EXPECT_FALSE(judged.mismatch);
}

TEST_F(JudgeTraces, AFaultIsOutsideAtItsStepAlone) {
  FaultyBackend wrong = changing(core::Op::matmul, [](float x) { return x * 1.01F; });
  EXPECT_EQ(judge(record(wrong, executor::Keep::all)).steps,
            (Agreements{Agreement::outside, Agreement::equal}));
  FaultyBackend later = changing(core::Op::tanh, [](float x) { return x * 1.01F; });
  EXPECT_EQ(judge(record(later, executor::Keep::all)).steps,
            (Agreements{Agreement::equal, Agreement::outside}));
}

TEST_F(JudgeTraces, ContentsThatAreNotStoredAreComputedAgainOrRefused) {
  FaultyBackend rounding = changing(core::Op::matmul, [](float x) { return x * (1 + 0x1p-22F); });
  const trace::Trace b = record(rounding, executor::Keep::none);
  EXPECT_EQ(judge(b, &rounding).steps, (Agreements{Agreement::within, Agreement::equal}));
  EXPECT_EQ(judge(b).refusal, core::RefusalCode::trace_without_program);
  // A backend that gives something else is no source.
  EXPECT_EQ(judge(b, reference_.get()).refusal, core::RefusalCode::trace_without_program);
}

TEST_F(JudgeTraces, AnOperandFromElsewhereEndsTheJudgement) {
  trace::Trace b = a_;
  b.steps[1].inputs[0]->digest.bytes[0] ^= 1;
  const Judged judged = judge(b);
  ASSERT_TRUE(judged.mismatch.has_value());
  EXPECT_EQ(judged.mismatch->step, 1U);
  trace::Trace rewired = a_;
  rewired.steps[0].inputs[1] = rewired.steps[0].inputs[0];  // x in the place of w
  ASSERT_TRUE(judge(rewired).mismatch.has_value());
}

TEST_F(JudgeTraces, OtherStepsAndAnAThatIsNotCanonicalEndIt) {
  trace::Trace b = a_;
  b.steps[1].op = core::Op::relu;
  EXPECT_EQ(judge(b).mismatch->step, 1U);
  b = a_;
  b.steps.pop_back();
  EXPECT_EQ(judge(b).mismatch->step, 1U);
  b = a_;
  b.steps.push_back(b.steps.back());
  EXPECT_EQ(judge(b).mismatch->step, 2U);
  b = a_;
  a_.steps[0].outputs[0].digest.bytes[0] ^= 1;
  EXPECT_EQ(judge(b).mismatch->step, 0U);
}

TEST_F(JudgeTraces, RunsOfOtherInputsAreRefused) {
  trace::Trace b = a_;
  b.identity.inputs[0].tensor.digest.bytes[0] ^= 1;
  EXPECT_EQ(judge(b).refusal, core::RefusalCode::trace_digest_mismatch);
}

}  // namespace
}  // namespace isotrace::tests
