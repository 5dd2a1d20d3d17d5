// Traces of WebAssembly runs: what is written is read, and what does not fit is refused.
#include <gtest/gtest.h>

#include <set>

#include <isotrace/core/merkle.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/machine_sample.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

using core::RefusalCode;

/// How the file is refused after a change of the recording.
template <class Change>
RefusalCode refusal_after(const Change& change) {
  MachineRecording recording = machine_recording();
  change(recording);
  return refusal_of(write_machine_recording(recording));
}

TEST(MachineTrace, what_is_written_is_read) {
  const MachineRecording recording = machine_recording();
  const auto trace = parse_trace(write_machine_recording(recording));
  ASSERT_TRUE(trace.has_value()) << core::describe(trace.error());
  EXPECT_EQ(trace->identity.machine, recording.identity.machine);
  EXPECT_EQ(trace->program, recording.module);
  EXPECT_EQ(trace->machine.checkpoints, recording.checkpoints);
  EXPECT_EQ(trace->machine.host_calls, recording.calls);
  EXPECT_EQ(trace->machine.snapshots, std::vector<Snapshot>{recording.snapshot});
  EXPECT_EQ(trace->machine.state, recording.last);
  EXPECT_EQ(trace->machine.results, recording.results);
  EXPECT_EQ(step_count(*trace), 39U);
}

TEST(MachineTrace, the_root_is_over_identity_states_and_last_state) {
  const MachineRecording recording = machine_recording();
  const auto trace = parse_trace(write_machine_recording(recording));
  ASSERT_TRUE(trace.has_value());
  std::vector<core::Digest> leaves = {identity_digest(recording.identity)};
  for (const CheckpointRecord& checkpoint : recording.checkpoints) {
    leaves.push_back(state_root(checkpoint.state));
  }
  leaves.push_back(state_root(recording.last));
  for (core::Digest& leaf : leaves) leaf = core::merkle_leaf(leaf.view());
  EXPECT_EQ(trace->root, core::merkle_root(leaves));
  EXPECT_EQ(trace_leaves(*trace), leaves);
}

TEST(MachineTrace, every_field_of_the_identity_changes_its_digest) {
  const TraceIdentity identity = machine_recording().identity;
  std::set<core::Digest> digests = {identity_digest(identity)};
  const auto add = [&](auto change) {
    TraceIdentity other = identity;
    change(*other.machine);
    EXPECT_TRUE(digests.insert(identity_digest(other)).second);
  };
  add([](MachineIdentity& machine) { machine.module.bytes[0] ^= 1; });
  add([](MachineIdentity& machine) { machine.edition = 0; });
  add([](MachineIdentity& machine) { machine.invoke = "main"; });
  add([](MachineIdentity& machine) { machine.arguments[1] = 0; });
  add([](MachineIdentity& machine) { machine.limits.memory_pages = 0; });
  add([](MachineIdentity& machine) { machine.limits.table_elements = 0; });
  add([](MachineIdentity& machine) { machine.limits.frames = 0; });
  add([](MachineIdentity& machine) { machine.limits.slots = 0; });
  add([](MachineIdentity& machine) { machine.interval = 11; });
  add([](MachineIdentity& machine) { machine.settings[0].value = "other"; });
  add([](MachineIdentity& machine) { machine.settings[1].name = "arg"; });
}

TEST(MachineTrace, host_calls_must_have_the_digest_of_the_log) {
  EXPECT_EQ(refusal_after([](auto& r) { r.calls[1].results[0] ^= 1; }),
            RefusalCode::trace_digest_mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.calls[2].writes[0].bytes[0] ^= 1; }),
            RefusalCode::trace_digest_mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.last.host_calls.size = 2; }),
            RefusalCode::trace_digest_mismatch);
}

TEST(MachineTrace, checkpoints_come_in_order_and_at_multiples_of_the_interval) {
  EXPECT_EQ(refusal_after([](auto& r) { r.checkpoints[2].state.steps = 9; }),
            RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.checkpoints[0].call = 1; }),
            RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.checkpoints[3].call = 0; }),
            RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.checkpoints[1].call = 2; }),
            RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.checkpoints[2].state.status = 2; }),
            RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.identity.machine->interval = 20; }),
            RefusalCode::trace_malformed);
}

TEST(MachineTrace, the_last_state_has_ended_and_holds_the_results) {
  EXPECT_EQ(refusal_after([](auto& r) { r.last.status = 1; }), RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.last.steps = 30; }), RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.last.trap = 3; }), RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.results[0] = 41; }), RefusalCode::trace_digest_mismatch);
}

TEST(MachineTrace, a_snapshot_must_be_of_its_state) {
  const auto mismatch = RefusalCode::trace_digest_mismatch;
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.frames[0] ^= 1; }), mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.slots.pop_back(); }), mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.globals[3] ^= 1; }), mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.tables[0].clear(); }), mismatch);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.segments[0] = 0; }), mismatch);
  const auto malformed = RefusalCode::trace_malformed;
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.tables.clear(); }), malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.memories.clear(); }), malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.memories[0].chunks = {3, 64}; }), malformed);
  EXPECT_EQ(refusal_after([](auto& r) { r.snapshot.memories[0].chunks = {3, 3}; }), malformed);
}

TEST(MachineTrace, messages_of_machines_and_of_tensor_programs_do_not_mix) {
  const auto messages = messages_of(write_machine_recording(machine_recording()));
  const auto others = messages_of(write_recording(sample_recording()));
  const auto with = [](std::vector<Message> list, std::size_t place, const Message& more) {
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(place), more);
    return refusal_of(join_and_seal(list));
  };
  for (const Message& message : messages) {
    if (std::holds_alternative<HeaderMessage>(message)) continue;
    EXPECT_EQ(with(others, others.size() - 1, message), RefusalCode::trace_malformed);
  }
  std::vector<Message> footer = messages;
  footer.back() = others.back();
  EXPECT_EQ(refusal_of(join_and_seal(footer)), RefusalCode::trace_malformed);
  // A snapshot stands behind its checkpoint, once.
  const auto is_snapshot = [](const Message& m) {
    return std::holds_alternative<SnapshotChunk>(m);
  };
  const auto snapshot = std::find_if(messages.begin(), messages.end(), is_snapshot);
  ASSERT_NE(snapshot, messages.end());
  for (std::size_t i = 1; i < messages.size(); ++i) {
    const bool free_place = std::holds_alternative<CheckpointRecord>(messages[i - 1]) &&
                            !std::holds_alternative<SnapshotChunk>(messages[i]);
    if (free_place) continue;
    EXPECT_EQ(with(messages, i, *snapshot), RefusalCode::trace_malformed) << i;
  }
}

TEST(MachineTrace, a_module_that_is_not_the_one_named_is_refused) {
  EXPECT_EQ(refusal_after([](auto& r) { r.module[4] ^= 1; }), RefusalCode::trace_digest_mismatch);
}

TEST(MachineTrace, a_prefix_can_be_taken_up_behind_its_last_snapshot) {
  const MachineRecording recording = machine_recording();
  const core::Bytes file = write_machine_recording(recording);
  const auto messages = messages_of(file);
  const auto bytes_before = [&](std::size_t count) {
    return join({messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(count)}).size();
  };
  // Header, module, checkpoint, call, checkpoint, call, checkpoint, snapshot, call, ...
  for (std::size_t size = 0; size < file.size(); size += 7) {
    const auto found = recover_trace(core::ByteView(file).first(size));
    if (!found) continue;
    EXPECT_EQ(found->resumable_bytes, size < bytes_before(2)   ? bytes_before(1)
                                      : size < bytes_before(8) ? bytes_before(2)
                                                               : bytes_before(8));
  }
  const core::ByteView prefix = core::ByteView(file).first(bytes_before(8));
  tests::SimulatedFiles files;
  auto writer = TraceWriter::resume(files, "run.isotrace", prefix);
  ASSERT_TRUE(writer.has_value()) << core::describe(writer.error());
  ASSERT_TRUE(writer->append(recording.calls[2]).has_value());
  ASSERT_TRUE(writer->append(recording.checkpoints[3]).has_value());
  ASSERT_TRUE(writer->finish(recording.last, recording.results).has_value());
  EXPECT_EQ(files.files().at("run.isotrace"), file);
  EXPECT_FALSE(TraceWriter::resume(files, "run.isotrace", file).has_value());
  EXPECT_FALSE(TraceWriter::resume(files, "run.isotrace", prefix.first(prefix.size() - 1)));
}

TEST(MachineTrace, an_unfinished_recording_can_be_left_for_later) {
  const MachineRecording recording = machine_recording();
  tests::SimulatedFiles files;
  {
    auto writer = TraceWriter::begin(files, "run.isotrace", recording.identity, {}, {});
    ASSERT_TRUE(writer->append(recording.checkpoints[0]).has_value());
    ASSERT_TRUE(writer->leave_unfinished().has_value());
  }
  ASSERT_EQ(files.files().count("run.isotrace.incomplete"), 1U);
  const auto found = recover_trace(files.files().at("run.isotrace.incomplete"));
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(found->trace.machine.checkpoints.size(), 1U);
}

}  // namespace
}  // namespace isotrace::trace::samples
