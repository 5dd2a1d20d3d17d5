#include "tests/certificates/mutate_structure.hpp"

#include <vector>

namespace isotrace::certificates::samples {
namespace {

using core::PhiloxStream;
using Pointer = Json::json_pointer;

void collect(const Json& value, const Pointer& at, std::vector<Pointer>& places) {
  places.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) collect(member, at / key, places);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, places);
  }
}

/// Any value in the tree; the root is the first.
Pointer any_place(const Json& json, PhiloxStream& random) {
  std::vector<Pointer> places;
  collect(json, Pointer(), places);
  return places[random.next_below(places.size())];
}

Json any_value(PhiloxStream& random) {
  switch (random.next_below(10)) {
    case 0: return nullptr;
    case 1: return true;
    case 2: return 0;
    case 3: return -1;
    case 4: return std::int64_t{1} << 53;
    case 5: return "";
    case 6: return std::string(64, '0');
    case 7: return Json::array();
    case 8: return Json::object();
    default: return std::string(1, static_cast<char>('a' + random.next_below(26)));
  }
}

/// Another value that looks much like the old one.
Json near_value(const Json& value, PhiloxStream& random) {
  constexpr std::string_view words[] = {"PASSED",   "FAILED",     "HOLDS",  "UNKNOWN", "VIOLATED",
                                        "asserted", "reproduced", "proved", "real",    "any_order"};
  if (value.is_number()) return value.get<std::int64_t>() + (random.next_below(2) == 0 ? 1 : -1);
  if (value.is_boolean()) return !value.get<bool>();
  if (!value.is_string()) return any_value(random);
  auto text = value.get<std::string>();
  if (text.empty() || random.next_below(4) == 0) return words[random.next_below(std::size(words))];
  char& c = text[random.next_below(text.size())];
  c = c == '0' ? '1' : '0';
  return text;
}

void add_member(Json& object, PhiloxStream& random) {
  const std::string name(1 + random.next_below(3), static_cast<char>('a' + random.next_below(26)));
  object[name] = any_value(random);
}

void rename_member(Json& object, PhiloxStream& random) {
  if (object.empty()) return;
  auto at = object.begin();
  std::advance(at, static_cast<long>(random.next_below(object.size())));
  const std::string name = at.key() + "x";
  Json value = *at;
  object.erase(at);
  object[name] = std::move(value);
}

void remove_child(Json& value, PhiloxStream& random) {
  if (value.empty()) return;
  auto at = value.begin();
  std::advance(at, static_cast<long>(random.next_below(value.size())));
  value.erase(at);
}

void edit(Json& json, PhiloxStream& random) {
  const Pointer place = any_place(json, random);
  Json& value = json[place];
  const std::uint64_t kind = random.next_below(8);
  // The root stays an object: its envelope alone would be another form of the same certificate.
  if (place.empty() && kind > 2) return;
  switch (kind) {
    case 0:
      if (value.is_object()) add_member(value, random);
      if (value.is_array()) value.push_back(any_value(random));
      break;
    case 1:
      if (value.is_object()) rename_member(value, random);
      break;
    case 2:
      if (value.is_structured()) remove_child(value, random);
      break;
    case 3: value = any_value(random); break;
    case 4:
      if (value.is_array() && !value.empty()) value.push_back(value.front());
      break;
    case 5: {
      const Json other = json[any_place(json, random)];
      json[place] = other;
      break;
    }
    case 6: value = Json::array({value}); break;
    default: value = near_value(value, random); break;
  }
}

}  // namespace

Json mutate_structure(const Json& original, core::PhiloxStream& random) {
  Json json = original;
  while (json == original) {
    const auto edits = 1 + random.next_below(3);
    for (std::uint64_t i = 0; i < edits; ++i) edit(json, random);
  }
  return json;
}

}  // namespace isotrace::certificates::samples
