// What digests about WebAssembly machines cover, for proofs that compute them themselves.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/trace/machine_record.hpp>

namespace isotrace::trace {

/// state_root is the SHA-256 of these bytes, the last 32 of which are the log's digest.
core::Bytes state_bytes(const StateRecord& state);

/// What stands behind the digest before in the bytes that extend_host_log hashes.
core::Bytes host_call_bytes(const HostCallRecord& call);

}  // namespace isotrace::trace
