#include <isotrace/executor/bounds/interpolation.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/reference/taps.hpp>

namespace isotrace::executor {
namespace {

constexpr double upward = 1 + 0x1p-40;

}  // namespace

bool is_power_of_two(double x) {
  int exponent = 0;
  return std::frexp(x, &exponent) == 0.5;
}

double Kernel::weight(double d) const {
  return linear_ ? std::fmax(1 - std::fabs(d), 0.0) : reference::cubic_weight(d, a_);
}

// Cubic: c'(d) = 3 (a + 2) d^2 - 2 (a + 3) d up to 1, a (3 d^2 - 10 d + 8) from there on. The
// latter is |a| at most; the former is a parabola through 0, with a at 1 and its vertex between or
// not.
double Kernel::slope() const {
  if (linear_) return 1;
  const double vertex = std::fabs((a_ + 3) * (a_ + 3) / (3 * (a_ + 2)));
  const double bound = std::isfinite(vertex) ? vertex : 2 * std::fabs(a_ + 3);
  return std::max({std::fabs(a_), bound, 1.0}) * upward;
}

// Horner's roundings on numbers of up to 8 |a| and |a| + 3.
double Kernel::evaluation() const {
  return (linear_ ? 4 : 64 * (std::fabs(a_) + 1)) * position_roundoff;
}

WideTaps Kernel::taps(Place place, double scale, const Element& element) const {
  const double radius = (linear_ ? 1.0 : 2.0) / scale + place.error + 0x1p-20;
  const double relative = 8 * position_roundoff * (linear_ ? 1.0 : 2.0);  // of (j - x) times scale
  const double error = slope() * (place.error * scale + (scale < 1 ? relative : 0.0));
  WideTaps taps;
  const auto last = static_cast<std::int64_t>(std::floor(place.x + radius));
  for (auto j = static_cast<std::int64_t>(std::ceil(place.x - radius)); j <= last; ++j) {
    const auto position = element(j);
    if (!position) continue;
    const double w = weight((static_cast<double>(j) - place.x) * scale);
    // A position that is exact gives weights that are rounded, and those beside it none.
    const bool touched = w != 0 || error != 0;
    taps.push_back({*position, w, touched ? (error + evaluation()) * upward : 0.0});
  }
  return taps;
}

std::optional<WideTaps> normalised(WideTaps taps) {
  double total = 0;
  double off = 0;
  for (const WideTap& tap : taps) {
    total += tap.weight;
    off += tap.error;
  }
  const double n = static_cast<double>(taps.size());
  off += gamma(n + 2, position_roundoff) * (std::fabs(total) + off);
  const double least = std::fabs(total) - off;
  if (!(least > 0)) return std::nullopt;
  for (WideTap& tap : taps) {
    tap.weight /= total;
    const double carried = (tap.error + std::fabs(tap.weight) * off) / least;
    tap.error = (carried + 4 * position_roundoff * (std::fabs(tap.weight) + carried)) * upward;
  }
  return taps;
}

namespace {

/// `product` and `reach`: of the weights so far, and of the same with their errors.
void add_taps(TapSum& sum, std::span<const WideTaps> axes, std::span<const std::int64_t> strides,
              std::span<const double> values, std::int64_t offset, double product, double reach) {
  if (axes.empty()) {
    const double v = values[static_cast<std::size_t>(offset)];
    const double size = std::fabs(v);
    sum.value += product * v;
    sum.magnitude += std::fabs(product) * size;
    sum.reach += reach * size;
    sum.terms += 1;
    sum.greatest_error = std::max(sum.greatest_error, (reach - std::fabs(product)) * size);
    return;
  }
  for (const WideTap& tap : axes[0]) {
    if (tap.position < 0 || (tap.weight == 0 && tap.error == 0)) continue;
    add_taps(sum, axes.subspan(1), strides.subspan(1), values, offset + tap.position * strides[0],
             product * tap.weight, reach * (std::fabs(tap.weight) + tap.error));
  }
}

void add_candidates(Range& range, std::span<const Candidates> axes,
                    std::span<const std::int64_t> strides, std::span<const double> values,
                    std::int64_t offset) {
  if (axes.empty()) {
    const double v = values[static_cast<std::size_t>(offset)];
    range.special = range.special || !std::isfinite(v);
    range.least = std::min(range.least, v);
    range.greatest = std::max(range.greatest, v);
    return;
  }
  for (const std::int64_t position : axes[0]) {
    if (position < 0) {
      range.least = std::min(range.least, 0.0);
      range.greatest = std::max(range.greatest, 0.0);
    } else {
      add_candidates(range, axes.subspan(1), strides.subspan(1), values,
                     offset + position * strides[0]);
    }
  }
}

}  // namespace

TapSum sum_wide_taps(std::span<const WideTaps> axes, std::span<const std::int64_t> strides,
                     std::span<const double> values) {
  TapSum sum;
  add_taps(sum, axes, strides, values, 0, 1, 1);
  return sum;
}

Band tap_band(const Arithmetic& a, const TapSum& sum, std::size_t axes) {
  if (!std::isfinite(sum.reach)) return unknown_band();
  Band band = a.sum(sum.value, sum.reach, sum.terms, static_cast<double>(axes) + 1);
  band.error += (sum.reach - sum.magnitude + 64 * binary64_roundoff * sum.reach) * upward;
  return band;
}

Range candidate_range(std::span<const Candidates> axes, std::span<const std::int64_t> strides,
                      std::span<const double> values) {
  Range range;
  add_candidates(range, axes, strides, values, 0);
  return range;
}

}  // namespace isotrace::executor
