#include <isotrace/certificates/base64.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <sodium.h>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::uint32_t outside = 1U << 31;  // bit of what is not in the alphabet

/// What a character adds to a group's three bytes, the first of them lowest, by its place there.
using Table = std::array<std::uint32_t, 256>;
constexpr std::array<Table, 4> tables = [] {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<Table, 4> made{};
  for (std::size_t place = 0; place < made.size(); ++place) {
    made[place].fill(outside);
    for (std::uint32_t i = 0; i < alphabet.size(); ++i) {
      const std::uint32_t bits = i << (18 - 6 * place);
      made[place][static_cast<std::uint8_t>(alphabet[i])] =
          bits >> 16 | (bits & 0xff00) | (bits & 0xff) << 16;
    }
  }
  return made;
}();

/// Three bytes, the first of them lowest; the bit `outside` is set if a character is not of the
/// alphabet.
std::uint32_t decode_group(const char* from) {
  const auto bits_of = [&](std::size_t i) { return tables[i][static_cast<std::uint8_t>(from[i])]; };
  return bits_of(0) | bits_of(1) | bits_of(2) | bits_of(3);
}

}  // namespace

std::string write_base64(core::ByteView bytes) {
  if (bytes.empty()) return {};  // libsodium takes no null pointer
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  const char* end = sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                                      sodium_base64_VARIANT_ORIGINAL);
  ISOTRACE_CHECK(end != nullptr);
  text.pop_back();  // the length above counts a terminating NUL
  return text;
}

std::optional<core::Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  core::Bytes bytes(text.size() / 4 * 3);
  std::uint32_t seen = 0;
  // Each group is stored with one byte more, which the next one overwrites.
  static_assert(std::endian::native == std::endian::little);
  for (std::size_t i = 0; i + 1 < text.size() / 4; ++i) {
    const std::uint32_t group = decode_group(text.data() + 4 * i);
    std::memcpy(bytes.data() + 3 * i, &group, sizeof group);
    seen |= group;
  }
  if (!text.empty()) {
    std::array<char, 4> last{};
    text.copy(last.data(), last.size(), text.size() - last.size());
    std::fill_n(last.rbegin(), padding, 'A');  // zero
    const std::uint32_t group = decode_group(last.data());
    std::memcpy(bytes.data() + bytes.size() - 3, &group, 3);
    seen |= group;
  }
  if ((seen & outside) != 0) return std::nullopt;
  // The bits that pad the last byte must be zero.
  for (std::size_t i = bytes.size() - padding; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace isotrace::certificates
