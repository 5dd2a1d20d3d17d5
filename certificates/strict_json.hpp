// Strict JSON: one value has exactly one spelling, so duplicate keys, key order, white space,
// escapes, a BOM, NUL, trailing bytes and odd numbers are all refused while reading, in one pass
// and without copying texts. Trusted base. Spec: RFC 8259; with the rules below the compact form
// equals RFC 8785 (JCS).
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::certificates {

/// For writing only.
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

enum class JsonKind : std::uint8_t { null, boolean, integer, text, array, object };

struct JsonNode {
  JsonKind kind = JsonKind::null;
  bool plain = true;         ///< of texts: is_plain(text)
  std::string_view key;      ///< of a member of an object
  std::string_view text;     ///< of texts, without escapes
  std::int64_t number = 0;   ///< of integers; 0 or 1 of booleans
  std::uint32_t count = 0;   ///< elements or members
  std::uint32_t behind = 0;  ///< index of the first node behind it and all that is in it
};

/// A value and all that is in it, in the order of the text. The bytes that were read must outlive
/// it.
struct JsonDocument {
  JsonDocument() = default;
  JsonDocument(JsonDocument&&) = default;
  JsonDocument& operator=(JsonDocument&&) = default;
  JsonDocument(const JsonDocument&) = delete;  // nodes would point into the other one
  JsonDocument& operator=(const JsonDocument&) = delete;

  std::vector<JsonNode> nodes;
  std::list<std::string> unescaped;  ///< texts that had escapes; nodes point to them

  /// Where a node stands, as a JSON pointer.
  [[nodiscard]] std::string pointer_to(std::size_t index) const;
};

/// Parses and checks: size, nesting (core::limits::text_nesting_max), keys of printable ASCII,
/// integers with |n| <= 2^53 only, valid UTF-8, one spelling. The place is a byte offset or a JSON
/// pointer.
core::Result<JsonDocument> parse_strict_json(core::ByteView bytes, const JsonRules& rules);

/// The one spelling of a value. Strings must be valid UTF-8.
std::string write_json(const Json& value, JsonForm form = JsonForm::compact);

/// A text from outside, made fit for a message: at most 80 characters, unprintable ones escaped.
std::string quote(std::string_view text);

/// Printable ASCII, space included; nothing that could steer a terminal or look like something
/// else.
bool is_plain(std::string_view text);

}  // namespace isotrace::certificates
