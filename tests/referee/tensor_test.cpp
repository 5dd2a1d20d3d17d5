// Disputes about tensor programs: every way in which one trace can be wrong, and every way in which
// a party can lie about it. The honest one must never be blamed.
#include <bit>
#include <random>

#include "tests/executor/control_models.hpp"
#include "tests/executor/faulty_backend.hpp"
#include "tests/referee/lying_party.hpp"
#include "tests/referee/sample.hpp"

namespace isotrace::referee::tests {
namespace {

using trace::Trace;
using Verdict = Ruling::Verdict;

constexpr std::uint64_t sample_steps = 9;

class Disputes : public ::testing::Test {
 protected:
  /// The honest trace against the changed one, on either side.
  Ruling rule(const std::function<void(Trace&)>& change) {
    Trace forged = honest_;
    change(forged);
    forged = sealed(std::move(forged));
    const auto a = party(honest_, run_);
    const auto b = party(forged, run_);
    const Ruling other = judge(*b, *a);
    const Ruling ruling = judge(*a, *b);
    EXPECT_EQ(other.verdict, ruling.verdict);
    EXPECT_EQ(other.b.standing, ruling.a.standing) << other.b.reason;
    EXPECT_EQ(other.a.standing, ruling.b.standing) << other.a.reason;
    return ruling;
  }
  void expect_wrong(const std::function<void(Trace&)>& change, const std::string& reason,
                    std::uint64_t operations) {
    const Ruling ruling = rule(change);
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::upheld) << ruling.a.reason;
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_NE(ruling.b.reason.find(reason), std::string::npos) << ruling.b.reason;
    EXPECT_EQ(ruling.operations, operations);
  }
  /// A party of a wrong trace that lies besides.
  std::unique_ptr<LyingParty> liar() {
    Trace forged = honest_;
    forged.steps[5].outputs[0].digest = flipped(forged.steps[5].outputs[0].digest);
    return std::make_unique<LyingParty>(party(sealed(std::move(forged)), run_));
  }
  /// The honest party as A against the liar as B.
  Ruling face(Party& lying) { return judge(*party(honest_, run_), lying); }

  executor::EmbeddedRun run_ = sample_run();
  Trace honest_ = honest_trace(run_);
};

TEST_F(Disputes, EqualRootsAgree) {
  const auto a = party(honest_, run_);
  const auto b = party(record(run_, *backends::make_backend("cpu", {}).value()), run_);
  const Ruling ruling = judge(*a, *b);
  EXPECT_EQ(ruling.verdict, Verdict::agree);
  EXPECT_EQ(ruling.operations, 0U);
  EXPECT_EQ(ruling.rounds, 1U);
}

TEST_F(Disputes, AFaultyBackendIsFoundAtItsStepByOneOperation) {
  for (const core::Op op : {core::Op::matmul, core::Op::softmax, core::Op::sub}) {
    isotrace::tests::FaultyBackend faulty(
        op,
        [](const core::Node& node, core::Operands operands,
           backends::Backend& honest) -> core::Result<std::vector<core::Tensor>> {
          ISOTRACE_TRY(auto results, honest.run(node, operands));
          results[0].data<float>()[1] += 1;
          return results;
        });
    const auto a = party(honest_, run_);
    const auto b = party(record(run_, faulty), run_);
    const Ruling ruling = judge(*a, *b);
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::upheld);
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_EQ(ruling.place->operation, core::op_info(op).name);
    EXPECT_EQ(ruling.operations, 1U);
  }
}

TEST_F(Disputes, AWrongResultOfAnyStepIsNamed) {
  for (std::uint64_t step = 0; step < sample_steps; ++step) {
    expect_wrong([&](Trace& t) { t.steps[step].outputs[0].digest.bytes[0] ^= 1; },
                 "as result 0 of step " + std::to_string(step), 1);
  }
}

TEST_F(Disputes, WhatTheProgramDoesNotExecuteIsWrong) {
  expect_wrong([](Trace& t) { t.steps[2].op = core::Op::abs; }, "operation Abs at step 2", 1);
  expect_wrong([](Trace& t) { t.steps[5].attributes.bytes[0] ^= 1; }, "other attributes", 1);
  expect_wrong([](Trace& t) { t.steps[3].index = 8; }, "another number", 1);
  expect_wrong([](Trace& t) { t.steps[4].inputs.pop_back(); }, "another number of operands", 1);
  expect_wrong([](Trace& t) { t.steps[4].inputs[0].reset(); }, "another operand 0", 1);
  expect_wrong([](Trace& t) { t.steps[4].outputs.clear(); }, "another number of results", 1);
  expect_wrong([](Trace& t) { t.steps[4].outputs[0].shape = {6}; }, "as result 0", 1);
}

TEST_F(Disputes, AnEdgeThatComesFromElsewhereIsWrong) {
  expect_wrong([](Trace& t) { t.steps[8].inputs[1] = t.steps[3].outputs[0]; }, "another operand 1",
               1);
  expect_wrong([](Trace& t) { t.steps[1].inputs[1]->digest.bytes[9] ^= 1; }, "another operand 1",
               1);
  expect_wrong([](Trace& t) { t.steps[0].inputs[0]->shape = {3, 2}; }, "types or shapes", 1);
}

TEST_F(Disputes, OutputsFollowFromTheStepsWithoutAnyOperation) {
  expect_wrong([](Trace& t) { t.outputs[0].tensor = t.steps[6].outputs[0]; }, "outputs", 0);
  expect_wrong([](Trace& t) { t.outputs[1].tensor.digest.bytes[1] ^= 1; }, "outputs", 0);
  expect_wrong([](Trace& t) { t.outputs.pop_back(); }, "outputs", 0);
}

TEST_F(Disputes, ARunThatIsTooShortOrTooLongIsWrong) {
  expect_wrong([](Trace& t) { t.steps.pop_back(); }, "states outputs at step 8", 1);
  expect_wrong([](Trace& t) { t.steps.clear(); }, "states outputs at step 0", 1);
  expect_wrong(
      [](Trace& t) {
        t.steps.push_back(t.steps.back());
        t.steps.back().index = sample_steps;
      },
      "goes on behind the last step", 0);
}

TEST_F(Disputes, LeavesBehindTheOutputsAreWrong) {
  Trace longer = honest_;
  longer.tree.append(core::Digest{});
  longer.root = longer.tree.root();
  auto lying = std::make_unique<LyingParty>(party(honest_, run_));
  const trace::SubtreeRoots tree = longer.tree;
  lying->on_commit = [&](Answer<Commitment>& answer) {
    answer->root = tree.root();
    answer->leaves = tree.leaves();
  };
  // Peaks of the honest tree do not fold to the longer one's root.
  EXPECT_EQ(face(*lying).b.standing, Standing::lied);
}

TEST_F(Disputes, WhereBothAreWrongBothAreNamed) {
  Trace a = honest_;
  Trace b = honest_;
  a.steps[3].outputs[0].digest.bytes[0] ^= 1;
  b.steps[3].outputs[0].digest.bytes[0] ^= 2;
  const Ruling ruling = judge(*party(sealed(a), run_), *party(sealed(b), run_));
  EXPECT_EQ(ruling.a.standing, Standing::wrong);
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
  // An earlier step on which both agree is not the program's.
  a.steps[1].op = b.steps[1].op = core::Op::abs;
  const Ruling common = judge(*party(sealed(a), run_), *party(sealed(b), run_));
  EXPECT_EQ(common.a.standing, Standing::wrong);
  EXPECT_EQ(common.b.standing, Standing::wrong);
  EXPECT_EQ(common.operations, 0U);
}

TEST_F(Disputes, OtherProgramsAndInputsAreNobodysFault) {
  executor::EmbeddedRun other = run_;
  other.inputs[0].value.data<float>()[0] = 7;
  const auto a = party(honest_, run_);
  const Ruling inputs = judge(*a, *party(honest_trace(other), other));
  EXPECT_EQ(inputs.verdict, Verdict::undecided);
  EXPECT_NE(inputs.reason.find("inputs differ"), std::string::npos) << inputs.reason;
  other.program.constants[0].data<float>()[0] = 7;
  const Ruling programs = judge(*a, *party(honest_trace(other), other));
  EXPECT_EQ(programs.verdict, Verdict::undecided);
  EXPECT_NE(programs.reason.find("programs differ"), std::string::npos) << programs.reason;
}

TEST_F(Disputes, RoundsAreLogarithmicAndOneOperationIsExecuted) {
  ModelBuilder model;
  model.input("x", {2}).output("y");
  constexpr int steps = 3000;
  std::string value = "x";
  for (int i = 0; i < steps; ++i) {
    const std::string next = i + 1 == steps ? "y" : "v" + std::to_string(i);
    model.node(i % 2 == 0 ? "Neg" : "Abs", {value}, {next});
    value = next;
  }
  run_ = {*executor::import_onnx(model.bytes()), {{"x", floats({2}, {1, -2})}}};
  honest_ = honest_trace(run_);
  for (const std::size_t step : {0, 1, 1023, 1024, 2047, 2998, 2999}) {
    const Ruling ruling = rule([&](Trace& t) { t.steps[step].outputs[0].digest.bytes[0] ^= 1; });
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_EQ(ruling.place->step, step);
    EXPECT_EQ(ruling.operations, 1U);
    EXPECT_LE(ruling.rounds, std::bit_width(unsigned{steps}) + 6U);
    const Ruling shorter = rule([&](Trace& t) { t.steps.resize(step); });
    EXPECT_EQ(shorter.b.standing, Standing::wrong);
    EXPECT_LE(shorter.rounds, 2 * std::bit_width(unsigned{steps}) + 6U);
  }
}

// ---- lies

TEST_F(Disputes, ACommitmentThatContradictsItselfIsALie) {
  const std::vector<std::function<void(Commitment&)>> lies = {
      [](Commitment& c) { c.root = flipped(c.root); },
      [](Commitment& c) { c.peaks[0] = flipped(c.peaks[0]); },
      [](Commitment& c) { c.peaks.pop_back(); },
      [](Commitment& c) { c.path.clear(); },
      [](Commitment& c) { c.identity.pop_back(); },
      [](Commitment& c) { c.leaves = 1; },
      [](Commitment& c) { c.leaves = UINT64_MAX; },
      [](Commitment& c) { c.leaves += 1; },
  };
  for (const auto& lie : lies) {
    const auto lying = liar();
    lying->on_commit = [&](Answer<Commitment>& answer) { lie(*answer); };
    const Ruling ruling = face(*lying);
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::unjudged);
    EXPECT_EQ(ruling.b.standing, Standing::lied);
  }
}

TEST_F(Disputes, AnotherNumberOfLeavesLosesWhereItIsNotSeenAtOnce) {
  const auto lying = liar();
  lying->on_commit = [&](Answer<Commitment>& answer) { answer->leaves += 2; };  // 11 as 13
  const Ruling ruling = face(*lying);
  EXPECT_EQ(ruling.verdict, Verdict::decided);
  EXPECT_FALSE(ruling.a.at_fault());
  EXPECT_TRUE(ruling.b.at_fault());
}

TEST_F(Disputes, AWrongInnerDigestIsALieAtEveryLevel) {
  for (unsigned at = 1; at <= 3; ++at) {
    const auto lying = liar();
    lying->on_halve = [&](unsigned level, Answer<Children>& answer) {
      if (level == at) answer->right = flipped(answer->right);
    };
    const Ruling ruling = face(*lying);
    EXPECT_EQ(ruling.b.standing, Standing::lied);
    EXPECT_NE(ruling.b.reason.find("level " + std::to_string(at)), std::string::npos);
  }
}

TEST_F(Disputes, AnotherRootThanAtFirstIsALie) {
  // Half-way through it answers from the honest trace.
  const auto lying = liar();
  const auto honest = party(honest_, run_);
  lying->on_halve = [&](unsigned level, Answer<Children>& answer) {
    if (level == 2) answer = honest->halve(level, 1);
  };
  EXPECT_EQ(face(*lying).b.standing, Standing::lied);
  const auto later = liar();
  later->on_open = [&](std::span<const std::uint64_t> leaves,
                       Answer<std::vector<OpenedLeaf>>& answer) { answer = honest->open(leaves); };
  EXPECT_EQ(face(*later).b.standing, Standing::lied);
}

TEST_F(Disputes, AProofOfAnotherLeafOrNoneIsALie) {
  using Opened = Answer<std::vector<OpenedLeaf>>;
  const std::vector<std::function<void(OpenedLeaf&)>> lies = {
      [](OpenedLeaf& leaf) { leaf.path[1] = flipped(leaf.path[1]); },
      [](OpenedLeaf& leaf) { leaf.path.pop_back(); },
      [](OpenedLeaf& leaf) { leaf.record.pop_back(); },
      [](OpenedLeaf& leaf) { leaf.record.clear(); },
      [](OpenedLeaf& leaf) { leaf.record[20] ^= 0x40; },
  };
  for (const auto& lie : lies) {
    const auto lying = liar();
    lying->on_open = [&](auto, Opened& answer) { lie(answer->front()); };
    EXPECT_EQ(face(*lying).b.standing, Standing::lied);
  }
  const auto lying = liar();
  lying->on_open = [](auto, Opened& answer) { answer->clear(); };
  const Ruling ruling = face(*lying);
  EXPECT_EQ(ruling.verdict, Verdict::forfeited);
  EXPECT_EQ(ruling.b.standing, Standing::failed);
}

TEST_F(Disputes, WrongOperandBytesAreALieAndTheOtherShowsThem) {
  for (const auto kind : {Evidence::Kind::graph, Evidence::Kind::content}) {
    const auto lying = liar();
    lying->on_fetch = [&](const Evidence& evidence, Answer<core::Bytes>& answer) {
      if (evidence.kind == kind) answer->back() ^= 1;
    };
    const Ruling ruling = judge(*lying, *party(honest_, run_));  // the liar is asked first
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::lied);
    EXPECT_EQ(ruling.b.standing, Standing::upheld);
    EXPECT_EQ(ruling.operations, 1U);
  }
}

TEST_F(Disputes, WhoGivesNoAnswerForfeits) {
  for (const auto kind :
       {Fault::Kind::stalled, Fault::Kind::gone, Fault::Kind::garbled, Fault::Kind::declined}) {
    const auto lying = liar();
    lying->on_halve = [&](unsigned level, Answer<Children>& answer) {
      if (level == 1) answer = tl::unexpected<Fault>(Fault{kind, "why"});
    };
    const Ruling ruling = face(*lying);
    EXPECT_EQ(ruling.verdict, Verdict::forfeited);
    EXPECT_EQ(ruling.a.standing, Standing::unjudged);
    EXPECT_EQ(ruling.b.standing, Standing::failed);
  }
}

TEST_F(Disputes, EvidenceThatIsTooLargeForTheRefereeIsNobodysFault) {
  auto lying = liar();
  const auto honest = party(honest_, run_);
  const Ruling ruling =
      referee::judge(*honest, *lying, *reference(), {.evidence_bytes_max = 8, .execute = {}});
  EXPECT_EQ(ruling.verdict, Verdict::undecided);
  const Ruling dear = referee::judge(*honest, *lying, *reference(),
                                     {.evidence_bytes_max = 1 << 20, .execute = {.work_max = 1}});
  EXPECT_EQ(dear.verdict, Verdict::undecided);
  EXPECT_NE(dear.reason.find("refuses the step"), std::string::npos) << dear.reason;
}

TEST_F(Disputes, WhoeverLiesHoweverNeverGetsTheHonestOneBlamed) {
  std::array<unsigned, 4> verdicts{};
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    std::mt19937 random(seed);
    Trace forged = honest_;
    trace::StepRecord& step = forged.steps[random() % sample_steps];
    switch (random() % 6) {
      case 0: step.outputs[0].digest.bytes[random() % 32] ^= 1; break;
      case 1: step.op = core::Op::abs; break;
      case 2: step.inputs[0] = forged.steps[random() % sample_steps].outputs[0]; break;
      case 3: forged.steps.resize(random() % sample_steps); break;
      case 4: forged.steps.resize(sample_steps + random() % 9, step); break;
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
    ++verdicts[static_cast<std::size_t>(ruling.verdict)];
  }
  for (const auto verdict : {Verdict::decided, Verdict::forfeited, Verdict::undecided}) {
    EXPECT_GT(verdicts[static_cast<std::size_t>(verdict)], 0U);
  }
}

}  // namespace
}  // namespace isotrace::referee::tests
