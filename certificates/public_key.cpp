#include <sodium.h>

#include <isotrace/certificates/ed25519.hpp>
#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/keys.hpp>
#include <isotrace/certificates/openssl_key.hpp>
#include <isotrace/certificates/pem.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::certificates {

using core::RefusalCode;
using core::Result;

std::string_view key_algorithm_name(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::ed25519 ? "ed25519" : "ecdsa-p256";
}

std::optional<KeyAlgorithm> find_key_algorithm(std::string_view name) {
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256}) {
    if (name == key_algorithm_name(algorithm)) return algorithm;
  }
  return std::nullopt;
}

PublicKey::PublicKey(KeyAlgorithm algorithm, core::ByteView der)
    : algorithm_(algorithm), spki_(der.begin(), der.end()), keyid_(core::sha256(der)) {}

Result<PublicKey> PublicKey::from_spki(core::ByteView der) {
  using namespace encoding;
  if (const auto point = strip_frame(der, ed25519_spki, ed25519_point_bytes)) {
    ISOTRACE_CHECK(sodium_init() >= 0);
    if (crypto_core_ed25519_is_valid_point(point->data()) != 1) {
      return core::refuse(RefusalCode::key_unsafe, "public key",
                          "not the canonical encoding of a point of the prime-order group");
    }
    return PublicKey(KeyAlgorithm::ed25519, der);
  }
  if (strip_frame(der, p256_spki, p256_point_bytes)) {
    OpensslKey loaded = load_openssl_public(der);
    if (loaded == nullptr) {
      return core::refuse(RefusalCode::key_unsafe, "public key", "not a point of P-256");
    }
    PublicKey key(KeyAlgorithm::ecdsa_p256, der);
    key.openssl_ = std::move(loaded);
    return key;
  }
  if (names_other_algorithm(der)) {
    return core::refuse(RefusalCode::key_algorithm_unsupported, "public key",
                        "neither Ed25519 nor P-256 as a named curve with an uncompressed point");
  }
  return core::refuse(RefusalCode::key_malformed, "public key", "not the DER of an SPKI");
}

bool PublicKey::verifies(core::ByteView message, core::ByteView signature) const {
  if (algorithm_ == KeyAlgorithm::ecdsa_p256)
    return verify_p256(openssl_.get(), message, signature);
  return verify_ed25519(core::ByteView(spki_).last<encoding::ed25519_point_bytes>(), message,
                        signature);
}

Result<PublicKey> parse_public_key(core::ByteView pem) {
  ISOTRACE_TRY(const std::string label, find_pem_label(pem));
  if (label.ends_with("PRIVATE KEY")) {
    return core::refuse(RefusalCode::key_kind_wrong, "PEM", "this is a private key");
  }
  if (label != "PUBLIC KEY") {
    return core::refuse(RefusalCode::key_malformed, "PEM", "the label is " + quote(label));
  }
  ISOTRACE_TRY(const core::Bytes der, parse_pem(pem, label));
  return PublicKey::from_spki(der);
}

std::string write_public_key(const PublicKey& key) { return write_pem("PUBLIC KEY", key.spki()); }

}  // namespace isotrace::certificates
