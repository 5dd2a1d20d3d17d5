#include "network_builder.hpp"

#include <algorithm>
#include <cmath>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

constexpr std::size_t entries_max = std::size_t{1} << 26;  // weights of a whole network
constexpr std::size_t width_max = std::size_t{1} << 24;    // elements of one layer

bool transposes_exactly(const Matrix& matrix) {
  if (matrix.is_dense()) return false;
  std::vector<bool> seen(matrix.columns);
  for (std::size_t i = 0; i < matrix.column.size(); ++i) {
    if (matrix.lower[i] != matrix.upper[i] || std::fabs(matrix.lower[i]) != 1) return false;
    if (seen[matrix.column[i]]) return false;
    seen[matrix.column[i]] = true;
  }
  return true;
}

}  // namespace

MatrixBuilder::MatrixBuilder(std::size_t rows, std::size_t columns) {
  matrix_.rows = rows;
  matrix_.columns = columns;
  matrix_.row_start.reserve(rows + 1);
  matrix_.row_start.push_back(0);
}

void MatrixBuilder::add(std::size_t column, double lower, double upper) {
  if (lower == 0 && upper == 0) return;
  matrix_.column.push_back(static_cast<std::uint32_t>(column));
  matrix_.lower.push_back(lower);
  matrix_.upper.push_back(upper);
}

void MatrixBuilder::end_row() { matrix_.row_start.push_back(matrix_.column.size()); }

Matrix MatrixBuilder::finish() {
  ISOTRACE_CHECK(matrix_.row_start.size() == matrix_.rows + 1, matrix_.row_start.size());
  const std::size_t stride = padded(matrix_.columns);
  const bool filled = matrix_.column.size() >= matrix_.rows * stride / 4;
  if (!filled || matrix_.lower != matrix_.upper) return std::move(matrix_);
  Matrix dense;
  dense.rows = matrix_.rows;
  dense.columns = matrix_.columns;
  dense.dense.assign(dense.rows * stride, 0.0);
  for (std::size_t row = 0; row < dense.rows; ++row) {
    for (std::size_t at = matrix_.row_start[row]; at < matrix_.row_start[row + 1]; ++at) {
      double& weight = dense.dense[row * stride + matrix_.column[at]];
      ISOTRACE_CHECK(weight == 0, row, matrix_.column[at]);
      weight = matrix_.lower[at];
    }
  }
  return dense;
}

core::Result<core::Done> NetworkBuilder::reserve(const std::string& place, std::size_t rows,
                                                 std::size_t entries) {
  if (rows > width_max || entries > entries_max || rows + entries > entries_max - entries_) {
    return core::refuse(
        core::RefusalCode::limit_exceeded, place,
        std::to_string(rows) + " elements from " + std::to_string(entries) + " weights");
  }
  entries_ += rows + entries;
  return core::Done{};
}

void NetworkBuilder::add_affine(Matrix weights, std::vector<double> bias, std::size_t roundings) {
  Layer layer;
  layer.kind = Layer::Kind::affine;
  layer.inputs = weights.columns;
  layer.outputs = weights.rows;
  ISOTRACE_CHECK(layer.inputs == width(), layer.inputs, width());
  bias.resize(padded(weights.rows), 0.0);
  layer.affine = {std::move(weights), std::move(bias), roundings, false};
  layer.affine.transposes_exactly = transposes_exactly(layer.affine.weights);
  network_.layers.push_back(std::move(layer));
  sums_open_ = false;
}

void NetworkBuilder::add_sums(Matrix weights, std::size_t terms) {
  add_affine(std::move(weights), {}, terms);
  sums_open_ = true;
}

bool NetworkBuilder::extend_sums(const std::vector<double>& bias, std::size_t roundings) {
  if (!sums_open_ || bias.size() != width()) return false;
  AffineLayer& sums = network_.layers.back().affine;
  std::copy(bias.begin(), bias.end(), sums.bias.begin());
  sums.roundings += roundings;
  sums_open_ = false;
  return true;
}

void NetworkBuilder::add_movement(const std::vector<std::uint32_t>& source) {
  MatrixBuilder matrix(source.size(), width());
  for (std::uint32_t from : source) {
    matrix.add(from, 1);
    matrix.end_row();
  }
  add_affine(matrix.finish(), {}, 0);
}

void NetworkBuilder::add_relu() {
  Layer layer;
  layer.inputs = layer.outputs = width();
  layer.relu_at = network_.relus;
  network_.relus += layer.outputs;
  network_.layers.push_back(std::move(layer));
  sums_open_ = false;
}

}  // namespace isotrace::proofs
