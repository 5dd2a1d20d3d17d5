// Where a transposed convolution puts its products. Internal.
#pragma once

#include <functional>

#include <isotrace/core/program.hpp>

namespace isotrace::proofs::search {

/// Of ConvTranspose with batch 1: input i and kernel position k meet in output
/// i * stride + k * dilation - before of each axis.
struct Scattering {
  struct Axis {
    std::int64_t size, kernel, stride, dilation, before, output;
  };
  core::Shape output;  ///< [1, channels, spatial...]
  std::vector<Axis> axes;
  std::size_t inputs = 0;         ///< channels
  std::size_t group_inputs = 0;   ///< channels of one group
  std::size_t group_outputs = 0;  ///< channels of one group
};

/// Of x [1, C, D...] and w [C, M / group, K...]. Refuses prove_unsupported (auto_pad, output_shape,
/// other batches) and shape_mismatch.
core::Result<Scattering> scattering_of(const core::Node& node, const core::Shape& x,
                                       const core::Shape& w);

/// Flat numbers of the output, the input and the weight of a product.
using Landing = std::function<void(std::size_t output, std::size_t input, std::size_t weight)>;
void for_each_landing(const Scattering& scattering, const Landing& landing);

}  // namespace isotrace::proofs::search
