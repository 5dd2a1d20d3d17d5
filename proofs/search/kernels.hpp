// The two inner loops of the search, compiled once per instruction set from one source. Every
// element is summed in ascending order with separate multiplies and adds, so all versions give the
// same bits and a proof does not depend on the machine that found it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isotrace::proofs::search {

/// A dense product over chosen summands: c[r][j] = sum over q of a[r][index[q]] * b[index[q]][j],
/// for r < rows and j < columns. columns and the strides of b and c are multiples of lane_count; c
/// is overwritten.
struct Product {
  const double* a;
  std::size_t a_stride;
  const double* b;
  std::size_t b_stride;
  double* c;
  std::size_t c_stride;
  std::size_t rows;
  std::size_t columns;
  const std::uint32_t* index;
  std::size_t index_count;
};

/// A product with a matrix in which few weights stand: c[r][j] = sum over i < inner of a[r][i] *
/// b[i][j] for r < rows and j < columns, where row i of b is columns_of[q] and weights[q] for
/// row_start[i] <= q < row_start[i + 1]. columns and the strides are multiples of lane_count; c is
/// overwritten. Scratch: [sparse_scratch(columns)].
struct SparseProduct {
  const double* a;
  std::size_t a_stride;
  const std::size_t* row_start;
  const std::uint32_t* columns_of;
  const double* weights;
  std::size_t inner;
  double* c;
  std::size_t c_stride;
  std::size_t rows;
  std::size_t columns;
  double* scratch;
};

/// Rows that share each weight of a SparseProduct.
inline constexpr std::size_t sparse_block = 32;
inline std::size_t sparse_scratch(std::size_t columns) { return sparse_block * columns; }

/// What a row of coefficients meets on its way through one activation: h >= lower_slope * z +
/// lower_shift and h <= upper_slope * z + upper_shift. All [size], a multiple of lane_count.
struct ReluPass {
  double* row;
  const double* lower_slope;
  const double* lower_shift;
  const double* upper_slope;
  const double* upper_shift;
  std::size_t size;
};

/// One affine layer in binary32: y[j] = (sum over i of x[i] * w[i][j]) + bias[j], j < columns (a
/// multiple of 16).
struct FloatLayer {
  const float* x;
  std::size_t inputs;
  const float* w;
  const float* bias;
  float* y;
  std::size_t columns;
};

struct Kernels {
  const char* name;
  void (*multiply)(const Product&);
  void (*multiply_sparse)(const SparseProduct&);
  /// Replaces coefficients of h by coefficients of z; returns the constant that this costs.
  double (*relax)(const ReluPass&);
  /// Sum of row * bias - |row| * error.
  double (*shift)(const double* row, const double* bias, const double* error, std::size_t size);
  /// Least value of row * x for lower <= x <= upper.
  double (*least)(const double* row, const double* lower, const double* upper, std::size_t size);
  void (*affine)(const FloatLayer&);
};

/// The fastest version that this processor runs.
const Kernels& best_kernels();

extern const Kernels portable_kernels;
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;

}  // namespace isotrace::proofs::search
