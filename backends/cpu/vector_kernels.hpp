// Inner loops over arrays of f32, one set per instruction set, each with the bits of the reference:
// elements are independent of each other, and sums keep the 32 lanes of docs/numerics.md, which are
// vector lanes here. As in gemm_kernels.hpp, the sets live in files with their own -m flags, so
// this header holds no inline code. Results are stored with canonical NaN unless stated otherwise.
#pragma once

#include <cstdint>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

/// out[i] = f(a[i], b[i]) in every row; a fixed operand is one number for all i. out may be an
/// operand.
struct BinaryArguments {
  const float* a;
  const float* b;
  float* out;
  Index count;
  bool a_fixed;
  bool b_fixed;
  Index rows = 1;
  Index a_row = 0;  ///< elements from one row to the next
  Index b_row = 0;
  Index out_row = 0;
};
using BinaryKernel = void (*)(const BinaryArguments& arguments);

/// out[i] = f(x[i]) in every row; the parameters are the operation's: slope, or lower and upper
/// bound. out may be x.
struct UnaryArguments {
  const float* x;
  float* out;
  Index count;
  float first;
  float second;
  Index rows = 1;
  Index x_row = 0;
  Index out_row = 0;
};
using UnaryKernel = void (*)(const UnaryArguments& arguments);

/// out[i] = fma((x[i] - mean) * r, scale, bias) in every row, each with numbers of its own. out may
/// be x.
struct NormaliseArguments {
  const float* x;
  float* out;
  Index count;
  const float* mean;
  const float* r;
  const float* scale;
  const float* bias;
  Index rows = 1;
  Index x_row = 0;
  Index out_row = 0;
};

/// out[i] = condition[i] ? a[i] : b[i], bits copied; conditions are 0 or 1.
struct SelectArguments {
  const std::uint8_t* condition;
  const float* a;
  const float* b;
  float* out;
  Index count;
  bool condition_fixed;
  bool a_fixed;
  bool b_fixed;
};

/// out[i] = fma(x[i] * r, scale[i], bias[i]), or (x[i] * r) * scale[i] without a bias.
struct AffineArguments {
  const float* x;
  float r;
  const float* scale;
  const float* bias;
  float* out;
  Index count;
};

/// One row of windows over a plane: out[i] brings in plane[taps[t] + i] for ascending t. Whole
/// groups of vectors are read: window_slack elements after the last one of each tap must be
/// readable.
struct WindowArguments {
  const float* plane;
  const Index* taps;  ///< offsets
  Index tap_count;
  float* out;
  Index count;
};
inline constexpr Index window_slack = 64;

/// Rows of windows, and the chain of fused multiply-adds of each with the weights:
/// out[row * columns + i] = (fma over ascending t of plane[taps[t] + row * line + i] and
/// weights[t], from +0 on) + bias. window_slack holds here as well.
struct WindowProductArguments {
  const float* plane;
  Index line;
  const Index* taps;  ///< offsets
  Index tap_count;
  const float* weights;  ///< one per tap
  float bias;            ///< -0 changes nothing
  float* out;
  Index rows;
  Index columns;
};

/// Windows of 3 x 3 taps, neighbouring ones `stride` apart, over an image as it lies in memory:
/// out[row * columns + i] is what WindowProductArguments says, where taps outside the image are +0;
/// then bounds, as TileEnd has them.
struct PlaneProductArguments {
  const float* plane;
  Index height;
  Index width;
  Index stride;  ///< 1 or 2
  Index pad_top;
  Index pad_left;
  const float* weights;  ///< one per tap
  float bias;            ///< -0 changes nothing
  bool bounded;
  float low;
  float high;
  float* out;
  Index rows;
  Index columns;
};

/// Where a line begins, in an image and in a copy of it; and a span of every line, offsets from
/// there.
struct LinePlace {
  Index from;
  Index to;
};
struct LineSpan {
  Index from;
  Index to;
  Index count;
};
/// to[line.to + span.to + i] = from[line.from + span.from + i * step], bits copied.
struct LineCopies {
  const float* from;
  float* to;
  const LinePlace* lines;
  Index line_count;
  const LineSpan* spans;
  Index span_count;
  Index step;
};

/// Lanes of a packed row that lie on one line of an image.
struct LineRun {
  Index lane;
  Index count;
  Index source;  ///< offset of the first in its channel, for the tap at offset 0
};

/// Rows [depth][width] of a panel, row by row the next tap of the channel or the first of the next
/// channel. Lanes behind the last run are left undefined; window_slack holds here as well.
struct LinesArguments {
  const float* channel;
  Index channel_size;
  const Index* taps;  ///< offsets
  Index tap_count;
  Index tap;  ///< of the first row
  const LineRun* runs;
  Index run_count;
  Index depth;
  Index width;
  float* packed;
};

struct VectorKernels {
  BinaryKernel add, sub, mul, div, max, min;
  UnaryKernel neg, abs, reciprocal, sqrt, floor, ceil, relu, leaky_relu, clip, hard_sigmoid,
      softsign;
  void (*select)(const SelectArguments& arguments);
  void (*normalise)(const NormaliseArguments& arguments);
  void (*affine)(const AffineArguments& arguments);

  /// One chunk of R (at most 4096 elements), of x or of its squares (by fma). NaN as it comes.
  float (*sum)(const float* x, Index count);
  float (*sum_of_squares)(const float* x, Index count);
  /// The same for `columns` columns of `rows` rows (at most 4096): out[j] = R(x[. * stride + j]).
  void (*sum_columns)(const float* x, Index rows, Index stride, float* out, Index columns);
  /// Maximum or minimum of -inf or +inf and all elements. NaN as it comes.
  float (*greatest)(const float* x, Index count);
  float (*least)(const float* x, Index count);

  /// Maximum from -inf on; sum from +0 on, which leaves NaN as it comes.
  void (*window_max)(const WindowArguments& arguments);
  void (*window_sum)(const WindowArguments& arguments);
  void (*window_products)(const WindowProductArguments& arguments);
  void (*plane_products)(const PlaneProductArguments& arguments);
  void (*copy_lines)(const LineCopies& arguments);
  void (*pack_lines)(const LinesArguments& arguments);
};

/// Only to be called where the processor has the instructions (isa.hpp).
const VectorKernels& vector_kernels_avx2();
const VectorKernels& vector_kernels_avx512();

}  // namespace isotrace::backends::cpu
