// Making terms: sorts are checked, constants folded, and the rules applied that are stated before
// each function as "before -> after". Capitals are any terms, k constants.
#include <isotrace/bits/term.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::bits {

namespace {
constexpr unsigned lift_depth_max = 64;
}

bool TermPool::is_constant(Term a, Value value) const {
  const auto known = constant_value(a);
  return known.has_value() && *known == value;
}

/// The constant, if every operand is one.
std::optional<Term> TermPool::fold(Operation operation, Sort sort,
                                   std::initializer_list<Term> operands, unsigned low) {
  std::array<Value, 3> values{};
  unsigned operand_width = 0;
  std::size_t i = 0;
  for (const Term operand : operands) {
    const auto value = constant_value(operand);
    if (!value) return std::nullopt;
    values[i++] = *value;
    operand_width = width(operand);
  }
  return constant_of(compute(operation, values, operand_width, low, sort.width), sort);
}

void TermPool::check_vectors(Term a, Term b) const {
  ISOTRACE_CHECK(sort(a).kind == Sort::Kind::vector && sort(a) == sort(b), width(a), width(b));
}

void TermPool::check_booleans(Term a, Term b) const {
  ISOTRACE_CHECK(sort(a) == boolean_sort && sort(b) == boolean_sort, a.index, b.index);
}

// ---- Booleans

// not not A -> A
Term TermPool::bool_not(Term a) {
  if (full_) return {};
  check_booleans(a, a);
  if (operation(a) == Operation::constant) return boolean(is_false(a));
  if (operation(a) == Operation::bool_not) return operand(a, 0);
  return make(Operation::bool_not, boolean_sort, a);
}

bool TermPool::are_opposite(Term a, Term b) const {
  return (operation(a) == Operation::bool_not && operand(a, 0) == b) ||
         (operation(b) == Operation::bool_not && operand(b, 0) == a);
}

// A and A -> A, A and true -> A, A and false -> false, A and not A -> false
Term TermPool::bool_and(Term a, Term b) {
  if (full_) return {};
  check_booleans(a, b);
  if (is_false(a) || is_false(b) || are_opposite(a, b)) return boolean(false);
  if (is_true(a) || a == b) return b;
  if (is_true(b)) return a;
  return make(Operation::bool_and, boolean_sort, a, b);
}

// A or A -> A, A or false -> A, A or true -> true, A or not A -> true
Term TermPool::bool_or(Term a, Term b) {
  if (full_) return {};
  check_booleans(a, b);
  if (is_true(a) || is_true(b) || are_opposite(a, b)) return boolean(true);
  if (is_false(a) || a == b) return b;
  if (is_false(b)) return a;
  return make(Operation::bool_or, boolean_sort, a, b);
}

// A xor A -> false, A xor false -> A, A xor true -> not A
Term TermPool::bool_xor(Term a, Term b) {
  if (full_) return {};
  check_booleans(a, b);
  if (a == b) return boolean(false);
  if (operation(a) == Operation::constant) return is_true(a) ? bool_not(b) : b;
  if (operation(b) == Operation::constant) return is_true(b) ? bool_not(a) : a;
  return make(Operation::bool_xor, boolean_sort, a, b);
}

/// What A = k is if A is a choice between constants or a widened vector.
std::optional<Term> TermPool::equal_constant(Term a, Value k) {
  if (operation(a) == Operation::zero_extend) {
    const Term narrow = operand(a, 0);
    if (k > mask(width(narrow))) return boolean(false);
    return equal(narrow, constant(k, width(narrow)));
  }
  if (operation(a) != Operation::ite) return std::nullopt;
  const auto then = constant_value(operand(a, 1));
  const auto otherwise = constant_value(operand(a, 2));
  if (!then || !otherwise) return std::nullopt;
  const Term condition = operand(a, 0);
  if (*then == k) return *otherwise == k ? boolean(true) : condition;
  return *otherwise == k ? bool_not(condition) : boolean(false);
}

// A = A -> true; Booleans: A = true -> A, A = false -> not A
// (if C then k1 else k2) = k -> true, C, not C or false
// zero_extend A = k -> A = k or false
Term TermPool::equal(Term a, Term b) {
  if (full_) return {};
  ISOTRACE_CHECK(sort(a) == sort(b) && sort(a) != memory_sort, a.index, b.index);
  if (a == b) return boolean(true);
  if (const auto folded = fold(Operation::equal, boolean_sort, {a, b})) return *folded;
  if (operation(a) == Operation::constant) std::swap(a, b);
  if (operation(b) == Operation::constant) {
    if (sort(b) == boolean_sort) return is_true(b) ? a : bool_not(a);
    if (const auto simpler = equal_constant(a, *constant_value(b))) return *simpler;
  }
  return make(Operation::equal, boolean_sort, a, b);
}

// true: the first, false: the second; equal ones: either; not C: the other way round;
// a choice by the same C inside: what it chooses;
// (C, A + k, A) -> A + (C, k, 0), (C, A, A + k) -> A + (C, 0, k);
// Booleans: (C, true, B) -> C or B, (C, false, B) -> not C and B,
//           (C, A, true) -> not C or A, (C, A, false) -> C and A
Term TermPool::ite(Term condition, Term then, Term otherwise) {
  if (full_) return {};
  check_booleans(condition, condition);
  ISOTRACE_CHECK(sort(then) == sort(otherwise), then.index, otherwise.index);
  if (is_true(condition)) return then;
  if (is_false(condition)) return otherwise;
  if (operation(condition) == Operation::bool_not) {
    return ite(operand(condition, 0), otherwise, then);
  }
  if (operation(then) == Operation::ite && operand(then, 0) == condition) then = operand(then, 1);
  if (operation(otherwise) == Operation::ite && operand(otherwise, 0) == condition) {
    otherwise = operand(otherwise, 2);
  }
  if (then == otherwise) return then;
  if (sort(then) == boolean_sort) {
    if (is_true(then)) return bool_or(condition, otherwise);
    if (is_false(then)) return bool_and(bool_not(condition), otherwise);
    if (is_true(otherwise)) return bool_or(bool_not(condition), then);
    if (is_false(otherwise)) return bool_and(condition, then);
  }
  for (const bool first : {true, false}) {
    const Term sum = first ? then : otherwise;
    const Term rest = first ? otherwise : then;
    if (operation(sum) != Operation::bvadd || operand(sum, 0) != rest) continue;
    const Term k = operand(sum, 1);
    if (operation(k) != Operation::constant) continue;
    const Term none = constant(0, width(k));
    return bvadd(rest, first ? ite(condition, k, none) : ite(condition, none, k));
  }
  return make(Operation::ite, sort(then), condition, then, otherwise);
}

// ---- vectors

Term TermPool::vector_operation(Operation operation, Term a, Term b) {
  if (const auto folded = fold(operation, sort(a), {a, b})) return *folded;
  return make(operation, sort(a), a, b);
}

Term TermPool::comparison(Operation operation, Term a, Term b) {
  if (const auto folded = fold(operation, boolean_sort, {a, b})) return *folded;
  return make(operation, boolean_sort, a, b);
}

// not not A -> A
Term TermPool::bvnot(Term a) {
  if (full_) return {};
  check_vectors(a, a);
  if (const auto folded = fold(Operation::bvnot, sort(a), {a})) return *folded;
  if (operation(a) == Operation::bvnot) return operand(a, 0);
  return make(Operation::bvnot, sort(a), a);
}

// - - A -> A
Term TermPool::bvneg(Term a) {
  if (full_) return {};
  check_vectors(a, a);
  if (const auto folded = fold(Operation::bvneg, sort(a), {a})) return *folded;
  if (operation(a) == Operation::bvneg) return operand(a, 0);
  return make(Operation::bvneg, sort(a), a);
}

// A and A -> A, A and 0 -> 0, A and ones -> A, (A and k1) and k2 -> A and (k1 and k2),
// (C, k1, k2) and k -> (C, k1 and k, k2 and k): what compilers make of each condition without -O
Term TermPool::bvand(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (operation(a) == Operation::constant) std::swap(a, b);
  if (a == b || is_constant(b, mask(width(a)))) return a;
  if (is_constant(b, 0)) return b;
  if (const auto k = constant_value(b)) {
    const auto part = [&](unsigned i) { return constant_value(operand(a, i)).value_or(0) & *k; };
    const auto known = [&](unsigned i) { return constant_value(operand(a, i)).has_value(); };
    if (operation(a) == Operation::bvand && known(1)) {
      return bvand(operand(a, 0), constant(part(1), width(a)));
    }
    if (operation(a) == Operation::ite && known(1) && known(2)) {
      return ite(operand(a, 0), constant(part(1), width(a)), constant(part(2), width(a)));
    }
  }
  return vector_operation(Operation::bvand, a, b);
}

// A or A -> A, A or 0 -> A, A or ones -> ones
Term TermPool::bvor(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (operation(a) == Operation::constant) std::swap(a, b);
  if (a == b || is_constant(b, 0)) return a;
  if (is_constant(b, mask(width(a)))) return b;
  return vector_operation(Operation::bvor, a, b);
}

// A xor A -> 0, A xor 0 -> A
Term TermPool::bvxor(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (operation(a) == Operation::constant) std::swap(a, b);
  if (a == b) return constant(0, width(a));
  if (is_constant(b, 0)) return a;
  return vector_operation(Operation::bvxor, a, b);
}

// A + 0 -> A, k + A -> A + k, (A + k1) + k2 -> A + (k1 + k2)
Term TermPool::bvadd(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (operation(a) == Operation::constant) std::swap(a, b);
  const auto k2 = constant_value(b);
  if (k2 && *k2 == 0) return a;
  if (k2 && operation(a) == Operation::bvadd) {
    if (const auto k1 = constant_value(operand(a, 1))) {
      return bvadd(operand(a, 0), constant(*k1 + *k2, width(a)));
    }
  }
  return vector_operation(Operation::bvadd, a, b);
}

// A - A -> 0, A - k -> A + (-k)
Term TermPool::bvsub(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (a == b) return constant(0, width(a));
  if (const auto k = constant_value(b)) return bvadd(a, constant(0 - *k, width(a)));
  return vector_operation(Operation::bvsub, a, b);
}

// A * 0 -> 0, A * 1 -> A, k * A -> A * k
Term TermPool::bvmul(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (operation(a) == Operation::constant) std::swap(a, b);
  if (is_constant(b, 0)) return b;
  if (is_constant(b, 1)) return a;
  return vector_operation(Operation::bvmul, a, b);
}

// A / 1 -> A
Term TermPool::bvudiv(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (is_constant(b, 1)) return a;
  return vector_operation(Operation::bvudiv, a, b);
}

// A % 1 -> 0
Term TermPool::bvurem(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (is_constant(b, 1)) return constant(0, width(a));
  return vector_operation(Operation::bvurem, a, b);
}

Term TermPool::bvsdiv(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  return vector_operation(Operation::bvsdiv, a, b);
}

Term TermPool::bvsrem(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  return vector_operation(Operation::bvsrem, a, b);
}

// A shifted by 0 -> A
Term TermPool::shift(Operation operation, Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (is_constant(b, 0)) return a;
  return vector_operation(operation, a, b);
}

Term TermPool::bvshl(Term a, Term b) { return shift(Operation::bvshl, a, b); }
Term TermPool::bvlshr(Term a, Term b) { return shift(Operation::bvlshr, a, b); }
Term TermPool::bvashr(Term a, Term b) { return shift(Operation::bvashr, a, b); }

// A < A -> false, A < 0 -> false
Term TermPool::bvult(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (a == b || is_constant(b, 0)) return boolean(false);
  return comparison(Operation::bvult, a, b);
}

// A <= A -> true, 0 <= A -> true
Term TermPool::bvule(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  if (a == b || is_constant(a, 0)) return boolean(true);
  return comparison(Operation::bvule, a, b);
}

// A < A -> false
Term TermPool::bvslt(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  return a == b ? boolean(false) : comparison(Operation::bvslt, a, b);
}

// A <= A -> true
Term TermPool::bvsle(Term a, Term b) {
  if (full_) return {};
  check_vectors(a, b);
  return a == b ? boolean(true) : comparison(Operation::bvsle, a, b);
}

// ---- other widths

// A[h..m+1] with A[m..l] below -> A[h..l]
// (C, A, B) with (C, D, E) below -> (C, A with D below, B with E below), within `lift_depth_max`
Term TermPool::concat(Term high, Term low) {
  if (full_) return {};
  check_vectors(high, high);
  check_vectors(low, low);
  const unsigned width_both = width(high) + width(low);
  ISOTRACE_CHECK(width_both <= width_max, width_both);
  if (const auto folded = fold(Operation::concat, vector_sort(width_both), {high, low})) {
    return *folded;
  }
  if (operation(high) == Operation::extract && operation(low) == Operation::extract &&
      operand(high, 0) == operand(low, 0) && low_bit(high) == low_bit(low) + width(low)) {
    return extract(operand(low, 0), low_bit(low) + width_both - 1, low_bit(low));
  }
  if (operation(high) == Operation::ite && operation(low) == Operation::ite &&
      operand(high, 0) == operand(low, 0) && lift_depth_ < lift_depth_max) {
    // Each pair once: both branches may be such pairs again.
    const std::uint64_t pair = std::uint64_t{high.index} << 32 | low.index;
    if (const auto known = lifted_.find(pair); known != lifted_.end()) return known->second;
    ++lift_depth_;
    const Term then = concat(operand(high, 1), operand(low, 1));
    const Term otherwise = concat(operand(high, 2), operand(low, 2));
    --lift_depth_;
    return lifted_.emplace(pair, ite(operand(high, 0), then, otherwise)).first->second;
  }
  return make(Operation::concat, vector_sort(width_both), high, low);
}

// all bits of A -> A; bits of bits of A -> bits of A; bits of one part of a concat -> bits of that;
// bits of A in an extended A -> bits of A; bits above A in a zero-extended A -> 0
Term TermPool::extract(Term a, unsigned high, unsigned low) {
  if (full_) return {};
  check_vectors(a, a);
  ISOTRACE_CHECK(low <= high && high < width(a), high, low, width(a));
  const Sort result = vector_sort(high - low + 1);
  if (result == sort(a)) return a;
  if (const auto folded = fold(Operation::extract, result, {a}, low)) return *folded;
  if (operation(a) == Operation::extract) {
    return extract(operand(a, 0), high + low_bit(a), low + low_bit(a));
  }
  if (operation(a) == Operation::concat) {
    const unsigned below = width(operand(a, 1));
    if (high < below) return extract(operand(a, 1), high, low);
    if (low >= below) return extract(operand(a, 0), high - below, low - below);
  }
  if (operation(a) == Operation::zero_extend || operation(a) == Operation::sign_extend) {
    const unsigned narrow = width(operand(a, 0));
    if (high < narrow) return extract(operand(a, 0), high, low);
    if (low >= narrow && operation(a) == Operation::zero_extend) {
      return constant(0, result.width);
    }
  }
  return intern({Operation::extract, result, {a.index, low, 0}});
}

Term TermPool::extend(Operation kind, Term a, unsigned to_width) {
  if (full_) return {};
  check_vectors(a, a);
  ISOTRACE_CHECK(to_width >= width(a) && to_width <= width_max, to_width, width(a));
  const Sort result = vector_sort(to_width);
  if (result == sort(a)) return a;
  if (const auto folded = fold(kind, result, {a})) return *folded;
  if (operation(a) == kind) return extend(kind, operand(a, 0), to_width);
  return make(kind, result, a);
}

// to the same width -> A, extended twice the same way -> extended once
Term TermPool::zero_extend(Term a, unsigned to_width) {
  return extend(Operation::zero_extend, a, to_width);
}
Term TermPool::sign_extend(Term a, unsigned to_width) {
  return extend(Operation::sign_extend, a, to_width);
}

Term TermPool::bit(Term boolean_term) { return ite(boolean_term, constant(1, 1), constant(0, 1)); }

// ---- memories

void TermPool::check_access(Term memory, Term address) const {
  ISOTRACE_CHECK(sort(memory) == memory_sort && sort(address) == vector_sort(address_width),
                 memory.index, width(address));
}

Term TermPool::array_constant(Term byte) {
  if (full_) return {};
  ISOTRACE_CHECK(sort(byte) == vector_sort(byte_width) && constant_value(byte), width(byte));
  return make(Operation::array_constant, memory_sort, byte);
}

// a read of a store at the same address -> the byte; at a different one -> a read of what was
// before; a read of a memory of one byte -> the byte
Term TermPool::select(Term memory, Term address) {
  if (full_) return {};
  check_access(memory, address);
  while (operation(memory) == Operation::store) {
    const Relation relation = compare_addresses(operand(memory, 1), address);
    if (relation == Relation::equal) return operand(memory, 2);
    if (relation == Relation::unknown) break;
    memory = operand(memory, 0);
  }
  if (operation(memory) == Operation::array_constant) return operand(memory, 0);
  return make(Operation::select, vector_sort(byte_width), memory, address);
}

// two stores in a row at the same address -> the second
Term TermPool::store(Term memory, Term address, Term byte) {
  if (full_) return {};
  check_access(memory, address);
  ISOTRACE_CHECK(sort(byte) == vector_sort(byte_width), width(byte));
  if (operation(memory) == Operation::store &&
      compare_addresses(operand(memory, 1), address) == Relation::equal) {
    memory = operand(memory, 0);
  }
  return make(Operation::store, memory_sort, memory, address, byte);
}

// ---- any operation

// Folded, and simplified where that makes terms equal or conditions known; else as it is.
Term TermPool::remake(Term like, const std::array<Term, 3>& operands) {
  if (full_) return {};
  const auto [a, b, c] = operands;
  const unsigned low = operation(like) == Operation::extract ? low_bit(like) : 0;
  switch (operation(like)) {
    case Operation::bool_not: return bool_not(a);
    case Operation::bool_and: return bool_and(a, b);
    case Operation::bool_or: return bool_or(a, b);
    case Operation::bool_xor: return bool_xor(a, b);
    case Operation::equal: return equal(a, b);
    case Operation::ite: return ite(a, b, c);
    case Operation::bvxor: return bvxor(a, b);
    case Operation::extract: return extract(a, low + width(like) - 1, low);
    case Operation::select: return select(a, b);
    case Operation::store: return store(a, b, c);
    default: break;
  }
  const auto folded = operand_count(like) == 1 ? fold(operation(like), sort(like), {a})
                                               : fold(operation(like), sort(like), {a, b});
  return folded ? *folded : make(operation(like), sort(like), a, b);
}

}  // namespace isotrace::bits
