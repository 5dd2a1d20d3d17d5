#include <isotrace/certificates/strict_json.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::int64_t integer_max = std::int64_t{1} << 53;

/// Where nesting first goes over the limit, found without recursion and before anything is built.
std::optional<std::size_t> find_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > core::limits::text_nesting_max) return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::nullopt;
}

bool is_small_integer(const Json& number) {
  if (number.is_number_float()) return false;
  if (number.is_number_unsigned()) {
    return number.get<std::uint64_t>() <= static_cast<std::uint64_t>(integer_max);
  }
  const auto value = number.get<std::int64_t>();
  return value >= -integer_max && value <= integer_max;
}

core::Result<core::Done> check_value(const Json& value, const std::string& place,
                                     core::RefusalCode code) {
  if (value.is_number() && !is_small_integer(value)) {
    return core::refuse(code, place, "numbers must be integers of at most 2^53");
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (!is_plain(key)) {
        return core::refuse(code, place, "key " + quote(key) + " is not printable ASCII");
      }
      ISOTRACE_TRY_DONE(check_value(member, place + "/" + key, code));
    }
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      ISOTRACE_TRY_DONE(check_value(value[i], place + "/" + std::to_string(i), code));
    }
  }
  return core::Done{};
}

}  // namespace

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

std::string quote(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c >= 0x20 && c <= 0x7e) {
      out += c;
    } else {
      out += "\\x" + core::to_hex({&byte, 1});
    }
  }
  return out + (text.size() > shown_max ? "\"..." : "\"");
}

std::string write_json(const Json& value, JsonForm form) {
  // `replace` keeps dump() from throwing on bad UTF-8; the parser has refused such bytes before.
  constexpr auto on_bad_utf8 = Json::error_handler_t::replace;
  if (form == JsonForm::compact) return value.dump(-1, ' ', false, on_bad_utf8);
  return value.dump(2, ' ', false, on_bad_utf8) + "\n";
}

core::Result<Json> parse_strict_json(core::ByteView bytes, const JsonRules& rules) {
  const std::string_view text = core::as_text(bytes);
  if (text.size() > rules.bytes_max) {
    return core::refuse(
        rules.code, "size",
        std::to_string(text.size()) + " bytes, limit " + std::to_string(rules.bytes_max));
  }
  if (const auto place = find_too_deep(text)) {
    return core::refuse(rules.code, "byte " + std::to_string(*place), "nested too deeply");
  }
  Json value = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return core::refuse(rules.code, "", "not JSON");
  ISOTRACE_TRY_DONE(check_value(value, "", rules.code));

  const std::string canonical = write_json(value, rules.form);
  if (canonical != text) {
    const auto [ours, theirs] =
        std::mismatch(canonical.begin(), canonical.end(), text.begin(), text.end());
    return core::refuse(rules.code, "byte " + std::to_string(theirs - text.begin()),
                        rules.form == JsonForm::compact
                            ? "not in canonical form"
                            : "not in canonical form; `jq -S .` writes it");
  }
  return value;
}

}  // namespace isotrace::certificates
