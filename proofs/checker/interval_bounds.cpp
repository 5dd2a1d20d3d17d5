// Interval bounds and rounding errors of one layer, from the bounds of its input.
#include <algorithm>
#include <cmath>

#include "bounds.hpp"
#include "row_kernels.hpp"

namespace isotrace::proofs {
namespace {

/// Lower bounds of: the row's value, its negation, and the negated sum of magnitudes.
struct RowInterval {
  double least = 0;
  double most = 0;
  double size = 0;
};

RowInterval sparse_row(const Matrix& matrix, std::size_t row, const Bounds& input,
                       const std::vector<double>& largest) {
  RowInterval sum;
  for (std::size_t at = matrix.row_start[row]; at < matrix.row_start[row + 1]; ++at) {
    const double low = input.lower[matrix.column[at]];
    const double high = input.upper[matrix.column[at]];
    const double a = matrix.lower[at];
    const double b = matrix.upper[at];
    // A product of two intervals is extreme where both factors are.
    sum.least += std::min(std::min(a * low, a * high), std::min(b * low, b * high));
    sum.most += std::min(std::min(-a * low, -a * high), std::min(-b * low, -b * high));
    sum.size += -std::max(std::fabs(a), std::fabs(b)) * largest[matrix.column[at]];
  }
  return sum;
}

}  // namespace

bool bound_affine(const AffineLayer& layer, const RoundingModel& model, const Bounds& input,
                  LayerBounds& output) {
  const Matrix& matrix = layer.weights;
  std::vector<double> largest(input.lower.size());
  for (std::size_t i = 0; i < largest.size(); ++i) {
    largest[i] = std::max(std::fabs(input.lower[i]), std::fabs(input.upper[i]));
  }
  output.values = Bounds(matrix.rows);
  output.error.assign(padded(matrix.rows), 0.0);
  const RowKernels& kernels = row_kernels();
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    RowInterval sum;
    if (matrix.is_dense()) {
      kernels.interval(matrix.dense_row(row), input.lower.data(), input.upper.data(),
                       largest.data(), padded(matrix.columns), &sum.least, &sum.most, &sum.size);
    } else {
      sum = sparse_row(matrix, row, input, largest);
    }
    const double negated_size = sum.size - std::fabs(layer.bias[row]);
    const double least = sum.least + layer.bias[row];
    const double negated_most = sum.most - layer.bias[row];
    double error = 0;
    if (row < layer.rounded) {
      // A single rounding errs by at most u times the exact result, which may be smaller than S.
      const double single = std::max(negated_size, std::min(least, negated_most));
      error = error_bound(model, layer.roundings == 1 ? single : negated_size);
      if (layer.whole && single >= -whole_max) error = 0;
    }
    // No partial sum, in any order, is larger than the sum of magnitudes plus its error; below
    // 2^127 none overflows, and finite sums and products of finite values are never NaN.
    if (!(negated_size - error > -magnitude_max)) return false;
    output.error[row] = error;
    double lower = least - error;
    double negated_upper = negated_most - error;
    if (error > 0 && layer.roundings == 1) {
      // Rounding is monotone: no result of a single one is below that of `least`.
      lower = std::max(lower, nearest_single(least));
      negated_upper = std::max(negated_upper, nearest_single(negated_most));
    }
    output.values.lower[row] = lower;
    output.values.upper[row] = -negated_upper;
  }
  return true;
}

void bound_relu(std::size_t active, const Bounds& input, LayerBounds& output) {
  output.values = input;
  for (std::size_t i = 0; i < active; ++i) {
    output.values.lower[i] = std::max(0.0, input.lower[i]);
    output.values.upper[i] = std::max(0.0, input.upper[i]);
  }
}

}  // namespace isotrace::proofs
