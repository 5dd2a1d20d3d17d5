// Reads a trace and recomputes everything that can be recomputed from it: step digests, state
// roots, the log of host calls, Merkle root, digests of stored contents and of the embedded
// program's bytes. Trusted base.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/bisect.hpp>
#include <isotrace/trace/record.hpp>
#include <isotrace/trace/snapshot.hpp>

namespace isotrace::trace {

/// What a run of WebAssembly recorded on its way.
struct MachineTrace {
  std::vector<CheckpointRecord> checkpoints;
  /// By checkpoint: how many tensor steps (Trace::steps) come before it.
  std::vector<std::size_t> tensor_steps;
  std::vector<HostCallRecord> host_calls;
  std::vector<Snapshot> snapshots;   ///< in the order of their checkpoints
  std::optional<StateRecord> state;  ///< the last one; absent if the recording was never closed
  std::vector<std::uint64_t> results;
};

struct Trace {
  TraceIdentity identity;
  Provenance provenance;
  core::Bytes program;  ///< core::write_program's bytes or a module; empty if left out
  std::vector<StepRecord> steps;
  MachineTrace machine;  ///< empty unless the identity has a machine
  std::vector<NamedRecord> outputs;
  /// Provenance: steps, ascending, that another backend executed than the one that was asked for.
  std::vector<std::uint64_t> fallback_steps;
  std::map<core::Digest, core::Tensor> contents;
  core::Digest root;
  /// Over trace_leaves, as they were found when the trace was read whole; else without leaves.
  SubtreeRoots tree;

  [[nodiscard]] const core::Tensor* find_content(const core::Digest& digest) const;
};

/// Refuses trace_malformed, trace_version_unsupported, trace_truncated, trace_incomplete,
/// trace_digest_mismatch, naming message and byte. What is accepted is byte for byte what
/// TraceWriter writes, with every content, the program, the root and the digest of the file
/// recomputed.
core::Result<Trace> parse_trace(core::ByteView bytes);

/// The valid prefix of a recording that was never closed: what `parse_trace` would give up to the
/// last whole message (outputs and root are then absent: root is all zero, complete is false).
struct RecoveredTrace {
  Trace trace;
  bool complete = false;
  std::uint64_t valid_bytes = 0;
  std::optional<core::Refusal> damage;  ///< why the prefix ends there; nothing if the file is whole
  /// Runs of WebAssembly: up to the end of the last snapshot or, if there is none, to where the
  /// first call would begin; from there the recording can be taken up. 0 if it is closed.
  std::uint64_t resumable_bytes = 0;
};
/// Refuses only what has no valid header. A prefix is checked message by message, but nothing
/// vouches for its steps: the root that covers them is missing.
core::Result<RecoveredTrace> recover_trace(core::ByteView bytes);

/// Steps executed, as far as recorded.
std::uint64_t step_count(const Trace& trace);

/// Leaf digests of the trace's Merkle tree, in order: identity, steps, outputs. Runs of
/// WebAssembly: identity, checkpoints and tensor steps, last state.
std::vector<core::Digest> trace_leaves(const Trace& trace);
/// The same without the last leaf: those of a recording that was never closed.
std::vector<core::Digest> unfinished_leaves(const Trace& trace);

/// Whether the bytes start like a trace of any version (closed or not).
bool looks_like_trace(core::ByteView bytes);

}  // namespace isotrace::trace
