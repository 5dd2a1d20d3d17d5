#include "tests/trace/machine_sample.hpp"

#include <gtest/gtest.h>

#include <isotrace/core/blake3.hpp>

#include "tests/support/simulated_files.hpp"

namespace isotrace::trace::samples {
namespace {

Contents contents_of(const core::Bytes& bytes, std::size_t unit) {
  return {bytes.size() / unit, core::blake3(bytes)};
}

core::Bytes slots(std::initializer_list<std::uint64_t> values) {
  core::ByteWriter out;
  for (const std::uint64_t value : values) out.u64(value);
  return out.take();
}

/// The parts that every state of the sample shares; memories have one page.
Snapshot parts() {
  Snapshot snapshot;
  snapshot.checkpoint = 2;
  snapshot.frames = slots({1, 0, 2, 1});  // two frames of 16 bytes
  snapshot.slots = slots({7, 8, 9});
  snapshot.globals = slots({5});
  snapshot.tables = {slots({0, 1, 0})};
  snapshot.segments = {1, 0, 0, 0};
  snapshot.memories = {{{3, 63}, core::Bytes(2 * MemoryChange::chunk_bytes, 0xAB)}};
  return snapshot;
}

StateRecord state_at(const TraceIdentity& identity, std::uint64_t steps) {
  const Snapshot same = parts();
  StateRecord state;
  state.program = identity.program;
  state.steps = steps;
  state.status = 1;
  state.frames = contents_of(same.frames, 16);
  state.slots = contents_of(same.slots, 8);
  state.globals = contents_of(same.globals, 8);
  state.tables = {contents_of(same.tables[0], 8)};
  state.memories = {{1, core::blake3(core::Bytes(65536, static_cast<std::uint8_t>(steps)))}};
  state.segments = contents_of(same.segments, 4);
  return state;
}

}  // namespace

MachineRecording machine_recording() {
  MachineRecording recording;
  recording.module = {0, 'a', 's', 'm', 1, 0, 0, 0};
  recording.identity.semantics = "isowasm-1";
  recording.identity.program = core::sha256(core::as_bytes("program"));
  recording.identity.machine = MachineIdentity{.module = core::blake3(recording.module),
                                               .edition = 1,
                                               .invoke = "run",
                                               .arguments = {3, 1ULL << 40},
                                               .limits = {4, 5, 6, 7},
                                               .interval = 10,
                                               .settings = {{"arg", "prog"}, {"env", "A=\n"}}};
  for (std::uint64_t i = 0; i < 3; ++i) {
    recording.calls.push_back({.function = 1,
                               .arguments = {i, 2},
                               .results = {i + 4},
                               .trap = 0,
                               .writes = {{100, {1, 2, 3}}, {200, {}}}});
  }
  constexpr std::uint64_t steps[] = {0, 6, 17, 31};
  constexpr std::uint8_t call[] = {0, 1, 1, 1};
  core::Digest log;
  for (std::size_t i = 0; i < 4; ++i) {
    StateRecord state = state_at(recording.identity, steps[i]);
    if (i > 0) log = extend_host_log(log, recording.calls[i - 1]);
    state.host_calls = {i, log};
    recording.checkpoints.push_back({state, call[i]});
  }
  recording.snapshot = parts();
  recording.last = recording.checkpoints.back().state;
  recording.last.steps = 39;
  recording.last.status = 2;
  recording.results = {42, 43};
  recording.last.slots = contents_of(slots({42, 43}), 8);
  return recording;
}

core::Bytes write_machine_recording(const MachineRecording& recording) {
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "run.isotrace", recording.identity,
                                   {"cpu", "", "isotrace"}, {recording.module});
  EXPECT_TRUE(writer.has_value());
  for (std::size_t i = 0; i < recording.checkpoints.size(); ++i) {
    if (i > 0 && i <= recording.calls.size()) {
      EXPECT_TRUE(writer->append(recording.calls[i - 1]).has_value());
    }
    EXPECT_TRUE(writer->append(recording.checkpoints[i]).has_value());
    if (i == recording.snapshot.checkpoint) {
      EXPECT_TRUE(writer->append(recording.snapshot).has_value());
    }
  }
  EXPECT_TRUE(writer->finish(recording.last, recording.results).has_value());
  return files.files().at("run.isotrace");
}

}  // namespace isotrace::trace::samples
