// Products of matrices and convolutions. In f32 in the order of docs/numerics.md: for every output
// one chain of fused multiply-adds per segment of k, then the segments in ascending order. Of
// integers, where every order gives the same, in that order too.
//
// A block computes a tile of outputs. It goes through k in steps that end at ends of segments; each
// step's parts of a and b are laid in shared memory while the step before is multiplied. Where
// there are few tiles, every segment of a tile is a block of its own, and CombineSegments adds what
// they leave: the same additions in the same order.
#pragma once

#include <isotrace/backends/gpu/kernels/window.hpp>

namespace isotrace::backends::gpu {

/// Where the addend of an element of the result lies: it broadcasts.
template <class Number>
struct Addend {
  const Number* values;  ///< or null
  std::int64_t row_stride;
  std::int64_t column_stride;
  std::int64_t group_stride;

  ISOTRACE_KERNEL_CODE Number at(std::int64_t group, std::int64_t row, std::int64_t column) const {
    return values[group * group_stride + row * row_stride + column * column_stride];
  }
};

/// Numbers in f32 or f64, or integers modulo 2^64.
template <class Number>
struct Plain {
  using Element = Number;
  using Sum = Number;
  /// Factors that a multiply-add takes without effect: fma(-0, +0, t) is t, also for t = -0.
  static constexpr Number no_a = is_real<Number> ? -Number{0} : Number{0};
  static constexpr Number no_b = 0;
  /// What follows the sum: alpha times it, and beta times an addend.
  struct Finish {
    Number alpha;
    Number beta;
    Addend<Number> addend;
  };

  ISOTRACE_KERNEL_CODE static Number multiply_add(Number a, Number b, Number sum) {
    return gpu::multiply_add(a, b, sum);
  }
  ISOTRACE_KERNEL_CODE static Number finish(const Finish& f, Number sum, std::int64_t group,
                                            std::int64_t row, std::int64_t column) {
    Number y = f.alpha * sum;
    if (f.addend.values != nullptr) y = y + f.beta * f.addend.at(group, row, column);
    return canonical(y);
  }
};
using Floats = Plain<float>;
using Doubles = Plain<double>;
using Words = Plain<std::uint64_t>;

/// Bytes less their zero points, and sums modulo 2^32.
struct Integers {
  using Element = std::int16_t;
  using Sum = std::uint32_t;
  static constexpr std::int16_t no_a = 0;
  static constexpr std::int16_t no_b = 0;
  struct Finish {
    Addend<std::uint32_t> addend;
  };

  ISOTRACE_KERNEL_CODE static std::uint32_t multiply_add(std::int16_t a, std::int16_t b,
                                                         std::uint32_t sum) {
    return sum + static_cast<std::uint32_t>(a * b);
  }
  ISOTRACE_KERNEL_CODE static std::uint32_t finish(const Finish& f, std::uint32_t sum,
                                                   std::int64_t group, std::int64_t row,
                                                   std::int64_t column) {
    return f.addend.values == nullptr ? sum : sum + f.addend.at(group, row, column);
  }
};

/// How the columns of b are found: in a matrix, or in an image by the taps of a window.
struct MatrixColumns {
  std::int64_t depth_stride;
  std::int64_t column_stride;

  template <class Element>
  ISOTRACE_KERNEL_CODE Element read(const Element* b, std::int64_t k, std::int64_t column) const {
    return b[k * depth_stride + column * column_stride];
  }
};

/// Sizes are below 2^31, so that the divisions are of 32 bits. Transposed, tap k of output o reads
/// the input position i where i * stride + k * dilation = o + pad_begin.
template <bool transposed>
struct WindowColumns {
  Window window;
  std::int32_t taps;   ///< per channel
  std::int64_t plane;  ///< input elements per channel

  /// k is (channel, tap row-major); taps outside of the image are +0, or what the caller says.
  template <class Element>
  ISOTRACE_KERNEL_CODE Element read(const Element* image, std::int64_t k, std::int64_t column,
                                    Element outside = Element{0}) const {
    const std::int32_t channel = static_cast<std::int32_t>(k) / taps;
    std::int32_t tap = static_cast<std::int32_t>(k) % taps;
    auto position = static_cast<std::int32_t>(column);
    std::int64_t offset = 0;
    std::int64_t stride = 1;
    for (std::uint32_t a = window_axes_max; a-- > 0;) {
      const auto outputs = static_cast<std::int32_t>(window.output[a]);
      const auto kernel = static_cast<std::int32_t>(window.kernel[a]);
      std::int64_t at = 0;
      if constexpr (transposed) {
        at = position % outputs + window.pad_begin[a] - tap % kernel * window.dilation[a];
        if (at % window.stride[a] != 0) return outside;
        at /= window.stride[a];
      } else {
        at = position % outputs * window.stride[a] - window.pad_begin[a] +
             tap % kernel * window.dilation[a];
      }
      if (at < 0 || at >= window.input[a]) return outside;
      offset += at * stride;
      stride *= window.input[a];
      position /= outputs;
      tap /= kernel;
    }
    return image[channel * plane + offset];
  }
};
using ImageColumns = WindowColumns<false>;
using TransposedColumns = WindowColumns<true>;

/// How the lines of a factor of matrices, rows of a or columns of b, lie in memory.
enum class Layout : std::uint32_t {
  elements,      ///< anyhow
  vectors,       ///< neighbouring lines together, in whole vectors of 16 bytes
  depth,         ///< one line together
  depth_vectors  ///< the same, and every segment of it begins on a multiple of 16 bytes
};

/// The batch and the segments [first, last) of a block.
struct ProductPart {
  std::int64_t batch;
  std::int64_t first;
  std::int64_t last;
};

template <class Numbers, class Columns>
struct ProductArguments {
  using Element = typename Numbers::Element;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t depth;
  std::int64_t segment;
  std::int64_t segments;  ///< of a chain of `depth`, at least 1
  std::uint32_t split;    ///< 1: every segment is a block of its own and only leaves its sum
  std::int64_t groups;    ///< for a, c and the addend: batch b is (image, group)
  const Element* a;
  std::int64_t a_row_stride;
  std::int64_t a_depth_stride;
  const std::int64_t* a_starts;  ///< where the matrix of each batch begins, or null:
  std::int64_t a_batch_stride;   ///< so far apart
  const Element* b;
  const std::int64_t* b_starts;
  std::int64_t b_batch_stride;
  Columns b_columns;
  Layout a_layout;  ///< for kernels that ask
  Layout b_layout;
  std::uint32_t c_vectors;  ///< 1: every row of c begins on a multiple of 16 bytes
  /// Matrices of rows x columns one behind the other, per batch and, split, per segment.
  typename Numbers::Sum* c;
  typename Numbers::Finish finish;

  ISOTRACE_KERNEL_CODE std::int64_t a_start(std::int64_t batch) const {
    return a_starts == nullptr ? batch * a_batch_stride : a_starts[batch];
  }
  ISOTRACE_KERNEL_CODE std::int64_t b_start(std::int64_t batch) const {
    return b_starts == nullptr ? batch * b_batch_stride : b_starts[batch];
  }
  ISOTRACE_KERNEL_CODE ProductPart part(At at) const {
    if (split == 0) return {at.z, 0, segments};
    const std::int64_t number = at.z % segments;
    return {at.z / segments, number, number + 1};
  }
};

template <class Numbers, class Columns, std::uint32_t row_threads, std::uint32_t column_threads,
          std::uint32_t rows_each, std::uint32_t columns_each>
struct Product {
  using Arguments = ProductArguments<Numbers, Columns>;
  using Element = typename Numbers::Element;
  using Sum = typename Numbers::Sum;
  static constexpr unsigned threads = row_threads * column_threads;
  static constexpr std::uint32_t tile_rows = row_threads * rows_each;
  static constexpr std::uint32_t tile_columns = column_threads * columns_each;
  static constexpr std::uint32_t depth = 16;
  static_assert(tile_rows * depth % threads == 0 && tile_columns * depth % threads == 0);
  static constexpr std::uint32_t a_fetches = tile_rows * depth / threads;
  static constexpr std::uint32_t b_fetches = tile_columns * depth / threads;

  template <template <class> class Cell>
  struct Shared {
    Cell<Element> a[2][depth][tile_rows + 4];  // 4: columns of a do not all lie in one bank
    Cell<Element> b[2][depth][tile_columns];
  };
  struct Own {
    Sum sums[rows_each][columns_each];
    Element a[a_fetches];
    Element b[b_fetches];
  };

  /// Step p is laid down in phase p and multiplied in phase p + 1.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments& p, At at) {
    const ProductPart part = p.part(at);
    return static_cast<std::uint32_t>((part.last - part.first) * steps_per_segment(p)) + 1;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own& own) {
    const bool fetching = phase + 1 < phases(p, at);
    if (fetching) fetch(p, at, phase, own);
    if (phase == 0) {
      clear(own);
    } else {
      multiply(shared, (phase - 1) % 2, at.thread, own);
      if (phase % steps_per_segment(p) == 0) {
        close_segment(p, at, (phase - 1) / steps_per_segment(p), own);
      }
    }
    if (fetching) lay_down(shared, phase % 2, at.thread, own);
  }

 private:
  ISOTRACE_KERNEL_CODE static std::uint32_t steps_per_segment(const Arguments& p) {
    const std::int64_t longest = p.segment < p.depth ? p.segment : p.depth;
    const std::int64_t steps = (longest + depth - 1) / depth;
    return static_cast<std::uint32_t>(steps == 0 ? 1 : steps);
  }

  ISOTRACE_KERNEL_CODE static void clear(Own& own) {
    for (auto& row : own.sums) {
      for (Sum& sum : row) sum = 0;
    }
  }

  /// This thread's parts of a and b for a step; beyond the segment, factors without effect.
  ISOTRACE_KERNEL_CODE static void fetch(const Arguments& p, At at, std::uint32_t step, Own& own) {
    const ProductPart part = p.part(at);
    const std::uint32_t steps = steps_per_segment(p);
    const std::int64_t begin = (part.first + step / steps) * p.segment;
    const std::int64_t end = p.depth - begin < p.segment ? p.depth : begin + p.segment;
    const std::int64_t first = begin + step % steps * std::int64_t{depth};
    const Element* a = p.a + p.a_start(part.batch);
    const Element* b = p.b + p.b_start(part.batch);
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < a_fetches; ++i) {
      const std::uint32_t item = i * threads + at.thread;
      const std::int64_t k = first + item % depth;
      const std::int64_t row = std::int64_t{at.y} * tile_rows + item / depth;
      own.a[i] =
          k < end && row < p.rows ? a[row * p.a_row_stride + k * p.a_depth_stride] : Numbers::no_a;
    }
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < b_fetches; ++i) {
      const std::uint32_t item = i * threads + at.thread;
      const std::int64_t k = first + item / tile_columns;
      const std::int64_t column = std::int64_t{at.x} * tile_columns + item % tile_columns;
      own.b[i] = k < end && column < p.columns ? p.b_columns.read(b, k, column) : Numbers::no_b;
    }
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void lay_down(Memory& shared, std::uint32_t buffer,
                                            std::uint32_t thread, const Own& own) {
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < a_fetches; ++i) {
      const std::uint32_t item = i * threads + thread;
      shared.a[buffer][item % depth][item / depth] = own.a[i];
    }
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < b_fetches; ++i) {
      const std::uint32_t item = i * threads + thread;
      shared.b[buffer][item / tile_columns][item % tile_columns] = own.b[i];
    }
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void multiply(const Memory& shared, std::uint32_t buffer,
                                            std::uint32_t thread, Own& own) {
    const std::uint32_t row = thread / column_threads * rows_each;
    const std::uint32_t column = thread % column_threads;
    ISOTRACE_UNROLL(32)
    for (std::uint32_t k = 0; k < depth; ++k) {
      Element a[rows_each];
      Element b[columns_each];
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < rows_each; ++i) a[i] = shared.a[buffer][k][row + i];
      ISOTRACE_UNROLL(32)
      for (std::uint32_t j = 0; j < columns_each; ++j) {
        b[j] = shared.b[buffer][k][column + j * column_threads];
      }
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < rows_each; ++i) {
        ISOTRACE_UNROLL(32)
        for (std::uint32_t j = 0; j < columns_each; ++j) {
          own.sums[i][j] = Numbers::multiply_add(a[i], b[j], own.sums[i][j]);
        }
      }
    }
  }

  /// Adds the chains of a segment to what the segments before it have left in c.
  ISOTRACE_KERNEL_CODE static void close_segment(const Arguments& p, At at, std::uint32_t number,
                                                 Own& own) {
    const ProductPart part = p.part(at);
    const bool last = part.first + number + 1 == part.last;
    const std::int64_t matrix = p.split != 0 ? at.z : part.batch;
    const std::int64_t row =
        std::int64_t{at.y} * tile_rows + at.thread / column_threads * rows_each;
    const std::int64_t column = std::int64_t{at.x} * tile_columns + at.thread % column_threads;
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < rows_each; ++i) {
      ISOTRACE_UNROLL(32)
      for (std::uint32_t j = 0; j < columns_each; ++j) {
        const std::int64_t r = row + i;
        const std::int64_t n = column + j * column_threads;
        if (r < p.rows && n < p.columns) {
          Sum* c = p.c + (matrix * p.rows + r) * p.columns + n;
          const Sum sum = number == 0 ? own.sums[i][j] : *c + own.sums[i][j];
          *c = last && p.split == 0 ? Numbers::finish(p.finish, sum, part.batch % p.groups, r, n)
                                    : sum;
        }
        own.sums[i][j] = 0;
      }
    }
  }
};

/// For results that fill the device, for smaller ones, and for few rows.
template <class Numbers, class Columns>
using LargeProduct = Product<Numbers, Columns, 16, 16, 8, 8>;
template <class Numbers, class Columns>
using SmallProduct = Product<Numbers, Columns, 16, 16, 2, 2>;
template <class Numbers, class Columns>
using FlatProduct = Product<Numbers, Columns, 4, 64, 4, 2>;

/// c = the sums of the segments, one after the other, and what follows.
template <class Numbers>
struct CombineSegments {
  using Sum = typename Numbers::Sum;
  struct Arguments {
    std::uint64_t count;
    std::int64_t rows;
    std::int64_t columns;
    std::int64_t segments;
    std::int64_t groups;
    const Sum* parts;  ///< [batch][segment][row][column]
    Sum* c;
    typename Numbers::Finish finish;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    const std::int64_t size = p.rows * p.columns;
    const std::int64_t batch = static_cast<std::int64_t>(i) / size;
    const std::int64_t at = static_cast<std::int64_t>(i) % size;
    const Sum* part = p.parts + batch * p.segments * size + at;
    Sum sum = part[0];
    for (std::int64_t s = 1; s < p.segments; ++s) sum = sum + part[s * size];
    p.c[i] = Numbers::finish(p.finish, sum, batch % p.groups, at / p.columns, at % p.columns);
  }
};

}  // namespace isotrace::backends::gpu
