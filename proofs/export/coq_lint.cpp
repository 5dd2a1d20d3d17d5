#include "coq_lint.hpp"

#include <algorithm>
#include <array>

namespace isotrace::proofs {
namespace {

constexpr std::array<std::string_view, 39> forbidden = {
    "Add",        "Admitted",   "Axiom",    "Axioms",      "Canonical",  "Cd",        "Coercion",
    "Conjecture", "Context",    "Declare",  "Drop",        "Extraction", "Fail",      "Global",
    "Hypotheses", "Hypothesis", "Include",  "Infix",       "Instance",   "Load",      "Ltac",
    "Ltac2",      "Module",     "Notation", "Parameter",   "Parameters", "Primitive", "Redirect",
    "Register",   "Section",    "Set",      "Unset",       "Variable",   "Variables", "admit",
    "give_up",    "Reserved",   "Tactic",   "bypass_check"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '\'';
}

}  // namespace

std::optional<std::string> find_forbidden_word(std::string_view coq_text) {
  for (std::size_t i = 0; i < coq_text.size();) {
    std::size_t end = i;
    while (end < coq_text.size() && is_word(coq_text[end])) ++end;
    const std::string_view word = coq_text.substr(i, end - i);
    if (std::find(forbidden.begin(), forbidden.end(), word) != forbidden.end())
      return std::string(word);
    i = std::max(end, i + 1);
  }
  return std::nullopt;
}

bool is_compiled_coq(std::string_view path, const std::set<std::string>& files) {
  const std::size_t name = path.rfind('/') + 1;
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || dot <= name) return false;
  const std::string_view ending = path.substr(dot);
  std::string source(path.substr(0, dot));
  if (ending == ".aux" && source[name] == '.') {
    source.erase(name, 1);
  } else if (ending != ".vo" && ending != ".vos" && ending != ".vok" && ending != ".glob") {
    return false;
  }
  return files.contains(source + ".v");
}

}  // namespace isotrace::proofs
