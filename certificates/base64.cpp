#include <isotrace/certificates/base64.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <immintrin.h>
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

/// Decodes the text by 32 characters, but for its last three groups or more, which are what is
/// overwritten behind 24 bytes. Gives the number of groups that are done; nothing if a character is
/// not of the alphabet.
[[gnu::target("avx2")]] std::optional<std::size_t> decode_by_32(std::string_view text,
                                                                std::uint8_t* to) {
  using Characters [[gnu::vector_size(32)]] = std::uint8_t;
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2,
                                         1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i halves = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  Characters known = ~Characters{};
  std::size_t done = 0;
  for (; done + 11 <= text.size() / 4; done += 8, to += 24) {
    Characters some;
    std::memcpy(&some, text.data() + 4 * done, sizeof some);
    const auto upper = reinterpret_cast<Characters>((some >= 'A') & (some <= 'Z'));
    const auto lower = reinterpret_cast<Characters>((some >= 'a') & (some <= 'z'));
    const auto digit = reinterpret_cast<Characters>((some >= '0') & (some <= '9'));
    const auto plus = reinterpret_cast<Characters>(some == '+');
    const auto slash = reinterpret_cast<Characters>(some == '/');
    const Characters sixes = (upper & (some - 'A')) | (lower & (some - ('a' - 26))) |
                             (digit & (some + (52 - '0'))) | (plus & 62) | (slash & 63);
    known &= upper | lower | digit | plus | slash;
    // Two of them to twelve bits, two of these to 24, whose bytes are turned round and closed up.
    const __m256i twelves =
        _mm256_maddubs_epi16(reinterpret_cast<__m256i>(sixes), _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, order), halves);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
  }
  if (_mm256_movemask_epi8(reinterpret_cast<__m256i>(known)) != -1) return std::nullopt;
  return done;
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
  static const bool by_32 = __builtin_cpu_supports("avx2") != 0;
  const auto done = by_32 ? decode_by_32(text, bytes.data()) : 0;
  if (!done) return std::nullopt;
  // Each group is stored with one byte more, which the next one overwrites.
  static_assert(std::endian::native == std::endian::little);
  for (std::size_t i = *done; i + 1 < text.size() / 4; ++i) {
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
