// What signing needs of OpenSSL: P-256 keys and signatures, encrypted PKCS#8, and Ed25519 as a
// second opinion.
#pragma once

#include <optional>
#include <string_view>

#include <isotrace/certificates/openssl_key.hpp>

namespace isotrace::signing {

using certificates::OpensslKey;

/// From PKCS#8 DER; null if it cannot be read.
OpensslKey load_openssl_private(core::ByteView pkcs8);
/// SPKI DER of the public half.
core::Bytes openssl_spki(EVP_PKEY* key);

/// ECDSA with SHA-256; emits the low S.
core::Bytes sign_p256(EVP_PKEY* key, core::ByteView message);
/// PKCS#8 DER of a fresh P-256 key.
core::Bytes generate_p256();

/// Ed25519 as OpenSSL judges it. Never the only judge: it accepts keys of low order.
bool verify_ed25519_by_openssl(core::ByteView spki, core::ByteView message,
                               core::ByteView signature);

/// EncryptedPrivateKeyInfo by PBES2 (PBKDF2 with HMAC-SHA-256 and 600,000 rounds, AES-256-CBC).
core::Bytes encrypt_pkcs8(core::ByteView pkcs8, std::string_view passphrase);
/// The PKCS#8 inside, or nothing: a wrong passphrase, or no such thing. Nothing too for ciphers
/// without a passphrase hash worth the name (only PBES2 is read).
std::optional<core::Bytes> decrypt_pkcs8(core::ByteView encrypted, std::string_view passphrase);

}  // namespace isotrace::signing
