// Which element meets which weight in a convolution with constant weights. Trusted base.
#pragma once

#include "window.hpp"

namespace isotrace::proofs {

/// Of the node's first operand, a value [1, channels, spatial...], and a kernel.
struct Convolution {
  core::Shape shape;  ///< of the result
  std::vector<Axis> axes;
  std::size_t out_group = 0;  ///< output channels of one group
  std::size_t in_group = 0;   ///< input channels of one group
  std::size_t rows = 0;       ///< elements of the result
  std::size_t positions = 0;  ///< of them per channel
  std::size_t terms = 0;      ///< weights per output channel
  std::size_t area = 0;       ///< elements of the value per channel

  [[nodiscard]] std::size_t channel(std::size_t row) const { return row / positions; }
};

/// Refuses other operands, ranks and batches, and reserves the layer.
core::Result<Convolution> convolution_of(const NodeAtHand& at, const core::Shape& kernel,
                                         NetworkBuilder& network);

/// One product of a result: the element's position in the newest layer and the weight's number.
/// Taps on the padding have none.
struct ConvolutionTerm {
  std::uint32_t position;
  std::size_t weight;
  std::size_t number;  ///< among the products of a row, with those that there are not
};
std::vector<ConvolutionTerm> terms_of(const NodeAtHand& at, const Convolution& convolution,
                                      std::size_t row);

}  // namespace isotrace::proofs
