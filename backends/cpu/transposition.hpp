// A matrix that changes its axes, in square blocks that stay in the first-level cache.
#pragma once

#include <algorithm>

#include <xmmintrin.h>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

/// out[row * out_stride + column] = from[row + column * from_stride].
template <class Element>
struct Transposition {
  const Element* from;
  Index from_stride;
  Element* out;
  Index out_stride;
  Index rows;
  Index columns;

  void run() const {
    for (Index row = 0; row < rows; row += block) {
      for (Index column = 0; column < columns; column += block) {
        run_block(row, std::min(block, rows - row), column, std::min(block, columns - column));
      }
    }
  }

 private:
  static constexpr Index block = 16;  // a cache line of f32 in both directions

  void run_block(Index row, Index row_count, Index column, Index column_count) const {
    if constexpr (sizeof(Element) == 4) {
      if (row_count == block && column_count == block) return run_whole_block(row, column);
    }
    for (Index i = row; i < row + row_count; ++i) {
      for (Index j = column; j < column + column_count; ++j) {
        out[i * out_stride + j] = from[i + j * from_stride];
      }
    }
  }

  void run_whole_block(Index row, Index column) const {
    for (Index i = row; i < row + block; i += 4) {
      for (Index j = column; j < column + block; j += 4) {
        const auto source = [&](Index k) {
          return _mm_loadu_ps(reinterpret_cast<const float*>(from + i + (j + k) * from_stride));
        };
        __m128 r0 = source(0);
        __m128 r1 = source(1);
        __m128 r2 = source(2);
        __m128 r3 = source(3);
        _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
        const auto target = [&](Index k) {
          return reinterpret_cast<float*>(out + (i + k) * out_stride + j);
        };
        _mm_storeu_ps(target(0), r0);
        _mm_storeu_ps(target(1), r1);
        _mm_storeu_ps(target(2), r2);
        _mm_storeu_ps(target(3), r3);
      }
    }
  }
};

}  // namespace isotrace::backends::cpu
