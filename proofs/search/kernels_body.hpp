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
