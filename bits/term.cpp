#include <isotrace/bits/term.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::bits {
namespace {

bool is_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '$' || c == '!';
  };
  return !name.empty() && name.size() <= core::limits::name_bytes_max &&
         (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), allowed);
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
  return hash ^ hash >> 29;
}

}  // namespace

TermPool::TermPool(std::size_t terms_max)
    : terms_max_(std::clamp<std::size_t>(terms_max, 2, core::limits::smt_terms_max)),
      table_(1U << 10) {
  constant_of(0, boolean_sort);
  constant_of(1, boolean_sort);
}

core::Result<core::Done> TermPool::check() const {
  if (!full_) return core::Done{};
  return core::refuse(core::RefusalCode::limit_exceeded, "terms",
                      "more than " + std::to_string(nodes_.size()));
}

// ---- hash-consing

std::size_t TermPool::slot_of(const Node& node) const {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(node.operation),
                           static_cast<std::uint64_t>(node.sort.kind) << 8 | node.sort.width);
  for (const std::uint32_t operand : node.operands) hash = mix(hash, operand);
  const std::size_t last = table_.size() - 1;
  std::size_t slot = hash & last;
  while (table_[slot] != 0 && !(nodes_[table_[slot] - 1] == node)) slot = (slot + 1) & last;
  return slot;
}

void TermPool::grow_table() {
  table_.assign(table_.size() * 2, 0);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) table_[slot_of(nodes_[i])] = i + 1;
}

Term TermPool::intern(const Node& node) {
  if (full_) return {};
  const std::size_t slot = slot_of(node);
  if (table_[slot] != 0) return {table_[slot] - 1};
  const bool is_time_to_ask = nodes_.size() % (std::size_t{1} << 16) == 0;
  if (nodes_.size() >= terms_max_ || (is_time_to_ask && stop_ && stop_())) {
    full_ = true;
    return {};
  }
  nodes_.push_back(node);
  table_[slot] = static_cast<std::uint32_t>(nodes_.size());
  if (nodes_.size() * 2 > table_.size()) grow_table();
  return {static_cast<std::uint32_t>(nodes_.size() - 1)};
}

Term TermPool::make(Operation operation, Sort sort, Term a, Term b, Term c) {
  return intern({operation, sort, {a.index, b.index, c.index}});
}

Term TermPool::constant_of(Value value, Sort sort) {
  const auto [place, is_new] =
      constant_numbers_.emplace(value, static_cast<std::uint32_t>(values_.size()));
  if (is_new) values_.push_back(value);
  return intern({Operation::constant, sort, {place->second, 0, 0}});
}

// ---- leaves

Term TermPool::boolean(bool value) { return {value ? 1U : 0U}; }

Term TermPool::constant(Value value, unsigned width) {
  if (full_) return {};
  ISOTRACE_CHECK(width >= 1 && width <= width_max, width);
  return constant_of(value & mask(width), vector_sort(width));
}

Term TermPool::variable(std::string_view name, Sort sort) {
  if (full_) return {};
  ISOTRACE_CHECK(is_name(name), name);
  const auto known = variables_.find(name);
  if (known != variables_.end()) {
    ISOTRACE_CHECK(nodes_[known->second].sort == sort, name);
    return {known->second};
  }
  names_.emplace_back(name);
  const auto number = static_cast<std::uint32_t>(names_.size() - 1);
  const Term made = intern({Operation::variable, sort, {number, 0, 0}});
  if (!full_) variables_.emplace(name, made.index);
  return made;
}

// ---- looking at terms

unsigned TermPool::operand_count(Term a) const {
  switch (operation(a)) {
    case Operation::constant:
    case Operation::variable: return 0;
    case Operation::bool_not:
    case Operation::bvnot:
    case Operation::bvneg:
    case Operation::extract:
    case Operation::zero_extend:
    case Operation::sign_extend:
    case Operation::array_constant: return 1;
    case Operation::ite:
    case Operation::store: return 3;
    default: return 2;
  }
}

std::optional<Value> TermPool::constant_value(Term a) const {
  if (operation(a) != Operation::constant) return std::nullopt;
  return values_[nodes_[a.index].operands[0]];
}

const std::string& TermPool::variable_name(Term a) const {
  ISOTRACE_CHECK(operation(a) == Operation::variable, a.index);
  return names_[nodes_[a.index].operands[0]];
}

Relation TermPool::compare_addresses(Term a, Term b) const {
  if (a == b) return Relation::equal;
  // Base and offset; a constant is an offset from nothing (no term has this index).
  const auto split = [this](Term address) -> std::pair<std::uint32_t, Value> {
    constexpr std::uint32_t nothing = ~0U;
    if (const auto value = constant_value(address)) return {nothing, *value};
    if (operation(address) == Operation::bvadd) {
      if (const auto offset = constant_value(operand(address, 1))) {
        return {operand(address, 0).index, *offset};
      }
    }
    return {address.index, 0};
  };
  const auto [base_a, offset_a] = split(a);
  const auto [base_b, offset_b] = split(b);
  if (base_a != base_b) return Relation::unknown;
  return offset_a == offset_b ? Relation::equal : Relation::different;
}

std::vector<Term> TermPool::post_order(const std::vector<Term>& roots) const {
  std::vector<Term> order;
  std::vector<bool> seen(nodes_.size());
  struct Visit {
    Term term;
    unsigned next;  // operand to look at
  };
  std::vector<Visit> stack;
  const auto enter = [&](Term term) {
    if (seen[term.index]) return;
    seen[term.index] = true;
    stack.push_back({term, 0});
  };
  for (const Term root : roots) {
    enter(root);
    while (!stack.empty()) {
      Visit& top = stack.back();
      if (top.next < operand_count(top.term)) {
        enter(operand(top.term, top.next++));
      } else {
        order.push_back(top.term);
        stack.pop_back();
      }
    }
  }
  return order;
}

}  // namespace isotrace::bits
