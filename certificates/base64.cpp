#include <isotrace/certificates/base64.hpp>

#include <array>

#include <sodium.h>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::uint8_t no_value = 0xff;
constexpr std::array<std::uint8_t, 256> values = [] {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> table{};
  table.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

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
  core::Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size() - padding; ++i) {
    const std::uint8_t value = values[static_cast<std::uint8_t>(text[i])];
    if (value == no_value) return std::nullopt;
    bits = bits << 6 | value;
    if (i % 4 != 0) bytes.push_back(static_cast<std::uint8_t>(bits >> (6 - 2 * (i % 4))));
  }
  // The bits that pad the last byte must be zero.
  const std::uint32_t slack = padding == 2 ? 0xf : padding == 1 ? 0x3 : 0;
  if ((bits & slack) != 0) return std::nullopt;
  return bytes;
}

}  // namespace isotrace::certificates
