// A JSON value of a document, for reading closed shapes: exactly the members named, each of the
// type asked for. The first breach is kept with its place (a JSON pointer), and what is read behind
// it is empty; a value gets out through read_shape alone, which asks whether there was a breach.
// Trusted base.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {

/// One reading of a document.
struct JsonShape {
  const JsonDocument& document;
  core::RefusalCode code;  ///< of the breach
  std::optional<core::Refusal> breach = {};
};

class JsonField {
 public:
  /// The members of an object that has exactly these. Ask in ascending order, that of the text.
  template <std::convertible_to<std::string_view>... Names>
  [[nodiscard]] auto members(Names... names) const {
    const std::array<std::string_view, sizeof...(names)> wanted{names...};
    std::array<JsonField, sizeof...(names)> fields{(static_cast<void>(names), nowhere())...};
    find_members(wanted, fields);
    return fields;
  }
  /// One member of an object, whatever others it has.
  [[nodiscard]] JsonField member(std::string_view name) const;
  /// Whether the value is an object with this member.
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] std::vector<JsonField> elements(std::size_t count_max) const;
  [[nodiscard]] bool is_null() const { return node_->kind == JsonKind::null; }
  /// Whether the value is this text.
  [[nodiscard]] bool is_text(std::string_view text) const {
    return node_->kind == JsonKind::text && node_->text == text;
  }

  /// Any text of at most bytes_max bytes. The views live as long as the document.
  [[nodiscard]] std::string_view text(std::size_t bytes_max) const;
  /// Printable ASCII of 1 to bytes_max characters.
  [[nodiscard]] std::string_view name(std::size_t bytes_max) const;
  /// 64 lower-case hex digits.
  [[nodiscard]] core::Digest digest(
      std::string_view otherwise = "must be 64 lower-case hex digits") const;
  /// 0 to 2^53.
  [[nodiscard]] std::uint64_t count() const;
  /// Strict base64.
  [[nodiscard]] core::Bytes base64() const;
  /// Refuses every text but this one.
  void expect_text(std::string_view expected) const;

  /// Notes a breach here, unless there was one before.
  void refuse(std::string_view detail) const;
  /// Notes a refusal with a code and place of its own.
  void refuse(core::Refusal refusal) const;

 private:
  JsonField(JsonShape& shape, const JsonNode& node) : shape_(&shape), node_(&node) {}
  template <class Read>
  friend auto read_shape(const JsonDocument& document, core::RefusalCode code, const Read& read)
      -> core::Result<decltype(read(std::declval<const JsonField&>()))>;

  /// What is read in place of a value that is not there: a null.
  [[nodiscard]] JsonField nowhere() const;
  [[nodiscard]] const JsonNode* behind(const JsonNode* node) const {
    return shape_->document.nodes.data() + node->behind;
  }
  [[nodiscard]] const JsonNode* find(std::string_view name) const;
  void find_members(std::span<const std::string_view> names, std::span<JsonField> fields) const;
  void refuse_members(std::span<const std::string_view> names) const;

  JsonShape* shape_;
  const JsonNode* node_;
};

/// What `read` makes of the document's value, unless it refused something. Refuses with `code`.
template <class Read>
auto read_shape(const JsonDocument& document, core::RefusalCode code, const Read& read)
    -> core::Result<decltype(read(std::declval<const JsonField&>()))> {
  JsonShape shape{document, code};
  auto value = read(JsonField(shape, document.nodes.front()));
  if (shape.breach) return tl::unexpected<core::Refusal>(*std::move(shape.breach));
  return value;
}

}  // namespace isotrace::certificates
