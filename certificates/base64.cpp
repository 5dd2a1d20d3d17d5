#include <isotrace/certificates/base64.hpp>

#include <algorithm>
#include <array>

#include <sodium.h>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::uint8_t outside = 0x80;  // bit of what is not in the alphabet
constexpr std::array<std::uint8_t, 256> values = [] {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> table{};
  table.fill(outside);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

/// Four characters to three bytes; the bit `outside` is in the result if one is not of the
/// alphabet.
std::uint8_t decode_group(const char* from, std::uint8_t* to) {
  const auto value = [&](std::size_t i) { return values[static_cast<std::uint8_t>(from[i])]; };
  const std::uint32_t bits = static_cast<std::uint32_t>(value(0)) << 18 |
                             static_cast<std::uint32_t>(value(1)) << 12 |
                             static_cast<std::uint32_t>(value(2)) << 6 | value(3);
  to[0] = static_cast<std::uint8_t>(bits >> 16);
  to[1] = static_cast<std::uint8_t>(bits >> 8);
  to[2] = static_cast<std::uint8_t>(bits);
  return static_cast<std::uint8_t>(value(0) | value(1) | value(2) | value(3));
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
  std::string last(text.substr(text.size() - std::min<std::size_t>(text.size(), 4)));
  for (std::size_t i = 0; i < padding; ++i) last[3 - i] = 'A';  // zero
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < text.size() / 4; ++i) {
    const bool ends = 4 * (i + 1) == text.size();
    seen |= decode_group(ends ? last.data() : text.data() + 4 * i, bytes.data() + 3 * i);
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
