// Linear forms over X_i and Y_j with exact rational coefficients: the terms of VNN-LIB. Trusted
// base. A work budget keeps hostile arithmetic (towers of huge constants) from taking long.
#pragma once

#include <map>

#include <isotrace/core/rational.hpp>

namespace isotrace::proofs {

struct Variable {
  bool is_output = false;
  std::size_t index = 0;
  auto operator<=>(const Variable&) const = default;
};

struct LinearForm {
  std::map<Variable, core::Rational> terms;
  core::Rational constant = 0;

  [[nodiscard]] bool is_constant() const { return terms.empty(); }
};

/// Counts the bits of every number made. Each operation is false when one number is longer than
/// 8,192 bits or all together are longer than 2^28.
class LinearArithmetic {
 public:
  /// target += factor * value; terms that cancel disappear.
  bool add(LinearForm& target, const LinearForm& value, const core::Rational& factor);
  bool scale(LinearForm& target, const core::Rational& factor);
  /// Charges the budget for a number read from the file.
  bool charge(const core::Rational& value);

 private:
  std::size_t bits_used_ = 0;
};

}  // namespace isotrace::proofs
