// The source of the kernels; included once per instruction set, after ISOTRACE_KERNEL_ROWS (rows
// kept in registers) is defined. Vector types are GCC's, lowered to what the file is compiled for.
#pragma once

#include <isotrace/proofs/search/kernels.hpp>

namespace isotrace::proofs::search {
namespace {

using Lanes = double __attribute__((vector_size(64), aligned(8)));
using FloatLanes = float __attribute__((vector_size(64), aligned(4)));

/// The lanes added in one fixed order.
double total(const Lanes& sum) {
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

Lanes load(const double* from) { return *reinterpret_cast<const Lanes*>(from); }

/// `Lines` vectors of columns from column j on: sums enough that none waits for the one before.
template <std::size_t Rows, std::size_t Lines>
void multiply_columns(const Product& p, const double* a, double* c, std::size_t j) {
  Lanes sum[Rows][Lines] = {};
  for (std::size_t q = 0; q < p.index_count; ++q) {
    const std::size_t k = p.index[q];
    for (std::size_t n = 0; n < Lines; ++n) {
      const Lanes b = load(p.b + k * p.b_stride + j + 8 * n);
      for (std::size_t r = 0; r < Rows; ++r) sum[r][n] += b * a[r * p.a_stride + k];
    }
  }
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t n = 0; n < Lines; ++n) {
      *reinterpret_cast<Lanes*>(c + r * p.c_stride + j + 8 * n) = sum[r][n];
    }
  }
}

template <std::size_t Rows>
void multiply_rows(const Product& p, std::size_t first) {
  const double* a = p.a + first * p.a_stride;
  double* c = p.c + first * p.c_stride;
  std::size_t j = 0;
  if constexpr (Rows <= 2) {
    for (; j + 32 <= p.columns; j += 32) multiply_columns<Rows, 4>(p, a, c, j);
    for (; j + 16 <= p.columns; j += 16) multiply_columns<Rows, 2>(p, a, c, j);
  }
  for (; j < p.columns; j += 8) multiply_columns<Rows, 1>(p, a, c, j);
}

void multiply(const Product& p) {
  std::size_t r = 0;
  for (; r + ISOTRACE_KERNEL_ROWS <= p.rows; r += ISOTRACE_KERNEL_ROWS) {
    multiply_rows<ISOTRACE_KERNEL_ROWS>(p, r);
  }
  for (; r + 2 <= p.rows; r += 2) multiply_rows<2>(p, r);
  for (; r < p.rows; ++r) multiply_rows<1>(p, r);
}

/// One row on its own: every weight of each coefficient that is not zero.
void multiply_sparse_row(const SparseProduct& p, std::size_t r) {
  double* c = p.c + r * p.c_stride;
  for (std::size_t j = 0; j < p.columns; ++j) c[j] = 0;
  for (std::size_t i = 0; i < p.inner; ++i) {
    const double a = p.a[r * p.a_stride + i];
    if (a == 0) continue;
    for (std::size_t q = p.row_start[i]; q < p.row_start[i + 1]; ++q) {
      c[p.columns_of[q]] += a * p.weights[q];
    }
  }
}

/// `Lines` vectors of rows side by side, so that each weight meets as many coefficients at once.
/// Rows and columns change places on the way in and out, eight by eight.
template <std::size_t Lines>
void multiply_sparse_block(const SparseProduct& p, std::size_t first, std::size_t count) {
  constexpr std::size_t width = 8 * Lines;
  double* sums = p.scratch;
  for (std::size_t j = 0; j < p.columns * width; ++j) sums[j] = 0;
  double tile[8][width] = {};
  for (std::size_t i = 0; i < p.inner; i += 8) {
    const std::size_t places = p.inner - i < 8 ? p.inner - i : 8;
    for (std::size_t r = 0; r < count; ++r) {
      const double* a = p.a + (first + r) * p.a_stride + i;
      for (std::size_t k = 0; k < places; ++k) tile[k][r] = a[k];
    }
    for (std::size_t k = 0; k < places; ++k) {
      Lanes a[Lines];
      auto some = Lanes{} != Lanes{};
      for (std::size_t n = 0; n < Lines; ++n) {
        a[n] = load(tile[k] + 8 * n);
        some |= a[n] != Lanes{};
      }
      if (((some[0] | some[1]) | (some[2] | some[3]) | (some[4] | some[5]) | (some[6] | some[7])) ==
          0) {
        continue;
      }
      for (std::size_t q = p.row_start[i + k]; q < p.row_start[i + k + 1]; ++q) {
        double* to = sums + p.columns_of[q] * width;
        for (std::size_t n = 0; n < Lines; ++n) {
          *reinterpret_cast<Lanes*>(to + 8 * n) = load(to + 8 * n) + a[n] * p.weights[q];
        }
      }
    }
  }
  for (std::size_t j = 0; j < p.columns; j += 8) {
    for (std::size_t r = 0; r < count; ++r) {
      double* c = p.c + (first + r) * p.c_stride + j;
      for (std::size_t k = 0; k < 8; ++k) c[k] = sums[(j + k) * width + r];
    }
  }
}

void multiply_sparse(const SparseProduct& p) {
  std::size_t r = 0;
  for (; p.rows - r > 16; r += 32) {
    multiply_sparse_block<4>(p, r, p.rows - r < 32 ? p.rows - r : 32);
    if (p.rows - r <= 32) return;
  }
  if (p.rows - r > 2) {
    multiply_sparse_block<2>(p, r, p.rows - r);
    return;
  }
  for (; r < p.rows; ++r) multiply_sparse_row(p, r);
}

double relax(const ReluPass& p) {
  Lanes sum = {};
  const Lanes zero = {};
  for (std::size_t j = 0; j < p.size; j += 8) {
    const Lanes v = load(p.row + j);
    const Lanes negative = v < zero ? v : zero;
    const Lanes positive = v < zero ? zero : v;
    sum += negative * load(p.upper_shift + j) + positive * load(p.lower_shift + j);
    *reinterpret_cast<Lanes*>(p.row + j) =
        positive * load(p.lower_slope + j) + negative * load(p.upper_slope + j);
  }
  return total(sum);
}

double shift(const double* row, const double* bias, const double* error, std::size_t size) {
  Lanes sum = {};
  const Lanes zero = {};
  for (std::size_t j = 0; j < size; j += 8) {
    const Lanes v = load(row + j);
    const Lanes magnitude = v < zero ? -v : v;
    sum += v * load(bias + j) - magnitude * load(error + j);
  }
  return total(sum);
}

double least(const double* row, const double* lower, const double* upper, std::size_t size) {
  Lanes sum = {};
  const Lanes zero = {};
  for (std::size_t j = 0; j < size; j += 8) {
    const Lanes v = load(row + j);
    sum += v * (v < zero ? load(upper + j) : load(lower + j));
  }
  return total(sum);
}

template <std::size_t Lines>
void affine_columns(const FloatLayer& l, std::size_t j) {
  FloatLanes sum[Lines] = {};
  for (std::size_t i = 0; i < l.inputs; ++i) {
    for (std::size_t n = 0; n < Lines; ++n) {
      sum[n] += *reinterpret_cast<const FloatLanes*>(l.w + i * l.columns + j + 16 * n) * l.x[i];
    }
  }
  for (std::size_t n = 0; n < Lines; ++n) {
    sum[n] += *reinterpret_cast<const FloatLanes*>(l.bias + j + 16 * n);
    *reinterpret_cast<FloatLanes*>(l.y + j + 16 * n) = sum[n];
  }
}

void affine(const FloatLayer& l) {
  std::size_t j = 0;
  for (; j + 64 <= l.columns; j += 64) affine_columns<4>(l, j);
  for (; j < l.columns; j += 16) affine_columns<1>(l, j);
}

}  // namespace
}  // namespace isotrace::proofs::search
