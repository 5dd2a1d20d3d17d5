// Windows that slide over spatial axes: of Conv and of the pools. Trusted base.
#pragma once

#include "lowering.hpp"

namespace isotrace::proofs {

/// One spatial axis.
struct Axis {
  std::int64_t input;
  std::int64_t kernel;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t output = 0;
  bool transposed = false;
};

/// The axes of a node with attributes auto_pad, pads, strides and dilations, for a value of shape
/// [N, C, spatial...] and these kernel sizes. `rounds_up` is the pools' ceil_mode.
core::Result<std::vector<Axis>> axes_of(const NodeAtHand& at, std::span<const std::int64_t> kernel,
                                        bool rounds_up);
/// Those of ConvTranspose, with stated pads: tap k of output o reads the input i, if there is one,
/// with i * stride + k * dilation = o + pad_begin.
core::Result<std::vector<Axis>> transposed_axes_of(const NodeAtHand& at,
                                                   std::span<const std::int64_t> kernel);
/// An attribute that is empty (all `fallback`) or complete, with values in [least, 2^24].
core::Result<core::Shape> list_of(const NodeAtHand& at, const char* name, std::size_t size,
                                  std::int64_t fallback, std::int64_t least);

/// Where a tap reads.
struct TapPlace {
  bool on_input = true;
  bool on_padding = true;  ///< or on the input
  std::size_t source = 0;  ///< within one channel, if on the input
};
/// Tap `tap` of output position `position`, both row-major.
TapPlace tap_place(const std::vector<Axis>& axes, std::size_t position, std::size_t tap);

}  // namespace isotrace::proofs
