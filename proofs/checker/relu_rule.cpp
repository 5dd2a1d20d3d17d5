#include "relu_rule.hpp"

#include <algorithm>

namespace isotrace::proofs {

std::size_t count_unstable(const Bounds& bounds, std::size_t active) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < active; ++i) count += is_unstable(bounds, i) ? 1 : 0;
  return count;
}

ReluRelaxation relax_relu(const Bounds& bounds, std::size_t active, std::size_t size,
                          const std::uint8_t* hints) {
  const std::vector<double> zeros(padded(size), 0.0);
  ReluRelaxation made{zeros, zeros, zeros, zeros};
  for (std::size_t i = active; i < size; ++i) {
    made.slope_positive[i] = made.slope_negative[i] = 1;
  }
  for (std::size_t i = 0; i < active; ++i) {
    const double l = bounds.lower[i];
    const double u = bounds.upper[i];
    made.low[i] = std::min(l, 0.0);
    made.high[i] = std::max(u, 0.0);
    if (!is_unstable(bounds, i)) {
      // l <= u need not be checked: where no value exists every statement about it holds.
      made.slope_positive[i] = made.slope_negative[i] = l >= 0 ? 1 : 0;
      continue;
    }
    made.slope_negative[i] = u / (u - l);
    made.slope_positive[i] = hints != nullptr ? hints[i] / 255.0 : (u > -l ? 1 : 0);
  }
  return made;
}

}  // namespace isotrace::proofs
