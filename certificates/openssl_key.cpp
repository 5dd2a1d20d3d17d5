#include <isotrace/certificates/openssl_key.hpp>

#include <algorithm>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/x509.h>

namespace isotrace::certificates {
namespace {

using Context = OpensslOwned<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyContext = OpensslOwned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Number = OpensslOwned<BIGNUM, BN_free>;
using Signature = OpensslOwned<ECDSA_SIG, ECDSA_SIG_free>;

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

bool is_low_s(const BIGNUM* s) {
  // n/2 rounded down, big-endian; making the group for its order takes longer than a verification.
  static constexpr std::uint8_t half_order[] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
                                                0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42,
                                                0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};
  const Number half(BN_bin2bn(half_order, sizeof half_order, nullptr));
  ISOTRACE_CHECK(half != nullptr);
  return BN_cmp(s, half.get()) <= 0;
}

bool verify_by_openssl(EVP_PKEY* key, const EVP_MD* digest, core::ByteView message,
                       core::ByteView signature) {
  const Context context(EVP_MD_CTX_new());
  ISOTRACE_CHECK(context != nullptr);
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

bool verify_p256(EVP_PKEY* key, core::ByteView message, core::ByteView signature) {
  const std::uint8_t* at = signature.data();
  const Signature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  ERR_clear_error();
  if (parsed == nullptr) return false;
  // Writing it again must give the same bytes: BER spellings, leading zeros and trailing bytes end
  // here.
  const core::Bytes canonical = to_der(i2d_ECDSA_SIG, parsed.get());
  if (!std::equal(canonical.begin(), canonical.end(), signature.begin(), signature.end())) {
    return false;
  }
  if (!is_low_s(ECDSA_SIG_get0_s(parsed.get()))) return false;
  return verify_by_openssl(key, EVP_sha256(), message, signature);
}

}  // namespace isotrace::certificates
