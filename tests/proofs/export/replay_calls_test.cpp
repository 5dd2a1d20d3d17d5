// Calls of host functions with which a run of WebAssembly ended, replayed with the installed coqc:
// what the trace holds is a theorem, and nothing else is.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <isotrace/core/merkle.hpp>
#include <isotrace/proofs/export/trace_calls.hpp>

#include "tests/proofs/export/with_coq_library.hpp"

namespace isotrace::tests {
namespace {

using proofs::CallsFact;
using proofs::ReplayStatus;
namespace fs = std::filesystem;

bool refused_as(const core::Result<CallsFact>& result, core::RefusalCode code) {
  return !result && result.error().code == code;
}

/// A run that made the given number of calls, the last of which wrote to memory.
trace::Trace run_with_calls(std::uint32_t calls) {
  trace::Trace trace;
  trace.identity.semantics = "isowasm-1";
  trace.identity.machine = trace::MachineIdentity{};
  trace::StateRecord state;
  state.steps = 12;
  state.memories = {{1, core::sha256(core::Bytes(3, 1))}};
  trace.machine.checkpoints = {{state, 1}};
  trace.machine.tensor_steps = {0};
  for (std::uint32_t i = 0; i < calls; ++i) {
    trace::HostCallRecord call{i, {i, 7}, {0}, 0, {}};
    if (i + 1 == calls) call.writes = {{4096, core::Bytes(5, 0)}};
    state.host_calls = {i + std::uint64_t{1},
                        trace::extend_host_log(state.host_calls.digest, call)};
    trace.machine.host_calls.push_back(call);
  }
  state.status = 2;
  trace.machine.state = state;
  trace.root = core::merkle_root(trace::trace_leaves(trace));
  return trace;
}

CallsFact fact_of(std::uint32_t calls, std::uint64_t count) {
  const auto fact = proofs::make_calls_fact(run_with_calls(calls), count);
  EXPECT_TRUE(fact) << describe(fact.error());
  return fact ? *fact : CallsFact{};
}

TEST(CallsFact, is_read_as_it_was_written_and_not_otherwise) {
  const core::Bytes bytes = write_calls_fact(fact_of(3, 2));
  const auto again = proofs::parse_calls_fact(bytes);
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(write_calls_fact(*again), bytes);
  EXPECT_EQ(again->calls.size(), 2U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    core::Bytes changed = bytes;
    changed[i] ^= 0x20;
    const auto other = proofs::parse_calls_fact(changed);
    if (other) {
      EXPECT_EQ(write_calls_fact(*other), changed) << "byte " << i;
    }
  }
  EXPECT_TRUE(
      refused_as(proofs::parse_calls_fact(core::Bytes{}), core::RefusalCode::proof_malformed));
}

TEST(CallsFact, is_of_whole_runs_of_webassembly) {
  const auto refused = core::RefusalCode::export_unsupported;
  EXPECT_TRUE(refused_as(proofs::make_calls_fact(run_with_calls(3), 4), refused));
  trace::Trace open = run_with_calls(3);
  open.machine.state.reset();
  EXPECT_TRUE(refused_as(proofs::make_calls_fact(open, 1), refused));
  trace::Trace large = run_with_calls(1);
  large.machine.host_calls[0].writes[0].bytes.resize(std::size_t{65} << 10);
  EXPECT_TRUE(refused_as(proofs::make_calls_fact(large, 1), refused));
}

class ReplayCalls : public WithCoqLibrary<proofs::CoqPart::traces> {
 protected:
  static std::string write(const CallsFact& fact) {
    const std::string directory = root_ + "/bundle" + std::to_string(next_++);
    EXPECT_TRUE(proofs::write_bundle(proofs::export_coq_calls(fact), directory));
    return directory;
  }

  static proofs::ObligationReplay replay(const std::string& directory) {
    const auto report = proofs::reconcile_coq(directory, {}, options_);
    EXPECT_TRUE(report) << describe(report.error());
    return report && !report->obligations.empty() ? report->obligations[0]
                                                  : proofs::ObligationReplay{};
  }
};

TEST_F(ReplayCalls, all_calls_the_last_ones_and_none_are_closed) {
  for (const std::uint64_t count : {3, 1, 0}) {
    const auto result = replay(write(fact_of(3, count)));
    EXPECT_EQ(result.status, ReplayStatus::replayed) << count << ": " << result.detail;
    EXPECT_TRUE(result.axioms.empty());
  }
}

TEST_F(ReplayCalls, other_calls_are_rejected_by_coq) {
  const auto rejected = [](const CallsFact& fact) {
    return replay(write(fact)).status == ReplayStatus::rejected;
  };
  CallsFact fact = fact_of(3, 3);
  std::swap(fact.calls[0], fact.calls[1]);
  EXPECT_TRUE(rejected(fact)) << "order";
  fact = fact_of(3, 3);
  fact.calls[2].back() ^= 1;
  EXPECT_TRUE(rejected(fact)) << "a byte that was written";
  fact = fact_of(3, 3);
  fact.calls.pop_back();
  EXPECT_TRUE(rejected(fact)) << "one call fewer";
  fact = fact_of(3, 2);
  fact.before = {};
  EXPECT_TRUE(rejected(fact)) << "as if they were all";
  fact = fact_of(3, 3);
  fact.root = core::sha256(fact.front);
  EXPECT_TRUE(rejected(fact)) << "another root";
}

TEST_F(ReplayCalls, an_altered_statement_is_seen) {
  const std::string directory = write(fact_of(2, 2));
  const std::string path = directory + "/coq/gen/Spec_calls.v";
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string from = "statement : Prop := ends_with_calls";
  ASSERT_NE(text.find(from), std::string::npos);
  std::ofstream(path) << text.replace(text.find(from), from.size(), "statement := ends_with_calls");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

}  // namespace
}  // namespace isotrace::tests
