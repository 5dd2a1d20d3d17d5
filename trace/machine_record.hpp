// What a trace says of a WebAssembly machine (semantics isowasm-1): its state between two opcodes,
// and the calls of host functions that it has made. Everything here is covered by digests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::trace {

/// How much there is of something, and the BLAKE3 digest of its bytes.
struct Contents {
  std::uint64_t size = 0;
  core::Digest digest;
  bool operator==(const Contents&) const = default;
};

/// One state. The bytes that the digests cover are those of docs/formats/wasm-state.md.
struct StateRecord {
  core::Digest program;
  std::uint64_t steps = 0;
  std::uint8_t status = 0;  ///< wasm::Status
  std::uint8_t trap = 0;    ///< wasm::Trap
  Contents frames;          ///< calls that have not returned, outermost first
  Contents slots;           ///< their parameters, locals and operands; when finished: the results
  Contents globals;
  std::vector<Contents> tables;    ///< in elements
  std::vector<Contents> memories;  ///< in pages of 64 KiB
  Contents segments;               ///< which are not dropped
  Contents host_calls;             ///< number, and the digest of the log (below) instead of BLAKE3
  bool operator==(const StateRecord&) const = default;
};

/// The root of a state: SHA-256 over the record's canonical bytes.
core::Digest state_root(const StateRecord& state);

/// Bytes that a host function wrote into the memory of the instance that called it.
struct HostWrite {
  std::uint64_t address = 0;
  core::Bytes bytes;
  bool operator==(const HostWrite&) const = default;
};

/// One call of a host function, as the program saw it.
struct HostCallRecord {
  std::uint32_t function = 0;  ///< address in the store: among imports, the index
  std::vector<std::uint64_t> arguments;
  std::vector<std::uint64_t> results;
  std::uint8_t trap = 0;
  std::vector<HostWrite> writes;
  bool operator==(const HostCallRecord&) const = default;
};

/// The log's digest after one more call; all zero before the first one.
core::Digest extend_host_log(const core::Digest& log, const HostCallRecord& call);

/// What the profile allows a machine to hold.
struct MachineLimits {
  std::uint64_t memory_pages = 0;
  std::uint64_t table_elements = 0;
  std::uint64_t frames = 0;
  std::uint64_t slots = 0;
  bool operator==(const MachineLimits&) const = default;
};

/// Something about its host that the program can see, such as an argument of the command line.
struct Setting {
  std::string name;
  std::string value;
  bool operator==(const Setting&) const = default;
};

/// What identifies a run beside its semantics and its program.
struct MachineIdentity {
  core::Digest module;       ///< BLAKE3 of the module's bytes
  std::uint8_t edition = 0;  ///< wasm::Edition
  std::string invoke;        ///< the exported function called, after the start function
  std::vector<std::uint64_t> arguments;
  MachineLimits limits;
  std::uint64_t interval = 0;  ///< steps between checkpoints; at least 1
  std::vector<Setting> settings;
  bool operator==(const MachineIdentity&) const = default;
};

/// A state on the way. The first one is that after the first call has begun; more come when the
/// second call has begun, and at the first suspend point with k * interval steps or more, for each
/// k; a state that is several of these is one checkpoint.
struct CheckpointRecord {
  StateRecord state;
  std::uint8_t call = 0;  ///< 0 or 1: which of the run's calls is executed
  bool operator==(const CheckpointRecord&) const = default;
};

}  // namespace isotrace::trace
