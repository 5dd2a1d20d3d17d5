// Exact product of 8-bit integer matrices with zero points (docs/spec/quantise.md). All of it
// is arithmetic modulo 2^32: where the true sums fit i32 the results are they, whatever the order,
// the instruction set and the number of threads.
#pragma once

#include <isotrace/backends/cpu/conversion_kernels.hpp>
#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/integer_kernels.hpp>
#include <isotrace/backends/cpu/isa.hpp>

namespace isotrace::backends::cpu {

/// A matrix of i8 or u8; element (vector, k) is at data[vector * stride + k * depth_stride].
struct IntegerMatrix {
  const std::uint8_t* data;
  bool is_signed;
  Index stride;
  Index depth_stride;
  const std::int32_t* zero_points;  ///< nullptr: 0
  Index zero_point_stride;          ///< 0: one for all vectors; 1: one per vector
};

/// What makes bytes of sums (docs/spec/quantise.md, quantise.qlinear_matmul):
///   out[i][j] = quantise(f32(c[i][j] + addend i) * factor i j, zero point i)
/// A stride is 0 where one value serves all.
struct Requantisation {
  void (*run)(const RequantiseArguments& arguments);
  const float* factors;  ///< of (i, j) at [i * factor_row_stride + j * factor_column_stride]
  Index factor_row_stride;
  Index factor_column_stride;   ///< 0 or 1
  const std::int32_t* addends;  ///< one per row; nullptr: 0
  const std::int32_t* zero_points;
  Index zero_point_stride;
  ByteRange range;
  std::uint8_t* out;
  Index out_stride;

  /// The one for the rows and columns from these on.
  [[nodiscard]] Requantisation at(Index row, Index column) const;
  /// The first row.
  [[nodiscard]] RequantiseArguments row(const std::int32_t* sums, Index count) const;
  void run_row(const std::int32_t* sums, Index count) const { run(row(sums, count)); }
};

/// c[i][j] = sum over k of (a[i][k] - zero point i) * (b[j][k] - zero point j), modulo 2^32.
struct IntegerGemm {
  Index rows;     ///< vectors of a
  Index columns;  ///< vectors of b
  Index depth;
  IntegerMatrix a;
  IntegerMatrix b;
  std::int32_t* c;  ///< rows contiguous
  Index c_stride;
  const Requantisation* requantisation = nullptr;  ///< then c is not used; depth at least 1
};

/// The best kernels for an instruction set on this processor.
const IntegerKernels& choose_integer_kernels(Isa isa, CpuFeatures features);

/// Split over the pool; a b that lies in a held constant is packed once, in two bits per weight if
/// it allows that and a has few rows (ternary.hpp). Refuses limit_exceeded
/// when memory for the packed operands runs out.
core::Result<core::Done> run_integer_gemm(const IntegerGemm& gemm, const IntegerKernels& kernels,
                                          const Engine& engine);

}  // namespace isotrace::backends::cpu
