// Bytes less their zero points, and sums of products as bytes again (docs/spec/quantise.md).
#pragma once

#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// out[i] = x - zero point, both of the same type of byte.
struct Centre {
  struct Arguments {
    std::uint64_t count;
    const std::uint8_t* x;
    const std::uint8_t* zeros;  ///< or null
    bool is_signed;
    std::int16_t* out;
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static std::int32_t widen(const Arguments& a, std::uint8_t byte) {
    return a.is_signed ? static_cast<std::int32_t>(static_cast<std::int8_t>(byte)) : byte;
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    const std::int32_t zero = a.zeros == nullptr ? 0 : widen(a, a.zeros[at.of[1]]);
    a.out[i] = static_cast<std::int16_t>(widen(a, a.x[at.of[0]]) - zero);
  }
};

/// out[i] = clamp(rne((float)sum * (a_scale * b_scale / y_scale)) + zero point).
struct Requantise {
  struct Arguments {
    std::uint64_t count;
    const std::int32_t* sums;
    const float* a_scales;
    const float* b_scales;
    const float* y_scales;
    const std::int32_t* zeros;  ///< where y_scales has its scale
    std::int32_t low;
    std::int32_t high;
    std::uint8_t* out;
    Space<3> space;  ///< of the three scales
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<3> at = locate(a.space, i);
    const float product = a.a_scales[at.of[0]] * a.b_scales[at.of[1]];
    const float factor = product / a.y_scales[at.of[2]];
    const float scaled = static_cast<float>(a.sums[i]) * factor;
    const std::int32_t zero = a.zeros[at.of[2]];
    // Beyond 2^20 every result is clamped; NaN gives the zero point.
    const float limited = scaled != scaled ? 0.0F : minimum(maximum(scaled, -0x1p20F), 0x1p20F);
    const std::int32_t level = static_cast<std::int32_t>(rintf(limited)) + zero;
    a.out[i] = static_cast<std::uint8_t>(level < a.low ? a.low : (level > a.high ? a.high : level));
  }
};

}  // namespace isotrace::backends::gpu
