// Wycheproof and C2SP CCTV vectors: every one gives what it should.
#include <gtest/gtest.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <nlohmann/json.hpp>

#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/keys.hpp>
#include <isotrace/signing/openssl_signer.hpp>

#include "tests/support/data.hpp"

namespace isotrace::certificates {
namespace {

nlohmann::json load(const std::string& path) {
  const core::Bytes bytes = tests::read_file(path);
  return nlohmann::json::parse(bytes.begin(), bytes.end());
}

core::Bytes hex_member(const nlohmann::json& test, const char* member) {
  return *core::from_hex(test.at(member).get<std::string>());
}

/// n/2 of P-256, rounded down, big-endian.
const core::Bytes half_order =
    *core::from_hex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

/// The DER of (r, s) as P1363 gives them, 32 bytes each.
core::Bytes der_of(core::ByteView p1363) {
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(p1363.data(), 32, nullptr),
                 BN_bin2bn(p1363.data() + 32, 32, nullptr));
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  core::Bytes bytes(der, der + size);
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return bytes;
}

/// s of a DER signature that is known to be well-formed, as 32 bytes.
core::Bytes s_of(const core::Bytes& der) {
  const std::uint8_t* at = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  core::Bytes s(32);
  EXPECT_NE(signature, nullptr);
  if (signature != nullptr) BN_bn2binpad(ECDSA_SIG_get0_s(signature), s.data(), 32);
  ECDSA_SIG_free(signature);
  return s;
}

TEST(Vectors, wycheproof_ed25519) {
  ISOTRACE_NEEDS_DATA(path, "crypto-vectors/ed25519.json");
  int count = 0;
  for (const auto vectors = load(path); const auto& group : vectors.at("testGroups")) {
    const auto key = PublicKey::from_spki(hex_member(group, "publicKeyDer"));
    ASSERT_TRUE(key.has_value()) << core::describe(key.error());
    for (const auto& test : group.at("tests")) {
      EXPECT_EQ(key->verifies(hex_member(test, "msg"), hex_member(test, "sig")),
                test.at("result") == "valid")
          << test.at("tcId") << " " << test.at("comment");
      ++count;
    }
  }
  EXPECT_EQ(count, 151);
}

TEST(Vectors, wycheproof_p256_der) {
  ISOTRACE_NEEDS_DATA(path, "crypto-vectors/ecdsa_secp256r1_sha256.json");
  int count = 0;
  int high = 0;
  for (const auto vectors = load(path); const auto& group : vectors.at("testGroups")) {
    const auto key = PublicKey::from_spki(hex_member(group, "publicKeyDer"));
    ASSERT_TRUE(key.has_value()) << core::describe(key.error());
    for (const auto& test : group.at("tests")) {
      const core::Bytes signature = hex_member(test, "sig");
      bool expected = test.at("result") == "valid";
      if (expected && s_of(signature) > half_order) {
        expected = false;  // the strict profile has one signature where ECDSA has two
        ++high;
      }
      EXPECT_EQ(key->verifies(hex_member(test, "msg"), signature), expected)
          << test.at("tcId") << " " << test.at("comment");
      ++count;
    }
  }
  EXPECT_EQ(count, 484);
  EXPECT_GT(high, 0);
}

TEST(Vectors, wycheproof_p256_p1363) {
  ISOTRACE_NEEDS_DATA(path, "crypto-vectors/ecdsa_secp256r1_sha256_p1363.json");
  int count = 0;
  for (const auto vectors = load(path); const auto& group : vectors.at("testGroups")) {
    const auto key = PublicKey::from_spki(hex_member(group, "publicKeyDer"));
    ASSERT_TRUE(key.has_value()) << core::describe(key.error());
    for (const auto& test : group.at("tests")) {
      const core::Bytes raw = hex_member(test, "sig");
      const core::Bytes message = hex_member(test, "msg");
      // The encoding itself is never accepted; the numbers in it are judged as DER.
      EXPECT_FALSE(key->verifies(message, raw)) << test.at("tcId");
      if (raw.size() == 64) {
        const bool low = core::Bytes(raw.begin() + 32, raw.end()) <= half_order;
        EXPECT_EQ(key->verifies(message, der_of(raw)), test.at("result") == "valid" && low)
            << test.at("tcId") << " " << test.at("comment");
      } else {
        EXPECT_EQ(test.at("result"), "invalid");
      }
      ++count;
    }
  }
  EXPECT_EQ(count, 262);
}

TEST(Vectors, cctv_ed25519_leaves_one_ordinary_signature) {
  ISOTRACE_NEEDS_DATA(path, "crypto-vectors/cctv.json");
  int count = 0;
  int accepted = 0;
  for (const auto vectors = load(path); const auto& test : vectors) {
    ++count;
    core::Bytes spki(encoding::ed25519_spki.begin(), encoding::ed25519_spki.end());
    const core::Bytes point = hex_member(test, "key");
    spki.insert(spki.end(), point.begin(), point.end());
    const auto key = PublicKey::from_spki(spki);
    if (!key) continue;
    const auto message = test.at("msg").get<std::string>();
    const core::Bytes signature = hex_member(test, "sig");
    if (!key->verifies(core::as_bytes(message), signature)) continue;
    ++accepted;
    EXPECT_TRUE(test.at("flags").is_null() || test.at("flags").empty()) << test;
    EXPECT_TRUE(signing::verify_ed25519_by_openssl(spki, core::as_bytes(message), signature))
        << test;
  }
  EXPECT_EQ(count, 914);
  EXPECT_EQ(accepted, 1);
}

}  // namespace
}  // namespace isotrace::certificates
