// DSSE v1: the bytes that a signature covers. Trusted base.
// Spec: github.com/secure-systems-lab/dsse, protocol.md (pre-authentication encoding).
#pragma once

#include <string_view>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

/// "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, with lengths in bytes as decimal
/// ASCII. Injective: different (type, payload) pairs never give the same bytes.
core::Bytes dsse_pae(std::string_view payload_type, core::ByteView payload);

}  // namespace isotrace::certificates
