// Running error analysis in one floating-point format (internal to the bounds): numbers are bands,
// and every operation widens its result by what one rounding of that format can do. The bands are
// computed in binary64; what binary64 rounds away is added each time (docs/bounds.md, "Slack").
#pragma once

#include <isotrace/executor/bounds/bounds.hpp>

namespace isotrace::executor {

/// n u / (1 - n u), the error of n roundings in a row (Higham, "Accuracy and Stability of Numerical
/// Algorithms", lemma 3.1); infinite from n u = 1 on.
double gamma(double n, double u);

/// Unit roundoff of binary64, in which bands are computed.
inline constexpr double binary64_roundoff = 0x1p-53;

class Arithmetic {
 public:
  /// `format` is a floating-point element type.
  Arithmetic(core::Dtype format, const BoundOptions& options);

  /// Unit roundoff of the format, and of the sums: below 32 bits engines add in binary32.
  [[nodiscard]] double roundoff() const { return roundoff_; }
  [[nodiscard]] double sum_roundoff() const { return sum_roundoff_; }
  /// What underflow takes from a product, quotient or conversion at most.
  [[nodiscard]] double underflow() const { return underflow_; }
  /// What underflow takes from a sum, or from an operand: nothing unless subnormals are flushed.
  [[nodiscard]] double flush() const { return flush_; }
  [[nodiscard]] double least_normal() const { return least_normal_; }
  [[nodiscard]] double library_ulps() const { return library_ulps_; }
  /// What an elementary function may be off relatively.
  [[nodiscard]] double library() const { return 2 * library_ulps_ * roundoff_; }

  /// An operand as it stands.
  [[nodiscard]] Band load(double value) const;
  /// The operations, each with one rounding.
  [[nodiscard]] Band add(Band a, Band b) const;
  [[nodiscard]] Band subtract(Band a, Band b) const { return add(a, {-b.middle, b.error}); }
  [[nodiscard]] Band multiply(Band a, Band b) const;
  [[nodiscard]] Band divide(Band a, Band b) const;
  /// Of a number that is known not to be negative: the part of the band below zero is cut.
  [[nodiscard]] Band sqrt(Band a) const;
  /// e^a and ln(a) by a library function.
  [[nodiscard]] Band exp(Band a) const;
  [[nodiscard]] Band log(Band a) const;
  /// One more rounding.
  [[nodiscard]] Band round(Band a) const;
  /// A sum of `terms` numbers in any order: its value and the sum of their magnitudes, both
  /// computed in binary64 with as many roundings. `each` roundings make a term.
  [[nodiscard]] Band sum(double value, double magnitude, double terms, double each = 0) const;
  /// The part of the band within [low, high].
  [[nodiscard]] Band clamp(Band a, double low, double high) const;

  /// Whether all of the band lies within the format's range.
  [[nodiscard]] bool is_finite(Band a) const;

 private:
  /// `middle` with an exact error and what its roundings, in both formats, add.
  [[nodiscard]] Band rounded(double middle, double error, double absolute) const;

  double roundoff_;
  double sum_roundoff_;
  double underflow_;
  double flush_;
  double least_normal_;
  double greatest_;
  double sum_greatest_;
  double library_ulps_;
};

/// Nothing is known.
Band unknown_band();

}  // namespace isotrace::executor
