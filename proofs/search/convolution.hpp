// Convolution as a matrix: which input element meets which weight in each output element.
#pragma once

#include <functional>

#include <isotrace/core/program.hpp>

namespace isotrace::proofs::search {

struct ConvolutionShape {
  core::Shape output;        ///< [1, channels, spatial...]
  std::size_t summands = 0;  ///< products per output element, padding included
};

/// Called once per tap that lies inside the input (flat element numbers).
using Tap = std::function<void(std::size_t output, std::size_t input, std::size_t weight)>;

/// Shape of Conv(x, w) for x [1, channels, spatial...] and w [out, channels / group, kernel...],
/// any number of spatial axes. Refuses shape_mismatch and prove_unsupported.
core::Result<ConvolutionShape> convolution_shape(const core::Node& node, const core::Shape& x,
                                                 const core::Shape& w);
/// Enumerates the taps of a convolution whose shape was accepted.
void for_each_tap(const core::Node& node, const core::Shape& x, const core::Shape& w,
                  const core::Shape& output, const Tap& tap);

}  // namespace isotrace::proofs::search
