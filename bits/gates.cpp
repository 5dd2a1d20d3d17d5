#include <isotrace/bits/gates.hpp>

#include <algorithm>
#include <iterator>

#include <isotrace/bits/blast.hpp>

namespace isotrace::bits {

namespace {
constexpr std::size_t sum_size_max = 64;                     ///< larger ones are parts themselves
constexpr std::size_t sum_parts_max = std::size_t{1} << 22;  ///< of all sums together
}  // namespace

Gates::Gates(std::size_t clauses_max, bool sums)
    : clauses_max_(std::min(clauses_max, core::limits::cnf_clauses_max)),
      table_(1U << 12),
      with_sums_(sums) {
  gates_.push_back({Gate::Kind::input, wire_true, wire_true});  // the constant
}

std::size_t Gates::slot_of(const Gate& gate) const {
  std::uint64_t hash = (std::uint64_t{gate.a} << 32 | gate.b) * 0x9E3779B97F4A7C15ULL;
  hash = (hash ^ hash >> 31 ^ static_cast<std::uint64_t>(gate.kind)) * 0xBF58476D1CE4E5B9ULL;
  const std::size_t last = table_.size() - 1;
  std::size_t slot = (hash >> 20) & last;
  while (table_[slot] != 0 && !(gates_[table_[slot]] == gate)) slot = (slot + 1) & last;
  return slot;
}

void Gates::grow_table() {
  table_.assign(table_.size() * 2, 0);
  for (std::uint32_t node = 1; node < gates_.size(); ++node) {
    if (gates_[node].kind != Gate::Kind::input) table_[slot_of(gates_[node])] = node;
  }
}

Wire Gates::make(Gate gate) {
  if (full_) return wire_false;
  // Inputs are all different; gates are looked up.
  std::size_t slot = 0;
  if (gate.kind != Gate::Kind::input) {
    slot = slot_of(gate);
    if (table_[slot] != 0) return table_[slot] * 2;
  }
  if (gates_.size() > clauses_max_) {
    full_ = true;
    return wire_false;
  }
  const auto node = static_cast<std::uint32_t>(gates_.size());
  gates_.push_back(gate);
  if (gate.kind != Gate::Kind::input) table_[slot] = node;
  if (gates_.size() * 2 > table_.size()) grow_table();
  return node * 2;
}

Wire Gates::input() { return make({Gate::Kind::input, 0, 0}); }

Wire Gates::conjunction(Wire a, Wire b) {
  if (a > b) std::swap(a, b);
  if (a == wire_true || a == b) return b;
  if (a == wire_false || a == invert(b)) return wire_false;
  return make({Gate::Kind::conjunction, a, b});
}

Wire Gates::exclusive(Wire a, Wire b) {
  // Negated inputs negate the output.
  const Wire negated = (a ^ b) & 1;
  a &= ~1U;
  b &= ~1U;
  if (a > b) std::swap(a, b);
  if (a == b) return wire_false ^ negated;
  if (a == wire_true) return invert(b) ^ negated;
  const Wire made = make({Gate::Kind::exclusive, a, b});
  return (with_sums_ && !full_ ? first_of_sum(made) : made) ^ negated;
}

Gates::Sum Gates::sum_of(Wire wire) const {
  const auto known = sums_.find(wire / 2);
  return known != sums_.end() ? known->second : Sum{wire / 2};
}

/// The wire that stands for all exclusive-ors of what this one is made of. That they are equal is
/// demanded, being true, since a solver would have to add them up.
Wire Gates::first_of_sum(Wire made) {
  const std::uint32_t node = made / 2;
  if (const auto known = same_sum_.find(node); known != same_sum_.end()) return known->second;
  const Sum a = sum_of(gates_[node].a);
  const Sum b = sum_of(gates_[node].b);
  Sum sum;
  std::ranges::set_symmetric_difference(a, b, std::back_inserter(sum));
  sum_parts_ += sum.size();
  if (sum.empty() || sum.size() > sum_size_max || sum_parts_ > sum_parts_max) return made;
  const std::uint32_t first =
      sum.size() == 1 ? sum[0] : first_of_sum_.try_emplace(sum, node).first->second;
  if (first == node) {
    sums_.emplace(node, std::move(sum));
  } else {
    demand({made, invert(2 * first)});
    demand({invert(made), 2 * first});
  }
  same_sum_.emplace(node, 2 * first);
  return 2 * first;
}

Wire Gates::choose(Wire condition, Wire then, Wire otherwise) {
  if (then == otherwise) return then;
  if (then == invert(otherwise)) return exclusive(condition, otherwise);
  // In this order everywhere: numbers of gates are part of what a proof means.
  const Wire second = conjunction(invert(condition), otherwise);
  const Wire first = conjunction(condition, then);
  return disjunction(first, second);
}

void Gates::demand(std::initializer_list<Wire> clause) {
  if (full_) return;
  if (std::find(clause.begin(), clause.end(), wire_true) != clause.end()) return;
  if (++demand_count_ > clauses_max_) full_ = true;
  for (const Wire wire : clause) {
    if (wire != wire_false) demands_.push_back(wire);
  }
  demands_.push_back(wire_true);
}

/// The nodes that demands and kept wires rest on. Inputs of a gate come before it.
std::vector<bool> Gates::find_cone() const {
  std::vector<bool> cone(gates_.size());
  for (const Wire wire : demands_) cone[wire / 2] = true;
  for (const Wire wire : kept_) cone[wire / 2] = true;
  for (std::size_t node = gates_.size() - 1; node > 0; --node) {
    if (!cone[node] || gates_[node].kind == Gate::Kind::input) continue;
    cone[gates_[node].a / 2] = true;
    cone[gates_[node].b / 2] = true;
  }
  cone[0] = false;
  return cone;
}

std::int32_t Gates::literal(Wire wire) const {
  const std::int32_t variable = wire / 2 == 0 ? literal_true : variables_[wire / 2];
  return (wire & 1) != 0 ? -variable : variable;
}

void Gates::add_gate(Cnf& cnf, std::uint32_t node) const {
  const std::int32_t out = variables_[node];
  const std::int32_t a = literal(gates_[node].a);
  const std::int32_t b = literal(gates_[node].b);
  if (gates_[node].kind == Gate::Kind::conjunction) {
    cnf.add({-out, a});
    cnf.add({-out, b});
    cnf.add({out, -a, -b});
  } else if (gates_[node].kind == Gate::Kind::exclusive) {
    cnf.add({-out, a, b});
    cnf.add({-out, -a, -b});
    cnf.add({out, -a, b});
    cnf.add({out, a, -b});
  }
}

core::Result<Cnf> Gates::formula() {
  const auto too_large = [this] {
    return core::refuse(core::RefusalCode::limit_exceeded, "clauses",
                        "more than " + std::to_string(clauses_max_));
  };
  if (full_) return too_large();
  const std::vector<bool> cone = find_cone();
  variables_.assign(gates_.size(), 0);
  Cnf cnf;
  for (std::uint32_t node = 1; node < gates_.size(); ++node) {
    if (!cone[node]) continue;
    variables_[node] = static_cast<std::int32_t>(++cnf.variables);
    add_gate(cnf, node);
    if (cnf.size() > clauses_max_) return too_large();
  }
  std::vector<std::int32_t> literals;
  for (const Wire wire : demands_) {
    if (wire != wire_true) {
      literals.push_back(literal(wire));
      continue;
    }
    cnf.add(literals);
    literals.clear();
  }
  if (cnf.size() > clauses_max_) return too_large();
  return cnf;
}

}  // namespace isotrace::bits
