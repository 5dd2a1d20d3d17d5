#include <isotrace/certificates/json_field.hpp>

#include <isotrace/certificates/base64.hpp>

namespace isotrace::certificates {

using core::Result;

Result<core::Done> JsonField::check_members(std::initializer_list<std::string_view> names) const {
  if (!value_->is_object()) return refuse("must be an object");
  for (const std::string_view name : names) {
    if (!value_->contains(name)) return refuse("member " + std::string(name) + " is missing");
  }
  if (value_->size() == names.size()) return core::Done{};
  for (const auto& [key, member] : value_->items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return refuse("member " + quote(key) + " is unknown");
    }
  }
  return core::Done{};
}

Result<JsonField> JsonField::member(std::string_view name) const {
  if (!value_->is_object()) return refuse("must be an object");
  const auto found = value_->find(name);
  if (found == value_->end()) return refuse("member " + std::string(name) + " is missing");
  return JsonField(*found, code_, place_ + "/" + std::string(name));
}

Result<std::vector<JsonField>> JsonField::elements(std::size_t count_max) const {
  if (!value_->is_array()) return refuse("must be an array");
  if (value_->size() > count_max) {
    return refuse("more than " + std::to_string(count_max) + " elements");
  }
  std::vector<JsonField> fields;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    fields.emplace_back((*value_)[i], code_, place_ + "/" + std::to_string(i));
  }
  return fields;
}

Result<std::string> JsonField::text(std::size_t bytes_max) const {
  if (!value_->is_string()) return refuse("must be a text");
  const auto& text = value_->get_ref<const std::string&>();
  if (text.size() > bytes_max) return refuse("longer than " + std::to_string(bytes_max) + " bytes");
  return text;
}

Result<std::string> JsonField::name(std::size_t bytes_max) const {
  ISOTRACE_TRY(std::string text, this->text(bytes_max));
  if (text.empty()) return refuse("must not be empty");
  if (!is_plain(text)) return refuse("must be printable ASCII");
  return text;
}

Result<core::Digest> JsonField::digest() const {
  ISOTRACE_TRY(const std::string hex, text(64));
  const auto digest = core::parse_digest(hex);
  if (!digest) return refuse("must be 64 lower-case hex digits");
  return *digest;
}

Result<std::uint64_t> JsonField::count() const {
  if (!value_->is_number_unsigned()) return refuse("must be a number that is not negative");
  return value_->get<std::uint64_t>();
}

Result<core::Bytes> JsonField::base64() const {
  if (!value_->is_string()) return refuse("must be a text");
  auto bytes = parse_base64(value_->get_ref<const std::string&>());
  if (!bytes) return refuse("is not strict base64");
  return *std::move(bytes);
}

Result<core::Done> JsonField::check_text(std::string_view expected) const {
  if (!value_->is_string() || value_->get_ref<const std::string&>() != expected) {
    return refuse("must be " + quote(expected));
  }
  return core::Done{};
}

Result<std::string> JsonField::text(std::string_view member, std::size_t max) const {
  ISOTRACE_TRY(const JsonField field, this->member(member));
  return field.text(max);
}
Result<std::string> JsonField::name(std::string_view member, std::size_t max) const {
  ISOTRACE_TRY(const JsonField field, this->member(member));
  return field.name(max);
}
Result<core::Digest> JsonField::digest(std::string_view member) const {
  ISOTRACE_TRY(const JsonField field, this->member(member));
  return field.digest();
}
Result<std::uint64_t> JsonField::count(std::string_view member) const {
  ISOTRACE_TRY(const JsonField field, this->member(member));
  return field.count();
}
Result<std::vector<JsonField>> JsonField::elements(std::string_view member, std::size_t max) const {
  ISOTRACE_TRY(const JsonField field, this->member(member));
  return field.elements(max);
}

}  // namespace isotrace::certificates
