// Exact reduction of any binary32 angle modulo pi/2 (M. Payne, R. Hanek, "Radian reduction for
// trigonometric functions", SIGNUM Newsletter 18(1), 1983).
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// x = (4k + quadrant) pi/2 + r for some integer k, |r| <= pi/4 (1 + 2^-50).
struct ReducedAngle {
  unsigned quadrant;
  DoubleDouble r;
};

/// r to a relative error below 2^-100. For finite x.
ReducedAngle reduce_angle_exactly(float x);

}  // namespace isotrace::reference
