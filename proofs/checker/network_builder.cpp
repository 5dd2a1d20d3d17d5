#include "network_builder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

constexpr std::size_t entries_max = std::size_t{1} << 26;  // weights of a whole network

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

MatrixBuilder::MatrixBuilder(std::size_t columns) {
  matrix_.columns = columns;
  matrix_.row_start.push_back(0);
}

void MatrixBuilder::add(std::size_t column, double lower, double upper) {
  if (lower == 0 && upper == 0) return;
  matrix_.column.push_back(static_cast<std::uint32_t>(column));
  matrix_.lower.push_back(lower);
  matrix_.upper.push_back(upper);
}

void MatrixBuilder::end_row() { matrix_.row_start.push_back(matrix_.column.size()); }

bool MatrixBuilder::only_moves() const {
  for (std::size_t row = 0; row < rows(); ++row) {
    const std::size_t at = matrix_.row_start[row];
    const std::size_t entries = matrix_.row_start[row + 1] - at;
    if (entries > 1) return false;
    if (entries == 0) continue;
    if (matrix_.lower[at] != matrix_.upper[at] || std::fabs(matrix_.lower[at]) != 1) return false;
  }
  return true;
}

Matrix MatrixBuilder::finish() {
  matrix_.rows = rows();
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
      if (weight != 0) return std::move(matrix_);
      weight = matrix_.lower[at];
    }
  }
  return dense;
}

SumOrder::SumOrder(std::size_t terms, std::size_t length)
    : length_(length), segments_(std::max<std::size_t>(1, (terms + length - 1) / length)) {}

void SumOrder::add(std::size_t term, std::uint32_t column) {
  ascends_ = ascends_ && column >= next_column_;
  next_column_ = column + 1;
  for (; begun_ <= term / length_; ++begun_) first_.push_back(column);
}

void SumOrder::end_row() {
  for (; begun_ < segments_; ++begun_) first_.push_back(next_column_);
  begun_ = 0;
  next_column_ = 0;
}

void SumOrder::give_to(AffineLayer& layer) && {
  if (!ascends_) return;
  layer.segments = segments_;
  layer.segment_first = std::move(first_);
}

core::Result<core::Done> NetworkBuilder::reserve(const std::string& place, std::size_t rows,
                                                 std::size_t entries) {
  const std::size_t kept = kept_.size();
  if (rows > width_max || kept > width_max || entries > entries_max ||
      rows + entries + 2 * kept > entries_max - entries_) {
    return core::refuse(
        core::RefusalCode::limit_exceeded, place,
        std::to_string(rows) + " elements from " + std::to_string(entries) + " weights");
  }
  entries_ += rows + entries + 2 * kept;
  return core::Done{};
}

void NetworkBuilder::add_affine(MatrixBuilder rows, std::vector<double> bias,
                                std::size_t roundings) {
  Layer layer;
  layer.kind = Layer::Kind::affine;
  layer.inputs = width();
  layer.affine.rounded = rows.rows();
  const bool adds = std::any_of(bias.begin(), bias.end(), [](double b) { return b != 0; });
  layer.affine.roundings = rows.only_moves() && !adds ? 0 : roundings;
  for (const std::uint32_t position : kept_) {
    rows.add(position, 1);
    rows.end_row();
  }
  kept_ = count_up(kept_.size(), layer.affine.rounded);
  layer.affine.weights = rows.finish();
  layer.outputs = layer.affine.weights.rows;
  bias.resize(padded(layer.outputs), 0.0);
  layer.affine.bias = std::move(bias);
  layer.affine.transposes_exactly = transposes_exactly(layer.affine.weights);
  network_.layers.push_back(std::move(layer));
  sums_open_ = false;
}

void NetworkBuilder::add_sums(MatrixBuilder rows, std::size_t terms) {
  add_affine(std::move(rows), {}, terms);
  sums_open_ = true;
}

bool NetworkBuilder::extend_sums(const std::vector<double>& bias, std::size_t roundings) {
  if (!sums_open_) return false;
  AffineLayer& sums = network_.layers.back().affine;
  const auto is_sum = [&](std::uint32_t position) { return position < sums.rounded; };
  if (bias.size() != sums.rounded || std::any_of(kept_.begin(), kept_.end(), is_sum)) return false;
  std::copy(bias.begin(), bias.end(), sums.bias.begin());
  sums.roundings += roundings;
  sums_open_ = false;
  return true;
}

void NetworkBuilder::round_whole_results() {
  network_.layers.back().affine.roundings = 1;
  network_.layers.back().affine.whole = true;
}

void NetworkBuilder::add_movement(const std::vector<std::uint32_t>& source) {
  MatrixBuilder matrix = rows();
  for (std::uint32_t from : source) {
    matrix.add(from, 1);
    matrix.end_row();
  }
  add_affine(std::move(matrix), {}, 0);
}

void NetworkBuilder::add_activation(Layer::Kind kind, std::size_t active) {
  Layer layer;
  layer.kind = kind;
  layer.inputs = layer.outputs = width();
  layer.active = active;
  (layer.is_curve() ? network_.curves : network_.relus) += active;
  network_.layers.push_back(std::move(layer));
  sums_open_ = false;
}

std::vector<std::uint32_t> count_up(std::size_t count, std::size_t first) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), static_cast<std::uint32_t>(first));
  return numbers;
}

}  // namespace isotrace::proofs
