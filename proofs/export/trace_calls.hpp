// The fact that a run of WebAssembly ended with certain calls of host functions, exported to Coq:
// the chain of digests that the last state keeps of them, and that state's place under the trace's
// root, both computed inside the kernel (coq/trace).
#pragma once

#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::proofs {

struct CallsFact {
  std::uint64_t leaves = 0;  ///< under the root; the last one is the last state
  core::Digest root;
  core::Bytes front;               ///< of trace::state_bytes, without the log's digest
  core::Digest before;             ///< the log's digest before the calls; all zero: they are all
  std::vector<core::Bytes> calls;  ///< trace::host_call_bytes, in their order
  std::vector<core::Digest> path;  ///< RFC 6962 audit path, leaf to root
};

inline constexpr std::string_view bundle_calls_path = "subjects/calls.txt";

/// Of the last `count` calls. Refuses export_unsupported: not a whole run of WebAssembly, fewer
/// calls, or more than 64 KiB of them, which is much for SHA-256 inside Coq.
core::Result<CallsFact> make_calls_fact(const trace::Trace& trace, std::uint64_t count);

/// Lines `isotrace.calls 1`, `leaves N`, `root HEX`, `front HEX`, `before HEX`, `call HEX` each,
/// `path HEX` for each digest from the leaf up.
core::Bytes write_calls_fact(const CallsFact& fact);
/// Refuses proof_malformed; what it accepts is exactly what write_calls_fact writes.
core::Result<CallsFact> parse_calls_fact(core::ByteView bytes);

/// Deterministic. Whether the calls lead to the root is for Coq to find out.
Bundle export_coq_calls(const CallsFact& fact);

}  // namespace isotrace::proofs
