#include <isotrace/tools/selftest/oracle_loops.hpp>

namespace isotrace::tools {
namespace {

using reference::DoubleDouble;

constexpr double error_max = 0x1p-49;  // relative, of every value here

inline int round_ends(double value, float& low, float& high) {
  low = static_cast<float>(std::fma(value, -error_max, value));
  high = static_cast<float>(std::fma(value, error_max, value));
  return low == high ? 0 : 1;
}

/// a b + c d; its error is below 2^-100 of |a b| + |c d|, and no sine or cosine of a binary32
/// number is below 2^-40.
inline double sum_of_products(DoubleDouble a, double b, double b_rest, DoubleDouble c, double d,
                              double d_rest) {
  const double first = a.hi * b;
  const double second = c.hi * d;
  const double sum = first + second;
  const double part = sum - first;
  double rest = (first - (sum - part)) + (second - part);
  rest += std::fma(a.hi, b, -first) + std::fma(c.hi, d, -second);
  rest += std::fma(a.hi, b_rest, a.lo * b) + std::fma(c.hi, d_rest, c.lo * d);
  return sum + rest;
}

template <AngleFunction function>
bool round_all(const AnglePair& first, const AngleTable& inside, float* low, float* high) {
  const DoubleDouble sine = first.sine;
  const DoubleDouble cosine = first.cosine;
  const DoubleDouble minus_sine = {-sine.hi, -sine.lo};
  int doubts = 0;
  for (std::size_t i = 0; i < AngleTable::size; ++i) {
    const double s = sum_of_products(sine, inside.cosine[i], inside.cosine_rest[i], cosine,
                                     inside.sine[i], inside.sine_rest[i]);
    const double c = sum_of_products(cosine, inside.cosine[i], inside.cosine_rest[i], minus_sine,
                                     inside.sine[i], inside.sine_rest[i]);
    double value = s;
    if constexpr (function == AngleFunction::cosine) value = c;
    if constexpr (function == AngleFunction::tangent) value = s / c;
    doubts += round_ends(value, low[i], high[i]);
  }
  return doubts == 0;
}

}  // namespace

bool round_interpolant(const Interpolant& interpolant, double start, double step, std::size_t count,
                       float* low, float* high) {
  int doubts = 0;
  const DoubleDouble middle = interpolant.middle;
  for (std::size_t i = 0; i < count; ++i) {
    const double t = start + step * static_cast<double>(static_cast<int>(i));  // exact
    doubts += round_ends(middle.hi + (middle.lo + interpolant.correction(t)), low[i], high[i]);
  }
  return doubts == 0;
}

bool round_angles(AngleFunction function, const AnglePair& first, const AngleTable& inside,
                  float* low, float* high) {
  switch (function) {
    case AngleFunction::sine: return round_all<AngleFunction::sine>(first, inside, low, high);
    case AngleFunction::cosine: return round_all<AngleFunction::cosine>(first, inside, low, high);
    default: return round_all<AngleFunction::tangent>(first, inside, low, high);
  }
}

}  // namespace isotrace::tools
