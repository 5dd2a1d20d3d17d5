// Strict JSON: one value has exactly one spelling. After parsing, the value is written again and
// must give the very bytes that came in, so duplicate keys, key order, white space, escapes, a BOM,
// NUL, trailing bytes and odd numbers are all refused by one rule. Trusted base. Spec: RFC 8259;
// with the rules below the compact form equals RFC 8785 (JCS).
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::certificates {

using Json = nlohmann::json;

/// The spelling that is accepted.
enum class JsonForm : std::uint8_t {
  compact,   ///< no white space: certificates and their payloads
  indented,  ///< two spaces and a final newline, as `jq -S .` prints: files that people edit
};

struct JsonRules {
  core::RefusalCode code;  ///< what every breach is refused with
  std::uint64_t bytes_max;
  JsonForm form = JsonForm::compact;
};

/// Parses and checks: size, nesting (core::limits::text_nesting_max), keys of printable ASCII,
/// integers with |n| <= 2^53 only, one spelling. The place is a byte offset or a JSON pointer.
core::Result<Json> parse_strict_json(core::ByteView bytes, const JsonRules& rules);

/// The one spelling of a value. Strings must be valid UTF-8.
std::string write_json(const Json& value, JsonForm form = JsonForm::compact);

/// A text from outside, made fit for a message: at most 80 characters, unprintable ones escaped.
std::string quote(std::string_view text);

/// Printable ASCII, space included; nothing that could steer a terminal or look like something
/// else.
bool is_plain(std::string_view text);

}  // namespace isotrace::certificates
