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
///   c[i][j] = (so_far ? so_far[i][j] : 0) + sum a[i] * b[j]
/// and, if `last`, less a_zero[i] * b_term[j] and, with a_sum, less a_sum[i] * b_zero[j].
struct IntegerTile {
  Index rows;
  Index columns;
  Index groups;
  const std::byte* a;          ///< packed [groups][tile_rows], row_group_bytes each
  const std::byte* b;          ///< packed [groups][tile_columns], group_depth bytes each
  const std::int32_t* so_far;  ///< sums over earlier groups, or nullptr
  Index so_far_stride;
  std::int32_t* c;
  Index c_stride;
  const std::byte* soon;  ///< bytes that are wanted soon after this tile
  Index soon_bytes;
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

/// One panel of columns given line by line: tile_columns bytes from data + offsets[k] on for each
/// k, packed and summed as IntegerPack says.
struct IntegerLines {
  const std::uint8_t* data;
  const Index* offsets;
  Index depth;
  std::uint8_t flip;
  std::byte* packed;
  std::int32_t* sums;
};

/// Windows side by side, without a product of matrices:
///   sums[i] = start + sum over t of weights[t] * (data[offsets[t] + i] ^ flip), as u8
/// Up to 16 bytes and sums more than `count` are read and written.
struct ByteWindows {
  const std::uint8_t* data;
  const Index* offsets;
  const std::int16_t* weights;  ///< at most 255 in magnitude
  Index taps;                   ///< even
  Index count;
  std::uint8_t flip;
  std::int32_t start;
  std::int32_t* sums;
};

/// Up to four taps of windows that lie close together: byte 4 i + t of four windows side by side is
/// byte shuffle[4 i + t] of the 16 from data + offset on. Unused ones have the weight 0.
struct ByteTaps {
  Index offset;
  std::uint8_t shuffle[16];
  std::int8_t weights[4];
};
constexpr Index byte_taps_reach = 16;  ///< bytes that four windows' taps may touch

/// Lines of windows: sums[l * count + i] = start + sum over taps of
/// weight * (data[lines[l] + i * stride + tap] ^ flip), as u8. Up to 64 bytes are read from where a
/// window's taps begin, and up to 16 sums more than there are windows written.
struct ByteLines {
  const std::uint8_t* data;
  const Index* lines;
  Index line_count;
  Index count;   ///< windows of a line
  Index stride;  ///< 1 or 2 bytes from one to the next
  const ByteTaps* taps;
  Index tap_groups;
  std::uint8_t flip;
  std::int32_t start;
  std::int32_t* sums;
};

/// Bytes of each row that follow each other: 4 * groups of them from its beginning + offset on.
struct InPlaceRun {
  Index offset;
  Index groups;
};

/// A tile whose rows, unsigned bytes that lie evenly apart, are not packed:
///   sums[i][j] = (start ? start[j] : sums[i][j]) + sum over all runs of a[i] * b[j]
struct InPlaceTile {
  Index rows;  ///< at most in_place_rows
  const std::uint8_t* a;
  Index row_stride;  ///< bytes
  const InPlaceRun* runs;
  Index run_count;
  const std::byte* b;         ///< packed [groups of all runs][tile_columns]
  const std::int32_t* start;  ///< tile_columns, or nullptr
  std::int32_t* sums;         ///< [rows][tile_columns]
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
  void (*pack_lines)(const IntegerLines& lines);
  void (*windows)(const ByteWindows& windows);
  void (*lines)(const ByteLines& lines);           ///< nullptr: there is none
  Index in_place_rows;                             ///< 0: there are no such tiles
  void (*tile_in_place)(const InPlaceTile& tile);  ///< groups of k are 4
  /// For each of 128 columns the sum of x[k] * code over 4 * groups values of k (ternary.hpp).
  void (*ternary)(const std::int8_t* x, Index groups, const std::byte* panel, std::int32_t* sums);
};

/// Only to be called where the processor has the instructions (isa.hpp).
const IntegerKernels& integer_kernels_avx2();
const IntegerKernels& integer_kernels_vnni();
const IntegerKernels& integer_kernels_amx();

/// Whether the AMX unit gives the sums that plain arithmetic gives; only to be called where there
/// is one and the operating system permits its use (amx.hpp).
bool amx_computes_exactly();

}  // namespace isotrace::backends::cpu
