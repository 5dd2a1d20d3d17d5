// The first bytes of a memory as proof assistants are told of them. Trust: none; their kernels see
// the bytes that the statement has, and replay makes the statement again.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/proofs/obligation/instance.hpp>

namespace isotrace::proofs {

/// Bytes by the address of the first one, in ascending order; what lies in none is 0.
using MemoryRuns = std::vector<std::pair<std::uint32_t, core::Bytes>>;

/// Zeros between others may be in a run; no run has more than 256 bytes.
MemoryRuns find_memory_runs(const obligation::MemoryImage& image);

}  // namespace isotrace::proofs
