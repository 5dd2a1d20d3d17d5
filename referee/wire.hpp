// What both ends of the connection between referee and party have in common (internal).
#pragma once

#include <capnp/message.h>
#include <kj/string.h>

#include <party.capnp.h>
#include <isotrace/referee/party.hpp>

namespace isotrace::referee {

/// Versions of the questions; a party declines others.
inline constexpr std::uint32_t protocol_version = 1;
/// Evidence travels in pieces of this size, the last one the rest.
inline constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 20;
/// Of one message, either way: Cap'n Proto holds what is sent to the limit of what is received.
/// Records of trace files have no more.
inline constexpr std::uint64_t message_bytes_max = std::uint64_t{80} << 20;

inline capnp::ReaderOptions reader_options(std::uint64_t bytes_max) {
  return {.traversalLimitInWords = bytes_max / sizeof(capnp::word), .nestingLimit = 32};
}

inline kj::ArrayPtr<const kj::byte> wire_bytes(core::ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
inline core::Bytes bytes_of(capnp::Data::Reader data) { return {data.begin(), data.end()}; }

template <class Builder>
void set_digests(Builder list, const std::vector<core::Digest>& digests) {
  for (unsigned i = 0; i < digests.size(); ++i) list.set(i, wire_bytes(digests[i].view()));
}

}  // namespace isotrace::referee
