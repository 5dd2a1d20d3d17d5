// Bounds of ReLU inputs with lower slopes of their own for each (alpha-CROWN; Xu et al., ICLR
// 2021): some gradient steps on many rows side by side. What a row comes to is named in the proof,
// with its slopes, because the checker's own bounds use the default ones.
#include <isotrace/proofs/search/climb.hpp>

namespace isotrace::proofs::search {
namespace {

/// Multiplications of one layer's bounds: seconds.
constexpr double climb_work_max = 4e9;
constexpr int steps = 10;
constexpr double first_step = 0.5;
constexpr double step_factor = 0.75;

double weights_of(const Layer& layer) {
  if (layer.kind == Layer::Kind::sparse) return static_cast<double>(layer.sparse.weights.size());
  return static_cast<double>(layer.kind == Layer::Kind::dense ? layer.in * layer.out : layer.out);
}

/// What the relaxation of a ReLU can be off.
double gap_of(double low, double high) { return -low * high / (high - low); }

}  // namespace

std::vector<std::uint32_t> Relaxation::choose_climbers(std::size_t k, const Bounds& bounds,
                                                       int passes, double work_max) const {
  std::vector<std::uint32_t> chosen;
  for (const std::uint32_t i : network_.layers[k].relu_order) {
    if (is_unstable(network_, bounds, k, i)) chosen.push_back(i);
  }
  double work = 0;
  for (std::size_t j = 0; j <= k; ++j) work += passes * weights_of(network_.layers[j]);
  const auto most = static_cast<std::size_t>(work_max / work);
  if (chosen.size() > most) {
    const auto gap = [&](std::uint32_t i) {
      return gap_of(bounds.lower[k][i], bounds.upper[k][i]);
    };
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return gap(a) > gap(b); });
    chosen.resize(most);
    std::sort(chosen.begin(), chosen.end());
  }
  return chosen;
}

/// Bounds all rows with their slopes; keeps what is better than before.
void Relaxation::descend_rows(Climb& climb) {
  const std::size_t rows = 2 * climb.neurons.size();
  start_rows(climb.layer, climb.neurons);
  for (std::size_t j = climb.layer; j-- > 0;) {
    const std::size_t size = padded(network_.layers[j].out);
    for (std::size_t r = 0; r < rows && network_.layers[j].activated; ++r) {
      double* row = rows_.data() + r * stride_;
      std::copy_n(row, size, climb.after[j].data() + r * size);
      constants_[r] +=
          kernels_.relax({row, climb.slopes[j].data() + r * size, lower_shifts_[j].data(),
                          upper_slopes_[j].data(), upper_shifts_[j].data(), size});
    }
    pass_affine(j, rows);
  }
  climb.inputs.assign(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(rows * stride_));
  for (std::size_t r = 0; r < rows; ++r) {
    const double least =
        constants_[r] + kernels_.least(rows_.data() + r * stride_, box_.lower.data(),
                                       box_.upper.data(), box_.lower.size());
    if (!(least > climb.best[r])) continue;
    climb.best[r] = least;
    for (std::size_t j = 0; j < climb.layer; ++j) {
      const std::size_t size = climb.slopes[j].size() / rows;
      std::copy_n(climb.slopes[j].data() + r * size, size, climb.best_slopes[j].data() + r * size);
    }
  }
}

/// One step uphill: each row's bound depends on a slope as its coefficient times z, at the point of
/// the relaxed network where the row is least.
void Relaxation::raise_slopes(Climb& climb, const Bounds& bounds, double step) {
  const std::size_t rows = 2 * climb.neurons.size();
  std::vector<double> x = climb.inputs;
  for (std::size_t r = 0; r < rows; ++r) {
    double* at = x.data() + r * stride_;
    for (std::size_t i = 0; i < network_.inputs; ++i) {
      at[i] = at[i] < 0 ? box_.upper[i] : box_.lower[i];
    }
  }
  std::vector<double> z(x.size());
  for (std::size_t j = 0; j < climb.layer; ++j) {
    const Layer& layer = network_.layers[j];
    const std::size_t size = padded(layer.out);
    if (layer.kind == Layer::Kind::dense) {
      kernels_.multiply({x.data(), stride_, layer.transposed.data(), size, z.data(), stride_, rows,
                         size, every_.data(), layer.in});
    }
    for (std::size_t r = 0; r < rows; ++r) {
      double* in = x.data() + r * stride_;
      double* out = z.data() + r * stride_;
      if (layer.kind == Layer::Kind::sparse) {
        multiply(layer.sparse, layer.sparse.weights.data(), zeros_.data(), in, out, layer.out);
      }
      double* slopes = layer.activated ? climb.slopes[j].data() + r * size : nullptr;
      const double* after = layer.activated ? climb.after[j].data() + r * size : nullptr;
      for (std::size_t i = 0; i < layer.out; ++i) {
        const double value =
            (layer.kind == Layer::Kind::diagonal ? layer.weights[i] * in[i] : out[i]) +
            layer.bias[i];
        in[i] = value;
        if (!layer.activated || layer.activated_on[i] == 0) continue;
        in[i] = after[i] < 0 ? upper_slopes_[j][i] * value + upper_shifts_[j][i]
                             : slopes[i] * value + lower_shifts_[j][i];
        if (after[i] <= 0 || !is_unstable(network_, bounds, j, i)) continue;
        const double moved = slopes[i] + (value > 0 ? step : -step);
        slopes[i] = std::round(std::clamp(moved, 0.0, 1.0) * 255) / 255;
      }
    }
  }
}

/// The slopes of one row, of all ReLUs before: boxes below have fewer open ones.
std::vector<std::uint8_t> Relaxation::slope_bytes(const Climb& climb, std::size_t row) const {
  std::vector<std::uint8_t> bytes;
  for (std::size_t j = 0; j < climb.layer; ++j) {
    const double* slopes = climb.best_slopes[j].data() + row * padded(network_.layers[j].out);
    for (const std::uint32_t i : network_.layers[j].relu_order) {
      bytes.push_back(static_cast<std::uint8_t>(std::lround(slopes[i] * 255)));
    }
  }
  return bytes;
}

std::vector<float> Relaxation::reach_of(const Climb& climb, std::size_t row) const {
  std::vector<float> reach;
  for (std::size_t j = 0; j < climb.layer; ++j) {
    const double* after = climb.after[j].data() + row * padded(network_.layers[j].out);
    for (const std::uint32_t i : network_.layers[j].relu_order) {
      reach.push_back(static_cast<float>(after[i]));
    }
  }
  return reach;
}

/// The next neurons from number `start` on, with the default slopes. ReLUs of the layer are
/// numbered from `first` on.
Relaxation::Climb Relaxation::begin_climb(std::size_t k, std::uint32_t first,
                                          const std::vector<std::uint32_t>& neurons,
                                          std::size_t start) const {
  Climb climb;
  climb.layer = k;
  const std::size_t count = std::min(Climb::rows_max / 2, neurons.size() - start);
  climb.neurons.assign(neurons.begin() + static_cast<std::ptrdiff_t>(start),
                       neurons.begin() + static_cast<std::ptrdiff_t>(start + count));
  const std::vector<std::uint32_t>& order = network_.layers[k].relu_order;
  std::vector<std::uint32_t> element(network_.layers[k].out);
  for (std::size_t e = 0; e < order.size(); ++e) {
    element[order[e]] = first + static_cast<std::uint32_t>(e);
  }
  for (const std::uint32_t neuron : climb.neurons) climb.elements.push_back(element[neuron]);
  climb.best.assign(climb.rows(), -HUGE_VAL);
  climb.slopes.resize(k);
  for (std::size_t j = 0; j < k; ++j) {
    if (!network_.layers[j].activated) continue;
    for (std::size_t r = 0; r < climb.rows(); ++r) {
      climb.slopes[j].insert(climb.slopes[j].end(), lower_slopes_[j].begin(),
                             lower_slopes_[j].end());
    }
  }
  climb.best_slopes = climb.after = climb.slopes;
  return climb;
}

void Relaxation::climb_layer(std::size_t k, std::uint32_t first, Bounds& bounds,
                             std::vector<ProofNode>& named, InnerRows& rows) {
  const std::vector<std::uint32_t> all =
      choose_climbers(k, bounds, 4 * (steps + 1), climb_work_max);
  for (std::size_t start = 0; start < all.size() && !is_unwanted(); start += Climb::rows_max / 2) {
    Climb climb = begin_climb(k, first, all, start);
    double step = first_step;
    descend_rows(climb);
    for (std::size_t r = 0; r < climb.rows(); ++r) {
      rows.reach[climb.dimension(r)] = reach_of(climb, r);
    }
    for (int i = 0; i < steps; ++i, step *= step_factor) {
      raise_slopes(climb, bounds, step);
      descend_rows(climb);
    }
    for (std::size_t r = 0; r < climb.rows(); ++r) {
      if (!climb.take_gain(r, bounds)) continue;
      ProofNode node = climb.node(r);
      node.slopes = rows.slopes[node.dimension] = slope_bytes(climb, r);
      named.push_back(std::move(node));
    }
  }
}

std::vector<ProofNode> Relaxation::tighten_named(Bounds& bounds, const Box& box, InnerRows& rows) {
  std::vector<ProofNode> named;
  std::uint32_t first = 0;
  enter_box(box);
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    enter_layer(k);
    if (!network_.layers[k].activated) continue;
    const std::size_t count = network_.layers[k].relu_order.size();
    rows.slopes.resize(2 * (first + count));
    rows.reach.resize(2 * (first + count));
    narrow_by_interval(k, bounds);
    bound_layer(k, bounds);
    if (first > 0) climb_layer(k, first, bounds, named, rows);  // nothing to choose before
    first += static_cast<std::uint32_t>(count);
    relax_layer(k, bounds);
  }
  return named;
}

}  // namespace isotrace::proofs::search
