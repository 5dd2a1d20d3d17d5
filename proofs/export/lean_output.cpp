#include "lean_output.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

bool separates(char c) { return c == ',' || c == ' ' || c == '\n' || c == '\r'; }

}  // namespace

std::optional<std::vector<std::string>> lean_axioms(const std::string& output,
                                                    const std::string& theorem) {
  const std::string subject = "'" + theorem + "' ";
  const std::size_t at = output.find(subject);
  if (at == std::string::npos || output.find(subject, at + 1) != std::string::npos) return {};
  const std::string said = output.substr(at + subject.size());
  if (said.starts_with("does not depend on any axioms")) return std::vector<std::string>{};
  constexpr std::string_view listing = "depends on axioms: [";
  if (!said.starts_with(listing)) return {};
  const std::size_t end = said.find(']');
  if (end == std::string::npos) return {};
  std::vector<std::string> axioms;
  for (std::size_t i = listing.size(); i < end;) {
    const std::size_t begin = i;
    while (i < end && !separates(said[i])) ++i;
    if (i > begin) axioms.push_back(said.substr(begin, i - begin));
    if (i < end) ++i;
  }
  std::sort(axioms.begin(), axioms.end());
  return axioms;
}

}  // namespace isotrace::proofs
