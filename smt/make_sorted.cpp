// Sorts of what is made, and what SMT-LIB leaves open said in full.
#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/sorted_values.hpp>

namespace isotrace::smt::sorted {
namespace {

bool are_of(const std::vector<Sort>& sorts, std::size_t count, Sort::Kind kind) {
  return sorts.size() == count && sorts[0].kind == kind &&
         std::all_of(sorts.begin(), sorts.end(), [&](Sort sort) { return sort == sorts[0]; });
}

/// Of an operation whose operands say all; nothing if they do not fit.
std::optional<Sort> result_sort(Operation operation, const std::vector<Sort>& sorts) {
  const auto floats = [&](std::size_t count) { return are_of(sorts, count, Sort::Kind::floating); };
  const auto numbers = [&](std::size_t count) {
    return !sorts.empty() && is_number(sorts[0]) && are_of(sorts, count, sorts[0].kind);
  };
  const auto when = [](bool fits, Sort sort) {
    return fits ? std::optional<Sort>(sort) : std::nullopt;
  };
  const Sort first = sorts.empty() ? Sort{} : sorts[0];
  switch (operation) {
    case Operation::equal:
      return when(are_of(sorts, 2, first.kind) && first != memory_sort, boolean_sort);
    case Operation::sum: return when(numbers(sorts.size()), first);
    case Operation::product: return when(numbers(2), first);
    case Operation::at_most:
    case Operation::below: return when(numbers(2), boolean_sort);
    case Operation::to_real: return when(are_of(sorts, 1, Sort::Kind::integer), real_sort);
    case Operation::fp_abs:
    case Operation::fp_neg:
    case Operation::fp_sqrt:
    case Operation::fp_to_integral: return when(floats(1), first);
    case Operation::fp_add:
    case Operation::fp_sub:
    case Operation::fp_mul:
    case Operation::fp_div:
    case Operation::fp_rem:
    case Operation::fp_min:
    case Operation::fp_max: return when(floats(2), first);
    case Operation::fp_fma: return when(floats(3), first);
    case Operation::fp_leq:
    case Operation::fp_lt:
    case Operation::fp_eq: return when(floats(2), boolean_sort);
    case Operation::fp_is_nan:
    case Operation::fp_is_infinite:
    case Operation::fp_is_zero:
    case Operation::fp_is_negative: return when(floats(1), boolean_sort);
    default: return std::nullopt;
  }
}

}  // namespace

Term Pool::fold_or_intern(const Node& node, std::span<const Term> operands) {
  const bool known =
      !operands.empty() && node.sort != memory_sort &&
      std::all_of(operands.begin(), operands.end(), [&](Term term) { return is_constant(term); });
  if (!known || refusal_) return intern(node, operands);
  std::vector<Sort> sorts;
  std::vector<Value> values;
  for (const Term operand : operands) {
    sorts.push_back(sort(operand));
    values.push_back(constant_value(operand));
  }
  return constant(node.sort, compute(node, sorts, values));
}

Term Pool::make(Operation operation, std::vector<Term> operands, Rounding rounding) {
  if (refusal_) return {};
  std::vector<Sort> sorts;
  for (const Term operand : operands) sorts.push_back(sort(operand));
  const auto result = result_sort(operation, sorts);
  if (!result) return refuse(std::string(name(operation)), operands);
  if (operation == Operation::sum && operands.size() == 1) return operands[0];
  if (operation == Operation::equal && operands[0] == operands[1]) return boolean(true);
  return fold_or_intern({.operation = operation, .rounding = rounding, .sort = *result}, operands);
}

Term Pool::ite(Term condition, Term then, Term otherwise) {
  if (refusal_) return {};
  const Term operands[] = {condition, then, otherwise};
  if (sort(condition) != boolean_sort || sort(then) != sort(otherwise)) {
    return refuse("ite", operands);
  }
  if (is_constant(condition)) return condition == boolean(true) ? then : otherwise;
  if (then == otherwise) return then;
  return intern({.operation = Operation::ite, .sort = sort(then)}, operands);
}

Term Pool::over_bits(bits::Operation operation, std::vector<Term> operands, Sort result,
                     std::uint32_t low) {
  if (refusal_) return {};
  using Bits = bits::Operation;
  const bool connects =
      operation == Bits::bool_not || operation == Bits::bool_and || operation == Bits::bool_or;
  for (const Term operand : operands) {
    if (connects && sort(operand) != boolean_sort) {
      return refuse(std::string(bits::name(operation)), operands);
    }
  }
  if (operation == Bits::bool_not && node(operands[0]).bits == Bits::bool_not) {
    return this->operands(operands[0])[0];
  }
  for (std::size_t i = 0; i < 2 && operands.size() == 2; ++i) {
    const Term other = operands[1 - i];
    const bool conjunction = operation == Bits::bool_and;
    if (!connects || !is_constant(operands[i])) continue;
    return (operands[i] == boolean(true)) == conjunction ? other : operands[i];
  }
  Node node{.operation = Operation::over_bits, .bits = operation, .sort = result};
  node.low = low;
  return fold_or_intern(node, operands);
}

// ---- floats

Term Pool::convert(Operation operation, Term a, Sort result, Rounding rounding) {
  const Term operands[] = {a};
  return fold_or_intern({.operation = operation, .rounding = rounding, .sort = result}, operands);
}

Term Pool::fp_from_bits(Term vector) {
  if (refusal_) return {};
  const unsigned width = sort(vector).width;
  const Term operands[] = {vector};
  const bool fits = sort(vector).kind == Sort::Kind::vector && (width == 32 || width == 64);
  if (!fits) return refuse("to_fp", operands);
  return convert(Operation::fp_from_bits, vector, float_sort(width));
}

Term Pool::fp_from_float(Term a, unsigned width) {
  if (refusal_) return {};
  const Term operands[] = {a};
  if (!is_float(sort(a))) return refuse("to_fp", operands);
  if (sort(a).width == width) return a;
  return convert(Operation::fp_from_float, a, float_sort(width));
}

Term Pool::fp_from_integer(Term vector, bool is_signed, unsigned width) {
  if (refusal_) return {};
  const Term operands[] = {vector};
  if (sort(vector).kind != Sort::Kind::vector) return refuse("to_fp", operands);
  return convert(is_signed ? Operation::fp_from_signed : Operation::fp_from_unsigned, vector,
                 float_sort(width));
}

Term Pool::fp_fits(Term a, Rounding rounding, bool is_signed, unsigned width) {
  const Term whole = make(Operation::fp_to_integral, {a}, rounding);
  if (refusal_) return {};
  ISOTRACE_CHECK(width >= 1 && width <= 64, width);
  // Both borders are 0 or powers of two, which every format here has.
  const FloatFormat format = float_format(sort(a).width);
  const core::Integer size = core::Integer(1) << (is_signed ? width - 1 : width);
  const core::Integer least = is_signed ? core::Integer(-size) : core::Integer(0);
  const Term lower = floating(ExactFloat::rounded(format, least));
  const Term above = floating(ExactFloat::rounded(format, size));
  return bool_and(make(Operation::fp_leq, {lower, whole}), make(Operation::fp_lt, {whole, above}));
}

Term Pool::fp_to_integer(Term a, Rounding rounding, bool is_signed, unsigned width) {
  const Term fits = fp_fits(a, rounding, is_signed, width);
  if (refusal_) return {};
  const Term value = convert(is_signed ? Operation::fp_to_signed : Operation::fp_to_unsigned, a,
                             vector_sort(width), rounding);
  return ite(fits, value, vector(0, width));
}

Term Pool::fp_has_bits(Term a, Term vector) {
  const Term read = fp_from_bits(vector);
  const Term is_nan = make(Operation::fp_is_nan, {a});
  if (refusal_) return {};
  const Term canonical = this->vector(float_format(sort(vector).width).nan(), sort(vector).width);
  return ite(is_nan, equal(vector, canonical), equal(read, a));
}

Term Pool::least_or_greatest(Operation operation, Term a, Term b) {
  const Term zero_a = make(Operation::fp_is_zero, {a});
  const Term zero_b = make(Operation::fp_is_zero, {b});
  const Term negative = make(Operation::fp_is_negative, {a});
  const Term plain = make(operation, {a, b});
  const bool least = operation == Operation::fp_min;
  return ite(bool_and(zero_a, zero_b), ite(negative, least ? a : b, least ? b : a), plain);
}

}  // namespace isotrace::smt::sorted
