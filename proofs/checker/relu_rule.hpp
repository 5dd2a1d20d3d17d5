// The one rule for ReLU. Trusted base. For l <= z <= u, any m and ANY n:
//     m * relu(z) >= n * z + T,   T = min of m * relu(z) - n * z over z in {l, u, 0 if l < 0 < u},
// because the difference is piecewise linear with its one break at 0. So n may come from any
// heuristic, hint or rounding; only T must be a true lower bound.
#pragma once

#include <cstdint>
#include <vector>

#include "bounds.hpp"

namespace isotrace::proofs {

/// How n is chosen from m, and the points where T is taken. Stable elements: n = m (l >= 0) or
/// n = 0 (u <= 0), whose T is 0; clipping `low` and `high` at 0 makes the general formula
///     T = min(0, -n * low, (m - n) * high)
/// give exactly that. All padded with zeros.
struct ReluRelaxation {
  std::vector<double> slope_positive;  ///< n = m * slope for m >= 0
  std::vector<double> slope_negative;  ///< n = m * slope for m < 0
  std::vector<double> low;             ///< min(l, 0)
  std::vector<double> high;            ///< max(u, 0)
};

inline bool is_unstable(const Bounds& bounds, std::size_t i) {
  return bounds.lower[i] < 0 && bounds.upper[i] > 0;
}

/// Of the first `active` elements, those that are unstable.
std::size_t count_unstable(const Bounds& bounds, std::size_t active);

/// The relaxation for given pre-activation bounds: for m < 0 the chord, for m >= 0 the side with
/// the smaller area, or slopes k/255 where `hints` is not null (one per element; those of stable
/// elements are not used). Elements from `active` to `size` are handed on: n = m.
ReluRelaxation relax_relu(const Bounds& bounds, std::size_t active, std::size_t size,
                          const std::uint8_t* hints);

}  // namespace isotrace::proofs
