// MatMul of bytes on tensor cores or by dot products of bytes.
#pragma once

#include <isotrace/backends/gpu/operations.hpp>

namespace isotrace::backends::gpu {

struct MatmulOperands {
  std::size_t a, a_zeros, b, b_zeros;
};

/// Exact sums in i32, or nothing where the general kernels take the call: no units for it, few
/// rows, nothing to add up, or zero points that are neither one nor one per row of a and column of
/// b. Refuses limit_exceeded as device.hpp says, and sums that could leave i32.
core::Result<std::optional<Array>> multiply_bytes(DeviceCall& call, const MatmulOperands& at);

}  // namespace isotrace::backends::gpu
