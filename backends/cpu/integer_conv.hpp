// Exact convolution of bytes (docs/spec/quantise.md, quantise.conv_integer): per image and group,
// the weights times the columns of the image.
#pragma once

#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {

class ByteImage;

/// A checked call. Zero points of the weights are one or one per output channel.
struct IntegerConv {
  const reference::ConvGeometry& geometry;
  const std::uint8_t* image;
  bool image_signed;
  std::int32_t image_zero_point;  ///< what stands in the padding
  IntegerMatrix weights;          ///< all groups: one vector per output channel
  std::int32_t* sums;
  const Requantisation* requantisation;  ///< of [images][output channels][positions]; or nullptr
};

/// Whether run_direct_conv wants the lines of such an image whole.
bool reads_whole_lines(std::span<const reference::WindowAxis> axes, const IntegerKernels& kernels);

/// One or two output channels per group: too few for a product of matrices to be worth its columns.
/// Every window is summed where it lies, side by side with its neighbours. Refuses limit_exceeded
/// when memory for the padded image runs out.
core::Result<core::Done> run_direct_conv(const IntegerConv& conv, const ByteImage& layout,
                                         const IntegerKernels& kernels, const Engine& engine);

/// QLinearConv with held weights, without columns: windows are read where they lie. False, with
/// nothing done, where that is not possible or does not pay; the padding is no more than a few
/// times the image. Refuses limit_exceeded when memory runs out.
core::Result<bool> run_in_place_conv(const IntegerConv& conv, const IntegerKernels& kernels,
                                     const Engine& engine);

/// False, with nothing done, if the padding would make far more of the image than it is. Refuses
/// limit_exceeded when memory for packed operands runs out.
core::Result<bool> run_integer_conv(const IntegerConv& conv, const IntegerKernels& kernels,
                                    const Engine& engine);

}  // namespace isotrace::backends::cpu
