// Reads a trace and recomputes everything that can be recomputed from it: step digests, Merkle
// root, digests of stored contents and of the embedded program's bytes. Trusted base.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::trace {

struct Trace {
  TraceIdentity identity;
  Provenance provenance;
  core::Bytes program;  ///< core::write_program's bytes; empty if left out
  std::vector<StepRecord> steps;
  std::vector<NamedRecord> outputs;
  std::map<core::Digest, core::Tensor> contents;
  core::Digest root;

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
};
/// Refuses only what has no valid header. A prefix is checked message by message, but nothing
/// vouches for its steps: the root that covers them is missing.
core::Result<RecoveredTrace> recover_trace(core::ByteView bytes);

/// Leaf digests of the trace's Merkle tree, in order: identity, steps, outputs.
std::vector<core::Digest> trace_leaves(const Trace& trace);

/// Whether the bytes start like a trace of any version (closed or not).
bool looks_like_trace(core::ByteView bytes);

}  // namespace isotrace::trace
