// Trusted time: RFC 3161 time stamps over signatures, verified by OpenSSL against authorities that
// the policy names. Trusted base. Spec: RFC 3161, RFC 5816.
#pragma once

#include <span>

#include <isotrace/certificates/utc_time.hpp>
#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

/// The time that the authority vouches for: the signature existed then. The response must be DER in
/// one spelling, granted without changes, over SHA-256, SHA-384 or SHA-512 of the signature, and
/// signed by a certificate for time stamping alone that leads to one of the authorities (X.509 DER)
/// and was valid at that time; fractions of seconds are rounded up. Refuses timestamp_invalid.
core::Result<UnixSeconds> check_timestamp(core::ByteView response, core::ByteView signature,
                                          std::span<const core::Bytes> authorities);

/// Whether these bytes are the DER of one X.509 certificate.
bool is_x509(core::ByteView der);

}  // namespace isotrace::certificates
