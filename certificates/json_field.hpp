// A JSON value of a document, which knows its place (a JSON pointer), for reading closed shapes:
// exactly the members named, each of the type asked for; everything else is refused with the place.
// Trusted base.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {

class JsonField {
 public:
  /// `document` must outlive the field. Breaches are refused with `code`.
  JsonField(const JsonDocument& document, core::RefusalCode code, std::size_t index = 0)
      : document_(&document), code_(code), index_(index), next_(index + 1) {}

  /// Refuses unless the value is an object with exactly these members.
  [[nodiscard]] core::Result<core::Done> check_members(
      std::initializer_list<std::string_view> names) const;
  [[nodiscard]] core::Result<JsonField> member(std::string_view name) const;
  [[nodiscard]] core::Result<std::vector<JsonField>> elements(std::size_t count_max) const;
  [[nodiscard]] bool is_null() const { return node().kind == JsonKind::null; }
  /// Whether the value is an object with this member.
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != 0; }

  /// Any text of at most bytes_max bytes.
  [[nodiscard]] core::Result<std::string> text(std::size_t bytes_max) const;
  /// Printable ASCII of 1 to bytes_max characters.
  [[nodiscard]] core::Result<std::string> name(std::size_t bytes_max) const;
  /// 64 lower-case hex digits.
  [[nodiscard]] core::Result<core::Digest> digest() const;
  /// 0 to 2^53.
  [[nodiscard]] core::Result<std::uint64_t> count() const;
  /// Strict base64.
  [[nodiscard]] core::Result<core::Bytes> base64() const;
  /// Refuses unless the value is this text.
  [[nodiscard]] core::Result<core::Done> check_text(std::string_view expected) const;

  [[nodiscard]] tl::unexpected<core::Refusal> refuse(std::string detail) const {
    const std::string place = document_->pointer_to(index_);
    return core::refuse(code_, place.empty() ? "/" : place, std::move(detail));
  }

  // The same for a member, so that a shape reads as a list.
  [[nodiscard]] core::Result<std::string> text(std::string_view member, std::size_t max) const;
  [[nodiscard]] core::Result<std::string> name(std::string_view member, std::size_t max) const;
  [[nodiscard]] core::Result<core::Digest> digest(std::string_view member) const;
  [[nodiscard]] core::Result<std::uint64_t> count(std::string_view member) const;
  [[nodiscard]] core::Result<std::vector<JsonField>> elements(std::string_view member,
                                                              std::size_t max) const;

 private:
  [[nodiscard]] const JsonNode& node() const { return document_->nodes[index_]; }
  /// Index of the member's node; 0, where no member can be, if there is none.
  [[nodiscard]] std::size_t find(std::string_view name) const;

  const JsonDocument* document_;
  core::RefusalCode code_;
  std::size_t index_;
  mutable std::size_t next_;  ///< where find begins
};

}  // namespace isotrace::certificates
