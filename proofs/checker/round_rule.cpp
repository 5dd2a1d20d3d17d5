#include "round_rule.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {
namespace {

/// Up to here an integer plus or minus 1/2 is a binary64 number.
constexpr double steps_max = 0x1p50;

}  // namespace

double nearest_integer(double value) {
  const double size = std::fabs(value);
  const double below = std::floor(size);
  const double rest = size - below;  // exact: not less than 0 and a multiple of size's last place
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) != 0);
  return std::copysign(up ? below + 1 : below, value);
}

/// With slope >= 0 the difference of step and line is least where a step ends: at k + 1/2 for each
/// but the last, which ends at `high`. From one step to the next it changes by 1 - slope, so of the
/// former the first and the last count.
LineBelow line_below_steps(double low, double high) {
  if (!(std::max(std::fabs(low), std::fabs(high)) < steps_max)) return {1, -0.5};
  const double first = nearest_integer(low);
  const double last = nearest_integer(high);
  if (!(first < last)) return {0, first};
  const double edge = first + 0.5;
  double slope = 1;
  if (last == first + 1) slope = high - edge > edge - low ? 1 / (high - edge) : 0;
  const double at_first = first + -slope * edge;
  const double before_last = last - 1 + -slope * (last - 0.5);
  return {slope, std::min({at_first, before_last, last + -slope * high})};
}

}  // namespace isotrace::proofs
