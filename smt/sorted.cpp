#include <isotrace/smt/sorted.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::smt::sorted {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
  return hash ^ hash >> 29;
}

}  // namespace

std::string sort_text(Sort sort) {
  const std::string width = std::to_string(sort.width);
  switch (sort.kind) {
    case Sort::Kind::boolean: return "Bool";
    case Sort::Kind::vector: return "(_ BitVec " + width + ")";
    case Sort::Kind::memory: return "(Array (_ BitVec 32) (_ BitVec 8))";
    case Sort::Kind::integer: return "Int";
    case Sort::Kind::real: return "Real";
    case Sort::Kind::floating: break;
  }
  const FloatFormat format = float_format(sort.width);
  return "(_ FloatingPoint " + std::to_string(format.exponent_bits) + " " +
         std::to_string(format.precision) + ")";
}

std::string_view name(Operation operation) {
  constexpr std::string_view names[] = {"constant",
                                        "variable",
                                        "",
                                        "=",
                                        "ite",
                                        "+",
                                        "*",
                                        "<=",
                                        "<",
                                        "to_real",
                                        "fp.abs",
                                        "fp.neg",
                                        "fp.add",
                                        "fp.sub",
                                        "fp.mul",
                                        "fp.div",
                                        "fp.sqrt",
                                        "fp.fma",
                                        "fp.rem",
                                        "fp.roundToIntegral",
                                        "fp.min",
                                        "fp.max",
                                        "fp.leq",
                                        "fp.lt",
                                        "fp.eq",
                                        "fp.isNaN",
                                        "fp.isInfinite",
                                        "fp.isZero",
                                        "fp.isNegative",
                                        "to_fp",
                                        "to_fp",
                                        "to_fp",
                                        "to_fp_unsigned",
                                        "fp.to_sbv",
                                        "fp.to_ubv"};
  return names[static_cast<std::size_t>(operation)];
}

Pool::Pool(std::size_t terms_max)
    : terms_max_(std::clamp<std::size_t>(terms_max, 2, core::limits::smt_terms_max)),
      table_(1U << 10) {
  constant(boolean_sort, bits::Value{0});
  constant(boolean_sort, bits::Value{1});
}

core::Result<core::Done> Pool::check() const {
  if (refusal_) return tl::make_unexpected(*refusal_);
  return core::Done{};
}

Term Pool::refuse(const std::string& what, std::span<const Term> operands) {
  if (refusal_) return {};
  std::string sorts;
  for (const Term operand : operands) {
    sorts += (sorts.empty() ? " of " : ", ") + sort_text(sort(operand));
  }
  refusal_ = core::Refusal{core::RefusalCode::shape_mismatch, "terms", what + sorts};
  return {};
}

// ---- hash-consing

bool Pool::same(const Node& a, std::span<const Term> operands, const Node& b) const {
  return a.operation == b.operation && a.bits == b.bits && a.rounding == b.rounding &&
         a.sort == b.sort && a.low == b.low && operands.size() == b.count &&
         std::equal(operands.begin(), operands.end(), operands_.begin() + b.first);
}

std::size_t Pool::slot_of(const Node& node, std::span<const Term> operands) const {
  const auto byte = [](auto value) { return static_cast<std::uint64_t>(value); };
  std::uint64_t hash =
      mix(byte(node.operation) | byte(node.bits) << 8U | byte(node.rounding) << 16U |
              byte(node.sort.kind) << 24U | byte(node.sort.width) << 32U,
          node.low);
  for (const Term operand : operands) hash = mix(hash, operand.index);
  const std::size_t last = table_.size() - 1;
  std::size_t slot = hash & last;
  while (table_[slot] != 0 && !same(node, operands, nodes_[table_[slot] - 1])) {
    slot = (slot + 1) & last;
  }
  return slot;
}

Term Pool::intern(Node node, std::span<const Term> operands) {
  if (refusal_) return {};
  const std::size_t slot = slot_of(node, operands);
  if (table_[slot] != 0) return {table_[slot] - 1};
  if (nodes_.size() >= terms_max_) {
    refusal_ = core::Refusal{core::RefusalCode::limit_exceeded, "terms",
                             "more than " + std::to_string(nodes_.size())};
    return {};
  }
  node.first = static_cast<std::uint32_t>(operands_.size());
  node.count = static_cast<std::uint32_t>(operands.size());
  operands_.insert(operands_.end(), operands.begin(), operands.end());
  nodes_.push_back(node);
  table_[slot] = static_cast<std::uint32_t>(nodes_.size());
  if (nodes_.size() * 2 > table_.size()) {
    table_.assign(table_.size() * 2, 0);
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      table_[slot_of(nodes_[i], this->operands({i}))] = i + 1;
    }
  }
  return {static_cast<std::uint32_t>(nodes_.size() - 1)};
}

Term Pool::constant(Sort sort, const Value& value) {
  const auto [place, is_new] =
      value_numbers_.emplace(value, static_cast<std::uint32_t>(values_.size()));
  if (is_new) values_.push_back(value);
  Node node{.operation = Operation::constant, .sort = sort};
  node.low = place->second;
  return intern(node, {});
}

// ---- leaves

Term Pool::vector(bits::Value value, unsigned width) {
  ISOTRACE_CHECK(width >= 1 && width <= bits::width_max, width);
  return constant(vector_sort(width), value & bits::mask(width));
}

Term Pool::integer(const core::Integer& value) {
  return constant(integer_sort, core::Rational(value));
}

Term Pool::real(const core::Rational& value) { return constant(real_sort, value); }

Term Pool::floating(const ExactFloat& value) {
  return constant(float_sort(value.format().width()), bits::Value{value.bits()});
}

Term Pool::variable(std::string_view name, Sort sort) {
  const auto known = variables_.find(name);
  if (known != variables_.end()) {
    if (this->sort(known->second) == sort) return known->second;
    return refuse(std::string(name) + " is a variable of two sorts", {});
  }
  names_.emplace_back(name);
  Node node{.operation = Operation::variable, .sort = sort};
  node.low = static_cast<std::uint32_t>(names_.size() - 1);
  const Term made = intern(node, {});
  variables_.emplace(name, made);
  return made;
}

// ---- looking at terms

std::vector<Term> Pool::post_order(Term root) const {
  std::vector<Term> order;
  std::vector<bool> seen(nodes_.size());
  struct Visit {
    Term term;
    std::size_t next;  // operand to look at
  };
  std::vector<Visit> stack;
  const auto enter = [&](Term term) {
    if (seen[term.index]) return;
    seen[term.index] = true;
    stack.push_back({term, 0});
  };
  enter(root);
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.next < operands(top.term).size()) {
      enter(operands(top.term)[top.next++]);
    } else {
      order.push_back(top.term);
      stack.pop_back();
    }
  }
  return order;
}

}  // namespace isotrace::smt::sorted
