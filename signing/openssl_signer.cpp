#include <isotrace/signing/openssl_signer.hpp>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

namespace isotrace::signing {
namespace {

using certificates::OpensslOwned;
using certificates::to_der;

using Context = OpensslOwned<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyContext = OpensslOwned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Number = OpensslOwned<BIGNUM, BN_free>;
using Signature = OpensslOwned<ECDSA_SIG, ECDSA_SIG_free>;
using Group = OpensslOwned<EC_GROUP, EC_GROUP_free>;
using PrivateInfo = OpensslOwned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedInfo = OpensslOwned<X509_SIG, X509_SIG_free>;
using Parameters = OpensslOwned<X509_ALGOR, X509_ALGOR_free>;

constexpr int pbkdf2_rounds = 600'000;

PrivateInfo parse_private_info(core::ByteView pkcs8) {
  const std::uint8_t* at = pkcs8.data();
  return PrivateInfo(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8.size())));
}

}  // namespace

OpensslKey load_openssl_private(core::ByteView pkcs8) {
  const PrivateInfo info = parse_private_info(pkcs8);
  OpensslKey key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
  if (key != nullptr) {
    const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (EVP_PKEY_pairwise_check(context.get()) != 1) key.reset();
  }
  ERR_clear_error();
  return key;
}

core::Bytes openssl_spki(EVP_PKEY* key) { return to_der(i2d_PUBKEY, key); }

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

  const std::uint8_t* at = raw.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  ISOTRACE_CHECK(signature != nullptr);
  if (!certificates::is_low_s(ECDSA_SIG_get0_s(signature.get()))) {
    const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    ISOTRACE_CHECK(group != nullptr);
    Number r(BN_dup(ECDSA_SIG_get0_r(signature.get())));
    Number s(BN_new());
    ISOTRACE_CHECK(
        BN_sub(s.get(), EC_GROUP_get0_order(group.get()), ECDSA_SIG_get0_s(signature.get())) == 1);
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
  return key != nullptr && certificates::verify_by_openssl(key.get(), nullptr, message, signature);
}

core::Bytes encrypt_pkcs8(core::ByteView pkcs8, std::string_view passphrase) {
  const PrivateInfo info = parse_private_info(pkcs8);
  ISOTRACE_CHECK(info != nullptr);
  // A fresh random salt and vector; OpenSSL writes the default PRF, HMAC-SHA-256, explicitly.
  Parameters parameters(
      PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), pbkdf2_rounds, nullptr, 0, nullptr, NID_hmacWithSHA256));
  ISOTRACE_CHECK(parameters != nullptr);
  const EncryptedInfo encrypted(PKCS8_set0_pbe(
      passphrase.data(), static_cast<int>(passphrase.size()), info.get(), parameters.get()));
  ISOTRACE_CHECK(encrypted != nullptr);
  (void)parameters.release();  // belongs to `encrypted` now
  return to_der(i2d_X509_SIG, encrypted.get());
}

std::optional<core::Bytes> decrypt_pkcs8(core::ByteView encrypted, std::string_view passphrase) {
  const std::uint8_t* at = encrypted.data();
  const EncryptedInfo outer(d2i_X509_SIG(nullptr, &at, static_cast<long>(encrypted.size())));
  PrivateInfo inner;
  if (outer != nullptr && at == encrypted.data() + encrypted.size()) {
    const X509_ALGOR* algorithm = nullptr;
    const ASN1_OBJECT* name = nullptr;
    X509_SIG_get0(outer.get(), &algorithm, nullptr);
    X509_ALGOR_get0(&name, nullptr, nullptr, algorithm);
    if (OBJ_obj2nid(name) == NID_pbes2) {
      inner.reset(
          PKCS8_decrypt(outer.get(), passphrase.data(), static_cast<int>(passphrase.size())));
    }
  }
  ERR_clear_error();
  if (inner == nullptr) return std::nullopt;
  return to_der(i2d_PKCS8_PRIV_KEY_INFO, inner.get());
}

}  // namespace isotrace::signing
