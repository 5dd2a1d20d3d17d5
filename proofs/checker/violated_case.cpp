// Exact membership of concrete binary32 values in the unsafe region. Trusted base.
#include <algorithm>
#include <cmath>

#include <isotrace/core/check.hpp>
#include <isotrace/proofs/checker/property.hpp>

namespace isotrace::proofs {
namespace {

using core::Rational;

bool lies_in_range(const InputRange& range, float value) {
  if (!std::isfinite(value)) return false;  // the bounds are finite
  const Rational exact = core::exact_rational(static_cast<double>(value));
  return (range.lower_strict ? exact > range.lower : exact >= range.lower) &&
         (range.upper_strict ? exact < range.upper : exact <= range.upper);
}

bool satisfies(const LinearRow& row, std::span<const float> inputs,
               std::span<const float> outputs) {
  Rational sum = 0;
  for (const Term& term : row.input_terms) {
    sum += term.coefficient * core::exact_rational(static_cast<double>(inputs[term.index]));
  }
  bool to_plus = false;   // some term is +infinity
  bool to_minus = false;  // some term is -infinity
  for (const Term& term : row.terms) {
    const float value = outputs[term.index];
    if (std::isnan(value)) return row.negated;
    if (std::isinf(value)) {
      ((value > 0) == (term.coefficient > 0) ? to_plus : to_minus) = true;
    } else {
      sum += term.coefficient * core::exact_rational(static_cast<double>(value));
    }
  }
  if (to_plus) return to_minus && row.negated;  // +infinity, or no sum at all
  if (to_minus) return true;
  return row.strict ? sum < row.bound : sum <= row.bound;
}

}  // namespace

bool lies_in_case(const Case& unsafe, std::span<const float> inputs,
                  std::span<const float> outputs) {
  ISOTRACE_CHECK(inputs.size() == unsafe.box.size(), inputs.size(), unsafe.box.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!lies_in_range(unsafe.box[i], inputs[i])) return false;
  }
  return std::all_of(unsafe.rows.begin(), unsafe.rows.end(),
                     [&](const LinearRow& row) { return satisfies(row, inputs, outputs); });
}

std::optional<std::size_t> find_violated_case(const Property& property,
                                              std::span<const float> inputs,
                                              std::span<const float> outputs) {
  ISOTRACE_CHECK(inputs.size() == property.inputs && outputs.size() == property.outputs,
                 inputs.size(), outputs.size());
  for (std::size_t i = 0; i < property.cases.size(); ++i) {
    if (lies_in_case(property.cases[i], inputs, outputs)) return i;
  }
  return std::nullopt;
}

}  // namespace isotrace::proofs
