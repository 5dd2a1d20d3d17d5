#include <algorithm>
#include <array>

#include <cryptopp/donna.h>

#include <isotrace/certificates/ed25519.hpp>

namespace isotrace::certificates {

namespace {

/// The order of the group, 2^252 + 27742317777372353535851937790883648493, little-endian.
constexpr std::array<std::uint8_t, 32> group_order = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/// The neutral element: y = 1.
constexpr std::array<std::uint8_t, 32> neutral = {1};

bool below_group_order(core::ByteView scalar) {
  return std::lexicographical_compare(scalar.rbegin(), scalar.rend(), group_order.rbegin(),
                                      group_order.rend());
}

}  // namespace

bool verify_ed25519(std::span<const std::uint8_t, 32> point, core::ByteView message,
                    core::ByteView signature) {
  if (signature.size() != 64) return false;
  // S has one spelling: S + order would pass the equation, too.
  if (!below_group_order(signature.subspan(32))) return false;
  // R of low order is what a forger without the key can aim at. Crypto++ compares R with the
  // encoding of [S]B - [h]A, which is canonical and in the prime-order group, as A and B are; of
  // the points of low order only the neutral element is.
  if (std::ranges::equal(signature.first(32), neutral)) return false;
  return CryptoPP::Donna::ed25519_sign_open(message.data(), message.size(), point.data(),
                                            signature.data()) == 0;
}

}  // namespace isotrace::certificates
