// Disputes about programs with control flow: which step comes next is disputed, too. Every way in
// which one trace can be wrong is decided by at most one operation, in few rounds.
#include <bit>
#include <random>

#include <isotrace/referee/unfolding.hpp>

#include "tests/executor/control_models.hpp"
#include "tests/referee/lying_party.hpp"
#include "tests/referee/sample.hpp"

namespace isotrace::referee::tests {
namespace {

using isotrace::tests::count;
using isotrace::tests::loop_body;
using isotrace::tests::truth;
using trace::StepRecord;
using trace::Trace;
using Verdict = Ruling::Verdict;

executor::EmbeddedRun run_of(const ModelBuilder& model, std::vector<executor::NamedTensor> inputs) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return {*std::move(program), std::move(inputs)};
}

/// Loops in branches in loops; both branches and a scan output.
executor::EmbeddedRun nested_run(bool flag) {
  return run_of(isotrace::tests::nested_model(), isotrace::tests::nested_inputs(3, flag));
}

/// x doubled until its sum is 100 or more, the trip count computed by a step; both carried and
/// kept, and a step behind.
executor::EmbeddedRun searching_run(std::int64_t most) {
  ModelBuilder body = loop_body({"v"});
  body.output("on").output("w").output("w");
  body.node("Add", {"v", "v"}, {"w"});
  body.node("ReduceSum", {"w"}, {"s"}).attribute("keepdims", 0);
  body.node("Less", {"s", "hundred"}, {"on"});
  ModelBuilder model(13);
  model.input("x", {2}).input("n", {}, isotrace::tests::onnx_i64);
  model.initializer("hundred", floats({}, {100})).initializer("go", truth(true));
  model.output("y").output("all");
  model.node("Add", {"n", "n"}, {"most"});
  model.node("Loop", {"most", "go", "x"}, {"last", "all"}).attribute("body", body.graph());
  model.node("Neg", {"last"}, {"y"});
  return run_of(model, {{"x", floats({2}, {1, 2})}, {"n", count(most)}});
}

/// Rows of a product, taken from behind, are added up.
executor::EmbeddedRun scanning_run(std::int64_t rows) {
  ModelBuilder body;
  body.shapeless_input("sum").shapeless_input("row").output("next").output("copy", {-1});
  body.node("Add", {"sum", "row"}, {"next"});
  body.node("Mul", {"next", "row"}, {"copy"});
  ModelBuilder model(9);
  model.input("s", {2}).input("x", {-1, 2});
  model.output("last").output("sums");
  model.node("Mul", {"x", "x"}, {"squares"});
  model.node("Scan", {"s", "squares"}, {"last", "sums"})
      .attribute("body", body.graph())
      .attribute("num_scan_inputs", 1)
      .attribute("scan_input_axes", std::vector<std::int64_t>{0})
      .attribute("scan_input_directions", std::vector<std::int64_t>{1})
      .attribute("scan_output_axes", std::vector<std::int64_t>{-1})
      .attribute("scan_output_directions", std::vector<std::int64_t>{1});
  core::Tensor x(core::Dtype::f32, {rows, 2});
  float next = 0;
  for (float& value : x.data<float>()) value = next += 1.5F;
  return run_of(model, {{"s", floats({2}, {7, 8})}, {"x", std::move(x)}});
}

std::vector<executor::EmbeddedRun> all_runs() {
  std::vector<executor::EmbeddedRun> runs;
  runs.push_back(nested_run(true));
  runs.push_back(nested_run(false));
  runs.push_back(searching_run(50));  // ends by its condition
  runs.push_back(searching_run(1));   // by its count
  runs.push_back(searching_run(0));
  runs.push_back(scanning_run(4));
  runs.push_back(scanning_run(0));
  return runs;
}

void renumber(Trace& trace) {
  for (std::size_t i = 0; i < trace.steps.size(); ++i) trace.steps[i].index = i;
}

class ControlDisputes : public ::testing::TestWithParam<std::size_t> {
 protected:
  Ruling rule(const std::function<void(Trace&)>& change) {
    Trace forged = honest_;
    change(forged);
    forged = sealed(std::move(forged));
    const auto a = party(honest_, run_);
    const auto b = party(forged, run_);
    const Ruling ruling = judge(*a, *b);
    const Ruling other = judge(*b, *a);
    EXPECT_EQ(other.b.standing, ruling.a.standing) << other.b.reason;
    EXPECT_EQ(other.a.standing, ruling.b.standing) << other.a.reason;
    return ruling;
  }
  void expect_wrong(const std::function<void(Trace&)>& change, const std::string& what) {
    const Ruling ruling = rule(change);
    EXPECT_EQ(ruling.verdict, Verdict::decided) << what << ": " << ruling.reason;
    EXPECT_EQ(ruling.a.standing, Standing::upheld) << what << ": " << ruling.a.reason;
    EXPECT_TRUE(ruling.b.at_fault()) << what;
    EXPECT_LE(ruling.operations, 1U);
  }

  executor::EmbeddedRun run_ = std::move(all_runs()[GetParam()]);
  Trace honest_ = honest_trace(run_);
};

INSTANTIATE_TEST_SUITE_P(OfEveryKind, ControlDisputes, ::testing::Range<std::size_t>(0, 7));

TEST_P(ControlDisputes, AWrongResultOfAnyStepIsNamed) {
  for (std::size_t i = 0; i < honest_.steps.size(); ++i) {
    const bool control = core::op_info(honest_.steps[i].op).control;
    for (std::size_t k = 0; k < honest_.steps[i].outputs.size(); ++k) {
      const Ruling ruling = rule([&](Trace& t) { t.steps[i].outputs[k].digest.bytes[0] ^= 1; });
      EXPECT_TRUE(ruling.b.at_fault()) << i << ": " << ruling.reason;
      EXPECT_EQ(ruling.a.standing, Standing::upheld) << i << ": " << ruling.a.reason;
      EXPECT_EQ(ruling.operations, control ? 0U : 1U);
      EXPECT_EQ(ruling.place->step, i);
    }
  }
}

TEST_P(ControlDisputes, AnotherOperationOrOperandIsWrong) {
  for (std::size_t i = 0; i < honest_.steps.size(); ++i) {
    expect_wrong([&](Trace& t) { t.steps[i].op = core::Op::abs; }, "operation");
    expect_wrong([&](Trace& t) { t.steps[i].attributes.bytes[3] ^= 1; }, "attributes");
    for (std::size_t k = 0; k < honest_.steps[i].inputs.size(); ++k) {
      if (!honest_.steps[i].inputs[k]) continue;
      expect_wrong([&](Trace& t) { t.steps[i].inputs[k]->digest.bytes[5] ^= 1; }, "operand");
    }
  }
}

TEST_P(ControlDisputes, ARoundTooFewOrTooManyIsWrong) {
  for (std::size_t from = 0; from <= honest_.steps.size(); ++from) {
    for (const std::size_t size : {1U, 2U, 3U}) {
      if (from + size > honest_.steps.size()) continue;
      const auto begin = static_cast<std::ptrdiff_t>(from);
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      const std::string what = std::to_string(from) + "+" + std::to_string(size);
      expect_wrong(
          [&](Trace& t) {
            t.steps.erase(t.steps.begin() + begin, t.steps.begin() + end);
            renumber(t);
          },
          "without " + what);
      expect_wrong(
          [&](Trace& t) {
            t.steps.insert(t.steps.begin() + end, honest_.steps.begin() + begin,
                           honest_.steps.begin() + end);
            renumber(t);
          },
          "twice " + what);
    }
  }
}

TEST_P(ControlDisputes, OutputsFollowFromTheSteps) {
  for (std::size_t i = 0; i < honest_.outputs.size(); ++i) {
    expect_wrong([&](Trace& t) { t.outputs[i].tensor.digest.bytes[1] ^= 1; }, "output");
  }
  expect_wrong([](Trace& t) { t.outputs.pop_back(); }, "fewer");
}

TEST_P(ControlDisputes, StatesAreReadAsTheyWereWritten) {
  const auto contents = [this](const trace::TensorRecord& record) -> std::optional<core::Tensor> {
    std::optional<core::Tensor> found;
    const auto see = [&](const executor::StepView& step) -> core::Result<core::Done> {
      for (const auto& operand : step.operands) {
        if (!operand || core::tensor_digest(*operand) != record.digest) continue;
        found = *core::Tensor::from_bytes(
            operand->dtype(), {operand->shape().begin(), operand->shape().end()}, operand->bytes());
      }
      return core::Done{};
    };
    EXPECT_TRUE(executor::execute(run_.program, run_.inputs, *reference(), see).has_value());
    return found;
  };
  Unfolding unfolding(run_.program, honest_.identity.inputs);
  for (const StepRecord& step : honest_.steps) {
    ASSERT_TRUE(unfolding.settle(contents));
    const core::Bytes bytes = unfolding.write();
    auto read = Unfolding::parse(run_.program, bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->write(), bytes);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {  // nothing in it is believed
      core::Bytes changed = bytes;
      changed[i] ^= 0x41;
      if (auto other = Unfolding::parse(run_.program, changed); other && other->settle(contents)) {
        if (!other->ended()) static_cast<void>(other->operands());
      }
      EXPECT_FALSE(Unfolding::parse(run_.program, core::ByteView(bytes).first(i)).has_value());
    }
    ASSERT_FALSE(unfolding.ended());
    EXPECT_EQ(unfolding.node().op, step.op);
    EXPECT_EQ(core::attribute_digest(unfolding.node()), step.attributes);
    EXPECT_EQ(unfolding.operands(), step.inputs);
    unfolding.apply(step.outputs);
  }
  ASSERT_TRUE(unfolding.settle(contents) && unfolding.ended());
  EXPECT_EQ(outputs_digest(*unfolding.outputs()), outputs_digest(honest_.outputs));
}

TEST_P(ControlDisputes, WhoeverLiesHoweverNeverGetsTheHonestOneBlamed) {
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    Trace forged = honest_;
    StepRecord& step = forged.steps[random() % forged.steps.size()];
    switch (random() % 4) {
      case 0: step.outputs[0].digest.bytes[random() % 32] ^= 1; break;
      case 1: step.op = core::Op::abs; break;
      case 2: forged.steps.resize(random() % forged.steps.size()); break;
      default: forged.outputs[0].tensor.shape.push_back(1); break;
    }
    LyingParty lying(party(sealed(std::move(forged)), run_));
    lie_at_random(lying, seed, 3 + seed % 30);
    const auto honest = party(honest_, run_);
    const bool first = seed % 2 == 0;
    const Ruling ruling = first ? judge(*honest, lying) : judge(lying, *honest);
    const Finding& finding = first ? ruling.a : ruling.b;
    EXPECT_FALSE(finding.at_fault()) << seed << ": " << finding.reason;
    EXPECT_LE(ruling.operations, 1U);
  }
}

/// y = x + 1 + ... + 1.
executor::EmbeddedRun counting_run(std::int64_t rounds) {
  ModelBuilder body = loop_body({"v"});
  body.output("go").output("w");
  body.node("Add", {"v", "one"}, {"w"});
  ModelBuilder model(13);
  model.input("x", {1}).input("n", {}, isotrace::tests::onnx_i64);
  model.initializer("one", floats({}, {1})).output("y");
  model.node("Loop", {"n", "", "x"}, {"y"}).attribute("body", body.graph());
  return run_of(model, {{"x", floats({1}, {0})}, {"n", count(rounds)}});
}

TEST(LongLoops, AreSearchedInLogarithmicallyManyRounds) {
  const executor::EmbeddedRun run = counting_run(3000);
  const Trace honest = honest_trace(run);
  Trace forged = honest;
  forged.steps[2100].outputs[0].digest.bytes[0] ^= 1;
  const auto a = party(honest, run);
  const auto b = party(sealed(forged), run);
  const Ruling ruling = judge(*a, *b);
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
  EXPECT_EQ(ruling.operations, 1U);
  EXPECT_LE(ruling.rounds, 24U);
}

TEST(LongLoops, WhoInventsPlacesInTheProgramIsFoundWhereItBegins) {
  const executor::EmbeddedRun run = counting_run(500);
  const Trace honest = honest_trace(run);
  Trace forged = honest;
  forged.steps[400].outputs[0].digest.bytes[0] ^= 1;
  LyingParty lying(party(sealed(forged), run));
  lying.on_roots = [](std::span<const std::uint64_t> positions,
                      Answer<std::vector<core::Digest>>& answer) {
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (positions[i] > 123) (*answer)[i].bytes[0] ^= 0x80;
    }
  };
  const auto a = party(honest, run);
  const Ruling ruling = judge(*a, lying);
  EXPECT_FALSE(ruling.a.at_fault());
  EXPECT_EQ(ruling.b.standing, Standing::lied);
  EXPECT_NE(ruling.b.reason.find("follows step 123"), std::string::npos) << ruling.b.reason;
  EXPECT_EQ(ruling.operations, 0U);
}

}  // namespace
}  // namespace isotrace::referee::tests
