// Vector by matrix for weights that are all -1, 0 or 1: two bits each, so that a product that waits
// for memory waits a quarter as long as with bytes. Exact: a weight w is stored as the code w + 1,
// and sum x * w = sum x * code - sum x, modulo 2^32.
#pragma once

#include <span>

#include <isotrace/backends/cpu/integer_gemm.hpp>

namespace isotrace::backends::cpu {

/// [columns / 128][depth / 4] groups of 2 x 16 x 4 bytes: byte q of lane l of half h of a group
/// holds the codes of the columns 64 h + 16 p + l, p < 4, for k = q, in bits 2 p and 2 p + 1. So a
/// byte meets one value of x only. What is too many of columns and k has code 0. Behind all groups
/// the sum of each column's weights, as i32.
struct TernaryMatrix {
  const std::byte* data = nullptr;  ///< 64-byte aligned; nullptr: there is none
  Index columns = 0;
  Index depth = 0;

  static constexpr Index panel_columns = 128;
  static constexpr Index group_depth = 4;
  static constexpr Index group_bytes = panel_columns;
  [[nodiscard]] Index panels() const { return (columns + panel_columns - 1) / panel_columns; }
  [[nodiscard]] Index groups() const { return (depth + group_depth - 1) / group_depth; }
  [[nodiscard]] Index code_bytes() const { return panels() * groups() * group_bytes; }
  [[nodiscard]] Index bytes() const { return code_bytes() + panels() * panel_columns * 4; }
};

/// Packs the weights b (signed, without zero points) into `memory` of shape.bytes() bytes; false if
/// one of them is not -1, 0 or 1.
bool pack_ternary(const IntegerMatrix& b, const TernaryMatrix& shape, std::byte* memory);

/// y[j] = sum over k of (x[k] - zero_point) * w[j][k]; x has `depth` elements, i8 or u8.
void run_ternary(const TernaryMatrix& w, std::span<const std::uint8_t> x, bool x_signed,
                 std::int32_t zero_point, std::int32_t* y, const IntegerKernels& kernels,
                 ThreadPool& pool);

/// The product by the two-bit form of b, if b is a held constant with only such weights and a has
/// few rows; false if the product is not of that kind and nothing was done.
bool run_if_ternary(const IntegerGemm& gemm, const IntegerKernels& kernels, const Engine& engine);

}  // namespace isotrace::backends::cpu
