#include "code_paths.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

using bits::Gates;
using bits::invert;
using bits::Wire;
using bits::wire_false;
using bits::wire_true;
using bits::Word;

bool contains(const CodeGuard& guard, Wire wire) {
  return std::find(guard.begin(), guard.end(), wire) != guard.end();
}

/// All of the wires from `begin` on but one.
Wire all_without(Gates& gates, const CodeGuard& guard, std::size_t begin, Wire left_out) {
  CodeGuard rest(guard.begin() + static_cast<std::ptrdiff_t>(begin), guard.end());
  std::erase(rest, left_out);
  return all_of(gates, rest);
}

/// What either guard says behind what they have in common.
Wire either(Gates& gates, const CodeGuard& a, const CodeGuard& b, std::size_t common) {
  if (a.size() == common + 1) {
    const Wire other = all_without(gates, b, common, invert(a.back()));
    return gates.disjunction(a.back(), other);
  }
  if (b.size() == common + 1) {
    const Wire other = all_without(gates, a, common, invert(b.back()));
    return gates.disjunction(other, b.back());
  }
  const Wire first = all_of(gates, a, common);
  const Wire second = all_of(gates, b, common);
  return gates.disjunction(first, second);
}

bool choose_words(Gates& gates, Wire condition, std::vector<Word>& a, const std::vector<Word>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = choose_word(gates, condition, a[i], b[i]);
  return true;
}

}  // namespace

Wire all_of(Gates& gates, const CodeGuard& guard, std::size_t begin) {
  Wire all = wire_true;
  for (std::size_t i = guard.size(); i-- > begin;) all = gates.conjunction(all, guard[i]);
  return all;
}

MaybePath restrict_path(MaybePath path, Wire wire) {
  if (!path) return path;
  if (wire == wire_true || contains(path->guard, wire)) return path;
  if (wire == wire_false || contains(path->guard, invert(wire))) return std::nullopt;
  path->guard.push_back(wire);
  return path;
}

Merged merge_paths(Gates& gates, MaybePath first, MaybePath second) {
  if (!first) return {std::move(second)};
  if (!second) return {std::move(first)};
  const CodeGuard& a = first->guard;
  const CodeGuard& b = second->guard;
  std::size_t common = 0;
  while (common < a.size() && common < b.size() && a[common] == b[common]) ++common;
  const Wire condition = all_of(gates, a, common);
  const Wire opposite = all_of(gates, b, common);
  const Wire guard = condition == invert(opposite) ? wire_true : either(gates, a, b, common);
  CodeState& state = first->state;
  // Coq's lists have the top of the stack first.
  std::reverse(state.stack.begin(), state.stack.end());
  std::reverse(second->state.stack.begin(), second->state.stack.end());
  const bool fits = choose_words(gates, condition, state.stack, second->state.stack) &&
                    choose_words(gates, condition, state.locals, second->state.locals) &&
                    choose_words(gates, condition, state.globals, second->state.globals);
  if (!fits) return {std::nullopt, false};
  std::reverse(state.stack.begin(), state.stack.end());
  state.writes = choose_writes(gates, condition, std::move(state.writes), second->state.writes);
  first->guard.resize(common);
  return {restrict_path(std::move(first), guard)};
}

}  // namespace isotrace::proofs
