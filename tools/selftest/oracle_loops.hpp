// The inner loops of the oracle, in a file of their own so that the compiler may use AVX2 for them.
// All give, for consecutive arguments, both ends of the interval in which the value lies, rounded
// to binary32; `true` if they are equal everywhere.
#pragma once

#include <cstddef>

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::tools {

inline constexpr int interpolation_nodes = 6;
/// Beside the middle, in halves of the run's length. Near the Chebyshev nodes, where the greatest
/// error of an interpolant is least.
inline constexpr double nodes[interpolation_nodes] = {31.0 / 32, -31.0 / 32, 7.0 / 16,
                                                      -7.0 / 16, 25.0 / 32,  -25.0 / 32};

/// middle + t (d0 + (t - nodes[0]) (d1 + (t - nodes[1]) (...))), t in [-1, 1).
struct Interpolant {
  reference::DoubleDouble middle;
  double differences[interpolation_nodes];

  [[nodiscard]] double correction(double t) const {
    double sum = differences[interpolation_nodes - 1];
    for (int i = interpolation_nodes - 2; i >= 0; --i) {
      sum = std::fma(sum, t - nodes[i], differences[i]);
    }
    return sum * t;
  }
};

/// Values at t = start, start + step, ...
bool round_interpolant(const Interpolant& interpolant, double start, double step, std::size_t count,
                       float* low, float* high);

/// sin and cos of the arguments inside a run: pairs, stored apart.
struct AngleTable {
  static constexpr std::size_t size = 4096;
  double sine[size], sine_rest[size], cosine[size], cosine_rest[size];
};
struct AnglePair {
  reference::DoubleDouble sine, cosine;
};

enum class AngleFunction : unsigned char { sine, cosine, tangent };

/// f(first + inside[i]) for all i.
bool round_angles(AngleFunction function, const AnglePair& first, const AngleTable& inside,
                  float* low, float* high);

}  // namespace isotrace::tools
