// Contents of a checkpoint's state, so that a run can be taken up there: every part whole, but of
// memories only what was written since the snapshot before. Not covered by the root; the parts must
// have the digests of the checkpoint's record. Trusted base: parsing takes hostile bytes.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/result.hpp>
#include <isotrace/trace/machine_record.hpp>

namespace isotrace::trace {

/// Chunks of 1 KiB in ascending order.
struct MemoryChange {
  static constexpr std::size_t chunk_bytes = 1024;
  std::vector<std::uint32_t> chunks;
  core::Bytes bytes;  ///< chunk_bytes for each
  bool operator==(const MemoryChange&) const = default;
};

/// Strings of bytes are those that the state's digests cover (docs/formats/wasm-state.md).
struct Snapshot {
  std::size_t checkpoint = 0;  ///< its number; not part of the bytes
  core::Bytes frames;
  core::Bytes slots;
  core::Bytes globals;
  std::vector<core::Bytes> tables;
  core::Bytes segments;
  /// Since the snapshot before, or since instantiation.
  std::vector<MemoryChange> memories;
  bool operator==(const Snapshot&) const = default;
};

/// Canonical bytes (docs/formats/trace.md).
core::Bytes write_snapshot(const Snapshot& snapshot);

/// What write_snapshot wrote. Refuses trace_malformed, and trace_digest_mismatch where a part is
/// not what the state says; memories are judged by size alone, since only what changed is there.
core::Result<Snapshot> parse_snapshot(core::Bytes bytes, const StateRecord& state);

}  // namespace isotrace::trace
