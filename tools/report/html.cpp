#include <isotrace/tools/report/html.hpp>

#include <array>

namespace isotrace::tools::page {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

struct Decoded {
  char32_t character = 0;
  std::size_t bytes = 0;  ///< 0: the byte in front begins no character
};

/// The character at the front (Unicode, table 3-7: neither overlong forms nor surrogates).
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xc2 && first <= 0xdf   ? 2
                            : first >= 0xe0 && first <= 0xef ? 3
                            : first >= 0xf0 && first <= 0xf4 ? 4
                                                             : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  char32_t character = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    character = character << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < least[bytes] || character > 0x10ffff || surrogate) return {};
  return {character, bytes};
}

/// Whether people would not see the character where it stands.
bool is_hidden(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  return c < 0x20 || within(0x7f, 0x9f) || c == 0xad || c == 0x61c || within(0x180b, 0x180f) ||
         within(0x200b, 0x200f) || within(0x2028, 0x202e) || within(0x2060, 0x206f) ||
         within(0xfe00, 0xfe0f) || c == 0xfeff || within(0xfff0, 0xfffb) ||
         within(0xfdd0, 0xfdef) || (c & 0xfffeU) == 0xfffe || within(0xe0000, 0xe0fff);
}

void append_hex(std::string& out, char32_t value, int digits_min) {
  int digits = digits_min;
  while (digits < 8 && value >> (4 * digits) != 0) ++digits;
  for (int i = digits - 1; i >= 0; --i) out += hex_digits[value >> (4 * i) & 0xf];
}

void append_character(std::string& out, std::string_view bytes, char32_t character) {
  switch (character) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    default: break;
  }
  if (!is_hidden(character)) {
    out += bytes;
    return;
  }
  out += "\\u{";
  append_hex(out, character, 2);
  out += '}';
}

}  // namespace

std::string escaped(std::string_view text, std::size_t bytes_max) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size() && at < bytes_max) {
    const auto [character, bytes] = decode(text.substr(at));
    if (bytes == 0) {
      out += "\\x";
      append_hex(out, static_cast<std::uint8_t>(text[at]), 2);
      ++at;
      continue;
    }
    append_character(out, text.substr(at, bytes), character);
    at += bytes;
  }
  if (at < text.size()) out += "… (" + std::to_string(text.size() - at) + " more bytes)";
  return out;
}

Html& Html::raw(Markup markup) {
  out_ += markup.text();
  return *this;
}

Html& Html::text(std::string_view foreign, std::size_t bytes_max) {
  out_ += escaped(foreign, bytes_max);
  return *this;
}

Html& Html::name(std::string_view foreign) { return raw("<bdi>").text(foreign).raw("</bdi>"); }

Html& Html::attribute(Markup name, std::string_view value) {
  return raw(name).raw("\"").text(value).raw("\"");
}

Html& Html::number(std::uint64_t number) {
  out_ += std::to_string(number);
  return *this;
}

Html& Html::count(std::uint64_t number) {
  out_ += grouped(number);
  return *this;
}

Html& Html::digest(const core::Digest& digest) {
  out_ += "<code class=\"hex\">" + digest.hex() + "</code>";
  return *this;
}

Html& Html::short_digest(const core::Digest& digest) {
  const std::string hex = digest.hex();
  out_ += "<code title=\"" + hex + "\">" + hex.substr(0, 12) + "</code>";
  return *this;
}

Html& Html::append(const Html& part) {
  out_ += part.out_;
  return *this;
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string counted(std::uint64_t number, std::string_view one) {
  return grouped(number) + " " + std::string(one) + (number == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && bytes >> (10 * (unit + 1)) != 0) ++unit;
  if (unit == 0) return std::to_string(bytes) + " B";
  const std::uint64_t whole = bytes >> (10 * unit);
  const std::uint64_t rest = bytes >> (10 * (unit - 1)) & 1023;
  return std::to_string(whole) + "." + std::to_string(rest * 10 / 1024) + " " +
         std::string(units[unit]);
}

}  // namespace isotrace::tools::page
