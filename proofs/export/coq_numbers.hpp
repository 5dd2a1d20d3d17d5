// Numbers and lists as Coq source text (Lean's is like it, but for the separators).
#pragma once

#include <string>

#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

std::string coq_number(const core::Integer& value);
std::string coq_rational(const core::Rational& value);

/// Common denominator of a row's numbers; a constraint's integers are its numerators.
core::Integer denominator_of(const LinearRow& row);

/// The smallest s with value * 2^s an integer for a finite value.
int fraction_bits(double value);
/// The scale of a layer's numbers: all its weights and biases are integers over 2^scale.
int coq_scale(const AffineLayer& layer);
/// value * 2^scale, which must be an integer.
core::Integer coq_scaled(double value, int scale);

template <class Range, class Text>
std::string coq_list(const Range& range, std::string_view separator, Text text) {
  std::string result = "[";
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (i != 0) result += separator;
    result += text(range[i]);
  }
  return result + "]";
}

}  // namespace isotrace::proofs
