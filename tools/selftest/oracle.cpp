#include <isotrace/tools/selftest/oracle.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <string_view>

#include <isotrace/core/convert.hpp>
#include <isotrace/tools/selftest/oracle_loops.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint32_t infinity_bits = 0x7F800000;
constexpr std::uint32_t magnitude_mask = 0x7FFFFFFF;
constexpr std::uint32_t first_table_angle = 0x41000000;     // 8
constexpr std::uint32_t last_monotonic_angle = 0x3FC00000;  // 1.5 < pi/2
constexpr std::uint32_t single_run = 16;  // as many arguments go to MPFR one by one
constexpr double agreement = 0x1p-52;
/// Near the extremes between the nodes, and both ends.
constexpr double control_points[] = {1.0, -1.0, 0.25, -0.625, 0.875};

float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

AngleFunction angle_function(std::string_view name) {
  if (name == "sin") return AngleFunction::sine;
  return name == "cos" ? AngleFunction::cosine : AngleFunction::tangent;
}

/// Interpolates values at `middle + t half` minus the value in the middle.
Interpolant interpolate(MpfrFunction& mpfr, double middle, double half) {
  Interpolant result{mpfr.value(middle), {}};
  double table[interpolation_nodes];
  for (int i = 0; i < interpolation_nodes; ++i) {
    const auto value = mpfr.value(middle + nodes[i] * half);
    table[i] = ((value.hi - result.middle.hi) + (value.lo - result.middle.lo)) / nodes[i];
  }
  for (int level = 0; level < interpolation_nodes; ++level) {  // divided differences
    result.differences[level] = table[level];
    for (int i = level + 1; i < interpolation_nodes; ++i) {
      table[i] = (table[i] - table[level]) / (nodes[i] - nodes[level]);
    }
  }
  return result;
}

/// Whether the interpolant is good enough at the control points: the value there is not far from
/// that in the middle, and the difference agrees with MPFR.
bool agrees(MpfrFunction& mpfr, const Interpolant& interpolant, double middle, double half) {
  for (const double t : control_points) {
    const auto value = mpfr.value(middle + t * half);
    const double change = (value.hi - interpolant.middle.hi) + (value.lo - interpolant.middle.lo);
    const double limit = std::fabs(interpolant.middle.hi) / 3;
    // NaN and infinities fail here.
    if (!(std::fabs(change) <= limit)) return false;
    const double error = std::fabs(interpolant.correction(t) - change);
    if (!(error <= agreement * std::fabs(value.hi))) return false;
  }
  return true;
}

}  // namespace

Oracle::Oracle(const OracleFunction& function)
    : function_(function), mpfr_(function), expected_(visit_max), other_(visit_max) {}

void Oracle::sweep(std::uint32_t first, const Visitor& visit) {
  visit_ = &visit;
  const std::uint32_t magnitude = first & magnitude_mask;
  if (magnitude == infinity_bits) {  // one infinity, and NaNs
    const float nan = core::canonical(std::numeric_limits<float>::quiet_NaN());
    std::fill(expected_.begin(), expected_.end(), nan);
    expected_[0] = mpfr_.rounded(float_of(first));
    emit(first, visit_max);
    expected_[0] = nan;
    for (std::uint32_t at = visit_max; at < sweep_size; at += visit_max)
      emit(first + at, visit_max);
  } else if (function_.is_angle && magnitude >= first_table_angle) {
    sweep_angles(first);
  } else {
    sweep_range(first, sweep_size);
  }
}

/// Hands over what stands in expected_.
void Oracle::emit(std::uint32_t first, std::uint32_t count) {
  (*visit_)(first, std::span(expected_).first(count));
}

/// Both ends of a run on which the function is monotonic, or NaN throughout: every domain is an
/// interval that a half-line of one sign enters or leaves once.
bool Oracle::is_constant(std::uint32_t first, std::uint32_t count, float& value) {
  const std::uint32_t last = first + count - 1;
  if (function_.is_angle && (last & magnitude_mask) > last_monotonic_angle) return false;
  value = mpfr_.rounded(float_of(first));
  return std::bit_cast<std::uint32_t>(value) ==
         std::bit_cast<std::uint32_t>(mpfr_.rounded(float_of(last)));
}

void Oracle::sweep_range(std::uint32_t first, std::uint32_t count) {
  float value = 0;
  if (is_constant(first, count, value)) {
    std::fill(expected_.begin(), expected_.end(), value);
    for (std::uint32_t at = 0; at < count; at += visit_max) {
      emit(first + at, std::min<std::uint32_t>(count - at, visit_max));
    }
  } else if (count <= single_run) {
    for (std::uint32_t i = 0; i < count; ++i) expected_[i] = mpfr_.rounded(float_of(first + i));
    emit(first, count);
  } else if (!sweep_polynomial(first, count)) {
    sweep_range(first, count / 2);
    sweep_range(first + count / 2, count / 2);
  }
}

bool Oracle::sweep_polynomial(std::uint32_t first, std::uint32_t count) {
  if (count > polynomial_size_) return false;
  const double start = static_cast<double>(float_of(first));
  const double unit = static_cast<double>(float_of(first + 1)) - start;
  const double half = unit * (count / 2);
  const Interpolant interpolant = interpolate(mpfr_, start + half, half);
  if (!agrees(mpfr_, interpolant, start + half, half)) {
    polynomial_size_ = std::max(count / 2, 2 * single_run);
    return false;
  }
  polynomial_size_ = std::min(2 * count, sweep_size / 2);
  const double step = 2.0 / count;
  for (std::uint32_t at = 0; at < count; at += visit_max) {
    const std::uint32_t size = std::min<std::uint32_t>(count - at, visit_max);
    if (!round_interpolant(interpolant, -1 + step * at, step, size, other_.data(),
                           expected_.data())) {
      for (std::uint32_t i = 0; i < size; ++i) {
        if (!(expected_[i] == other_[i])) expected_[i] = mpfr_.rounded(float_of(first + at + i));
      }
    }
    emit(first + at, size);
  }
  return true;
}

void Oracle::sweep_angles(std::uint32_t first) {
  constexpr auto size = static_cast<std::uint32_t>(AngleTable::size);
  const double unit =
      static_cast<double>(float_of(first + 1)) - static_cast<double>(float_of(first));
  const auto table = std::make_unique<AngleTable>();
  for (std::size_t i = 0; i < size; ++i) {
    const auto sine = mpfr_.sine(unit * static_cast<double>(i));
    const auto cosine = mpfr_.cosine(unit * static_cast<double>(i));
    table->sine[i] = sine.hi;
    table->sine_rest[i] = sine.lo;
    table->cosine[i] = cosine.hi;
    table->cosine_rest[i] = cosine.lo;
  }
  const AngleFunction kind = angle_function(function_.name);
  for (std::uint32_t at = 0; at < sweep_size; at += size) {
    const auto start = static_cast<double>(float_of(first + at));
    const AnglePair pair = {mpfr_.sine(start), mpfr_.cosine(start)};
    if (!round_angles(kind, pair, *table, other_.data(), expected_.data())) {
      for (std::uint32_t i = 0; i < size; ++i) {
        if (!(expected_[i] == other_[i])) expected_[i] = mpfr_.rounded(float_of(first + at + i));
      }
    }
    emit(first + at, size);
  }
}

}  // namespace isotrace::tools
