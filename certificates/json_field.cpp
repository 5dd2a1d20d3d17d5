#include <isotrace/certificates/json_field.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

#include <isotrace/certificates/base64.hpp>

namespace isotrace::certificates {

namespace {

/// Sixteen lower-case hex digits to eight bytes; false if they are none. Digests are most of a
/// statement.
bool decode_hex(const char* from, std::uint8_t* to) {
  using Characters [[gnu::vector_size(16)]] = std::uint8_t;
  using Pairs [[gnu::vector_size(16)]] = std::uint16_t;
  using Octets [[gnu::vector_size(8)]] = std::uint8_t;
  static_assert(std::endian::native == std::endian::little);
  Characters text;
  std::memcpy(&text, from, sizeof text);
  const auto decimal = std::bit_cast<Characters>((text >= '0') & (text <= '9'));
  const auto letter = std::bit_cast<Characters>((text >= 'a') & (text <= 'f'));
  const Characters values = ((text - '0') & decimal) | ((text - ('a' - 10)) & letter);
  const auto pairs = std::bit_cast<Pairs>(values);
  const auto octets = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, Octets);
  std::memcpy(to, &octets, sizeof octets);
  const auto known = std::bit_cast<std::array<std::int64_t, 2>>(decimal | letter);
  return (known[0] & known[1]) == -1;
}

}  // namespace

void JsonField::refuse(core::Refusal refusal) const {
  if (!shape_->breach) shape_->breach = std::move(refusal);
}

void JsonField::refuse(std::string_view detail) const {
  if (shape_->breach) return;
  const JsonDocument& document = shape_->document;
  const std::string place =
      document.pointer_to(static_cast<std::size_t>(node_ - document.nodes.data()));
  refuse({shape_->code, place.empty() ? "/" : place, std::string(detail)});
}

JsonField JsonField::nowhere() const {
  static constexpr JsonNode null{};
  return {*shape_, null};
}

const JsonNode* JsonField::find(std::string_view name) const {
  if (node_->kind != JsonKind::object) return nullptr;
  for (const JsonNode* at = node_ + 1; at != behind(node_); at = behind(at)) {
    if (at->key == name) return at;
  }
  return nullptr;
}

void JsonField::find_members(std::span<const std::string_view> names,
                             std::span<JsonField> fields) const {
  if (node_->kind != JsonKind::object) return refuse("must be an object");
  const JsonNode* at = node_ + 1;
  for (std::size_t i = 0; i < names.size(); ++i, at = behind(at)) {
    if (at == behind(node_) || at->key != names[i]) return refuse_members(names);
    fields[i].node_ = at;
  }
  if (at != behind(node_)) refuse_members(names);
}

void JsonField::refuse_members(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    if (!has(name)) return refuse("member " + std::string(name) + " is missing");
  }
  for (const JsonNode* at = node_ + 1; at != behind(node_); at = behind(at)) {
    if (std::find(names.begin(), names.end(), at->key) == names.end()) {
      return refuse("member " + quote(at->key) + " is unknown");
    }
  }
  refuse("members were asked for in another order");
}

JsonField JsonField::member(std::string_view name) const {
  const JsonNode* found = find(name);
  if (found != nullptr) return {*shape_, *found};
  refuse(node_->kind != JsonKind::object ? "must be an object"
                                         : "member " + std::string(name) + " is missing");
  return nowhere();
}

std::vector<JsonField> JsonField::elements(std::size_t count_max) const {
  std::vector<JsonField> fields;
  if (node_->kind != JsonKind::array) {
    refuse("must be an array");
  } else if (node_->count > count_max) {
    refuse("more than " + std::to_string(count_max) + " elements");
  } else {
    fields.reserve(node_->count);
    for (const JsonNode* at = node_ + 1; at != behind(node_); at = behind(at)) {
      fields.push_back({*shape_, *at});
    }
  }
  return fields;
}

std::string_view JsonField::text(std::size_t bytes_max) const {
  if (node_->kind != JsonKind::text) {
    refuse("must be a text");
  } else if (node_->text.size() > bytes_max) {
    refuse("longer than " + std::to_string(bytes_max) + " bytes");
  } else {
    return node_->text;
  }
  return {};
}

std::string_view JsonField::name(std::size_t bytes_max) const {
  const std::string_view text = this->text(bytes_max);
  if (text.empty()) refuse("must not be empty");
  if (!node_->plain) refuse("must be printable ASCII");
  return text;
}

core::Digest JsonField::digest(std::string_view otherwise) const {
  core::Digest digest;
  bool good = node_->kind == JsonKind::text && node_->text.size() == 2 * digest.bytes.size();
  for (std::size_t i = 0; good && i < digest.bytes.size(); i += 8) {
    good = decode_hex(node_->text.data() + 2 * i, digest.bytes.data() + i);
  }
  if (!good) refuse(otherwise);
  return digest;
}

std::uint64_t JsonField::count() const {
  if (node_->kind == JsonKind::integer && node_->number >= 0) {
    return static_cast<std::uint64_t>(node_->number);
  }
  refuse("must be a number that is not negative");
  return 0;
}

core::Bytes JsonField::base64() const {
  if (node_->kind != JsonKind::text) refuse("must be a text");
  auto bytes = parse_base64(node_->text);
  if (bytes) return *std::move(bytes);
  refuse("is not strict base64");
  return {};
}

void JsonField::expect_text(std::string_view expected) const {
  if (!is_text(expected)) refuse("must be " + quote(expected));
}

}  // namespace isotrace::certificates
