// Two engines, one verdict: what Crypto++ and our rules accept is what libsodium accepts.
#include <gtest/gtest.h>

#include <random>

#include <sodium.h>
#include <nlohmann/json.hpp>

#include <isotrace/certificates/ed25519.hpp>

#include "tests/support/data.hpp"

namespace isotrace::certificates {
namespace {

using Scalar = std::array<std::uint8_t, crypto_core_ed25519_SCALARBYTES>;

bool libsodium_accepts(core::ByteView point, core::ByteView message, core::ByteView signature) {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     point.data()) == 0;
}

/// The verdict of both, which must be one.
bool accepted(core::ByteView point, core::ByteView message, core::ByteView signature) {
  const bool ours = verify_ed25519(point.first<32>(), message, signature);
  EXPECT_EQ(ours, libsodium_accepts(point, message, signature))
      << "key " << core::to_hex(point) << " message " << core::to_hex(message) << " signature "
      << core::to_hex(signature);
  return ours;
}

/// A key pair from a seed, and its signatures.
struct Pair {
  core::Bytes open = core::Bytes(crypto_sign_PUBLICKEYBYTES);
  core::Bytes secret = core::Bytes(crypto_sign_SECRETKEYBYTES);

  explicit Pair(std::uint8_t seed) {
    EXPECT_GE(sodium_init(), 0);
    crypto_sign_seed_keypair(open.data(), secret.data(), core::Bytes(32, seed).data());
  }
  [[nodiscard]] core::Bytes sign(core::ByteView message) const {
    core::Bytes signature(crypto_sign_BYTES);
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
    return signature;
  }
};

/// S = h a for R = the neutral element: the equation holds, and nobody's nonce is in it.
core::Bytes signature_with_neutral_r(const Pair& pair, core::ByteView message) {
  core::Bytes signature(crypto_sign_BYTES);
  signature[0] = 1;
  core::Bytes hashed(signature.begin(), signature.begin() + 32);
  hashed.insert(hashed.end(), pair.open.begin(), pair.open.end());
  hashed.insert(hashed.end(), message.begin(), message.end());
  std::array<std::uint8_t, crypto_hash_sha512_BYTES> wide{};
  crypto_hash_sha512(wide.data(), hashed.data(), hashed.size());
  Scalar challenge{};
  crypto_core_ed25519_scalar_reduce(challenge.data(), wide.data());
  std::array<std::uint8_t, crypto_hash_sha512_BYTES> expanded{};
  crypto_hash_sha512(expanded.data(), pair.secret.data(), 32);
  expanded[0] &= 248;
  expanded[31] = static_cast<std::uint8_t>((expanded[31] & 63) | 64);
  std::fill(expanded.begin() + 32, expanded.end(), std::uint8_t{0});
  Scalar secret{};
  crypto_core_ed25519_scalar_reduce(secret.data(), expanded.data());
  crypto_core_ed25519_scalar_mul(signature.data() + 32, challenge.data(), secret.data());
  return signature;
}

TEST(Ed25519, agrees_with_libsodium_on_signatures_and_their_neighbours) {
  std::mt19937 random(8032);
  for (int round = 0; round < 300; ++round) {
    const Pair pair(static_cast<std::uint8_t>(round));
    core::Bytes message(random() % 300);
    for (std::uint8_t& byte : message) byte = static_cast<std::uint8_t>(random());
    const core::Bytes signature = pair.sign(message);
    ASSERT_TRUE(accepted(pair.open, message, signature));
    for (int edit = 0; edit < 8; ++edit) {
      core::Bytes edited = signature;
      const std::size_t bit = random() % (8 * edited.size());
      edited[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(accepted(pair.open, message, edited));
    }
    message.push_back(0);
    EXPECT_FALSE(accepted(pair.open, message, signature));
  }
}

TEST(Ed25519, agrees_with_libsodium_on_every_multiple_of_the_order_added_to_s) {
  const core::Bytes order =
      *core::from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const core::Bytes message = {1, 2, 3};
  const Pair pair(7);
  core::Bytes signature = pair.sign(message);
  for (int multiple = 1; multiple < 16; ++multiple) {
    unsigned carry = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      carry += unsigned{signature[32 + i]} + order[i];
      signature[32 + i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    EXPECT_FALSE(accepted(pair.open, message, signature)) << multiple;
  }
}

TEST(Ed25519, refuses_the_neutral_element_as_r) {
  const Pair pair(9);
  for (std::uint8_t i = 0; i < 8; ++i) {
    const core::Bytes message(i, i);
    const core::Bytes signature = signature_with_neutral_r(pair, message);
    EXPECT_FALSE(accepted(pair.open, message, signature));
  }
}

TEST(Ed25519, agrees_with_libsodium_on_the_edge_cases_of_cctv) {
  ISOTRACE_NEEDS_DATA(path, "crypto-vectors/cctv.json");
  const core::Bytes bytes = tests::read_file(path);
  int judged = 0;
  for (const auto vectors = nlohmann::json::parse(bytes.begin(), bytes.end());
       const auto& test : vectors) {
    const core::Bytes point = *core::from_hex(test.at("key").get<std::string>());
    if (crypto_core_ed25519_is_valid_point(point.data()) != 1) continue;
    const auto message = test.at("msg").get<std::string>();
    const core::Bytes signature = *core::from_hex(test.at("sig").get<std::string>());
    accepted(point, core::as_bytes(message), signature);
    ++judged;
  }
  EXPECT_EQ(judged, 28);
}

}  // namespace
}  // namespace isotrace::certificates
