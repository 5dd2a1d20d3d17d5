// A recording of a run of WebAssembly, made up: states whose parts have the digests they claim.
#pragma once

#include <isotrace/trace/writer.hpp>

namespace isotrace::trace::samples {

struct MachineRecording {
  TraceIdentity identity;
  core::Bytes module;
  std::vector<HostCallRecord> calls;  ///< one before each checkpoint but the first
  std::vector<CheckpointRecord> checkpoints;
  Snapshot snapshot;  ///< of the checkpoint before the last
  StateRecord last;
  std::vector<std::uint64_t> results;
};

/// Two calls, four checkpoints, a snapshot at the third.
MachineRecording machine_recording();

/// The file that TraceWriter makes of it.
core::Bytes write_machine_recording(const MachineRecording& recording);

}  // namespace isotrace::trace::samples
