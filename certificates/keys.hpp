// Keys: Ed25519 (the default) and ECDSA P-256. Public keys are SPKI, private keys PKCS#8, and only
// the one DER spelling of each is accepted, so no ASN.1 parser ever sees bytes from outside.
// Ed25519 is verified by libsodium; a key outside the prime-order subgroup, with which signatures
// can be forged in other libraries, is refused when it is loaded. Trusted base. Spec: RFC 8032, RFC
// 8410, RFC 5480, RFC 5958, FIPS 186-5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <isotrace/core/digest.hpp>

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
};

/// A PEM public key. Also refuses key_kind_wrong for a private one.
core::Result<PublicKey> parse_public_key(core::ByteView pem);
std::string write_public_key(const PublicKey& key);

/// A private key; its bytes are wiped when it goes.
class SigningKey {
 public:
  static SigningKey generate(KeyAlgorithm algorithm);
  /// From PKCS#8 DER. Refuses key_malformed, key_algorithm_unsupported.
  static core::Result<SigningKey> from_pkcs8(core::ByteView der);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = delete;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const core::Bytes& pkcs8() const { return pkcs8_; }

  /// Signs, and verifies the result again before handing it out: an Ed25519 signature by OpenSSL as
  /// well as by libsodium, a P-256 signature through the public half. Ed25519 is deterministic;
  /// P-256 is not, and always gives a low S.
  [[nodiscard]] core::Bytes sign(core::ByteView message) const;

 private:
  SigningKey(PublicKey public_key, core::Bytes pkcs8)
      : public_key_(std::move(public_key)), pkcs8_(std::move(pkcs8)) {}
  PublicKey public_key_;
  core::Bytes pkcs8_;
};

/// A PEM private key, not encrypted. Also refuses key_kind_wrong for a public one.
core::Result<SigningKey> parse_private_key(core::ByteView pem);
std::string write_private_key(const SigningKey& key);

}  // namespace isotrace::certificates
