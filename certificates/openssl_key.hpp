// OpenSSL's half of the signatures: ECDSA P-256. Only DER that has passed the fixed frames of
// key_encoding.hpp comes here. Trusted base; not for rooms other than signing/.
#pragma once

#include <openssl/evp.h>

#include <isotrace/certificates/openssl_memory.hpp>

namespace isotrace::certificates {

using OpensslKey = OpensslOwned<EVP_PKEY, EVP_PKEY_free>;

/// From SPKI DER, checked to be a point of its curve; null otherwise.
OpensslKey load_openssl_public(core::ByteView spki);

/// P-256 over SHA-256 by a key that load_openssl_public gave. The signature must be strict DER with
/// 1 <= r < n and 1 <= s <= n/2.
bool verify_p256(EVP_PKEY* key, core::ByteView message, core::ByteView signature);

/// s <= n/2 for the order n of P-256; otherwise n - s is the other root.
bool is_low_s(const BIGNUM* s);

/// One signature over the whole message; no digest for Ed25519.
bool verify_by_openssl(EVP_PKEY* key, const EVP_MD* digest, core::ByteView message,
                       core::ByteView signature);

}  // namespace isotrace::certificates
