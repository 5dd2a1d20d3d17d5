// Products of matrices of bytes as they are, and convolutions, by tensor cores or by dot products
// of four bytes. Sums are exact modulo 2^32, so the order says nothing; what zero points take off
// follows from the sums of rows and columns (CorrectSums, CorrectConvolution).
//
// A block of four warps computes 64 x 64 results. Both factors lie in shared memory as words of
// four bytes that follow each other in k. The results of a thread are those that mma.m16n8k32 gives
// its lane; without tensor cores it computes the same ones by itself.
#pragma once

#include <isotrace/backends/gpu/kernels/product.hpp>

namespace isotrace::backends::gpu {

template <bool is_signed>
ISOTRACE_KERNEL_CODE std::uint32_t byte_of(std::uint32_t word, std::uint32_t number) {
  const auto byte = static_cast<std::uint8_t>(word >> 8 * number);
  if constexpr (is_signed) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<std::int8_t>(byte)));
  }
  return byte;
}

/// sum + the four products of bytes.
template <bool a_signed, bool b_signed>
ISOTRACE_KERNEL_CODE std::uint32_t dot_bytes(std::uint32_t a, std::uint32_t b, std::uint32_t sum) {
#if defined(__CUDA_ARCH__)
  std::uint32_t result = 0;
  if constexpr (a_signed && b_signed) {
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  } else if constexpr (a_signed) {
    asm("dp4a.s32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  } else if constexpr (b_signed) {
    asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  } else {
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  }
  return result;
#else
  for (std::uint32_t i = 0; i < 4; ++i) {
    sum += byte_of<a_signed>(a, i) * byte_of<b_signed>(b, i);
  }
  return sum;
#endif
}

/// The columns of an image of bytes. Outside of it lie zero points, which add nothing.
struct ByteColumns {
  ImageColumns image;
  std::uint8_t outside;

  ISOTRACE_KERNEL_CODE std::uint8_t read(const std::uint8_t* b, std::int64_t k,
                                         std::int64_t column) const {
    return image.read(b, k, column, outside);
  }
};

template <class Columns>
struct ByteProductArguments {
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t depth;
  bool a_signed;
  bool b_signed;
  const std::uint8_t* a;  ///< matrices with rows one behind the other
  const std::int64_t* a_starts;
  const std::uint8_t* b;
  const std::int64_t* b_starts;
  Columns b_columns;
  std::uint32_t* c;  ///< matrices of rows x columns, per batch
};

template <bool tensor_cores, class Columns>
struct ByteProduct {
  using Arguments = ByteProductArguments<Columns>;
  static constexpr unsigned threads = 128;
  static constexpr std::uint32_t tile = 64;         ///< rows and columns of a block
  static constexpr std::uint32_t depth_words = 16;  ///< of a step
  static constexpr std::uint32_t fetches = tile * depth_words / threads;
  static constexpr std::uint32_t row_tiles = 2;     ///< of 16 rows, per warp
  static constexpr std::uint32_t column_tiles = 4;  ///< of 8 columns

  template <template <class> class Cell>
  struct Shared {
    // 4: the rows of a fragment lie in other banks
    Cell<std::uint32_t> a[2][tile][depth_words + 4];
    Cell<std::uint32_t> b[2][tile][depth_words + 4];
  };
  struct Own {
    std::uint32_t sums[row_tiles][column_tiles][4];
    std::uint32_t a[fetches];
    std::uint32_t b[fetches];
  };

  /// Step p is laid down in phase p and multiplied in phase p + 1.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments& p, At) {
    const std::int64_t steps = (p.depth + depth_words * 4 - 1) / (depth_words * 4);
    return static_cast<std::uint32_t>(steps) + 1;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own& own) {
    const std::uint32_t last = phases(p, at) - 1;
    if (phase != last) fetch(p, at, phase, own);
    if (phase == 0) {
      clear(own);
    } else {
      multiply(p, shared, (phase - 1) % 2, at.thread, own);
    }
    if (phase != last) {
      lay_down(shared, phase % 2, at.thread, own);
    } else {
      store(p, at, own);
    }
  }

 private:
  ISOTRACE_KERNEL_CODE static void clear(Own& own) {
    for (auto& rows : own.sums) {
      for (auto& columns : rows) {
        for (std::uint32_t& sum : columns) sum = 0;
      }
    }
  }

  /// Four bytes that follow each other in k, 0 beyond the matrix.
  template <class ColumnsRead>
  ISOTRACE_KERNEL_CODE static std::uint32_t gather(const std::uint8_t* from, std::int64_t k,
                                                   std::int64_t depth, const ColumnsRead& columns,
                                                   std::int64_t column) {
    std::uint32_t word = 0;
    for (std::uint32_t i = 0; i < 4; ++i) {
      if (k + i < depth) word |= std::uint32_t{columns.read(from, k + i, column)} << 8 * i;
    }
    return word;
  }

  /// Neighbouring threads read neighbouring words of a row of a, and neighbouring columns of b.
  ISOTRACE_KERNEL_CODE static void fetch(const Arguments& p, At at, std::uint32_t step, Own& own) {
    const std::uint8_t* a = p.a + p.a_starts[at.z];
    const std::uint8_t* b = p.b + p.b_starts[at.z];
    for (std::uint32_t i = 0; i < fetches; ++i) {
      const std::uint32_t item = i * threads + at.thread;
      const std::int64_t row = std::int64_t{at.y} * tile + item / depth_words;
      const std::int64_t a_k = (std::int64_t{step} * depth_words + item % depth_words) * 4;
      own.a[i] = row < p.rows ? gather(a, a_k, p.depth, MatrixColumns{1, p.depth}, row) : 0;
      const std::int64_t column = std::int64_t{at.x} * tile + item % tile;
      const std::int64_t b_k = (std::int64_t{step} * depth_words + item / tile) * 4;
      own.b[i] = column < p.columns ? gather(b, b_k, p.depth, p.b_columns, column) : 0;
    }
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void lay_down(Memory& shared, std::uint32_t buffer,
                                            std::uint32_t thread, const Own& own) {
    for (std::uint32_t i = 0; i < fetches; ++i) {
      const std::uint32_t item = i * threads + thread;
      shared.a[buffer][item / depth_words][item % depth_words] = own.a[i];
      shared.b[buffer][item % tile][item / tile] = own.b[i];
    }
  }

  /// Where the tiles of a warp begin.
  ISOTRACE_KERNEL_CODE static std::uint32_t first_row(std::uint32_t thread) {
    return thread / 64 * 32;
  }
  ISOTRACE_KERNEL_CODE static std::uint32_t first_column(std::uint32_t thread) {
    return thread / 32 % 2 * 32;
  }
  /// Of the results of a lane in a tile, number i.
  ISOTRACE_KERNEL_CODE static std::uint32_t row_in_tile(std::uint32_t lane, std::uint32_t i) {
    return lane / 4 + i / 2 * 8;
  }
  ISOTRACE_KERNEL_CODE static std::uint32_t column_in_tile(std::uint32_t lane, std::uint32_t i) {
    return lane % 4 * 2 + i % 2;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void multiply(const Arguments& p, const Memory& shared,
                                            std::uint32_t buffer, std::uint32_t thread, Own& own) {
    if (p.a_signed) {
      if (p.b_signed) {
        multiply_signed<true, true>(shared, buffer, thread, own);
      } else {
        multiply_signed<true, false>(shared, buffer, thread, own);
      }
    } else if (p.b_signed) {
      multiply_signed<false, true>(shared, buffer, thread, own);
    } else {
      multiply_signed<false, false>(shared, buffer, thread, own);
    }
  }

  template <bool a_signed, bool b_signed, class Memory>
  ISOTRACE_KERNEL_CODE static void multiply_signed(const Memory& shared, std::uint32_t buffer,
                                                   std::uint32_t thread, Own& own) {
    for (std::uint32_t i = 0; i < row_tiles; ++i) {
      const auto* a = shared.a[buffer] + first_row(thread) + i * 16;
      for (std::uint32_t j = 0; j < column_tiles; ++j) {
        const auto* b = shared.b[buffer] + first_column(thread) + j * 8;
        for (std::uint32_t k = 0; k < depth_words; k += 8) {
          if constexpr (tensor_cores) {
            multiply_tile<a_signed, b_signed>(a, b, k, thread % 32, own.sums[i][j]);
          } else {
            multiply_alone<a_signed, b_signed>(a, b, k, thread % 32, own.sums[i][j]);
          }
        }
      }
    }
  }

  /// Eight words of k by dot products.
  template <bool a_signed, bool b_signed, class Row>
  ISOTRACE_KERNEL_CODE static void multiply_alone(const Row* a, const Row* b, std::uint32_t k,
                                                  std::uint32_t lane, std::uint32_t (&sums)[4]) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      for (std::uint32_t word = k; word < k + 8; ++word) {
        sums[i] = dot_bytes<a_signed, b_signed>(a[row_in_tile(lane, i)][word],
                                                b[column_in_tile(lane, i)][word], sums[i]);
      }
    }
  }

  /// The word that a lane gives mma.m16n8k32 as part `number` of a (0 to 3) and of b (0 and 1).
  template <class Row>
  ISOTRACE_KERNEL_CODE static std::uint32_t a_part(const Row* a, std::uint32_t k,
                                                   std::uint32_t lane, std::uint32_t number) {
    return a[lane / 4 + number % 2 * 8][k + lane % 4 + number / 2 * 4];
  }
  template <class Row>
  ISOTRACE_KERNEL_CODE static std::uint32_t b_part(const Row* b, std::uint32_t k,
                                                   std::uint32_t lane, std::uint32_t number) {
    return b[lane / 4][k + lane % 4 + number * 4];
  }

  /// Eight words of k by the tensor core of the warp, of which no lane may be missing: volatile, so
  /// that no compiler moves it into a branch.
  template <bool a_signed, bool b_signed, class Row>
  ISOTRACE_KERNEL_CODE static void multiply_tile(const Row* a, const Row* b, std::uint32_t k,
                                                 std::uint32_t lane, std::uint32_t (&sums)[4]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define ISOTRACE_MMA(types)                                                           \
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32." types                         \
               ".s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])           \
               : "r"(a_part(a, k, lane, 0)), "r"(a_part(a, k, lane, 1)),              \
                 "r"(a_part(a, k, lane, 2)), "r"(a_part(a, k, lane, 3)),              \
                 "r"(b_part(b, k, lane, 0)), "r"(b_part(b, k, lane, 1)))
    if constexpr (a_signed && b_signed) {
      ISOTRACE_MMA("s8.s8");
    } else if constexpr (a_signed) {
      ISOTRACE_MMA("s8.u8");
    } else if constexpr (b_signed) {
      ISOTRACE_MMA("u8.s8");
    } else {
      ISOTRACE_MMA("u8.u8");
    }
#undef ISOTRACE_MMA
#else
    // What the instruction does, from the parts of all lanes: byte k of row r of a is in part
    // r / 8 + 2 (k / 16) of lane 4 (r % 8) + k % 16 / 4, and so on (PTX ISA, mma.m16n8k32).
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t row = row_in_tile(lane, i);
      const std::uint32_t column = column_in_tile(lane, i);
      for (std::uint32_t at = 0; at < 32; ++at) {
        const std::uint32_t place = at % 16 / 4;
        const std::uint32_t x = a_part(a, k, row % 8 * 4 + place, row / 8 + at / 16 * 2);
        const std::uint32_t y = b_part(b, k, column * 4 + place, at / 16);
        sums[i] += byte_of<a_signed>(x, at % 4) * byte_of<b_signed>(y, at % 4);
      }
    }
#endif
  }

  ISOTRACE_KERNEL_CODE static void store(const Arguments& p, At at, const Own& own) {
    const std::uint32_t lane = at.thread % 32;
    std::uint32_t* c = p.c + std::int64_t{at.z} * p.rows * p.columns;
    for (std::uint32_t i = 0; i < row_tiles; ++i) {
      for (std::uint32_t j = 0; j < column_tiles; ++j) {
        for (std::uint32_t number = 0; number < 4; ++number) {
          const std::int64_t row =
              std::int64_t{at.y} * tile + first_row(at.thread) + i * 16 + row_in_tile(lane, number);
          const std::int64_t column = std::int64_t{at.x} * tile + first_column(at.thread) + j * 8 +
                                      column_in_tile(lane, number);
          if (row < p.rows && column < p.columns) {
            c[row * p.columns + column] = own.sums[i][j][number];
          }
        }
      }
    }
  }
};

/// out[i] = the sum of the bytes of row i of a matrix whose rows and elements lie so far apart.
struct SumBytes {
  struct Arguments {
    std::uint64_t count;  ///< rows of all matrices
    std::uint64_t rows;
    std::uint64_t length;
    std::uint64_t row_stride;
    std::uint64_t stride;
    bool is_signed;
    const std::uint8_t* x;  ///< matrices of rows x length bytes, one behind the other
    std::uint32_t* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint8_t* row = a.x + i / a.rows * a.rows * a.length + i % a.rows * a.row_stride;
    std::uint32_t sum = 0;
    for (std::uint64_t k = 0; k < a.length; ++k) {
      const std::uint32_t byte = row[k * a.stride];
      sum += a.is_signed ? byte_of<true>(byte, 0) : byte;
    }
    a.out[i] = sum;
  }
};

/// c = sum of (a - its zero point)(b - its zero point), from the sums of a b, of a and of b.
struct CorrectSums {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t rows;
    std::uint64_t columns;
    std::uint32_t depth;
    const std::int64_t* a_starts;  ///< of the matrices, to know whose sums to take
    const std::int64_t* b_starts;
    const std::uint32_t* a_sums;   ///< per row of every matrix of a
    const std::uint32_t* b_sums;   ///< per column
    const std::uint32_t* a_zeros;  ///< one, or one per row
    const std::uint32_t* b_zeros;  ///< one, or one per column
    std::uint64_t a_zero_stride;   ///< 0 or 1
    std::uint64_t b_zero_stride;
    std::uint32_t* c;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    const std::uint64_t batch = i / p.columns / p.rows;
    const std::uint64_t row = i / p.columns % p.rows;
    const std::uint64_t column = i % p.columns;
    const std::uint64_t a_matrix = static_cast<std::uint64_t>(p.a_starts[batch]) / p.depth;
    const std::uint64_t b_matrix = static_cast<std::uint64_t>(p.b_starts[batch]) / p.depth;
    const std::uint32_t a_zero = p.a_zeros[row * p.a_zero_stride];
    const std::uint32_t b_zero = p.b_zeros[column * p.b_zero_stride];
    p.c[i] = p.c[i] - a_zero * p.b_sums[b_matrix + column] - b_zero * p.a_sums[a_matrix + row] +
             p.depth * a_zero * b_zero;
  }
};

/// out[i] = the sum of the bytes of a column of an image, for every column of every batch.
struct SumColumns {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t columns;
    std::int64_t depth;
    bool is_signed;
    const std::uint8_t* b;
    const std::int64_t* b_starts;
    ByteColumns b_columns;
    std::uint32_t* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint8_t* image = a.b + a.b_starts[i / a.columns];
    const auto column = static_cast<std::int64_t>(i % a.columns);
    std::uint32_t sum = 0;
    for (std::int64_t k = 0; k < a.depth; ++k) {
      const std::uint32_t byte = a.b_columns.read(image, k, column);
      sum += a.is_signed ? byte_of<true>(byte, 0) : byte;
    }
    a.out[i] = sum;
  }
};

/// c = bias + sum of (w - its zero point)(x - its zero point), from the sums of w x, of w and of x.
struct CorrectConvolution {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t rows;  ///< outputs of a group
    std::uint64_t columns;
    std::uint64_t groups;
    std::uint32_t depth;
    std::uint32_t x_zero;
    const std::uint32_t* w_sums;   ///< per output
    const std::uint32_t* x_sums;   ///< per batch and column, or null where w has no zero points
    const std::uint32_t* w_zeros;  ///< one, or one per output
    std::uint64_t w_zero_stride;   ///< 0 or 1
    const std::uint32_t* bias;     ///< per output, or null
    std::uint32_t* c;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    const std::uint64_t batch = i / p.columns / p.rows;
    const std::uint64_t output = batch % p.groups * p.rows + i / p.columns % p.rows;
    std::uint32_t sum = p.c[i] - p.x_zero * p.w_sums[output];
    if (p.x_sums != nullptr) {
      const std::uint32_t w_zero = p.w_zeros[output * p.w_zero_stride];
      sum -= w_zero * (p.x_sums[batch * p.columns + i % p.columns] - p.depth * p.x_zero);
    }
    p.c[i] = p.bias == nullptr ? sum : sum + p.bias[output];
  }
};

}  // namespace isotrace::backends::gpu
