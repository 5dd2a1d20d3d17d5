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

}  // namespace

void Attack::measure(Candidate& candidate) {
  candidate.excess = model_.excess(problem_, candidate.x, scratch_);
}

Candidate Attack::probe(std::span<const double> point) {
  Candidate candidate;
  for (std::size_t i = 0; i < point.size(); ++i) {
    candidate.x.push_back(round_into(problem_.floats, i, point[i]));
  }
  measure(candidate);
  return candidate;
}

Candidate Attack::random_point(core::PhiloxStream& random) {
  std::vector<double> point(network_.inputs);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double low = double{problem_.floats.lower[i]};
    const double high = double{problem_.floats.upper[i]};
    point[i] = low + (high - low) * double{random.next_f32()};
  }
  return probe(point);
}

Candidate Attack::probe_landmarks(core::PhiloxStream& random) {
  const std::size_t size = network_.inputs;
  std::vector<double> point(size);
  for (std::size_t i = 0; i < size; ++i) {
    point[i] = 0.5 * double{problem_.floats.lower[i]} + 0.5 * double{problem_.floats.upper[i]};
  }
  Candidate best = probe(point);
  const std::size_t randoms = 2 * worthwhile(network_, 32);
  const std::size_t corners = size <= 6 ? std::size_t{1} << size : randoms;
  for (std::size_t c = 0; c < corners; ++c) {
    for (std::size_t i = 0; i < size; ++i) {
      const bool high = size <= 6 ? ((c >> i) & 1U) != 0 : (random.next_u32() & 1U) != 0;
      point[i] = double{high ? problem_.floats.upper[i] : problem_.floats.lower[i]};
    }
    best = better(best, probe(point));
  }
  for (std::size_t i = 0; i < randoms; ++i) best = better(best, random_point(random));
  return best;
}

void Attack::mutate(const Candidate& from, Candidate& to, double sigma,
                    core::PhiloxStream& random) const {
  to.x = from.x;
  for (std::size_t i = 0; i < to.x.size(); ++i) {
    if (to.x.size() > 1 && (random.next_u32() & 1U) != 0) continue;
    const double width = double{problem_.floats.upper[i]} - double{problem_.floats.lower[i]};
    to.x[i] = round_into(problem_.floats, i, double{from.x[i]} + bell(random) * sigma * width);
  }
}

std::size_t Attack::climb(Candidate& current, double sigma, core::PhiloxStream& random,
                          std::size_t evaluations) {
  std::size_t used = 0;
  Candidate next;
  // Past zero a few steps more, so that the reference's other order of operations agrees.
  int beyond = 0;
  while (sigma > 1e-5 && used < evaluations && beyond < 64) {
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
  while (used < evaluations && best.excess > 0) {
    Candidate current = random_point(random);
    for (int i = 0; i < 39; ++i) current = better(current, random_point(random));
    used += 40;
    used += climb(current, 0.3, random, evaluations - std::min(used, evaluations));
    best = better(best, current);
  }
  return best;
}

/// Gradient of the row with the largest excess.
std::vector<double> Attack::gradient(const Candidate& at) const {
  std::vector<std::vector<double>> values;
  std::vector<double> x(at.x.begin(), at.x.end());
  for (const Layer& layer : network_.layers) {
    std::vector<double> y(layer.out);
    for (std::size_t o = 0; o < layer.out; ++o) {
      double sum = layer.bias[o];
      layer.for_each_weight(o, [&](std::size_t i, double weight) { sum += weight * x[i]; });
      const bool acts = layer.activated && layer.activated_on[o] != 0;
      y[o] = acts ? activate(layer.activation, sum) : sum;
    }
    x = y;
    values.push_back(std::move(y));
  }
  std::size_t worst = 0;
  double worst_value = -1e300;
  for (std::size_t r = 0; r < problem_.rows.size(); ++r) {
    double value = -problem_.limits[r];
    const RowForm& row = problem_.rows[r];
    for (std::size_t i = 0; i < x.size(); ++i) value += row.outputs[i] * x[i];
    for (std::size_t i = 0; i < row.inputs.size() && i < at.x.size(); ++i) {
      value += row.inputs[i] * double{at.x[i]};
    }
    if (value > worst_value) {
      worst_value = value;
      worst = r;
    }
  }
  std::vector<double> slope = problem_.rows[worst].outputs;
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
  const std::vector<double>& direct = problem_.rows[worst].inputs;
  for (std::size_t i = 0; i < slope.size() && i < direct.size(); ++i) slope[i] += direct[i];
  return slope;
}

Candidate Attack::descend(core::PhiloxStream& random, std::size_t starts) {
  Candidate best = random_point(random);
  if (problem_.rows.empty()) return best;
  for (std::size_t start = 0; start < starts && best.excess > 0; ++start) {
    Candidate current = random_point(random);
    double step = 0.25;
    for (int i = 0; i < 25 && best.excess > 0; ++i) {
      const std::vector<double> slope = gradient(current);
      for (std::size_t j = 0; j < slope.size(); ++j) {
        const double width = double{problem_.floats.upper[j]} - double{problem_.floats.lower[j]};
        const double direction = slope[j] > 0 ? -1 : slope[j] < 0 ? 1 : 0;
        current.x[j] =
            round_into(problem_.floats, j, double{current.x[j]} + direction * step * width);
      }
      measure(current);
      best = better(best, current);
      step *= 0.85;
    }
  }
  return best;
}

}  // namespace isotrace::proofs::search
