// Interpolation where other engines compute positions in binary32 (internal to the bounds): every
// weight is a continuous function of a position that is known but for a small error, so it has an
// error, too, and so have the weights of elements that would be reached from a position beside.
#pragma once

#include <cmath>
#include <functional>
#include <limits>

#include <isotrace/executor/bounds/families.hpp>

namespace isotrace::executor {

/// Positions are computed with this unit roundoff or a smaller one, whatever the elements are.
inline constexpr double position_roundoff = 0x1p-24;
/// Whether binary32 has the number.
inline bool is_single(double x) { return static_cast<double>(static_cast<float>(x)) == x; }
bool is_power_of_two(double x);
/// Where a position may be off by more than this, nothing is known.
inline constexpr double position_error_max = 4;

/// A position on an axis, and by how much engines' may differ from it.
struct Place {
  double x = 0;
  double error = 0;
  [[nodiscard]] bool is_known() const {
    return std::isfinite(x) && error <= position_error_max && std::fabs(x) < 0x1p40;
  }
};

/// An element along one axis, its weight there and the weight's error. Position -1: a zero.
struct WideTap {
  std::int64_t position;
  double weight;
  double error;
};
using WideTaps = std::vector<WideTap>;

/// The element that stands for a whole position; nothing where it is dropped.
using Element = std::function<std::optional<std::int64_t>(std::int64_t)>;

/// Linear, or cubic with a coefficient.
class Kernel {
 public:
  static Kernel linear() { return {true, 0}; }
  static Kernel cubic(double coefficient) { return {false, coefficient}; }

  /// The taps of every position within the place's error; the kernel is stretched by 1 / `scale`.
  [[nodiscard]] WideTaps taps(Place place, double scale, const Element& element) const;

 private:
  Kernel(bool linear, double a) : linear_(linear), a_(a) {}
  [[nodiscard]] double weight(double d) const;
  /// The greatest slope, and what evaluating a weight in binary32 may be off.
  [[nodiscard]] double slope() const;
  [[nodiscard]] double evaluation() const;

  bool linear_;
  double a_;
};

/// Weights divided by their sum; nothing where that may be zero.
std::optional<WideTaps> normalised(WideTaps taps);

/// A sum over taps of several axes: its value, the sum of magnitudes, and the same with all weights
/// as large as they may be.
struct TapSum {
  double value = 0;
  double magnitude = 0;
  double reach = 0;
  double terms = 0;
  double greatest_error = 0;  ///< of a product of weights, times its element
};
TapSum sum_wide_taps(std::span<const WideTaps> axes, std::span<const std::int64_t> strides,
                     std::span<const double> values);

/// The band of such a sum in any order, each term made with a rounding per axis and one more.
Band tap_band(const Arithmetic& a, const TapSum& sum, std::size_t axes);

/// The least and the greatest element that the candidates of all axes can select; position -1 is 0.
struct Range {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  bool special = false;  ///< not all are finite
};
using Candidates = std::vector<std::int64_t>;
Range candidate_range(std::span<const Candidates> axes, std::span<const std::int64_t> strides,
                      std::span<const double> values);

}  // namespace isotrace::executor
