#include <isotrace/bits/choices.hpp>

#include <algorithm>

namespace isotrace::bits {

Choices::Options Choices::options_of(const Word& word) const {
  const auto known = known_.find(word);
  return known != known_.end() ? known->second : Options{{word, wire_true}};
}

void Choices::note(Gates& gates, const std::vector<Word>& operands, const Word& word) {
  constexpr std::size_t notes_max = std::size_t{1} << 14;
  if (word.size() < 4 || known_.size() >= notes_max || known_.contains(word)) return;
  if (word == operands[1] || word == operands[2]) return;
  Options made;
  for (const std::size_t i : {1U, 2U}) {
    const Wire side = i == 1 ? operands[0][0] : invert(operands[0][0]);
    for (const auto& [from, when] : options_of(operands[i])) {
      const Wire chosen = gates.conjunction(side, when);
      const auto [place, added] = made.try_emplace(from, chosen);
      if (!added) place->second = gates.disjunction(place->second, chosen);
    }
  }
  if (made.size() <= options_max) known_.emplace(word, std::move(made));
}

/// Compares a word with all others that are compared, in both directions, of which not both are
/// true; of any three it is demanded that from x <= y and y <= z follows x <= z.
bool Choices::join(Gates& gates, Operation operation, const Word& word) {
  std::vector<Word>& members = members_[{operation, word.size()}];
  Pairs& less = less_[operation];
  if (std::ranges::find(members, word) != members.end()) return true;
  if (members.size() >= options_max) return false;
  const auto compare = [&](const Word& a, const Word& b) {
    return less[{a, b}] = operation_gates(gates, operation, {a, b}, 0, 1)[0];
  };
  for (const Word& other : members) {
    gates.demand({invert(compare(word, other)), invert(compare(other, word))});
  }
  const auto demand_order = [&](const Word& x, const Word& y, const Word& z) {
    gates.demand({less.at({y, x}), less.at({z, y}), invert(less.at({z, x}))});
  };
  for (std::size_t i = 0; i < members.size() * members.size(); ++i) {
    const Word& x = members[i / members.size()];
    const Word& y = members[i % members.size()];
    if (x == y) continue;
    demand_order(x, y, word);
    demand_order(x, word, y);
    demand_order(word, x, y);
  }
  members.push_back(word);
  return true;
}

std::optional<Wire> Choices::compare(Gates& gates, Operation operation,
                                     const std::vector<Word>& operands) {
  const bool equality = operation == Operation::equal;
  if (!equality && operation != Operation::bvult && operation != Operation::bvslt) return {};
  if (!known_.contains(operands[0]) && !known_.contains(operands[1])) return {};
  const Options of_b = options_of(operands[1]);
  Wire result = wire_false;
  for (const auto& [x, x_chosen] : options_of(operands[0])) {
    for (const auto& [y, y_chosen] : of_b) {
      if (x == y) continue;
      Operation order = operation;
      if (equality && !less_[order = Operation::bvult].contains({x, y})) order = Operation::bvslt;
      if (equality ? !less_[order].contains({x, y})
                   : !join(gates, order, x) || !join(gates, order, y)) {
        return {};
      }
      const Wire below = less_[order].at({x, y});
      const Wire above = !equality ? wire_false : less_[order].at({y, x});
      const Wire both = gates.conjunction(x_chosen, y_chosen);
      const Wire found = gates.conjunction(both, gates.disjunction(below, above));
      result = gates.disjunction(result, found);
    }
  }
  return equality ? invert(result) : result;
}

}  // namespace isotrace::bits
