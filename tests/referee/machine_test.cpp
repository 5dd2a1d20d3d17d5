// Disputes about runs of WebAssembly: forged states, engines that go wrong, hosts that answer
// otherwise, and parties that lie about what lies between two leaves.
#include <random>

#include "tests/referee/lying_party.hpp"
#include "tests/referee/sample.hpp"
#include "tests/wasm/recorded_run.hpp"

namespace isotrace::referee::tests {
namespace {

using trace::Trace;
using Verdict = Ruling::Verdict;
using wasm::RunRequest;

class MachineDisputes : public ::testing::Test {
 protected:
  std::unique_ptr<Party> stand_by(Trace trace) const {
    return make_machine_party(std::move(trace), request_, wasm::make_fastest_engine);
  }
  Trace run(const wasm::EngineFactory& engine, const wasm::Link& host) const {
    return wasm::tests::read(wasm::tests::record(request_, host, engine).file);
  }
  Ruling rule(Trace other) const {
    const Ruling ruling = judge(*stand_by(honest_), *stand_by(other));
    const Ruling turned = judge(*stand_by(std::move(other)), *stand_by(honest_));
    EXPECT_EQ(turned.verdict, ruling.verdict);
    EXPECT_EQ(turned.b.standing, ruling.a.standing) << turned.b.reason;
    EXPECT_EQ(turned.a.standing, ruling.b.standing) << turned.a.reason;
    EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
    return ruling;
  }
  Ruling rule(const std::function<void(Trace&)>& change) const {
    Trace forged = honest_;
    change(forged);
    return rule(sealed(std::move(forged)));
  }
  [[nodiscard]] std::size_t checkpoints() const { return honest_.machine.checkpoints.size(); }

  RunRequest request_ = wasm::tests::request_for(wasm::tests::busy_module(), {100});
  Trace honest_ = run(wasm::make_reference_engine, wasm::tests::counting_host());
};

TEST_F(MachineDisputes, EqualRootsAgree) {
  EXPECT_GT(checkpoints(), 10U);
  const Ruling ruling = rule(run(wasm::make_fastest_engine, wasm::tests::counting_host()));
  EXPECT_EQ(ruling.verdict, Verdict::agree);
}

TEST_F(MachineDisputes, AnEngineThatGoesWrongIsFoundByOneOpcode) {
  for (const std::uint64_t step : {150, 777, 2000}) {
    const Ruling ruling =
        rule(run(wasm::tests::faulty_engine(step, 64), wasm::tests::counting_host()));
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::upheld);
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_EQ(ruling.operations, 1U);
    EXPECT_FALSE(ruling.place->operation.empty());
    EXPECT_LE(ruling.rounds, 20U);
  }
}

TEST_F(MachineDisputes, AForgedStateOfAnyLeafIsNamed) {
  for (std::size_t k = 0; k < checkpoints(); ++k) {
    const Ruling ruling =
        rule([&](Trace& t) { t.machine.checkpoints[k].state.memories[0].digest.bytes[0] ^= 1; });
    EXPECT_EQ(ruling.verdict, Verdict::decided) << k << ruling.reason;
    EXPECT_EQ(ruling.a.standing, Standing::upheld) << k;
    EXPECT_EQ(ruling.b.standing, Standing::wrong) << k;
    EXPECT_LE(ruling.operations, 1U);
  }
  const Ruling last = rule([&](Trace& t) { t.machine.state->slots.digest.bytes[0] ^= 1; });
  EXPECT_EQ(last.b.standing, Standing::wrong);
  EXPECT_EQ(last.operations, 1U);
}

TEST_F(MachineDisputes, WhereTheRunBeginsIsJudgedWithoutAnyOpcode) {
  const Ruling ruling =
      rule([](Trace& t) { t.machine.checkpoints[0].state.globals.digest.bytes[0] ^= 1; });
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
  EXPECT_EQ(ruling.operations, 0U);
}

TEST_F(MachineDisputes, TheBeginningOfTheSecondCallIsJudgedWithoutAnyOpcode) {
  std::size_t second = 0;
  while (honest_.machine.checkpoints[second].call == 0) ++second;
  const Ruling ruling =
      rule([&](Trace& t) { t.machine.checkpoints[second].state.slots.digest.bytes[0] ^= 1; });
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
  EXPECT_EQ(ruling.operations, 0U);
}

TEST_F(MachineDisputes, ATraceThatEndsTooSoonIsWrong) {
  const Ruling ruling = rule([](Trace& t) {
    auto& machine = t.machine;
    machine.state = machine.checkpoints[5].state;
    machine.checkpoints.resize(5);
    machine.tensor_steps.resize(5);
  });
  EXPECT_EQ(ruling.verdict, Verdict::decided);
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
}

TEST_F(MachineDisputes, ALeafThatIsLeftOutIsMissed) {
  const Ruling ruling = rule([](Trace& t) {
    t.machine.checkpoints.erase(t.machine.checkpoints.begin() + 6);
    t.machine.tensor_steps.pop_back();
  });
  EXPECT_EQ(ruling.b.standing, Standing::wrong) << ruling.reason;
}

/// Leaves at other places: its interval is another than its identity says.
TEST_F(MachineDisputes, StatesOfTheRunAtWrongPlacesAreNoLeaves) {
  for (const std::uint64_t interval : {50, 70, 230}) {
    RunRequest other = request_;
    other.interval = interval;
    Trace trace = wasm::tests::read(
        wasm::tests::record(other, wasm::tests::counting_host(), wasm::make_reference_engine).file);
    trace.identity = honest_.identity;
    trace = sealed(std::move(trace));
    // Asked where its leaves are, it tells the truth about them.
    std::size_t k = 0;
    const auto& mine = trace.machine.checkpoints;
    while (mine[k].state == honest_.machine.checkpoints[k].state) ++k;
    auto lying = std::make_unique<LyingParty>(stand_by(trace));
    const std::uint64_t claimed = mine[k].state.steps;
    lying->on_span = [&, claimed](Answer<std::uint64_t>& answer) {
      // Positions behind leaf k: found by asking an honest party for all of them.
      const auto honest = stand_by(honest_);
      const core::Digest wanted = trace::state_root(mine[k].state);
      for (std::uint64_t position = 1; position < 4 * claimed; ++position) {
        const auto roots = honest->roots(k, {&position, 1});
        if (roots && roots->front() == wanted) {
          answer = position;
          return;
        }
      }
    };
    const Ruling ruling = judge(*stand_by(honest_), *lying);
    EXPECT_EQ(ruling.verdict, Verdict::decided) << interval << ruling.reason;
    EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_EQ(ruling.operations, 0U);
  }
}

TEST_F(MachineDisputes, HostsThatAnswerDifferentlyAreNobodysFault) {
  const Trace other = run(wasm::make_reference_engine, wasm::tests::counting_host(20));
  const Ruling ruling = rule(other);
  EXPECT_EQ(ruling.verdict, Verdict::host);
  EXPECT_NE(ruling.reason.find("host answered"), std::string::npos) << ruling.reason;
  EXPECT_EQ(ruling.operations, 1U);
  ASSERT_TRUE(ruling.host.has_value());
  const trace::HostCallRecord& a = honest_.machine.host_calls.at(ruling.host->call);
  const trace::HostCallRecord& b = other.machine.host_calls.at(ruling.host->call);
  EXPECT_NE(a, b);
  EXPECT_EQ(ruling.host->a, a);
  EXPECT_EQ(ruling.host->b, b);
  for (std::size_t i = 0; i < ruling.host->call; ++i) {
    EXPECT_EQ(honest_.machine.host_calls[i], other.machine.host_calls[i]);
  }
  EXPECT_NE(ruling.host->function.find('.'), std::string::npos) << ruling.host->function;
}

// ---- lies

class MachineLies : public MachineDisputes {
 protected:
  Trace forged() const {
    Trace trace = honest_;
    for (std::size_t k = 7; k < checkpoints(); ++k) {
      trace.machine.checkpoints[k].state.memories[0].digest.bytes[3] ^= 4;
    }
    return sealed(std::move(trace));
  }
  std::unique_ptr<LyingParty> liar() const {
    return std::make_unique<LyingParty>(stand_by(forged()));
  }
};

TEST_F(MachineLies, StatesMadeUpFromSomewhereOnAreFoundWhereTheyBegin) {
  for (const std::uint64_t from : {1, 2, 9, 40, 77}) {
    const auto lying = liar();
    lying->on_roots = [&](std::span<const std::uint64_t> positions,
                          Answer<std::vector<core::Digest>>& answer) {
      for (std::size_t i = 0; i < positions.size(); ++i) {
        if (positions[i] >= from) (*answer)[i] = flipped((*answer)[i]);
      }
    };
    const Ruling ruling = judge(*stand_by(honest_), *lying);
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::upheld) << ruling.a.reason;
    EXPECT_EQ(ruling.b.standing, Standing::wrong);
    EXPECT_EQ(ruling.operations, 1U);
  }
}

TEST_F(MachineLies, AWitnessThatIsNoneIsALie) {
  for (const std::size_t at : {std::size_t{3}, std::size_t{200}, std::size_t{900}}) {
    const auto lying = liar();
    lying->on_fetch = [&](const Evidence& evidence, Answer<core::Bytes>& answer) {
      if (evidence.kind == Evidence::Kind::witness) (*answer)[at] ^= 0x80;
    };
    const Ruling ruling = judge(*lying, *stand_by(honest_));
    EXPECT_EQ(ruling.verdict, Verdict::decided);
    EXPECT_EQ(ruling.a.standing, Standing::lied);
    EXPECT_EQ(ruling.b.standing, Standing::upheld);
  }
}

TEST_F(MachineLies, AWrongStateOrModuleIsALie) {
  for (const auto kind : {Evidence::Kind::state, Evidence::Kind::module}) {
    auto lying = liar();
    if (kind == Evidence::Kind::module) {
      Trace wrong = honest_;
      wrong.machine.checkpoints[0].state.slots.digest.bytes[0] ^= 1;
      lying = std::make_unique<LyingParty>(stand_by(sealed(wrong)));
    }
    lying->on_fetch = [&](const Evidence& evidence, Answer<core::Bytes>& answer) {
      if (evidence.kind == kind) answer->back() ^= 1;
    };
    const Ruling ruling = judge(*lying, *stand_by(honest_));
    EXPECT_EQ(ruling.a.standing, Standing::lied);
    EXPECT_EQ(ruling.b.standing, Standing::upheld);
  }
}

TEST_F(MachineLies, AnImpossibleSpanIsALie) {
  const auto lying = liar();
  lying->on_span = [](Answer<std::uint64_t>& answer) { answer = UINT64_MAX; };
  EXPECT_EQ(judge(*stand_by(honest_), *lying).b.standing, Standing::lied);
}

TEST_F(MachineLies, AnySpanIsJudged) {
  for (const std::uint64_t span : {0, 1, 5, 1000, 1'000'000}) {
    const auto lying = liar();
    lying->on_span = [&](Answer<std::uint64_t>& answer) { answer = span; };
    const Ruling ruling = judge(*stand_by(honest_), *lying);
    EXPECT_EQ(ruling.verdict, Verdict::decided) << span << " " << ruling.reason;
    EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
    EXPECT_EQ(ruling.b.standing, Standing::wrong) << span;
  }
}

TEST_F(MachineLies, WhereverTheNextLeafIsSaidToBeTheNearerPlaceDecides) {
  const auto honest = stand_by(honest_);
  for (std::uint64_t leaf = 2; leaf <= checkpoints() + 1; ++leaf) {
    Trace wrong = honest_;
    trace::StateRecord& state =
        leaf <= checkpoints() ? wrong.machine.checkpoints[leaf - 1].state : *wrong.machine.state;
    state.globals.digest.bytes[3] ^= 4;
    wrong = sealed(std::move(wrong));
    const std::uint64_t span = *honest->span(leaf - 1);
    for (const std::uint64_t claimed : {span - 1, span, span + 1, 3 * span}) {
      LyingParty lying(stand_by(wrong));
      lying.on_span = [&](Answer<std::uint64_t>& answer) { answer = claimed; };
      const Ruling ruling = judge(*stand_by(honest_), lying);
      EXPECT_EQ(ruling.verdict, Verdict::decided) << leaf << " " << claimed << ruling.reason;
      EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
      EXPECT_EQ(ruling.b.standing, Standing::wrong);
    }
  }
}

TEST_F(MachineLies, LeavesBehindTheEndOfTheRunAreWrong) {
  Trace longer = honest_;
  longer.machine.checkpoints.push_back({*longer.machine.state, 1});
  longer.machine.tensor_steps.push_back(0);
  const Ruling twice = rule(sealed(longer));
  EXPECT_EQ(twice.b.standing, Standing::wrong) << twice.reason;
  longer.machine.state = honest_.machine.checkpoints[3].state;
  const Ruling more = rule(sealed(longer));
  EXPECT_EQ(more.b.standing, Standing::wrong) << more.reason;
}

TEST_F(MachineLies, WhoeverLiesHoweverNeverGetsTheHonestOneBlamed) {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    Trace forged = honest_;
    auto& machine = forged.machine;
    const std::size_t k = random() % checkpoints();
    switch (random() % 4) {
      case 0: machine.checkpoints[k].state.slots.digest.bytes[random() % 32] ^= 1; break;
      case 1: ++machine.checkpoints[k].state.steps; break;
      case 2:
        machine.checkpoints.erase(machine.checkpoints.begin() + static_cast<std::ptrdiff_t>(k));
        machine.tensor_steps.pop_back();
        break;
      default:
        machine.checkpoints.resize(k + 1);
        machine.tensor_steps.resize(k + 1);
        break;
    }
    LyingParty lying(stand_by(sealed(std::move(forged))));
    lie_at_random(lying, seed, 5 + seed % 40);
    const auto honest = stand_by(honest_);
    const bool first = seed % 2 == 0;
    const Ruling ruling = first ? judge(*honest, lying) : judge(lying, *honest);
    const Finding& finding = first ? ruling.a : ruling.b;
    EXPECT_FALSE(finding.at_fault()) << seed << ": " << finding.reason;
    EXPECT_LE(ruling.operations, 1U);
  }
}

}  // namespace
}  // namespace isotrace::referee::tests
