// The messages of a trace file as plain values, and their bytes. Cap'n Proto is used in message.cpp
// and nowhere else. Trusted base: decoding takes hostile bytes and accepts exactly what
// encode_message gives, so every value has one encoding. Internal to trace/.
#pragma once

#include <variant>

#include <isotrace/trace/record.hpp>

namespace isotrace::trace {

/// Programs and tensors are cut into pieces of this size; the last piece is the rest. Small enough
/// that coding one stays in the cache and out of mmap.
inline constexpr std::uint64_t chunk_bytes = 64 << 10;
/// Bounds what one message may make the reader allocate.
inline constexpr std::uint64_t message_bytes_max = 64 << 20;

struct HeaderMessage {
  TraceIdentity identity;
  Provenance provenance;
};

/// Bytes [offset, offset + data.size()) of the embedded program.
struct ProgramChunk {
  std::uint64_t total = 0;
  std::uint64_t offset = 0;
  core::Bytes data;
};

/// The same of a snapshot (write_snapshot).
struct SnapshotChunk {
  std::uint64_t total = 0;
  std::uint64_t offset = 0;
  core::Bytes data;
};

/// Bytes [offset, offset + data.size()) of a tensor's elements.
struct ContentChunk {
  TensorRecord tensor;
  std::uint64_t offset = 0;
  core::Bytes data;
};

struct FooterMessage {
  std::vector<NamedRecord> outputs;
  std::uint64_t leaves = 0;
  core::Digest root;
  core::Digest file_digest;  ///< SHA-256 of every byte before the footer
  /// Runs of WebAssembly: the last state and, if it is a finished one, its slots.
  std::optional<StateRecord> state;
  std::vector<std::uint64_t> results;
  std::vector<std::uint64_t> fallback_steps;
};

/// The states of checkpoints and footers do not name their program: it is the header's.
using Message = std::variant<HeaderMessage, ProgramChunk, ContentChunk, StepRecord, FooterMessage,
                             CheckpointRecord, HostCallRecord, SnapshotChunk>;

/// Framed bytes of a message. Refuses limit_exceeded beyond message_bytes_max.
core::Result<core::Bytes> encode_message(const Message& message);

struct DecodedMessage {
  Message message;
  std::size_t bytes = 0;  ///< how many it took, framing included
};

/// The message at the front of `bytes` (not empty). Refuses trace_truncated, trace_malformed,
/// trace_version_unsupported; the caller adds the place.
core::Result<DecodedMessage> decode_message(core::ByteView bytes);

}  // namespace isotrace::trace
