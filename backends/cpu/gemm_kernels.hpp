// The inner loops of the fixed-order matrix product, one set per instruction set. Every set gives
// the same bits: an output is a chain of fused multiply-adds in ascending k (docs/numerics.md,
// matmul), and vector lanes are different outputs, so vector width and tile shape cannot show.
// The sets live in files with their own -m flags; this header therefore holds no inline code that
// the linker could take from them for the rest of the program.
#pragma once

#include <cstddef>

namespace isotrace::backends::cpu {

using Index = std::ptrdiff_t;

/// What a tile does with its finished products before it stores them, in this order: the steps, the
/// bounds as Clip has them, and the canonical NaN for every NaN.
struct TileEnd {
  enum Kind : unsigned char { add, normalise };
  struct Step {
    Kind kind;
    const float* data;    ///< add: element (i, j) at i * row_stride + j * column_stride;
    Index row_stride;     ///< normalise: the mean of row i at i
    Index column_stride;  ///< 0 or 1
    const float* r;       ///< normalise: fma((t - mean) * r, scale, bias), each with one per row
    const float* scale;
    const float* bias;
  };
  static constexpr int steps_max = 3;
  int count = 0;
  bool bounded = false;  ///< only by bounds that are neither NaN nor -0
  float low;
  float high;
  Step steps[steps_max];
};

/// One block of outputs, at most tile_rows x tile_columns, over `depth` values of k.
///   t = chain ? chain[i][j] : +0;  t = fma(a[k][i], b[k][j], t) for ascending k;
///   out[i][j] = sum ? sum[i][j] + t : t, and then the end, if there is one
struct TileArguments {
  Index rows;
  Index columns;
  Index depth;
  const float* a;  ///< a[i * a_row_stride + k * a_depth_stride]; one stride is 1
  Index a_row_stride;
  Index a_depth_stride;  ///< tile_rows if it is packed
  const float* b;        ///< rows of tile_columns, all columns readable
  Index b_stride;        ///< elements from one row of b to the next; tile_columns if it is packed
  float* packed_b;       ///< where b is packed on the way, or nullptr
  const float* soon;     ///< what is wanted soon: tile_columns elements are fetched with every k,
  Index soon_stride;     ///< each time so many further; not while b is packed
  const float* chain;
  const float* sum;
  float* out;
  const float*
      written;         ///< as many rows as the tile has, to be written soon: out, or where it goes
  Index chain_stride;  ///< elements from one row to the next
  Index sum_stride;
  Index out_stride;
  Index written_stride;
  const TileEnd* end;  ///< nullptr: more products follow
};

/// The same for few rows (at most stream_rows) and any number of columns, with b as it lies in
/// memory: t = starts ? +0 : out[i][j], and so on.
struct StreamArguments {
  Index rows;
  Index columns;
  Index depth;
  const float* a;
  Index a_row_stride;
  Index a_depth_stride;
  const float* b;  ///< b[k * b_stride + j]
  Index b_stride;
  float* out;
  Index out_stride;
  bool starts;
};

/// `count` vectors of length `depth`, to be interleaved in panels of `width`: panel p, the vectors
/// from p * width on, as [depth][width] at packed + p * depth * width. The lanes that the last
/// panel has too many are filled with +0; no stored output depends on them.
struct PackArguments {
  const float* source;  ///< source[vector * lane_stride + k * depth_stride]; one stride is 1
  Index lane_stride;
  Index depth_stride;
  Index count;
  Index depth;
  Index width;
  float* packed;
};

class Tail;  // tail.hpp

/// What follows the product, in place: c = alpha*c, then c + beta*addend, each only if not void,
/// then every NaN becomes the canonical one; then a tail, if there is one (not by Kernels::finish).
struct Finish {
  float alpha = 1.0F;
  float beta = 1.0F;
  const float* addend = nullptr;
  Index addend_row_stride = 0;
  Index addend_column_stride = 0;  ///< 0 (the same for a whole row) or 1
  const Tail* tail = nullptr;
};

struct Kernels {
  Index tile_rows;
  Index tile_columns;
  Index stream_rows;
  void (*tile)(const TileArguments& arguments);
  void (*stream)(const StreamArguments& arguments);
  void (*pack)(const PackArguments& arguments);
  /// A tile's end on any number of rows and columns, in place.
  void (*end)(const TileEnd& end, float* c, Index c_stride, Index rows, Index columns);
  void (*finish)(const Finish& finish, float* c, Index c_stride, Index rows, Index columns);
  /// c[i] = c[i] + t[i]
  void (*accumulate)(float* c, const float* t, Index count);
};

/// Only to be called where the processor has the instructions (isa.hpp).
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();

}  // namespace isotrace::backends::cpu
