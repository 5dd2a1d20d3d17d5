#include <isotrace/tools/cli/printable.hpp>

#include <algorithm>
#include <cstdint>

namespace isotrace::tools {
namespace {

/// A character of UTF-8 and its length in bytes; length 0 if there is none at the beginning.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};

/// RFC 3629: the shortest form, no surrogates, nothing above U+10FFFF.
Character first_character(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {};
    code = code << 6U | (byte & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least[length] || surrogate || code > 0x10ffff ? Character{}
                                                              : Character{code, length};
}

bool is_harmless(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool mark = code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
                    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
                    code == 0xfeff || (code >= 0xe0000 && code <= 0xe0fff);
  return !control && !mark;
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t length = character.length == 0 ? 1 : character.length;
    if (character.length != 0 && is_harmless(character.code)) {
      out += text.substr(0, length);
    } else {
      for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<std::uint8_t>(c);
        out += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
      }
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string name_text(std::string_view name) {
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (!name.empty() && std::ranges::all_of(name, is_plain)) return std::string(name);
  std::string escaped;
  for (const char c : name) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

}  // namespace isotrace::tools
