#include <isotrace/proofs/search/attack.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

/// Roughly normal, variance 1: twelve uniforms (no library function, so the same everywhere).
double bell(core::PhiloxStream& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += double{random.next_f32()};
  return sum;
}

const Candidate& better(const Candidate& a, const Candidate& b) {
  return b.excess < a.excess ? b : a;
}

/// Inputs and weights beyond which evaluations are worth less, and how much less at most.
constexpr std::size_t wide = 1024;
constexpr std::size_t wide_share = 32;
constexpr std::size_t heavy = std::size_t{1} << 20;
constexpr std::size_t heavy_share_max = 64;

}  // namespace

std::size_t worthwhile(const Network& network, const Objective& model, std::size_t evaluations) {
  const std::size_t share = std::max(network.inputs > wide ? wide_share : 1,
                                     std::min(1 + model.cost() / heavy, heavy_share_max));
  return (evaluations + share - 1) / share;
}

bool Attack::stopped() {
  if (!stop_ || is_stopped_ || unasked_ < heavy) return is_stopped_;
  unasked_ = 0;
  return is_stopped_ = stop_();
}

void Attack::measure(Candidate& candidate) {
  candidate.excess = model_.excess(problems_, candidate.x, scratch_);
  unasked_ += model_.cost();
}

Candidate Attack::probe(std::span<const double> point) {
  Candidate candidate;
  for (std::size_t i = 0; i < point.size(); ++i) {
    candidate.x.push_back(round_into(floats_, i, point[i]));
  }
  measure(candidate);
  return candidate;
}

Candidate Attack::random_point(core::PhiloxStream& random) {
  std::vector<double> point(network_.inputs);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double low = double{floats_.lower[i]};
    const double high = double{floats_.upper[i]};
    point[i] = low + (high - low) * double{random.next_f32()};
  }
  return probe(point);
}

Candidate Attack::probe_landmarks(core::PhiloxStream& random) {
  const std::size_t size = network_.inputs;
  std::vector<double> point(size);
  for (std::size_t i = 0; i < size; ++i) {
    point[i] = 0.5 * double{floats_.lower[i]} + 0.5 * double{floats_.upper[i]};
  }
  Candidate best = probe(point);
  const std::size_t randoms = 2 * worthwhile(network_, model_, 32);
  const std::size_t corners = size <= 6 ? std::size_t{1} << size : randoms;
  for (std::size_t c = 0; c < corners && !stopped(); ++c) {
    for (std::size_t i = 0; i < size; ++i) {
      const bool high = size <= 6 ? ((c >> i) & 1U) != 0 : (random.next_u32() & 1U) != 0;
      point[i] = double{high ? floats_.upper[i] : floats_.lower[i]};
    }
    best = better(best, probe(point));
  }
  for (std::size_t i = 0; i < randoms && !stopped(); ++i) best = better(best, random_point(random));
  return best;
}

void Attack::mutate(const Candidate& from, Candidate& to, double sigma,
                    core::PhiloxStream& random) const {
  to.x = from.x;
  for (std::size_t i = 0; i < to.x.size(); ++i) {
    if (to.x.size() > 1 && (random.next_u32() & 1U) != 0) continue;
    const double width = double{floats_.upper[i]} - double{floats_.lower[i]};
    to.x[i] = round_into(floats_, i, double{from.x[i]} + bell(random) * sigma * width);
  }
}

std::size_t Attack::climb(Candidate& current, double sigma, core::PhiloxStream& random,
                          std::size_t evaluations) {
  std::size_t used = 0;
  Candidate next;
  // Past zero a few steps more, so that the reference's other order of operations agrees.
  int beyond = 0;
  while (sigma > 1e-5 && used < evaluations && beyond < 64 && !stopped()) {
    mutate(current, next, sigma, random);
    measure(next);
    ++used;
    if (next.excess < current.excess) {
      std::swap(current, next);
      sigma = std::min(0.5, sigma * 1.6);
    } else {
      sigma *= 0.9;
    }
    if (current.excess <= 0) ++beyond;
  }
  return used;
}

Candidate Attack::evolve(core::PhiloxStream& random, std::size_t evaluations) {
  Candidate best = random_point(random);
  std::size_t used = 1;
  while (used < evaluations && best.excess > 0 && !stopped()) {
    Candidate current = random_point(random);
    for (int i = 0; i < 39 && !stopped(); ++i) current = better(current, random_point(random));
    used += 40;
    used += climb(current, 0.3, random, evaluations - std::min(used, evaluations));
    best = better(best, current);
  }
  return best;
}

/// The results of each layer.
std::vector<std::vector<double>> Attack::forward(std::vector<double> x) const {
  std::vector<std::vector<double>> values;
  for (const Layer& layer : network_.layers) {
    std::vector<double> y(layer.bias.begin(), layer.bias.end());
    if (layer.kind == Layer::Kind::sparse) {
      multiply(layer.sparse, layer.sparse.weights.data(), layer.bias.data(), x.data(), y.data(),
               layer.out);
    } else if (layer.kind == Layer::Kind::dense) {
      const std::size_t stride = padded(layer.out);
      for (std::size_t i = 0; i < layer.in; ++i) {
        const double* column = layer.transposed.data() + i * stride;
        for (std::size_t o = 0; o < stride; ++o) y[o] += x[i] * column[o];
      }
    } else {
      for (std::size_t o = 0; o < layer.out; ++o) y[o] += layer.weights[o] * x[o];
    }
    y.resize(layer.out);
    for (std::size_t o = 0; layer.activated && o < layer.out; ++o) {
      if (layer.activated_on[o] != 0) y[o] = activate(layer.activation, y[o]);
    }
    x = y;
    values.push_back(std::move(y));
  }
  return values;
}

/// The slope of a row over the inputs, without the terms that it has over them itself.
std::vector<double> Attack::backward(const RowForm& row,
                                     const std::vector<std::vector<double>>& values) const {
  std::vector<double> slope = row.outputs;
  for (std::size_t k = network_.layers.size(); k-- > 0;) {
    const Layer& layer = network_.layers[k];
    std::vector<double> below(layer.in, 0);
    for (std::size_t o = 0; o < layer.out; ++o) {
      if (layer.activated && layer.activated_on[o] != 0) {
        slope[o] *= activation_slope(layer.activation, values[k][o]);
      }
      if (slope[o] == 0) continue;
      layer.for_each_weight(o,
                            [&](std::size_t i, double weight) { below[i] += slope[o] * weight; });
    }
    slope = std::move(below);
  }
  return slope;
}

/// Gradient of the row with the largest excess, of the target or else of the nearest problem.
std::vector<double> Attack::gradient(const Candidate& at, const Problem* target) const {
  const std::vector<double> x(at.x.begin(), at.x.end());
  const std::vector<std::vector<double>> values = forward(x);
  const RowForm* row = nullptr;
  double nearest = HUGE_VAL;
  for (const Problem* problem : problems_) {
    if (target != nullptr && problem != target) continue;
    const RowForm* worst = nullptr;
    double worst_value = -HUGE_VAL;
    for (std::size_t r = 0; r < problem->rows.size(); ++r) {
      const double value = value_at(problem->rows[r], x, values.back()) - problem->limits[r];
      if (worst != nullptr && !(value > worst_value)) continue;
      worst = &problem->rows[r];
      worst_value = value;
    }
    if (row != nullptr && !(worst_value < nearest)) continue;
    row = worst;
    nearest = worst_value;
  }
  std::vector<double> slope = backward(*row, values);
  for (std::size_t i = 0; i < slope.size() && i < row->inputs.size(); ++i) {
    slope[i] += row->inputs[i];
  }
  return slope;
}

Candidate Attack::descend(core::PhiloxStream& random, std::size_t starts) {
  Candidate best = random_point(random);
  for (const Problem* problem : problems_) {
    if (problem->rows.empty()) return best;
  }
  for (std::size_t start = 0; start < starts && best.excess > 0 && !stopped(); ++start) {
    const Problem* target = start == 0 ? nullptr : problems_[(start - 1) % problems_.size()];
    Candidate current = random_point(random);
    double step = 0.25;
    for (int i = 0; i < 25 && best.excess > 0 && !stopped(); ++i) {
      const std::vector<double> slope = gradient(current, target);
      for (std::size_t j = 0; j < slope.size(); ++j) {
        const double width = double{floats_.upper[j]} - double{floats_.lower[j]};
        const double direction = slope[j] > 0 ? -1 : slope[j] < 0 ? 1 : 0;
        current.x[j] = round_into(floats_, j, double{current.x[j]} + direction * step * width);
      }
      measure(current);
      best = better(best, current);
      step *= 0.85;
    }
  }
  return best;
}

Candidate Attack::turn_runs(core::PhiloxStream& random, std::size_t evaluations) {
  const std::size_t size = network_.inputs;
  const auto side = [&](std::size_t i, bool high) {
    return high ? floats_.upper[i] : floats_.lower[i];
  };
  Candidate current;
  bool high = false;
  for (std::size_t i = 0, left = 0; i < size; ++i, --left) {
    if (left == 0) {
      left = 1 + random.next_below(1 + size / 16);
      high = (random.next_u32() & 1U) != 0;
    }
    current.x.push_back(side(i, high));
  }
  measure(current);
  for (std::size_t used = 1; used < evaluations && current.excess > 0 && !stopped(); ++used) {
    // Half of all inputs at first; in the end, one.
    const double rest = 1 - static_cast<double>(used) / static_cast<double>(evaluations);
    const auto length =
        1 + static_cast<std::size_t>(0.5 * rest * rest * rest * static_cast<double>(size));
    const std::size_t first = random.next_below(size);
    high = (random.next_u32() & 1U) != 0;
    Candidate next;
    next.x = current.x;
    for (std::size_t i = first; i < std::min(size, first + length); ++i) next.x[i] = side(i, high);
    measure(next);
    if (next.excess <= current.excess) current = std::move(next);
  }
  return current;
}

}  // namespace isotrace::proofs::search
