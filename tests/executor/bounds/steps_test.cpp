// A run judged step by step against an engine that is the reference with a fault in one operation.
#include <cmath>

#include <isotrace/executor/foreign.hpp>

#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

using executor::OnnxStep;
using executor::StepJudgement;
using Results = std::vector<std::optional<Tensor>>;

/// y = Sigmoid(x + c).
core::Program sample() {
  core::Program program;
  program.inputs = {{"x", core::Dtype::f32, {4}}};
  program.constants = {tensor_of({4}, {0.5F, -0.25F, 1, 3})};
  Node add = make_node(Op::add);
  add.inputs = {0, 1};
  add.outputs = {2};
  Node sigmoid = make_node(Op::sigmoid);
  sigmoid.inputs = {2};
  sigmoid.outputs = {3};
  program.nodes = {add, sigmoid};
  program.outputs = {{"y", 3}};
  return program;
}

/// Changes element 2 of the results of one operation.
class FaultyEngine final : public executor::ForeignEngine {
 public:
  using Fault = float (*)(float);
  FaultyEngine(Op op, Fault fault) : op_(op), fault_(fault) {}

  [[nodiscard]] std::string name() const override { return "faulty"; }
  core::Result<Results> run(const OnnxStep& step) override {
    constants_.push_back(step.constant);
    if (step.node.op == op_ && fault_ == nullptr) {
      return core::refuse(core::RefusalCode::foreign_step_failed, "", "no such kernel");
    }
    const core::FloatEnvironment environment;
    ISOTRACE_TRY(auto results, reference::evaluate(step.node, step.operands));
    if (step.node.op == op_) {
      float& element = results[0].data<float>()[2];
      element = fault_(element);
    }
    Results found;
    for (Tensor& result : results) found.emplace_back(std::move(result));
    return found;
  }
  [[nodiscard]] const std::vector<std::vector<bool>>& constants() const { return constants_; }

 private:
  Op op_;
  Fault fault_;
  std::vector<std::vector<bool>> constants_;
};

struct Found {
  Agreement agreement;
  std::optional<core::Refusal> not_run;
};
std::vector<Found> judge_with(FaultyEngine& engine, const std::optional<BoundOptions>& options) {
  const core::Program program = sample();
  const std::vector<executor::NamedTensor> inputs = {{"x", tensor_of({4}, {1, 2, -3, 4})}};
  const auto backend = *backends::make_backend("reference", {});
  std::vector<Found> found;
  const auto done =
      executor::judge_steps(program, inputs, *backend, engine, options,
                            [&found](const StepJudgement& judged) -> core::Result<core::Done> {
                              found.push_back({judged.agreement(), judged.not_run});
                              return core::Done{};
                            });
  EXPECT_TRUE(done.has_value());
  return found;
}

TEST(JudgedSteps, NameTheOneThatIsWrong) {
  FaultyEngine engine(Op::add, [](float x) { return x * 1.01F; });
  const auto found = judge_with(engine, BoundOptions{});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].agreement, Agreement::outside);
  EXPECT_EQ(found[1].agreement, Agreement::equal);  // it was given our operands
}

TEST(JudgedSteps, AcceptRoundingOnlyWithBounds) {
  FaultyEngine engine(Op::sigmoid, [](float x) { return std::nextafter(x, 1.0F); });
  EXPECT_EQ(judge_with(engine, BoundOptions{})[1].agreement, Agreement::within);
  EXPECT_EQ(judge_with(engine, std::nullopt)[1].agreement, Agreement::unbounded);
}

TEST(JudgedSteps, SayWhichCouldNotBeExecuted) {
  FaultyEngine engine(Op::sigmoid, nullptr);
  const auto found = judge_with(engine, BoundOptions{});
  ASSERT_TRUE(found[1].not_run.has_value());
  EXPECT_EQ(found[1].not_run->code, core::RefusalCode::foreign_step_failed);
}

TEST(JudgedSteps, HandOverConstantsAsSuch) {
  FaultyEngine engine(Op::sigmoid, [](float x) { return x; });
  judge_with(engine, BoundOptions{});
  EXPECT_EQ(engine.constants(), (std::vector<std::vector<bool>>{{false, true}, {false}}));
}

}  // namespace
}  // namespace isotrace::tests
