#include <isotrace/proofs/search/branching.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isotrace::proofs::search {
namespace {

/// The least and the greatest derivative of an activation over a range.
std::pair<double, double> slopes_of(Activation activation, double low, double high) {
  const auto at = [&](double x) { return activation_slope(activation, activate(activation, x)); };
  if (activation == Activation::round) {
    const double rise = activate(activation, high) - activate(activation, low);
    return {0, rise > 0 ? rise / (high - low) : 0};
  }
  if (activation == Activation::relu) return {low >= 0 ? 1 : 0, high > 0 ? 1 : 0};
  if (is_convex(activation)) return {std::min(at(low), at(high)), std::max(at(low), at(high))};
  return {std::min(at(low), at(high)), at(std::clamp(0.0, low, std::max(low, high)))};
}

/// Largest |d(row * y) / dx_i| over the box, from centre and radius of each partial derivative.
std::vector<double> gradient_reach(const Network& network, const Kernels& kernels,
                                   const Bounds& bounds, const RowForm& row) {
  const std::size_t stride = network.widest();
  std::vector<std::uint32_t> every(stride);
  std::iota(every.begin(), every.end(), 0U);
  std::vector<double> centre(stride, 0), radius(stride, 0), next_centre(stride),
      next_radius(stride);
  std::copy(row.outputs.begin(), row.outputs.end(), centre.begin());
  for (std::size_t k = network.layers.size(); k-- > 0;) {
    const Layer& layer = network.layers[k];
    for (std::size_t i = 0; layer.activated && i < layer.out; ++i) {
      if (layer.activated_on[i] == 0) continue;
      const auto [flat, steep] =
          slopes_of(layer.activation, bounds.lower[k][i], bounds.upper[k][i]);
      const double from = centre[i] - radius[i];
      const double to = centre[i] + radius[i];
      const double low = std::min(flat * from, steep * from);
      const double high = std::max(flat * to, steep * to);
      centre[i] = 0.5 * (low + high);
      radius[i] = 0.5 * (high - low);
    }
    if (layer.kind == Layer::Kind::diagonal) {
      for (std::size_t i = 0; i < layer.out; ++i) {
        centre[i] *= layer.weights[i];
        radius[i] *= std::fabs(layer.weights[i]);
      }
      continue;
    }
    const std::size_t size = padded(layer.in);
    if (layer.kind == Layer::Kind::sparse) {
      std::fill_n(next_centre.begin(), size, 0);
      std::fill_n(next_radius.begin(), size, 0);
      for (std::size_t o = 0; o < layer.out; ++o) {
        layer.for_each_weight(o, [&](std::size_t i, double weight) {
          next_centre[i] += centre[o] * weight;
          next_radius[i] += radius[o] * std::fabs(weight);
        });
      }
      std::swap(centre, next_centre);
      std::swap(radius, next_radius);
      continue;
    }
    kernels.multiply({centre.data(), stride, layer.weights.data(), size, next_centre.data(), stride,
                      1, size, every.data(), layer.out});
    kernels.multiply({radius.data(), stride, layer.absolute.data(), size, next_radius.data(),
                      stride, 1, size, every.data(), layer.out});
    std::swap(centre, next_centre);
    std::swap(radius, next_radius);
  }
  for (std::size_t i = 0; i < network.inputs; ++i) {
    radius[i] += std::fabs(centre[i] + (row.inputs.empty() ? 0 : row.inputs[i]));
  }
  return radius;
}

}  // namespace

std::optional<Split> find_split(const Network& network, const InputCells& cells,
                                const Kernels& kernels, const Bounds& bounds, const RowForm& row,
                                const Box& box) {
  const std::vector<double> reach = gradient_reach(network, kernels, bounds, row);
  std::optional<Split> best;
  double best_score = -1;
  for (std::uint32_t i = 0; i < network.inputs; ++i) {
    const double middle = 0.5 * box.lower[i] + 0.5 * box.upper[i];
    if (!(middle > box.lower[i] && middle < box.upper[i])) continue;
    if (cells.is_one(i, box.lower[i], box.upper[i])) continue;
    const double score = reach[i] * (box.upper[i] - box.lower[i]);
    if (score > best_score) {
      best_score = score;
      best = Split{i, middle};
    }
  }
  if (best) {
    const std::uint32_t i = best->dimension;
    best->at = cells.cut(i, box.lower[i], box.upper[i]);
  }
  return best;
}

}  // namespace isotrace::proofs::search
