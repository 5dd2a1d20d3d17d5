// Keys and signatures: round trips, and the attacks that key files and signatures allow elsewhere.
#include <gtest/gtest.h>

#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/pem.hpp>
#include <isotrace/signing/openssl_signer.hpp>
#include <isotrace/signing/signing_key.hpp>

namespace isotrace::certificates {
namespace {

using core::RefusalCode;

constexpr KeyAlgorithm algorithms[] = {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256};

core::Bytes joined(core::ByteView frame, core::ByteView content) {
  core::Bytes der(frame.begin(), frame.end());
  der.insert(der.end(), content.begin(), content.end());
  return der;
}

RefusalCode public_refusal(std::string_view pem) {
  const auto key = parse_public_key(core::as_bytes(pem));
  EXPECT_FALSE(key.has_value()) << pem;
  return key ? RefusalCode::artifact_unknown : key.error().code;
}

RefusalCode private_refusal(std::string_view pem) {
  const auto key = signing::parse_private_key(core::as_bytes(pem));
  EXPECT_FALSE(key.has_value()) << pem;
  return key ? RefusalCode::artifact_unknown : key.error().code;
}

TEST(Keys, pem_reads_back_and_signs_the_same) {
  for (const KeyAlgorithm algorithm : algorithms) {
    const signing::SigningKey key = signing::SigningKey::generate(algorithm);
    const std::string pem = signing::write_private_key(key);
    const auto read = signing::parse_private_key(core::as_bytes(pem));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->public_key().keyid(), key.public_key().keyid());
    const auto open = parse_public_key(core::as_bytes(write_public_key(key.public_key())));
    ASSERT_TRUE(open.has_value());
    EXPECT_EQ(open->algorithm(), algorithm);
    const auto message = core::as_bytes("message");
    EXPECT_TRUE(open->verifies(message, read->sign(message)));
    EXPECT_FALSE(open->verifies(core::as_bytes("massage"), read->sign(message)));
  }
}

TEST(Keys, rfc8032_test_2) {
  const core::Bytes seed =
      *core::from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const auto key = signing::SigningKey::from_pkcs8(joined(encoding::ed25519_pkcs8, seed));
  ASSERT_TRUE(key.has_value());
  const std::uint8_t message[] = {0x72};
  EXPECT_EQ(core::to_hex(key->sign(message)),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Keys, generated_keys_differ) {
  for (const KeyAlgorithm algorithm : algorithms) {
    EXPECT_NE(signing::SigningKey::generate(algorithm).pkcs8(),
              signing::SigningKey::generate(algorithm).pkcs8());
  }
}

TEST(Keys, K01_the_all_zero_key_is_unsafe) {
  const auto key = PublicKey::from_spki(joined(encoding::ed25519_spki, core::Bytes(32)));
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, RefusalCode::key_unsafe);
}

TEST(Keys, K02_points_of_low_order_and_odd_encodings_are_unsafe) {
  const char* points[] = {
      // The eight points of low order.
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      // Encodings of them that are not canonical.
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      // Not a point at all.
      "0200000000000000000000000000000000000000000000000000000000000000",
  };
  for (const char* point : points) {
    const auto key = PublicKey::from_spki(joined(encoding::ed25519_spki, *core::from_hex(point)));
    ASSERT_FALSE(key.has_value()) << point;
    EXPECT_EQ(key.error().code, RefusalCode::key_unsafe) << point;
  }
}

TEST(Keys, K03_signatures_with_s_not_reduced_are_not_accepted) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ed25519);
  const auto message = core::as_bytes("message");
  core::Bytes signature = key.sign(message);
  const core::Bytes order =
      *core::from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += unsigned{signature[32 + i]} + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(key.public_key().verifies(message, signature));
}

TEST(Keys, K05_p256_signatures_have_one_spelling) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  const auto message = core::as_bytes("message");
  const core::Bytes signature = key.sign(message);
  ASSERT_TRUE(key.public_key().verifies(message, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    core::Bytes edited = signature;
    edited[i] ^= 1;
    EXPECT_FALSE(key.public_key().verifies(message, edited)) << i;
  }
  core::Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(key.public_key().verifies(message, longer));
  core::Bytes long_form = signature;  // the length of the SEQUENCE in two bytes: BER, not DER
  long_form.insert(long_form.begin() + 1, 0x81);
  EXPECT_FALSE(key.public_key().verifies(message, long_form));
  EXPECT_FALSE(key.public_key().verifies(message, {}));
}

TEST(Keys, K05_p256_signs_with_low_s_only) {
  // Without the normalisation every second signature would be refused by our own verifier.
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  for (int i = 0; i < 40; ++i) {
    const std::string message = "message " + std::to_string(i);
    const core::Bytes signature = key.sign(core::as_bytes(message));
    EXPECT_TRUE(key.public_key().verifies(core::as_bytes(message), signature));
  }
}

TEST(Keys, K06_halves_of_a_pair_are_not_confused) {
  for (const KeyAlgorithm algorithm : algorithms) {
    const signing::SigningKey key = signing::SigningKey::generate(algorithm);
    EXPECT_EQ(public_refusal(signing::write_private_key(key)), RefusalCode::key_kind_wrong);
    EXPECT_EQ(private_refusal(write_public_key(key.public_key())), RefusalCode::key_kind_wrong);
  }
  EXPECT_EQ(public_refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"),
            RefusalCode::key_kind_wrong);
}

TEST(Keys, K06_pem_has_one_spelling) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  const std::string pem = write_public_key(key.public_key());
  EXPECT_TRUE(parse_public_key(core::as_bytes(pem.substr(0, pem.size() - 1))).has_value());
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  std::string rewrapped = pem;
  rewrapped.erase(rewrapped.find('\n', 30), 1);
  for (const std::string& text :
       {pem + pem, pem + "x", "\n" + pem, "key:\n" + pem, crlf, rewrapped, pem + "\n",
        pem.substr(0, pem.size() - 8), std::string(), std::string("-----BEGIN PUBLIC KEY-----"),
        std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
        std::string(20000, '-')}) {
    EXPECT_EQ(public_refusal(text), RefusalCode::key_malformed);
  }
}

TEST(Keys, K06_foreign_private_keys_are_refused_in_words) {
  EXPECT_EQ(private_refusal("-----BEGIN EC PRIVATE KEY-----\nAAAA\n"), RefusalCode::key_malformed);
}

TEST(Keys, passphrases_open_what_they_closed_and_nothing_else) {
  for (const KeyAlgorithm algorithm : algorithms) {
    const signing::SigningKey key = signing::SigningKey::generate(algorithm);
    const std::string pem = signing::write_private_key(key, "open sesame");
    EXPECT_NE(pem, signing::write_private_key(key, "open sesame")) << "salt and vector are fresh";
    EXPECT_EQ(private_refusal(pem), RefusalCode::key_passphrase_wrong);
    const auto opened = signing::parse_private_key(core::as_bytes(pem), "open sesame");
    ASSERT_TRUE(opened.has_value()) << core::describe(opened.error());
    EXPECT_EQ(opened->pkcs8(), key.pkcs8());
    for (const std::string_view wrong : {"open sesam", "open sesame ", ""}) {
      const auto refused = signing::parse_private_key(core::as_bytes(pem), wrong);
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().code, RefusalCode::key_passphrase_wrong);
    }
    EXPECT_EQ(public_refusal(pem), RefusalCode::key_kind_wrong);
  }
}

TEST(Keys, encrypted_keys_of_other_kinds_are_refused) {
  // No PKCS#8 inside, and PBES1 with DES (PKCS#5 v1.5), whose passphrase hash is one MD5.
  for (const std::string_view der :
       {"000000", "301b301506092a864886f70d0105033008040801020304050607080201010402aaaa"}) {
    const std::string pem = write_pem("ENCRYPTED PRIVATE KEY", *core::from_hex(der));
    const auto refused = signing::parse_private_key(core::as_bytes(pem), "word");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, RefusalCode::key_passphrase_wrong);
  }
}

TEST(Keys, E08_other_algorithms_are_unsupported) {
  // RSA-2048 (head), secp256k1, Ed448, X25519; P-256 with a compressed point.
  const char* heads[] = {"30820122300d06092a864886f70d01010105000382010f003082010a0282010100",
                         "3056301006072a8648ce3d020106052b8104000a03420004",
                         "3043300506032b6571033a00", "302a300506032b656e032100",
                         "3039301306072a8648ce3d020106082a8648ce3d030107032200026b17d1f2e12c4247"};
  for (const char* head : heads) {
    core::Bytes der = *core::from_hex(head);
    der.resize(der.size() + 64, 0x11);
    const auto key = PublicKey::from_spki(der);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().code, RefusalCode::key_algorithm_unsupported) << head;
    EXPECT_EQ(public_refusal(write_pem("PUBLIC KEY", der)), RefusalCode::key_algorithm_unsupported);
    EXPECT_EQ(private_refusal(write_pem("PRIVATE KEY", der)),
              RefusalCode::key_algorithm_unsupported);
  }
}

TEST(Keys, E08_signatures_of_another_algorithm_are_not_accepted) {
  const signing::SigningKey ed = signing::SigningKey::generate(KeyAlgorithm::ed25519);
  const signing::SigningKey ec = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  const auto message = core::as_bytes("message");
  EXPECT_FALSE(ed.public_key().verifies(message, ec.sign(message)));
  EXPECT_FALSE(ec.public_key().verifies(message, ed.sign(message)));
  EXPECT_FALSE(ed.public_key().verifies(message, {}));
  EXPECT_FALSE(ed.public_key().verifies(message, core::Bytes(64)));
}

TEST(Keys, p256_points_off_the_curve_are_unsafe) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  core::Bytes der = key.public_key().spki();
  der.back() ^= 1;
  const auto off = PublicKey::from_spki(der);
  ASSERT_FALSE(off.has_value());
  EXPECT_EQ(off.error().code, RefusalCode::key_unsafe);
  const auto zero = PublicKey::from_spki(joined(encoding::p256_spki, core::Bytes(64)));
  EXPECT_FALSE(zero.has_value());
}

TEST(Keys, p256_private_keys_must_match_their_public_half) {
  const signing::SigningKey one = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  const signing::SigningKey two = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  core::Bytes mixed = one.pkcs8();
  std::copy(two.pkcs8().end() - 64, two.pkcs8().end(), mixed.end() - 64);
  const auto key = signing::SigningKey::from_pkcs8(mixed);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, RefusalCode::key_malformed);
}

TEST(Keys, every_byte_of_an_spki_matters) {
  for (const KeyAlgorithm algorithm : algorithms) {
    const signing::SigningKey key = signing::SigningKey::generate(algorithm);
    for (std::size_t i = 0; i < key.public_key().spki().size(); ++i) {
      core::Bytes der = key.public_key().spki();
      der[i] ^= 0x40;
      const auto other = PublicKey::from_spki(der);
      EXPECT_TRUE(!other || other->keyid() != key.public_key().keyid()) << i;
    }
  }
}

TEST(Keys, why_openssl_alone_must_not_judge_ed25519) {
  // The all-zero key with an all-zero signature verifies there for some messages; here the key does
  // not even load (K01). If this stops being so, the comment in keys.hpp is out of date.
  const core::Bytes spki = joined(encoding::ed25519_spki, core::Bytes(32));
  int accepted = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string message = "message " + std::to_string(i);
    accepted +=
        signing::verify_ed25519_by_openssl(spki, core::as_bytes(message), core::Bytes(64)) ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace isotrace::certificates
