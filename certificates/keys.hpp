// Public keys: Ed25519 (the default) and ECDSA P-256, as SPKI. Only the one DER spelling of each is
// accepted, so no ASN.1 parser ever sees bytes from outside. Private keys live in signing/.
// A key outside the prime-order subgroup, with which signatures can be forged in other libraries,
// is refused when it is loaded. Trusted base. Spec: RFC 8032, RFC 8410, RFC 5480, FIPS 186-5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <isotrace/core/digest.hpp>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace isotrace::certificates {

enum class KeyAlgorithm : std::uint8_t { ed25519, ecdsa_p256 };

/// "ed25519", "ecdsa-p256".
std::string_view key_algorithm_name(KeyAlgorithm algorithm);
std::optional<KeyAlgorithm> find_key_algorithm(std::string_view name);

class PublicKey {
 public:
  /// From SPKI DER. Refuses key_malformed, key_unsafe (not a point of the prime-order group, or not
  /// its canonical encoding), key_algorithm_unsupported.
  static core::Result<PublicKey> from_spki(core::ByteView der);

  [[nodiscard]] KeyAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] const core::Bytes& spki() const { return spki_; }
  /// SHA-256 of the SPKI DER.
  [[nodiscard]] const core::Digest& keyid() const { return keyid_; }

  /// Whether the signature is this key's. Ed25519: pure, 64 bytes. P-256: SHA-256, strict DER, low
  /// S.
  [[nodiscard]] bool verifies(core::ByteView message, core::ByteView signature) const;

 private:
  PublicKey(KeyAlgorithm algorithm, core::ByteView der);
  KeyAlgorithm algorithm_;
  core::Bytes spki_;
  core::Digest keyid_;
  std::shared_ptr<evp_pkey_st> openssl_;  ///< of P-256: loaded and checked once
};

/// A PEM public key. Also refuses key_kind_wrong for a private one.
core::Result<PublicKey> parse_public_key(core::ByteView pem);
std::string write_public_key(const PublicKey& key);

}  // namespace isotrace::certificates
