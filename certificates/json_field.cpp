#include <isotrace/certificates/json_field.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <isotrace/certificates/base64.hpp>

namespace isotrace::certificates {

using core::Result;

namespace {

/// Sixteen lower-case hex digits to eight bytes; false if they are none. Digests are most of a
/// statement.
bool decode_hex(const char* from, std::uint8_t* to) {
  using Characters [[gnu::vector_size(16)]] = std::int8_t;
  using Pairs [[gnu::vector_size(16)]] = std::uint16_t;
  using Octets [[gnu::vector_size(8)]] = std::uint8_t;
  static_assert(std::endian::native == std::endian::little);
  Characters text;
  std::memcpy(&text, from, sizeof text);
  const Characters decimal = (text >= '0') & (text <= '9');
  const Characters letter = (text >= 'a') & (text <= 'f');
  const Characters values = ((text - '0') & decimal) | ((text - ('a' - 10)) & letter);
  const auto pairs = std::bit_cast<Pairs>(values);
  const auto octets = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, Octets);
  std::memcpy(to, &octets, sizeof octets);
  const auto known = std::bit_cast<std::array<std::int64_t, 2>>(decimal | letter);
  return (known[0] & known[1]) == -1;
}

}  // namespace

std::size_t JsonField::find(std::string_view name) const {
  if (node().kind != JsonKind::object) return 0;
  // Members are mostly asked for in the order of the text: begin behind the last one found.
  const std::size_t end = node().behind;
  for (std::size_t i = 0, at = next_; i < node().count; ++i, at = document_->nodes[at].behind) {
    if (at == end) at = index_ + 1;
    if (document_->nodes[at].key != name) continue;
    next_ = document_->nodes[at].behind;
    return at;
  }
  return 0;
}

Result<core::Done> JsonField::check_members(std::initializer_list<std::string_view> names) const {
  if (node().kind != JsonKind::object) return refuse("must be an object");
  // As a rule they are exactly these, and in the callers' order, which is that of the text.
  std::size_t place = index_ + 1;
  const bool exactly = node().count == names.size() &&
                       std::all_of(names.begin(), names.end(), [&](std::string_view name) {
                         const JsonNode& one = document_->nodes[place];
                         place = one.behind;
                         return one.key == name;
                       });
  if (exactly) return core::Done{};
  for (const std::string_view name : names) {
    if (!has(name)) return refuse("member " + std::string(name) + " is missing");
  }
  if (node().count == names.size()) return core::Done{};
  for (std::size_t at = index_ + 1; at < node().behind; at = document_->nodes[at].behind) {
    const std::string_view key = document_->nodes[at].key;
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return refuse("member " + quote(key) + " is unknown");
    }
  }
  return core::Done{};
}

Result<JsonField> JsonField::member(std::string_view name) const {
  if (node().kind != JsonKind::object) return refuse("must be an object");
  const std::size_t found = find(name);
  if (found == 0) return refuse("member " + std::string(name) + " is missing");
  return JsonField(*document_, code_, found);
}

Result<std::vector<JsonField>> JsonField::elements(std::size_t count_max) const {
  if (node().kind != JsonKind::array) return refuse("must be an array");
  if (node().count > count_max) {
    return refuse("more than " + std::to_string(count_max) + " elements");
  }
  std::vector<JsonField> fields;
  fields.reserve(node().count);
  for (std::size_t at = index_ + 1; at < node().behind; at = document_->nodes[at].behind) {
    fields.emplace_back(*document_, code_, at);
  }
  return fields;
}

Result<std::string> JsonField::text(std::size_t bytes_max) const {
  if (node().kind != JsonKind::text) return refuse("must be a text");
  if (node().text.size() > bytes_max) {
    return refuse("longer than " + std::to_string(bytes_max) + " bytes");
  }
  return std::string(node().text);
}

Result<std::string> JsonField::name(std::size_t bytes_max) const {
  ISOTRACE_TRY(std::string text, this->text(bytes_max));
  if (text.empty()) return refuse("must not be empty");
  if (!node().plain) return refuse("must be printable ASCII");
  return text;
}

Result<core::Digest> JsonField::digest() const {
  core::Digest digest;
  bool good = node().kind == JsonKind::text && node().text.size() == 2 * digest.bytes.size();
  for (std::size_t i = 0; good && i < digest.bytes.size(); i += 8) {
    good = decode_hex(node().text.data() + 2 * i, digest.bytes.data() + i);
  }
  if (!good) return refuse("must be 64 lower-case hex digits");
  return digest;
}

Result<std::uint64_t> JsonField::count() const {
  if (node().kind != JsonKind::integer || node().number < 0) {
    return refuse("must be a number that is not negative");
  }
  return static_cast<std::uint64_t>(node().number);
}

Result<core::Bytes> JsonField::base64() const {
  if (node().kind != JsonKind::text) return refuse("must be a text");
  auto bytes = parse_base64(node().text);
  if (!bytes) return refuse("is not strict base64");
  return *std::move(bytes);
}

Result<core::Done> JsonField::check_text(std::string_view expected) const {
  if (node().kind != JsonKind::text || node().text != expected) {
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
