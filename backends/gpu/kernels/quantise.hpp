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

/// Which scale and zero point an element has (reference/quantise_linear.cpp): the tensor is seen as
/// [before][axis][inner].
struct ScaleLayout {
  std::uint64_t axis;
  std::uint64_t inner;
  std::uint64_t block;  ///< elements of the axis per scale, or 0
  bool per_axis;        ///< one per position of the axis, else one for all

  ISOTRACE_KERNEL_CODE std::uint64_t scale_of(std::uint64_t element) const {
    const std::uint64_t position = element / inner % axis;
    if (block == 0) return per_axis ? position : 0;
    const std::uint64_t blocks = (axis - 1) / block + 1;
    return (element / inner / axis * blocks + position / block) * inner + element % inner;
  }
};

/// out[i] = x[i] / its scale, or times it.
template <class Number>
struct ScaleElements {
  struct Arguments {
    std::uint64_t count;
    ScaleLayout layout;
    bool divides;
    const Number* x;
    const Number* scales;
    Number* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Number scale = a.scales[a.layout.scale_of(i)];
    a.out[i] = canonical(a.divides ? divide(a.x[i], scale) : a.x[i] * scale);
  }
};

/// Levels: out[i] = clamp(rne(x) + zero point); NaN gives the zero point.
struct MakeLevels {
  struct Arguments {
    std::uint64_t count;
    ScaleLayout layout;
    std::int64_t low;
    std::int64_t high;
    const double* x;
    const std::int64_t* zeros;  ///< or null
    std::int64_t* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::int64_t zero = a.zeros == nullptr ? 0 : a.zeros[a.layout.scale_of(i)];
    const double value = a.x[i];
    const auto low = static_cast<double>(a.low - zero);
    const auto high = static_cast<double>(a.high - zero);
    const double rounded = value != value ? 0.0 : minimum(maximum(rint(value), low), high);
    a.out[i] = static_cast<std::int64_t>(rounded) + zero;
  }
};

/// out[i] = x[i] - its zero point, rounded once.
struct CentreLevels {
  struct Arguments {
    std::uint64_t count;
    ScaleLayout layout;
    const std::int64_t* x;
    const std::int64_t* zeros;
    float* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    a.out[i] = static_cast<float>(a.x[i] - a.zeros[a.layout.scale_of(i)]);
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
    const float factor = divide(product, a.y_scales[at.of[2]]);
    const float scaled = static_cast<float>(a.sums[i]) * factor;
    const std::int32_t zero = a.zeros[at.of[2]];
    // Beyond 2^20 every result is clamped; NaN gives the zero point.
    const float limited = scaled != scaled ? 0.0F : minimum(maximum(scaled, -0x1p20F), 0x1p20F);
    const std::int32_t level = static_cast<std::int32_t>(rintf(limited)) + zero;
    a.out[i] = static_cast<std::uint8_t>(level < a.low ? a.low : (level > a.high ? a.high : level));
  }
};

}  // namespace isotrace::backends::gpu
