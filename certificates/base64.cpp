#include <isotrace/certificates/base64.hpp>

#include <sodium.h>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {

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
  if (text.empty()) return core::Bytes{};
  if (text.size() % 4 != 0) return std::nullopt;
  core::Bytes bytes(text.size() / 4 * 3);
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                        nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  // libsodium 1.0.18 reads bytes above 0x7f as '/', so two spellings would give the same bytes;
  // writing them again leaves one.
  if (write_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace isotrace::certificates
