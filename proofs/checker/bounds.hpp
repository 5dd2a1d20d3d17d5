// What is known about the values of every layer while the input lies in a box. Trusted base.
#pragma once

#include <vector>

#include "error_model.hpp"

namespace isotrace::proofs {

/// lower[i] <= value i <= upper[i]; padded to whole lanes with zeros.
struct Bounds {
  std::vector<double> lower;
  std::vector<double> upper;

  Bounds() = default;
  explicit Bounds(std::size_t size) : lower(padded(size), 0.0), upper(padded(size), 0.0) {}
};

/// For the results of one layer. For binary32 levels the values are those that are computed, not
/// those of real arithmetic.
struct LayerBounds {
  Bounds values;
  std::vector<double> error;  ///< affine: |computed - exact from the computed inputs|
};

/// Per layer; element 0 stands for the network's input, layer k for element k + 1.
using NetworkBounds = std::vector<LayerBounds>;

/// Interval arithmetic through one affine layer. False if a sum could come near overflow, or the
/// layer rounds more often than the error model covers.
bool bound_affine(const AffineLayer& layer, const RoundingModel& model, const Bounds& input,
                  LayerBounds& output);

/// relu is monotone; of the first `active` elements, the others are handed on.
void bound_relu(std::size_t active, const Bounds& input, LayerBounds& output);

}  // namespace isotrace::proofs
