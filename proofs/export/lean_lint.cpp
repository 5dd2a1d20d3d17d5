#include "lean_lint.hpp"

#include <algorithm>
#include <array>

namespace isotrace::proofs {
namespace {

constexpr std::array<std::string_view, 36> forbidden = {
    "addDecl",      "attribute", "axiom",          "builtin_initialize",
    "constant",     "elab",      "elab_rules",     "eval",
    "export",       "extern",    "implemented_by", "include_str",
    "infix",        "infixl",    "infixr",         "init",
    "initialize",   "instance",  "local",          "macro",
    "macro_rules",  "native",    "native_decide",  "notation",
    "ofReduceBool", "opaque",    "open",           "partial",
    "postfix",      "prefix",    "run_cmd",        "run_elab",
    "sorry",        "syntax",    "unsafe",         "variable"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '\'';
}

/// The options that generated files set.
constexpr std::array<std::string_view, 2> allowed_options = {"set_option maxHeartbeats ",
                                                             "set_option maxRecDepth "};

}  // namespace

std::optional<std::string> find_forbidden_lean_word(std::string_view lean_text) {
  for (std::size_t i = 0; i < lean_text.size();) {
    std::size_t end = i;
    while (end < lean_text.size() && is_word(lean_text[end])) ++end;
    const std::string_view word = lean_text.substr(i, end - i);
    const bool option =
        word == "set_option" &&
        std::none_of(allowed_options.begin(), allowed_options.end(), [&](std::string_view allowed) {
          return lean_text.substr(i).starts_with(allowed);
        });
    if (option || std::find(forbidden.begin(), forbidden.end(), word) != forbidden.end())
      return std::string(word);
    i = std::max(end, i + 1);
  }
  return std::nullopt;
}

bool is_compiled_lean(std::string_view path, const std::set<std::string>& files) {
  if (path.starts_with("lean/.lake/") || path == "lean/lake-manifest.json") return true;
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view ending = path.substr(dot);
  return (ending == ".olean" || ending == ".ilean") &&
         files.contains(std::string(path.substr(0, dot)) + ".lean");
}

}  // namespace isotrace::proofs
