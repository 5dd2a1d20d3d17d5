// The search for the first position at which two parties state different states (internal to the
// referee).
#pragma once

#include <array>

#include <isotrace/referee/hearing.hpp>

namespace isotrace::referee {

/// Both state one root at lo, and different ones at hi.
struct Parting {
  std::uint64_t lo = 0;
  std::uint64_t hi = 0;
  core::Digest lo_root = {};
  std::array<core::Digest, 2> hi_root = {};  ///< of A and of B
};

/// What a side states behind a leaf; nothing: it has failed.
std::optional<std::vector<core::Digest>> ask_roots(const Side& side, std::uint64_t leaf,
                                                   std::span<const std::uint64_t> positions);

/// Asks both, 63 positions at a time, until hi is the one behind lo. False: a side has failed.
bool narrow(Hearing& hearing, std::uint64_t leaf, Parting& parting);

}  // namespace isotrace::referee
