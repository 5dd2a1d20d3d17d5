#include <isotrace/smt/sorted_values.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::smt::sorted {
namespace {

using core::Integer;
using core::Rational;

constexpr unsigned number_bits_max = 1U << 20U;

bits::Value bits_of(const Value& value) { return std::get<bits::Value>(value); }
const Rational& number_of(const Value& value) { return std::get<Rational>(value); }
Value truth(bool value) { return bits::Value{value ? 1U : 0U}; }

/// The number that a vector stands for.
Integer integer_of(bits::Value value, unsigned width, bool is_signed) {
  Integer number(static_cast<std::uint64_t>(value >> 64U));
  number = (number << 64U) + static_cast<std::uint64_t>(value);
  const bool negative = is_signed && (value >> (width - 1) & 1U) != 0;
  return negative ? Integer(number - (Integer(1) << width)) : number;
}

Value compute_bits(const Node& node, std::span<const Sort> sorts, std::span<const Value> operands) {
  std::array<bits::Value, 3> values{};
  for (std::size_t i = 0; i < operands.size(); ++i) values[i] = bits_of(operands[i]);
  return bits::compute(node.bits, values, sorts.back().width, node.low, node.sort.width);
}

Value compute_number(const Node& node, std::span<const Value> operands) {
  const Rational& a = number_of(operands[0]);
  switch (node.operation) {
    case Operation::sum: {
      Rational total = 0;
      for (const Value& operand : operands) total += number_of(operand);
      return total;
    }
    case Operation::product: return Rational(a * number_of(operands[1]));
    case Operation::at_most: return truth(a <= number_of(operands[1]));
    case Operation::below: return truth(a < number_of(operands[1]));
    default: return a;  // to_real
  }
}

/// 0 where it does not fit.
bits::Value to_vector(const ExactFloat& a, const Node& node) {
  if (!a.is_finite()) return 0;
  const Integer whole = round_to_integer(a.value(), node.rounding);
  const bool is_signed = node.operation == Operation::fp_to_signed;
  const unsigned width = node.sort.width;
  const Integer size = Integer(1) << (is_signed ? width - 1 : width);
  if (whole >= size || whole < (is_signed ? Integer(-size) : Integer(0))) return 0;
  const Integer wrapped = whole < 0 ? Integer(whole + (Integer(1) << width)) : whole;
  return static_cast<std::uint64_t>(wrapped);
}

Value from_vector(const Node& node, unsigned width, bits::Value value) {
  const FloatFormat format = float_format(node.sort.width);
  if (node.operation == Operation::fp_from_bits) {
    return bits::Value{ExactFloat(format, static_cast<std::uint64_t>(value)).bits()};
  }
  const bool is_signed = node.operation == Operation::fp_from_signed;
  return bits::Value{
      ExactFloat::rounded(format, Rational(integer_of(value, width, is_signed))).bits()};
}

bool compare(Operation operation, const ExactFloat& a, const ExactFloat& b) {
  const auto order = ExactFloat::compare(a, b);
  if (!order) return false;
  if (operation == Operation::fp_eq) return *order == 0;
  return operation == Operation::fp_lt ? *order < 0 : *order <= 0;
}

/// A NaN is left out.
ExactFloat least_or_greatest(Operation operation, const ExactFloat& a, const ExactFloat& b) {
  if (a.is_nan()) return b;
  if (b.is_nan()) return a;
  const bool a_first = *ExactFloat::compare(a, b) <= 0;
  return a_first == (operation == Operation::fp_min) ? a : b;
}

Value compute_float(const Node& node, const std::vector<ExactFloat>& x) {
  const auto bits = [](const ExactFloat& value) -> Value { return bits::Value{value.bits()}; };
  switch (node.operation) {
    case Operation::fp_abs: return bits(x[0].abs());
    case Operation::fp_neg: return bits(x[0].negated());
    case Operation::fp_add: return bits(x[0] + x[1]);
    case Operation::fp_sub: return bits(x[0] + x[1].negated());
    case Operation::fp_mul: return bits(x[0] * x[1]);
    case Operation::fp_div: return bits(x[0] / x[1]);
    case Operation::fp_sqrt: return bits(x[0].sqrt());
    case Operation::fp_fma: return bits(ExactFloat::fma(x[0], x[1], x[2]));
    case Operation::fp_rem: return bits(ExactFloat::remainder(x[0], x[1]));
    case Operation::fp_to_integral: return bits(x[0].to_integral(node.rounding));
    case Operation::fp_min:
    case Operation::fp_max: return bits(least_or_greatest(node.operation, x[0], x[1]));
    case Operation::fp_leq:
    case Operation::fp_lt:
    case Operation::fp_eq: return truth(compare(node.operation, x[0], x[1]));
    case Operation::fp_is_nan: return truth(x[0].is_nan());
    case Operation::fp_is_infinite: return truth(x[0].is_infinite());
    case Operation::fp_is_zero: return truth(x[0].is_zero());
    case Operation::fp_is_negative: return truth(x[0].is_negative() && !x[0].is_nan());
    case Operation::fp_from_float: return bits(x[0].converted(float_format(node.sort.width)));
    default: return Value(to_vector(x[0], node));
  }
}

/// Values by term index; memories have none, they are read through what they are made of.
class Evaluation {
 public:
  Evaluation(const Pool& pool, const Model& model)
      : pool_(pool), model_(model), values_(pool.size()) {}

  core::Result<Value> run(Term root) {
    for (const Term term : pool_.post_order(root)) {
      if (pool_.sort(term) == memory_sort) continue;
      ISOTRACE_TRY(values_[term.index], value_of(term));
    }
    return values_[root.index];
  }

 private:
  core::Result<Value> value_of(Term term) const {
    const Node& node = pool_.node(term);
    if (node.operation == Operation::constant) return pool_.constant_value(term);
    if (node.operation == Operation::variable) return variable_value(term);
    const auto operands = pool_.operands(term);
    if (node.operation == Operation::ite) return at(operands[is_true(operands[0]) ? 1 : 2]);
    if (node.bits == bits::Operation::select) {
      return Value(read(operands[0], static_cast<std::uint32_t>(bits_of(at(operands[1])))));
    }
    std::vector<Sort> sorts;
    std::vector<Value> values;
    for (const Term operand : operands) {
      sorts.push_back(pool_.sort(operand));
      values.push_back(at(operand));
    }
    Value value = compute(node, sorts, values);
    const auto* number = std::get_if<Rational>(&value);
    if (number != nullptr && *number != 0) {
      const auto size = msb(abs(numerator(*number))) + msb(denominator(*number));
      if (size > number_bits_max) {
        return core::refuse(core::RefusalCode::limit_exceeded, "number", std::to_string(size));
      }
    }
    return value;
  }

  [[nodiscard]] core::Result<Value> variable_value(Term term) const {
    const Sort sort = pool_.sort(term);
    const std::string& name = pool_.variable_name(term);
    if (is_number(sort)) {
      const auto known = model_.numbers.find(name);
      if (known == model_.numbers.end()) return Value(Rational(0));
      if (sort == integer_sort && denominator(known->second) != 1) {
        return core::refuse(core::RefusalCode::solver_failed, name, "an integer with a fraction");
      }
      return Value(known->second);
    }
    const auto known = model_.scalars.find(name);
    const bits::Value value = known == model_.scalars.end() ? 0 : known->second;
    if (sort == boolean_sort) return Value(bits::Value{value & 1U});
    if (sort.kind == Sort::Kind::vector) return Value(bits::Value{value & bits::mask(sort.width)});
    const ExactFloat number(float_format(sort.width), static_cast<std::uint64_t>(value));
    return Value(bits::Value{number.bits()});
  }

  /// Walks from the last store back to the byte.
  [[nodiscard]] bits::Value read(Term memory, std::uint32_t address) const {
    for (;;) {
      const Node& node = pool_.node(memory);
      const auto operands = pool_.operands(memory);
      if (node.operation == Operation::variable) {
        const auto known = model_.memories.find(pool_.variable_name(memory));
        return known == model_.memories.end() ? 0 : known->second.at(address);
      }
      if (node.operation == Operation::ite) {
        memory = operands[is_true(operands[0]) ? 1 : 2];
      } else if (node.bits == bits::Operation::array_constant) {
        return bits_of(at(operands[0]));
      } else if (bits_of(at(operands[1])) == address) {
        return bits_of(at(operands[2]));
      } else {
        memory = operands[0];
      }
    }
  }

  [[nodiscard]] const Value& at(Term term) const { return values_[term.index]; }
  [[nodiscard]] bool is_true(Term term) const { return bits_of(at(term)) != 0; }

  const Pool& pool_;
  const Model& model_;
  std::vector<Value> values_;
};

}  // namespace

Value compute(const Node& node, std::span<const Sort> sorts, std::span<const Value> operands) {
  if (node.operation == Operation::equal) return truth(operands[0] == operands[1]);
  if (node.operation == Operation::over_bits) return compute_bits(node, sorts, operands);
  if (is_number(sorts[0])) return compute_number(node, operands);
  if (!is_float(sorts[0])) return from_vector(node, sorts[0].width, bits_of(operands[0]));
  std::vector<ExactFloat> floats;
  for (const Value& operand : operands) {
    floats.emplace_back(float_format(sorts[0].width), static_cast<std::uint64_t>(bits_of(operand)));
  }
  return compute_float(node, floats);
}

core::Result<Value> evaluate(const Pool& pool, Term term, const Model& model) {
  ISOTRACE_TRY_DONE(pool.check());
  ISOTRACE_CHECK(pool.sort(term) != memory_sort, term.index);
  return Evaluation(pool, model).run(term);
}

core::Result<bool> holds(const Pool& pool, Term term, const Model& model) {
  ISOTRACE_TRY(const Value value, evaluate(pool, term, model));
  ISOTRACE_CHECK(pool.sort(term) == boolean_sort, term.index);
  return bits_of(value) != 0;
}

}  // namespace isotrace::smt::sorted
