// The inner loops of the exact product of 8-bit integers, one set per instruction set. Every set
// multiplies unsigned by signed bytes: an operand of the other sign is flipped by 0x80 while it is
// packed, which moves its zero point by 128. Sums are taken modulo 2^32, in which the products and
// the corrections for the zero points may come in any order; nothing saturates.
#pragma once

#include <cstddef>
#include <cstdint>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

/// One block of sums, at most tile_rows x tile_columns, over `groups` groups of k:
///   c[i][j] = (starts ? 0 : c[i][j]) + sum a[i] * b[j]
/// and, if `last`, less a_zero[i] * b_term[j] and, with a_sum, less a_sum[i] * b_zero[j].
struct IntegerTile {
  Index rows;
  Index columns;
  Index groups;
  const std::byte* a;  ///< packed [groups][tile_rows], row_group_bytes each
  const std::byte* b;  ///< packed [groups][tile_columns], group_depth bytes each
  std::int32_t* c;
  Index c_stride;
  const std::byte* soon;  ///< bytes that are wanted soon after this tile
  Index soon_bytes;
  bool starts;
  bool last;
  const std::int32_t* a_zero;
  const std::int32_t* b_term;  ///< tile_columns readable, as b_zero
  const std::int32_t* a_sum;   ///< nullptr: all b_zero are 0
  const std::int32_t* b_zero;
};

/// Vectors to be interleaved in panels; every byte is flipped by `flip` (0 or 0x80). What a panel
/// has too many, in lanes and in k, is 0. `sums` gives the sum of each lane's flipped bytes, those
/// that are too many included.
struct IntegerPack {
  const std::uint8_t* source;
  Index lane_stride;
  Index depth_stride;
  Index count;
  Index depth;
  std::uint8_t flip;
  std::byte* packed;
  std::int32_t* sums;
};

struct IntegerKernels {
  const char* name;  ///< for people
  Index tile_rows;
  Index tile_columns;
  Index group_depth;      ///< values of k that a column takes at a time, a byte each
  Index row_group_bytes;  ///< bytes that a row has for these
  void (*tile)(const IntegerTile& tile);
  void (*pack_a)(const IntegerPack& pack);
  void (*pack_b)(const IntegerPack& pack);
  /// For each of 32 columns the sum of x[k] * code over 16 * groups values of k (ternary.hpp).
  void (*ternary)(const std::int8_t* x, Index groups, const std::byte* panel, std::int32_t* sums);
};

/// Only to be called where the processor has the instructions (isa.hpp).
const IntegerKernels& integer_kernels_avx2();
const IntegerKernels& integer_kernels_vnni();

}  // namespace isotrace::backends::cpu
