// Interpolation in any number of axes: along each axis a few taps with weights, and the sum over
// them nested, the last axis innermost (docs/spec/vision.md, "taps").
#pragma once

#include <span>
#include <vector>

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

/// An element along one axis and its weight. A tap outside (position below 0) counts nothing.
struct Tap {
  std::int64_t position;
  double weight;
};

/// The taps of one axis in ascending order.
using AxisTaps = std::vector<Tap>;

/// c(d) of the cubic convolution with coefficient a, for |d| < 2, else 0.
inline double cubic_weight(double d, double a) {
  d = std::fabs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

/// t = w v for the first tap, t = fma(w, v, t) for the others; taps that lie outside or weigh
/// nothing are left out, and none at all gives +0. The weights are rounded to Number first.
/// values(offset) reads the element at an offset, from `offset` with the axes' strides.
template <class Number, class Values>
Number sum_taps(std::span<const AxisTaps> axes, std::span<const std::int64_t> strides,
                std::int64_t offset, const Values& values) {
  if (axes.empty()) return values(offset);
  Number t = 0;
  bool first = true;
  for (const Tap& tap : axes[0]) {
    if (tap.position < 0 || tap.weight == 0) continue;
    const auto weight = static_cast<Number>(tap.weight);
    const Number v = sum_taps<Number>(axes.subspan(1), strides.subspan(1),
                                      offset + tap.position * strides[0], values);
    t = first ? weight * v : std::fma(weight, v, t);
    first = false;
  }
  return t;
}

/// The type that interpolation computes in: integers in f64.
template <class T>
using Interpolated = std::conditional_t<std::is_integral_v<T>, double, Wide<T>>;

/// Exact, but for 64-bit integers, which round.
template <class T>
Interpolated<T> interpolation_value(T value) {
  return static_cast<Interpolated<T>>(widen(value));
}

/// The one rounding at the end; integers truncate and saturate as in Cast.
template <class T>
T store_interpolated(Interpolated<T> value) {
  if constexpr (std::is_integral_v<T>) {
    return core::to_integer<T>(value);
  } else {
    return narrow<T>(value);
  }
}

}  // namespace isotrace::reference
