// The inner loops of quantisation (docs/spec/quantise.md) and of casts, one set per instruction
// set, with the bits of the reference. They rely on rounding to nearest, as all kernels do. The
// sets live in files with their own -m flags, so this header holds no inline code.
#pragma once

#include <cstdint>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

/// An 8-bit type: what a result is clamped to.
struct ByteRange {
  std::int32_t low;
  std::int32_t high;
};

/// out[i] = quantise(f32(sums[i] + addend) * factors[i], zero_point)
struct RequantiseArguments {
  const std::int32_t* sums;
  Index count;
  std::int32_t addend;
  const float* factors;
  Index factor_stride;  ///< 0: one for all; or 1
  std::int32_t zero_point;
  ByteRange range;
  std::uint8_t* out;
};

/// out[i] = quantise(x[i] / scales[i], zero_points[i])
struct QuantiseArguments {
  const float* x;
  Index count;
  const float* scales;
  const std::int32_t* zero_points;
  Index scale_stride;  ///< of scales and zero points; 0: one for all; or 1
  ByteRange range;
  std::uint8_t* out;
};

/// out[i] = f32(x[i] - zero_points[i]) * scales[i]
struct DequantiseArguments {
  const std::uint8_t* x;
  bool is_signed;
  Index count;
  const float* scales;
  const std::int32_t* zero_points;
  Index scale_stride;
  float* out;
};

struct FloatRange {
  float low;
  float high;
};

/// Converts `count` elements.
using CastFunction = void (*)(const void* from, void* to, Index count);

/// The types that casts are between. Bool stands for a byte of 0 or 1.
enum class CastType : std::uint8_t { f32, f16, bf16, i8, u8, i16, u16, i32, boolean, count };
inline constexpr auto cast_types = static_cast<std::size_t>(CastType::count);

struct ConversionKernels {
  void (*requantise)(const RequantiseArguments& arguments);
  void (*quantise)(const QuantiseArguments& arguments);
  void (*dequantise)(const DequantiseArguments& arguments);
  /// Minimum and maximum of x and +0, whose sign is left open if they are 0; both NaN if any is.
  FloatRange (*find_range)(const float* x, Index count);
  /// [from][to]; nullptr where there is no kernel.
  CastFunction casts[cast_types][cast_types];
};

/// Only to be called where the processor has the instructions (isa.hpp).
const ConversionKernels& conversion_kernels_avx2();
const ConversionKernels& conversion_kernels_avx512();

}  // namespace isotrace::backends::cpu
