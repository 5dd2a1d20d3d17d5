// MatMul and Conv of bytes on tensor cores or by dot products of bytes.
#pragma once

#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::gpu {

struct MatmulOperands {
  std::size_t a, a_zeros, b, b_zeros;
};

/// Exact sums in i32, or nothing where the general kernels take the call: no units for it, few
/// rows, nothing to add up, or zero points that are neither one nor one per row of a and column of
/// b. Refuses limit_exceeded as device.hpp says, and sums that could leave i32.
core::Result<std::optional<Array>> multiply_bytes(DeviceCall& call, const MatmulOperands& at);

struct ConvOperands {
  std::size_t x, x_zeros, w, w_zeros, bias;
};

/// The i32 that are added to every output, and their greatest magnitude.
struct Bias {
  std::optional<Array> values;
  std::int64_t magnitude_max = 0;
};

/// The same of Conv, with one zero point of x and one, or one per output, of w. Refuses as well
/// what make_window and convolve refuse.
core::Result<std::optional<Array>> convolve_bytes(DeviceCall& call, const ConvOperands& at,
                                                  const reference::ConvGeometry& geometry,
                                                  const Bias& bias);

}  // namespace isotrace::backends::gpu
