#include <isotrace/core/refusal.hpp>

#include <algorithm>
#include <array>
#include <cctype>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

constexpr RefusalInfo table[] = {
#define ISOTRACE_REFUSAL(number, name, kind, sentence, next) \
  {RefusalCode::name, #name, RefusalClass::kind, sentence, next},
#include <isotrace/core/refusals.def>
#undef ISOTRACE_REFUSAL
};

constexpr bool ascending() {
  for (std::size_t i = 1; i < std::size(table); ++i) {
    if (table[i - 1].code >= table[i].code) return false;
  }
  return true;
}
static_assert(ascending(), "refusals.def: numbers must be unique and ascending");

std::string normalised(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::span<const RefusalInfo> all_refusals() { return table; }

const RefusalInfo& refusal_info(RefusalCode code) {
  const auto* row =
      std::lower_bound(std::begin(table), std::end(table), code,
                       [](const RefusalInfo& info, RefusalCode c) { return info.code < c; });
  ISOTRACE_CHECK(row != std::end(table) && row->code == code, static_cast<int>(code));
  return *row;
}

std::optional<RefusalInfo> find_refusal(std::string_view name_or_number) {
  std::string key = normalised(name_or_number);
  for (const RefusalInfo& info : table) {
    const std::string number = std::to_string(static_cast<int>(info.code));
    if (key == info.name || key == number || key == "e" + number) return info;
  }
  return std::nullopt;
}

std::string_view refusal_class_name(RefusalClass kind) {
  static constexpr std::array<std::string_view, 4> names = {"malformed", "unsupported", "limit",
                                                            "environment"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string describe(const Refusal& refusal) {
  std::string text = "E" + std::to_string(static_cast<int>(refusal.code)) + " " +
                     std::string(refusal_info(refusal.code).name);
  if (!refusal.where.empty()) text += ": " + refusal.where;
  if (!refusal.detail.empty()) text += ": " + refusal.detail;
  return text;
}

}  // namespace isotrace::core
