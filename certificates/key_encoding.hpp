// The fixed DER frames around the keys that are accepted. Each key has one spelling: frame bytes,
// then the key. Shared by the public and the private half; not for other rooms.
#pragma once

#include <array>
#include <optional>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates::encoding {

/// SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING (32 bytes) }
inline constexpr std::array<std::uint8_t, 12> ed25519_spki = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                              0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
inline constexpr std::size_t ed25519_point_bytes = 32;

/// SEQUENCE { 0, SEQUENCE { OID 1.3.101.112 } OCTET STRING { OCTET STRING (32 bytes) } }
inline constexpr std::array<std::uint8_t, 16> ed25519_pkcs8 = {
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
inline constexpr std::size_t ed25519_seed_bytes = 32;

/// SEQUENCE { SEQUENCE { OID ecPublicKey, OID prime256v1 } BIT STRING (uncompressed point) }
inline constexpr std::array<std::uint8_t, 27> p256_spki = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
inline constexpr std::size_t p256_point_bytes = 64;

/// SEQUENCE { 0, the same OIDs, OCTET STRING { SEQUENCE { 1, OCTET STRING (32 bytes), [1] point } }
/// }
inline constexpr std::array<std::uint8_t, 36> p256_pkcs8 = {
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
inline constexpr std::size_t p256_scalar_bytes = 32;
inline constexpr std::array<std::uint8_t, 6> p256_pkcs8_point = {0xa1, 0x44, 0x03,
                                                                 0x42, 0x00, 0x04};

/// What stands behind the frame, if the bytes are the frame and exactly `size` bytes more.
std::optional<core::ByteView> strip_frame(core::ByteView der, core::ByteView frame,
                                          std::size_t size);

/// Whether an algorithm identifier that exists, but is not accepted in this form, stands near the
/// beginning; only to choose between two refusals.
bool names_other_algorithm(core::ByteView der);

}  // namespace isotrace::certificates::encoding
