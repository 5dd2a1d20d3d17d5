// OpenSSL's half of the signatures: ECDSA P-256, and Ed25519 as a second opinion when signing. Only
// DER that has passed the fixed frames of key_encoding.hpp comes here; not for other rooms.
#pragma once

#include <memory>
#include <optional>

#include <openssl/evp.h>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

struct FreeOpensslKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using OpensslKey = std::unique_ptr<EVP_PKEY, FreeOpensslKey>;

/// From SPKI DER, checked to be a point of its curve; null otherwise.
OpensslKey load_openssl_public(core::ByteView spki);
/// From PKCS#8 DER; null if it cannot be read.
OpensslKey load_openssl_private(core::ByteView pkcs8);
/// SPKI DER of the public half.
core::Bytes openssl_spki(EVP_PKEY* key);

/// P-256 over SHA-256. The signature must be strict DER with 1 <= r < n and 1 <= s <= n/2.
bool verify_p256(core::ByteView spki, core::ByteView message, core::ByteView signature);
/// Emits the low S.
core::Bytes sign_p256(EVP_PKEY* key, core::ByteView message);
/// PKCS#8 DER of a fresh P-256 key.
core::Bytes generate_p256();

/// Ed25519 as OpenSSL judges it. Never the only judge: it accepts keys of low order.
bool verify_ed25519_by_openssl(core::ByteView spki, core::ByteView message,
                               core::ByteView signature);

}  // namespace isotrace::certificates
