// Determinants by elimination with partial pivoting (docs/spec/algebra.md), one thread per matrix.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

template <class Number>
struct Determinants {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t n;
    Number* matrices;  ///< [count][n][n], scratch afterwards
    Number* out;
  };

  ISOTRACE_KERNEL_CODE static std::uint64_t find_pivot(const Number* a, std::uint64_t n,
                                                       std::uint64_t column) {
    std::uint64_t pivot = column;
    for (std::uint64_t row = column + 1; row < n; ++row) {
      if (is_greater(magnitude(a[row * n + column]), magnitude(a[pivot * n + column]))) pivot = row;
    }
    return pivot;
  }

  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    const std::uint64_t n = p.n;
    Number* a = p.matrices + i * n * n;
    bool negative = false;
    Number result = 1;
    for (std::uint64_t column = 0; column < n; ++column) {
      const std::uint64_t pivot = find_pivot(a, n, column);
      if (pivot != column) {
        for (std::uint64_t k = 0; k < n; ++k) {
          const Number moved = a[pivot * n + k];
          a[pivot * n + k] = a[column * n + k];
          a[column * n + k] = moved;
        }
        negative = !negative;
      }
      const Number divisor = a[column * n + column];
      result = result * divisor;
      if (divisor == 0) continue;  // the column is zero already
      for (std::uint64_t row = column + 1; row < n; ++row) {
        const Number factor = divide(a[row * n + column], divisor);
        for (std::uint64_t k = column + 1; k < n; ++k) {
          a[row * n + k] = multiply_add(-factor, a[column * n + k], a[row * n + k]);
        }
      }
    }
    p.out[i] = canonical(negative ? -result : result);
  }
};

}  // namespace isotrace::backends::gpu
