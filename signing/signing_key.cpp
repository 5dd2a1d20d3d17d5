#include <isotrace/signing/signing_key.hpp>

#include <sodium.h>

#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/pem.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/signing/openssl_signer.hpp>

namespace isotrace::signing {
namespace {

namespace encoding = certificates::encoding;
using certificates::KeyAlgorithm;
using certificates::PublicKey;
using core::RefusalCode;
using core::Result;

constexpr std::string_view plain_label = "PRIVATE KEY";
constexpr std::string_view encrypted_label = "ENCRYPTED PRIVATE KEY";

/// libsodium's expanded Ed25519 key pair, wiped when it goes.
struct SodiumPair {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> open{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};

  explicit SodiumPair(core::ByteView seed) {
    ISOTRACE_CHECK(sodium_init() >= 0 && seed.size() == crypto_sign_SEEDBYTES);
    ISOTRACE_CHECK(crypto_sign_seed_keypair(open.data(), secret.data(), seed.data()) == 0);
  }
  ~SodiumPair() { sodium_memzero(secret.data(), secret.size()); }
  SodiumPair(const SodiumPair&) = delete;
  SodiumPair& operator=(const SodiumPair&) = delete;
};

core::ByteView ed25519_seed(core::ByteView pkcs8) {
  return pkcs8.subspan(encoding::ed25519_pkcs8.size());
}

core::Bytes join(core::ByteView a, core::ByteView b) {
  core::Bytes bytes(a.begin(), a.end());
  bytes.insert(bytes.end(), b.begin(), b.end());
  return bytes;
}

core::Bytes sign_ed25519(core::ByteView pkcs8, core::ByteView message) {
  const SodiumPair pair(ed25519_seed(pkcs8));
  core::Bytes signature(crypto_sign_BYTES);
  ISOTRACE_CHECK(crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                                      pair.secret.data()) == 0);
  return signature;
}

/// The frame of a P-256 private key: head, scalar, mark of the point, point.
bool is_p256_pkcs8(core::ByteView der) {
  using namespace certificates::encoding;
  const auto rest =
      strip_frame(der, p256_pkcs8, p256_scalar_bytes + p256_pkcs8_point.size() + p256_point_bytes);
  return rest && strip_frame(rest->subspan(p256_scalar_bytes), p256_pkcs8_point, p256_point_bytes);
}

}  // namespace

SigningKey::~SigningKey() { sodium_memzero(pkcs8_.data(), pkcs8_.size()); }

SigningKey SigningKey::generate(KeyAlgorithm algorithm) {
  ISOTRACE_CHECK(sodium_init() >= 0);
  core::Bytes pkcs8;
  if (algorithm == KeyAlgorithm::ed25519) {
    std::array<std::uint8_t, encoding::ed25519_seed_bytes> seed{};
    randombytes_buf(seed.data(), seed.size());
    pkcs8 = join(encoding::ed25519_pkcs8, seed);
    sodium_memzero(seed.data(), seed.size());
  } else {
    pkcs8 = generate_p256();
  }
  auto key = from_pkcs8(pkcs8);
  sodium_memzero(pkcs8.data(), pkcs8.size());
  ISOTRACE_CHECK(key.has_value());
  return *std::move(key);
}

Result<SigningKey> SigningKey::from_pkcs8(core::ByteView der) {
  core::Bytes spki;
  if (encoding::strip_frame(der, encoding::ed25519_pkcs8, encoding::ed25519_seed_bytes)) {
    spki = join(encoding::ed25519_spki, SodiumPair(ed25519_seed(der)).open);
  } else if (is_p256_pkcs8(der)) {
    const OpensslKey key = load_openssl_private(der);
    if (key == nullptr) {
      return core::refuse(RefusalCode::key_malformed, "private key", "not a P-256 key pair");
    }
    spki = openssl_spki(key.get());
  } else if (encoding::names_other_algorithm(der)) {
    return core::refuse(RefusalCode::key_algorithm_unsupported, "private key",
                        "neither Ed25519 nor P-256 with its public point");
  } else {
    return core::refuse(RefusalCode::key_malformed, "private key", "not PKCS#8 as Isotrace writes");
  }
  ISOTRACE_TRY(PublicKey open, PublicKey::from_spki(spki));
  return SigningKey(std::move(open), core::Bytes(der.begin(), der.end()));
}

core::Bytes SigningKey::sign(core::ByteView message) const {
  core::Bytes signature;
  if (public_key_.algorithm() == KeyAlgorithm::ed25519) {
    signature = sign_ed25519(pkcs8_, message);
    // A fault while signing can give away an Ed25519 key; a second library must agree first.
    ISOTRACE_CHECK(verify_ed25519_by_openssl(public_key_.spki(), message, signature));
  } else {
    const OpensslKey key = load_openssl_private(pkcs8_);
    ISOTRACE_CHECK(key != nullptr);
    signature = sign_p256(key.get(), message);
  }
  ISOTRACE_CHECK(public_key_.verifies(message, signature));
  return signature;
}

Result<SigningKey> parse_private_key(core::ByteView pem,
                                     std::optional<std::string_view> passphrase) {
  using certificates::quote;
  ISOTRACE_TRY(const std::string label, certificates::find_pem_label(pem));
  if (label == "PUBLIC KEY") {
    return core::refuse(RefusalCode::key_kind_wrong, "PEM", "this is a public key");
  }
  const bool encrypted = label == encrypted_label;
  if (!encrypted && label != plain_label) {
    return core::refuse(RefusalCode::key_malformed, "PEM",
                        "the label is " + quote(label) + "; `openssl pkcs8 -topk8` converts it");
  }
  ISOTRACE_TRY(core::Bytes der, certificates::parse_pem(pem, label));
  if (encrypted) {
    if (!passphrase) {
      return core::refuse(RefusalCode::key_passphrase_wrong, "PEM", "no passphrase was given");
    }
    auto opened = decrypt_pkcs8(der, *passphrase);
    if (!opened) {
      return core::refuse(RefusalCode::key_passphrase_wrong, "PEM",
                          "the passphrase does not open it (PBES2 is read)");
    }
    der = *std::move(opened);
  }
  auto key = SigningKey::from_pkcs8(der);
  sodium_memzero(der.data(), der.size());
  return key;
}

std::string write_private_key(const SigningKey& key, std::optional<std::string_view> passphrase) {
  if (!passphrase) return certificates::write_pem(plain_label, key.pkcs8());
  ISOTRACE_CHECK(!passphrase->empty() && passphrase->size() <= passphrase_bytes_max);
  return certificates::write_pem(encrypted_label, encrypt_pkcs8(key.pkcs8(), *passphrase));
}

}  // namespace isotrace::signing
