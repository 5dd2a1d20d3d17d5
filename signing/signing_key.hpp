// Private keys, PKCS#8 in the one DER spelling of each algorithm, as PEM that may be encrypted with
// a passphrase. Key bytes are wiped when they go. Spec: RFC 5958, RFC 8410, RFC 8018 (PBES2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <isotrace/certificates/keys.hpp>

namespace isotrace::signing {

class SigningKey {
 public:
  static SigningKey generate(certificates::KeyAlgorithm algorithm);
  /// From PKCS#8 DER. Refuses key_malformed, key_algorithm_unsupported.
  static core::Result<SigningKey> from_pkcs8(core::ByteView der);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = delete;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  [[nodiscard]] const certificates::PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const core::Bytes& pkcs8() const { return pkcs8_; }

  /// Signs, and verifies the result again before handing it out: an Ed25519 signature by OpenSSL as
  /// well as by libsodium, a P-256 signature through the public half. Ed25519 is deterministic;
  /// P-256 is not, and always gives a low S.
  [[nodiscard]] core::Bytes sign(core::ByteView message) const;

 private:
  SigningKey(certificates::PublicKey public_key, core::Bytes pkcs8)
      : public_key_(std::move(public_key)), pkcs8_(std::move(pkcs8)) {}
  certificates::PublicKey public_key_;
  core::Bytes pkcs8_;
};

/// Passphrases have 1 to this many bytes.
inline constexpr std::size_t passphrase_bytes_max = 1024;

/// A PEM private key. Refuses key_malformed, key_kind_wrong (a public key),
/// key_algorithm_unsupported, and key_passphrase_wrong for an encrypted key that the passphrase
/// does not open, or without one.
core::Result<SigningKey> parse_private_key(core::ByteView pem,
                                           std::optional<std::string_view> passphrase = {});
/// The PEM; with a passphrase encrypted by PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, which
/// `openssl pkey` reads. Wipe the text after use.
std::string write_private_key(const SigningKey& key,
                              std::optional<std::string_view> passphrase = {});

}  // namespace isotrace::signing
