#include <isotrace/proofs/search/branching.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isotrace::proofs::search {
namespace {

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
    for (std::size_t i = 0; layer.relu && i < layer.out; ++i) {
      if (layer.relu_on[i] == 0 || bounds.lower[k][i] >= 0) continue;
      const double reach = bounds.upper[k][i] > 0 ? 1 : 0;
      const double low = std::min(0.0, centre[i] - radius[i]) * reach;
      const double high = std::max(0.0, centre[i] + radius[i]) * reach;
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

std::optional<Split> find_split(const Network& network, const Kernels& kernels,
                                const Bounds& bounds, const RowForm& row, const Box& box) {
  const std::vector<double> reach = gradient_reach(network, kernels, bounds, row);
  std::optional<Split> best;
  double best_score = -1;
  for (std::uint32_t i = 0; i < network.inputs; ++i) {
    const double middle = 0.5 * box.lower[i] + 0.5 * box.upper[i];
    if (!(middle > box.lower[i] && middle < box.upper[i])) continue;
    const double score = reach[i] * (box.upper[i] - box.lower[i]);
    if (score > best_score) {
      best_score = score;
      best = Split{i, middle};
    }
  }
  return best;
}

}  // namespace isotrace::proofs::search
