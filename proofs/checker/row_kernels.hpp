// The inner loops, for several widths of vector register. Trusted base. All of them run while the
// processor rounds downward, and every result is a lower bound of the exact expression stated. The
// variants do the same operations in the same order and so give the same bits.
#pragma once

#include <cstddef>

namespace isotrace::proofs {

/// Spans are padded to whole lanes; padding is zero and stays zero.
struct RowKernels {
  /// out[r][j] = sum over i of rows[r][i] * weights[i][j], for r < count; strides in elements.
  void (*multiply)(const double* rows, std::size_t row_stride, std::size_t count,
                   const double* weights, std::size_t inner, std::size_t columns, double* out,
                   std::size_t out_stride);
  /// For h in [low, high]: *least = sum w*h, *most = sum -w*h, *size = sum -|w|*largest.
  void (*interval)(const double* weights, const double* low, const double* high,
                   const double* largest, std::size_t columns, double* least, double* most,
                   double* size);
  /// Replaces coefficients of relu(z) by coefficients of z (relu_rule.hpp); gives the constant.
  double (*relu)(double* row, std::size_t columns, const double* slope_positive,
                 const double* slope_negative, const double* low, const double* high);
  /// sum of row * bias - |row| * error.
  double (*offset)(const double* row, std::size_t columns, const double* bias, const double* error);
  /// sum over j of min(row * low, row * high).
  double (*box)(const double* row, std::size_t columns, const double* low, const double* high);
  /// sum over j of min(0, (upper - row) * low), with the upper coefficient given negated.
  double (*correction)(const double* row, const double* negated_upper, std::size_t columns,
                       const double* low);
  /// Whether every |element| <= limit; false for NaN.
  bool (*bounded)(const double* row, std::size_t columns, double limit);
};

/// The widest variant that this processor has.
const RowKernels& row_kernels();
/// The variant that every processor has; for tests.
const RowKernels& portable_row_kernels();

}  // namespace isotrace::proofs
