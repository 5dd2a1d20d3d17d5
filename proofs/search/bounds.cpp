#include <isotrace/proofs/search/bounds.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <isotrace/proofs/search/executed_sums.hpp>

namespace isotrace::proofs::search {
namespace {

constexpr double unknown = 1e300;
/// Below the largest binary32: beyond this a float run may leave the model of roundings.
constexpr double height_max = 0x1p126;

/// Neurons that read the same part of the layer before side by side: their rows share more weights
/// on the way down.
void sort_by_reach(const Layer& layer, std::vector<std::uint32_t>& neurons) {
  if (layer.kind != Layer::Kind::sparse) return;
  const SparseRows& rows = layer.sparse;
  const auto first_of = [&rows](std::uint32_t neuron) {
    const std::size_t start = rows.row_start[neuron];
    return start < rows.row_start[neuron + 1] ? rows.columns[start] : 0;
  };
  std::stable_sort(neurons.begin(), neurons.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return first_of(a) < first_of(b); });
}

}  // namespace

Bounds unknown_bounds(const Network& network) {
  Bounds bounds;
  for (const Layer& layer : network.layers) {
    const std::size_t size = layer.activated ? padded(layer.out) : 0;
    bounds.lower.emplace_back(size, -unknown);
    bounds.upper.emplace_back(size, unknown);
  }
  return bounds;
}

bool is_unstable(const Network& network, const Bounds& bounds, std::size_t layer,
                 std::size_t neuron) {
  const Layer& at = network.layers[layer];
  return at.activation == Activation::relu && at.activated_on[neuron] != 0 &&
         bounds.lower[layer][neuron] < 0 && bounds.upper[layer][neuron] > 0;
}

Relaxation::Relaxation(const Network& network, const Kernels& kernels)
    : network_(network), kernels_(kernels), stride_(network.widest()) {
  zeros_.assign(stride_, 0);
  every_.resize(stride_);
  std::iota(every_.begin(), every_.end(), 0U);
  low_.emplace_back(padded(network.inputs), 0);
  for (const Layer& layer : network.layers) {
    const std::vector<double> zeros(padded(layer.out), 0);
    low_.push_back(zeros);
    lower_slopes_.push_back(zeros);
    error_rules_.push_back(layer_error(layer));
    active_.emplace_back(every_.begin(), every_.begin() + static_cast<std::ptrdiff_t>(layer.out));
  }
  high_ = heights_ = low_;
  const auto is_sparse = [](const Layer& layer) { return layer.kind == Layer::Kind::sparse; };
  if (std::any_of(network.layers.begin(), network.layers.end(), is_sparse)) {
    sparse_sums_.resize(sparse_scratch(stride_));
  }
  upper_slopes_ = upper_shifts_ = lower_shifts_ = errors_ = magnitudes_ = lower_slopes_;
}

void Relaxation::reserve(std::size_t rows) {
  if (rows_.size() < rows * stride_) {
    rows_.resize(rows * stride_);
    next_rows_.resize(rows * stride_);
  }
  constants_.assign(rows, 0);
}

void Relaxation::enter_box(const Box& box) {
  box_ = box;
  finite_ = true;
  low_[0] = box.lower;
  high_[0] = box.upper;
}

/// Heights, errors and intervals of a layer, from those of the layer before.
void Relaxation::enter_layer(std::size_t k) {
  auto& height = heights_[k];
  for (std::size_t i = 0; i < height.size(); ++i) {
    height[i] = std::max(std::fabs(low_[k][i]), std::fabs(high_[k][i]));
    finite_ = finite_ && height[i] < height_max;
  }
  charge_errors(k);
  bound_by_interval(k);
}

void Relaxation::tighten(Bounds& bounds, const Box& box, std::size_t settled) {
  enter_box(box);
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    enter_layer(k);
    if (network_.layers[k].activated) {
      narrow_by_interval(k, bounds);
      if (k >= settled) bound_layer(k, bounds);
      relax_layer(k, bounds);
    }
  }
}

double Relaxation::spread_by_intervals() const {
  double least = unknown;
  double most = -unknown;
  for (const std::uint32_t neuron : network_.output_neurons) {
    least = std::min(least, low_.back()[neuron]);
    most = std::max(most, high_.back()[neuron]);
  }
  return most - least;
}

void Relaxation::charge_errors(std::size_t k) {
  const Layer& layer = network_.layers[k];
  auto& sums = magnitudes_[k];
  for (std::size_t i = 0; i < layer.out; ++i) {
    if (layer.kind == Layer::Kind::dense) {
      sums[i] = -kernels_.shift(layer.row(i), zeros_.data(), heights_[k].data(), padded(layer.in));
    } else {
      double sum = 0;
      layer.for_each_weight(
          i, [&](std::size_t j, double weight) { sum += std::fabs(weight) * heights_[k][j]; });
      sums[i] = sum;
    }
    sums[i] += std::fabs(layer.bias[i]);
    errors_[k][i] =
        layer.handed_on[i] != 0 ? 0 : error_rules_[k].scale * sums[i] + error_rules_[k].floor;
    finite_ = finite_ && sums[i] < height_max;
  }
}

/// Coefficients of +-neuron over the values entering layer k: rows of its weights.
void Relaxation::start_rows(std::size_t k, const std::vector<std::uint32_t>& unstable) {
  const Layer& layer = network_.layers[k];
  const std::size_t size = padded(layer.in);
  reserve(2 * unstable.size());
  for (std::size_t q = 0; q < unstable.size(); ++q) {
    const std::size_t neuron = unstable[q];
    double* up = rows_.data() + 2 * q * stride_;
    double* down = up + stride_;
    std::fill(up, up + size, 0);
    layer.for_each_weight(neuron, [&](std::size_t i, double weight) { up[i] = weight; });
    for (std::size_t i = 0; i < size; ++i) down[i] = -up[i];
    constants_[2 * q] = layer.bias[neuron] - errors_[k][neuron];
    constants_[2 * q + 1] = -layer.bias[neuron] - errors_[k][neuron];
  }
}

void Relaxation::pass_affine(std::size_t k, std::size_t rows) {
  const Layer& layer = network_.layers[k];
  for (std::size_t r = 0; r < rows; ++r) {
    double* row = rows_.data() + r * stride_;
    constants_[r] += kernels_.shift(row, layer.bias.data(), errors_[k].data(), padded(layer.out));
    if (layer.kind == Layer::Kind::diagonal) {
      for (std::size_t i = 0; i < layer.out; ++i) row[i] *= layer.weights[i];
    }
  }
  if (layer.kind == Layer::Kind::diagonal) return;
  if (layer.kind == Layer::Kind::sparse) {
    const SparseRows& sparse = layer.sparse;
    kernels_.multiply_sparse({rows_.data(), stride_, sparse.row_start.data(), sparse.columns.data(),
                              sparse.weights.data(), layer.out, next_rows_.data(), stride_, rows,
                              padded(layer.in), sparse_sums_.data()});
    std::swap(rows_, next_rows_);
    return;
  }
  kernels_.multiply({rows_.data(), stride_, layer.weights.data(), padded(layer.in),
                     next_rows_.data(), stride_, rows, padded(layer.in), active_[k].data(),
                     active_[k].size()});
  std::swap(rows_, next_rows_);
}

/// Takes rows over the results of layer `layers` - 1 down to the inputs, with the default slopes.
void Relaxation::substitute(std::size_t layers, std::size_t rows) {
  for (std::size_t k = layers; k-- > 0;) {
    if (network_.layers[k].activated) {
      for (std::size_t r = 0; r < rows; ++r) {
        constants_[r] += kernels_.relax({rows_.data() + r * stride_, lower_slopes_[k].data(),
                                         lower_shifts_[k].data(), upper_slopes_[k].data(),
                                         upper_shifts_[k].data(), lower_slopes_[k].size()});
      }
    }
    pass_affine(k, rows);
  }
}

void Relaxation::narrow_by_interval(std::size_t k, Bounds& bounds) const {
  for (std::size_t i = 0; i < network_.layers[k].out; ++i) {
    bounds.lower[k][i] = std::max(bounds.lower[k][i], low_[k + 1][i]);
    bounds.upper[k][i] = std::min(bounds.upper[k][i], high_[k + 1][i]);
  }
}

void Relaxation::bound_layer(std::size_t k, Bounds& bounds) {
  unstable_.clear();
  const std::size_t size = network_.layers[k].out;
  auto& lower = bounds.lower[k];
  auto& upper = bounds.upper[k];
  for (std::uint32_t i = 0; i < size; ++i) {
    if (network_.layers[k].activated_on[i] == 0) continue;
    const bool is_curve = network_.layers[k].activation != Activation::relu;
    if (is_curve ? lower[i] < upper[i] : lower[i] < 0 && upper[i] > 0) unstable_.push_back(i);
  }
  // A block at a time, so that wide layers need no matrix of all rows.
  constexpr std::size_t block = 128;
  sort_by_reach(network_.layers[k], unstable_);
  const std::vector<std::uint32_t> all = std::move(unstable_);
  for (std::size_t first = 0; first < all.size() && !is_unwanted(); first += block) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    unstable_.assign(begin,
                     begin + static_cast<std::ptrdiff_t>(std::min(block, all.size() - first)));
    start_rows(k, unstable_);
    substitute(k, 2 * unstable_.size());
    for (std::size_t q = 0; q < unstable_.size(); ++q) {
      const double* up = rows_.data() + 2 * q * stride_;
      const double low = constants_[2 * q] + kernels_.least(up, box_.lower.data(),
                                                            box_.upper.data(), box_.lower.size());
      const double high =
          -constants_[2 * q + 1] -
          kernels_.least(up + stride_, box_.lower.data(), box_.upper.data(), box_.lower.size());
      lower[unstable_[q]] = std::max(lower[unstable_[q]], low);
      upper[unstable_[q]] = std::min(upper[unstable_[q]], high);
    }
  }
}

void Relaxation::relax_layer(std::size_t k, const Bounds& bounds) {
  active_[k].clear();
  for (std::uint32_t i = 0; i < network_.layers[k].out; ++i) {
    const double l = bounds.lower[k][i];
    const double u = bounds.upper[k][i];
    double& lower_slope = lower_slopes_[k][i];
    double& upper_slope = upper_slopes_[k][i];
    double& upper_shift = upper_shifts_[k][i];
    double& lower_shift = lower_shifts_[k][i];
    upper_shift = lower_shift = 0;
    if (network_.layers[k].activated_on[i] == 0) {
      lower_slope = upper_slope = 1;
      active_[k].push_back(i);
      low_[k + 1][i] = l;
      high_[k + 1][i] = u;
      continue;
    }
    if (const Activation curve = network_.layers[k].activation; curve != Activation::relu) {
      const CurvePiece piece = curve_piece(curve, network_.real, l, std::max(l, u));
      lower_slope = piece.below.slope;
      lower_shift = piece.below.shift;
      upper_slope = piece.above.slope;
      upper_shift = piece.above.shift;
      active_[k].push_back(i);
      low_[k + 1][i] = piece.least;
      high_[k + 1][i] = piece.most;
      continue;
    }
    if (l >= 0) {
      lower_slope = upper_slope = 1;
    } else if (u <= 0) {
      lower_slope = upper_slope = 0;
    } else {
      upper_slope = u / (u - l);
      upper_shift = -upper_slope * l;
      lower_slope = u > -l ? 1 : 0;
    }
    if (upper_slope != 0) active_[k].push_back(i);
    low_[k + 1][i] = std::max(0.0, l);
    high_[k + 1][i] = std::max(0.0, u);
  }
}

/// Interval arithmetic: what a layer without ReLU passes on, and a first bound for one with.
void Relaxation::bound_by_interval(std::size_t k) {
  const Layer& layer = network_.layers[k];
  const std::size_t size = padded(layer.in);
  for (std::size_t o = 0; o < layer.out; ++o) {
    double low = 0;
    double high = 0;
    if (layer.kind != Layer::Kind::dense) {
      layer.for_each_weight(o, [&](std::size_t i, double weight) {
        low += weight * (weight < 0 ? high_[k][i] : low_[k][i]);
        high += weight * (weight < 0 ? low_[k][i] : high_[k][i]);
      });
    } else {
      low = kernels_.least(layer.row(o), low_[k].data(), high_[k].data(), size);
      // The greatest value takes each range from its other end.
      high = kernels_.least(layer.row(o), high_[k].data(), low_[k].data(), size);
    }
    if (layer.roundings == 1 && layer.handed_on[o] == 0) {
      // A single rounding errs by at most u times the exact result.
      const double reach =
          std::max(std::fabs(low + layer.bias[o]), std::fabs(high + layer.bias[o]));
      const double height = std::min(magnitudes_[k][o], reach);
      const bool exact = layer.whole && height <= 0x1p24;
      errors_[k][o] = exact ? 0 : error_rules_[k].scale * height + error_rules_[k].floor;
    }
    double& lower = low_[k + 1][o];
    double& upper = high_[k + 1][o];
    lower = low + layer.bias[o] - errors_[k][o];
    upper = high + layer.bias[o] + errors_[k][o];
    if (layer.roundings == 1 && layer.handed_on[o] == 0) {
      // A single rounding is monotone.
      lower = std::max(lower, double{static_cast<float>(low + layer.bias[o])});
      upper = std::min(upper, double{static_cast<float>(high + layer.bias[o])});
    }
  }
  if (!layer.segments.empty()) execute_sums(layer, low_[k], high_[k], low_[k + 1], high_[k + 1]);
}

Relaxation::Row Relaxation::bound_row(const RowForm& row, const Slopes& lower_slopes,
                                      Slopes* coefficients_after,
                                      const std::vector<SignSplit>& signs) {
  reserve(1);
  std::copy(row.outputs.begin(), row.outputs.end(), rows_.begin());
  for (const SignSplit& split : signs) {
    // A neuron whose ReLU is off matters again through the split's own term.
    auto& active = active_[split.layer];
    const auto place = std::lower_bound(active.begin(), active.end(), split.neuron);
    if (place == active.end() || *place != split.neuron) active.insert(place, split.neuron);
  }
  double magnitude = 0;
  for (std::size_t k = network_.layers.size(); k-- > 0;) {
    const std::size_t size = padded(network_.layers[k].out);
    if (coefficients_after != nullptr) {
      (*coefficients_after)[k].assign(rows_.begin(),
                                      rows_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    if (network_.layers[k].activated) {
      constants_[0] +=
          kernels_.relax({rows_.data(), lower_slopes[k].data(), lower_shifts_[k].data(),
                          upper_slopes_[k].data(), upper_shifts_[k].data(), size});
    }
    for (const SignSplit& split : signs) {
      if (split.layer == k) rows_[split.neuron] -= split.weight * split.sign;
    }
    magnitude -= kernels_.shift(rows_.data(), zeros_.data(), magnitudes_[k].data(), size);
    pass_affine(k, 1);
  }
  for (std::size_t i = 0; i < row.inputs.size(); ++i) rows_[i] += row.inputs[i];
  Row bound;
  bound.coefficients.assign(rows_.begin(),
                            rows_.begin() + static_cast<std::ptrdiff_t>(padded(network_.inputs)));
  bound.constant = constants_[0];
  bound.least = bound.constant + kernels_.least(bound.coefficients.data(), box_.lower.data(),
                                                box_.upper.data(), box_.lower.size());
  for (std::size_t i = 0; i < network_.inputs; ++i) {
    magnitude += std::fabs(bound.coefficients[i]) * heights_[0][i];
  }
  bound.magnitude = magnitude;
  return bound;
}

void Relaxation::relax_beyond(const SignSplit& split, double* row, Slopes& lower_slopes) {
  const std::size_t k = split.layer;
  const double slope = split.sign > 0 ? 1 : 0;
  const double lower_before = std::exchange(lower_slopes[k][split.neuron], slope);
  const double upper_before = std::exchange(upper_slopes_[k][split.neuron], slope);
  const double shift_before = std::exchange(upper_shifts_[k][split.neuron], 0);
  const auto number = static_cast<std::size_t>(row - rows_.data()) / stride_;
  constants_[number] +=
      kernels_.relax({row, lower_slopes[k].data(), lower_shifts_[k].data(), upper_slopes_[k].data(),
                      upper_shifts_[k].data(), padded(network_.layers[k].out)});
  lower_slopes[k][split.neuron] = lower_before;
  upper_slopes_[k][split.neuron] = upper_before;
  upper_shifts_[k][split.neuron] = shift_before;
}

std::vector<double> Relaxation::least_beyond(const std::vector<SignSplit>& halves,
                                             const RowForm& row, Slopes& lower_slopes,
                                             const std::vector<SignSplit>& signs) {
  // The first row is without any of them; each other one leaves it at its layer.
  reserve(1 + halves.size());
  std::copy(row.outputs.begin(), row.outputs.end(), rows_.begin());
  std::vector<std::size_t> row_of(halves.size());
  std::size_t rows = 1;
  for (std::size_t k = network_.layers.size(); k-- > 0;) {
    const std::size_t size = padded(network_.layers[k].out);
    const std::size_t before = rows;
    for (std::size_t h = 0; h < halves.size(); ++h) {
      if (halves[h].layer != k) continue;
      row_of[h] = rows;
      double* own = rows_.data() + rows * stride_;
      std::copy_n(rows_.data(), size, own);
      constants_[rows++] = constants_[0];
      relax_beyond(halves[h], own, lower_slopes);
    }
    for (std::size_t r = 0; r < before && network_.layers[k].activated; ++r) {
      constants_[r] += kernels_.relax({rows_.data() + r * stride_, lower_slopes[k].data(),
                                       lower_shifts_[k].data(), upper_slopes_[k].data(),
                                       upper_shifts_[k].data(), size});
    }
    for (const SignSplit& split : signs) {
      for (std::size_t r = 0; r < rows && split.layer == k; ++r) {
        rows_[r * stride_ + split.neuron] -= split.weight * split.sign;
      }
    }
    pass_affine(k, rows);
  }
  std::vector<double> least;
  for (const std::size_t r : row_of) {
    double* own = rows_.data() + r * stride_;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) own[i] += row.inputs[i];
    least.push_back(constants_[r] +
                    kernels_.least(own, box_.lower.data(), box_.upper.data(), box_.lower.size()));
  }
  return least;
}

Relaxation::Sum Relaxation::least_of_intervals(const RowForm& row) const {
  Sum sum;
  const auto add = [&](double coefficient, double low, double high) {
    const double term = coefficient * (coefficient < 0 ? high : low);
    sum.least += term;
    sum.magnitude += std::fabs(term);
  };
  for (std::size_t i = 0; i < row.outputs.size(); ++i) {
    add(row.outputs[i], low_.back()[i], high_.back()[i]);
    // Where sums are executed, no bound of theirs is off.
    if (network_.layers.back().segments.empty()) {
      sum.magnitude += std::fabs(row.outputs[i]) * magnitudes_.back()[i];
    }
  }
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    add(row.inputs[i], box_.lower[i], box_.upper[i]);
  }
  if (network_.is_distribution && row.inputs.empty()) {
    // No output is negative, and they sum to 1.
    double least = 1e300;
    for (const std::uint32_t neuron : network_.output_neurons) {
      least = std::min(least, row.outputs[neuron]);
    }
    const double error = static_cast<double>(network_.output_neurons.size() + 3) * 0x1p-24;
    least -= std::fabs(least) * error;
    if (least > sum.least) return {least, std::fabs(least)};
  }
  return sum;
}

Slopes Relaxation::relaxed_values(const Row& row, const Slopes& lower_slopes,
                                  const Slopes& coefficients_after) {
  Slopes values(network_.layers.size());
  std::vector<double> x(stride_, 0);
  for (std::size_t i = 0; i < network_.inputs; ++i) {
    x[i] = row.coefficients[i] < 0 ? box_.upper[i] : box_.lower[i];
  }
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    const Layer& layer = network_.layers[k];
    auto& z = values[k];
    z.assign(padded(layer.out), 0);
    if (layer.kind == Layer::Kind::dense) {
      kernels_.multiply({x.data(), stride_, layer.transposed.data(), padded(layer.out), z.data(),
                         stride_, 1, padded(layer.out), every_.data(), layer.in});
    } else if (layer.kind == Layer::Kind::sparse) {
      multiply(layer.sparse, layer.sparse.weights.data(), zeros_.data(), x.data(), z.data(),
               layer.out);
    } else {
      for (std::size_t i = 0; i < layer.out; ++i) z[i] = layer.weights[i] * x[i];
    }
    for (std::size_t i = 0; i < layer.out; ++i) {
      z[i] += layer.bias[i];
      x[i] = z[i];
      if (!layer.activated || layer.activated_on[i] == 0) continue;
      x[i] = coefficients_after[k][i] < 0 ? upper_slopes_[k][i] * z[i] + upper_shifts_[k][i]
                                          : lower_slopes[k][i] * z[i] + lower_shifts_[k][i];
    }
  }
  return values;
}

}  // namespace isotrace::proofs::search
