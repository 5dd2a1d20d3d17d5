#include <isotrace/certificates/openssl_key.hpp>

#include <algorithm>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Context = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using PrivateInfo = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;

/// Runs an i2d function on an object and takes the bytes.
template <class Function, class Object>
core::Bytes to_der(Function i2d, Object* object) {
  std::uint8_t* der = nullptr;
  const int size = i2d(object, &der);
  ISOTRACE_CHECK(size > 0, size);
  core::Bytes bytes(der, der + size);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

/// s <= n/2 for the order n of P-256; otherwise n - s is the other root.
struct LowS {
  Group group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  Number half{BN_dup(order)};

  LowS() { ISOTRACE_CHECK(BN_rshift1(half.get(), half.get()) == 1); }
  [[nodiscard]] bool holds(const BIGNUM* s) const { return BN_cmp(s, half.get()) <= 0; }
};

Signature parse_signature(core::ByteView der) {
  const std::uint8_t* at = der.data();
  return Signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
}

bool verify_with(EVP_PKEY* key, const EVP_MD* digest, core::ByteView message,
                 core::ByteView signature) {
  const Context context(EVP_MD_CTX_new());
  ISOTRACE_CHECK(context != nullptr);
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

OpensslKey load_openssl_public(core::ByteView spki) {
  const std::uint8_t* at = spki.data();
  OpensslKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (key != nullptr) {
    const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (EVP_PKEY_public_check(context.get()) != 1) key.reset();
  }
  ERR_clear_error();
  return key;
}

OpensslKey load_openssl_private(core::ByteView pkcs8) {
  const std::uint8_t* at = pkcs8.data();
  const PrivateInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8.size())));
  OpensslKey key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
  if (key != nullptr) {
    const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (EVP_PKEY_pairwise_check(context.get()) != 1) key.reset();
  }
  ERR_clear_error();
  return key;
}

core::Bytes openssl_spki(EVP_PKEY* key) { return to_der(i2d_PUBKEY, key); }

bool verify_p256(core::ByteView spki, core::ByteView message, core::ByteView signature) {
  const Signature parsed = parse_signature(signature);
  ERR_clear_error();
  if (parsed == nullptr) return false;
  // Writing it again must give the same bytes: BER spellings, leading zeros and trailing bytes end
  // here.
  const core::Bytes canonical = to_der(i2d_ECDSA_SIG, parsed.get());
  if (!std::equal(canonical.begin(), canonical.end(), signature.begin(), signature.end())) {
    return false;
  }
  if (!LowS().holds(ECDSA_SIG_get0_s(parsed.get()))) return false;
  const OpensslKey key = load_openssl_public(spki);
  return key != nullptr && verify_with(key.get(), EVP_sha256(), message, signature);
}

core::Bytes sign_p256(EVP_PKEY* key, core::ByteView message) {
  const Context context(EVP_MD_CTX_new());
  ISOTRACE_CHECK(context != nullptr);
  ISOTRACE_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
  std::size_t size = 0;
  ISOTRACE_CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) ==
                 1);
  core::Bytes raw(size);
  ISOTRACE_CHECK(EVP_DigestSign(context.get(), raw.data(), &size, message.data(), message.size()) ==
                 1);
  raw.resize(size);

  const Signature signature = parse_signature(raw);
  ISOTRACE_CHECK(signature != nullptr);
  const LowS low;
  if (!low.holds(ECDSA_SIG_get0_s(signature.get()))) {
    Number r(BN_dup(ECDSA_SIG_get0_r(signature.get())));
    Number s(BN_new());
    ISOTRACE_CHECK(BN_sub(s.get(), low.order, ECDSA_SIG_get0_s(signature.get())) == 1);
    ISOTRACE_CHECK(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  }
  return to_der(i2d_ECDSA_SIG, signature.get());
}

core::Bytes generate_p256() {
  const OpensslKey key(EVP_EC_gen("P-256"));
  ISOTRACE_CHECK(key != nullptr);
  const PrivateInfo info(EVP_PKEY2PKCS8(key.get()));
  ISOTRACE_CHECK(info != nullptr);
  return to_der(i2d_PKCS8_PRIV_KEY_INFO, info.get());
}

bool verify_ed25519_by_openssl(core::ByteView spki, core::ByteView message,
                               core::ByteView signature) {
  const std::uint8_t* at = spki.data();
  const OpensslKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  return key != nullptr && verify_with(key.get(), nullptr, message, signature);
}

}  // namespace isotrace::certificates
