// Geometry of sliding windows: convolution, transposed convolution, pooling, for any number of
// spatial axes. Sizes of lists are checked, every number is bounded so that no sum or product here
// can overflow, and a missing list (empty) means its ONNX default. Refusals have an empty place.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// One spatial axis. Window o has its tap k at input position o * stride - pad_begin + k *
/// dilation.
struct WindowAxis {
  std::int64_t input;
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t dilation;
  std::int64_t pad_begin;
  std::int64_t pad_end;
  std::int64_t output;

  /// Input positions that a window spans, gaps of the dilation included.
  [[nodiscard]] std::int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

struct ConvGeometry {
  std::int64_t batch;
  std::int64_t groups;
  std::int64_t group_inputs;   ///< input channels per group
  std::int64_t group_outputs;  ///< output channels per group
  std::vector<WindowAxis> axes;
  core::Shape output;  ///< batch, output channels, axes
};

/// Conv: x [N, C, D...], w [M, C/group, K...]. `node` is a Conv node (its attributes are read).
core::Result<ConvGeometry> conv_geometry(const core::Node& node, Dims x, Dims w);

/// ConvTranspose: x [N, C, D...], w [C, M/group, K...]. Output position o takes tap k from input
/// position i where i * stride + k * dilation = o + pad_begin.
core::Result<ConvGeometry> conv_transpose_geometry(const core::Node& node, Dims x, Dims w);

/// DeformConv: the windows of Conv without auto_pad.
core::Result<ConvGeometry> deform_conv_geometry(const core::Node& node, Dims x, Dims w);

struct PoolGeometry {
  std::vector<WindowAxis> axes;
  core::Shape output;
};

/// MaxPool, AveragePool and LpPool: x [N, C, D...]. With ceil_mode, windows that would start in the
/// padding at the end are dropped.
core::Result<PoolGeometry> pool_geometry(const core::Node& node, Dims x);

struct UnpoolShape {
  core::Shape numbered;  ///< the tensor whose elements the indices number
  core::Shape output;    ///< what was asked for, or the same
};
/// MaxUnpool: x [N, C, D...], axes (D - 1) * stride - pads + kernel. `requested` is operand
/// output_shape or nullptr.
core::Result<UnpoolShape> unpool_shape(const core::Node& node, Dims x,
                                       const std::vector<std::int64_t>* requested);

/// Col2Im: x [N, C * product(block), L]; the axes are those of the image, with `block` as window.
/// output: [N, C, image...].
core::Result<PoolGeometry> col2im_geometry(const core::Node& node, Dims x, Dims image, Dims block);

}  // namespace isotrace::reference
