// Ed25519 verification by Crypto++ (a fifth faster than libsodium), under the strict rules that its
// function leaves out, so that exactly what libsodium accepts is accepted. Trusted base.
// Spec: RFC 8032, 5.1.7, without the cofactor.
#pragma once

#include <span>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

/// Whether a signature (64 bytes: R, then S) of the message is that of the key. `point` must be the
/// canonical encoding of a point of the prime-order group: PublicKey sees to it once per key.
bool verify_ed25519(std::span<const std::uint8_t, 32> point, core::ByteView message,
                    core::ByteView signature);

}  // namespace isotrace::certificates
