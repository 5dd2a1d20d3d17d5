// RNN, GRU and LSTM: running error analysis along the sequence. The state of a step carries its
// error into the next one, so bands grow with the length as the activations' slopes let them.
#include <algorithm>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/recurrent.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using Bands = std::vector<Band>;

enum Operand : std::size_t { x_at, w_at, r_at, b_at, lengths_at, h_at, c_at, p_at };

/// Covers the roundings of binary64 in a few operations on an error.
constexpr double upward = 1 + 0x1p-40;
/// Error of the functions below, which are short sequences of binary64 with results of at most 1.
constexpr double function_slack = 0x1p-49;

double sigmoid64(double x) { return 1 / (1 + reference::exp64(-x)); }
double tanh64(double x) {
  const double e = reference::exp64(-2 * std::fabs(x));
  return std::copysign((1 - e) / (1 + e), x);
}

/// The number of the band that is nearest to zero: where bell-shaped slopes are greatest.
double flattest(Band x) { return std::max(std::fabs(x.middle) - x.error, 0.0); }

/// Activations of bands, by name (docs/spec/recurrent.md): the slope times the argument's error,
/// and what a library may be off.
class Activation {
 public:
  Activation(const Arithmetic& a, std::string_view name, float alpha, float beta)
      : a_(a), name_(name), alpha_(alpha), beta_(beta) {}

  [[nodiscard]] Band operator()(Band x) const {
    if (!std::isfinite(x.middle) || !std::isfinite(x.error)) return unknown_band();
    const double u = a_.roundoff();
    const double library = a_.library();
    const double alpha = std::fabs(double{alpha_});
    if (name_ == "Tanh") return tanh(x);
    if (name_ == "ScaledTanh") {
      return a_.multiply(a_.load(alpha_), tanh(a_.multiply(a_.load(beta_), x)));
    }
    if (name_ == "Sigmoid") {
      const double y = sigmoid64(x.middle);
      const double peak = sigmoid64(flattest(x));
      return sloped(y, x.error * peak * (1 - peak) * upward, library + 4 * u);
    }
    if (name_ == "Relu") return {std::max(x.middle, 0.0), x.error};
    if (name_ == "Affine") return a_.add(a_.multiply(a_.load(alpha_), x), a_.load(beta_));
    if (name_ == "LeakyRelu") {
      const double y = x.middle < 0 ? alpha_ * x.middle : x.middle;
      return a_.round({y, x.error * std::max(alpha, 1.0) * upward});
    }
    if (name_ == "ThresholdedRelu") return thresholded(x);
    if (name_ == "HardSigmoid") {
      return a_.clamp(a_.add(a_.multiply(a_.load(alpha_), x), a_.load(beta_)), 0, 1);
    }
    if (name_ == "Elu") {
      const double y = x.middle < 0 ? alpha_ * (reference::exp64(x.middle) - 1) : x.middle;
      const bool bends = x.middle - x.error < 0;
      return sloped(y, x.error * std::max(alpha, 1.0) * upward,
                    4 * u * std::fabs(y) + (bends ? alpha * (library + 4 * u) : 0.0));
    }
    if (name_ == "Softsign") {
      const double y = x.middle / (1 + std::fabs(x.middle));
      return sloped(y, x.error, 3 * u);
    }
    // Softplus
    const double tail = reference::log64(1 + reference::exp64(-std::fabs(x.middle)));
    const double y = std::max(x.middle, 0.0) + tail;
    return sloped(y, x.error, (library + 6 * u) * y + library + 4 * u);
  }

 private:
  [[nodiscard]] Band tanh(Band x) const {
    if (!std::isfinite(x.middle) || !std::isfinite(x.error)) return unknown_band();
    const double y = tanh64(x.middle);
    const double least = tanh64(flattest(x));
    return sloped(y, x.error * (1 - least * least) * upward, a_.library() * std::fabs(y));
  }
  /// Either x or 0 where the band reaches over the threshold.
  [[nodiscard]] Band thresholded(Band x) const {
    if (x.middle - x.error > alpha_) return x;
    if (x.middle + x.error <= alpha_) return {0, 0};
    const double reach = std::fabs(x.middle) + x.error;
    return {0, reach * upward};
  }
  [[nodiscard]] Band sloped(double y, double carried, double own) const {
    const double slack = function_slack * std::max(1.0, std::fabs(y));
    return a_.round({y, (carried + own + slack + 2 * a_.least_normal()) * upward});
  }

  const Arithmetic& a_;
  std::string_view name_;
  float alpha_;
  float beta_;
};

/// A sum of products in any order, of which some factors are bands.
class Sum {
 public:
  explicit Sum(const Arithmetic& a) : a_(a) {}
  void add(double weight, Band v) {
    value_ += weight * v.middle;
    magnitude_ += std::fabs(weight) * (std::fabs(v.middle) + v.error);
    const double flushed = a_.load(weight).error;
    carried_ += std::fabs(weight) * v.error + flushed * (std::fabs(v.middle) + v.error);
    ++terms_;
  }
  void add(std::span<const double> weights, std::span<const Band> values) {
    for (std::size_t i = 0; i < weights.size(); ++i) add(weights[i], values[i]);
  }
  [[nodiscard]] Band band() const {
    if (!std::isfinite(magnitude_)) return unknown_band();
    const double slack = 2 * (terms_ + 2) * binary64_roundoff;
    Band sum = a_.sum(value_, magnitude_, terms_, 1);
    sum.error += carried_ * (1 + slack);
    return sum;
  }

 private:
  const Arithmetic& a_;
  double value_ = 0;
  double magnitude_ = 0;
  double carried_ = 0;
  double terms_ = 0;
};

struct State {
  Bands hidden;
  Bands cell;
};

/// One direction of a layer: its weights in binary64, rows by gate and unit.
struct Layer {
  const Arithmetic& a;
  const core::Node& node;
  std::size_t inputs;
  std::size_t hidden;
  Reals w;
  Reals r;
  Reals bias;       ///< of the input, then of the state; empty without B
  Reals peepholes;  ///< empty without P
  std::vector<Activation> activations;
  double clip;
  std::size_t gates;

  [[nodiscard]] Band activate(std::size_t number, Band x) const {
    return activations[number](std::isfinite(clip) ? a.clamp(x, -clip, clip) : x);
  }
  [[nodiscard]] std::span<const double> row(const Reals& weights, std::size_t index,
                                            std::size_t count) const {
    return std::span(weights).subspan(index * count, count);
  }
  void add_input(Sum& sum, std::size_t unit, std::span<const Band> x) const {
    sum.add(row(w, unit, inputs), x);
    if (!bias.empty()) sum.add(1, a.load(bias[unit]));
  }
  void add_state(Sum& sum, std::size_t unit, std::span<const Band> h) const {
    sum.add(row(r, unit, hidden), h);
    if (!bias.empty()) sum.add(1, a.load(bias[gates * hidden + unit]));
  }
  /// x W^T + Wb + h R^T + Rb of one unit of a gate.
  [[nodiscard]] Sum gate(std::size_t number, std::size_t j, std::span<const Band> x,
                         std::span<const Band> h) const {
    Sum sum(a);
    add_input(sum, number * hidden + j, x);
    add_state(sum, number * hidden + j, h);
    return sum;
  }
};

void step_rnn(const Layer& layer, std::span<const Band> x, State& state) {
  Bands next;
  for (std::size_t j = 0; j < layer.hidden; ++j) {
    next.push_back(layer.activate(0, layer.gate(0, j, x, state.hidden).band()));
  }
  state.hidden = std::move(next);
}

/// z h + (1 - z) g, or g + z (h - g): what z is off weighs h - g. Roundings act on terms of the
/// size of z h and (1 - z) g, or of g, h and z (h - g).
Band blend(const Arithmetic& a, Band z, Band h, Band g) {
  const double middle = z.middle * h.middle + (1 - z.middle) * g.middle;
  const double reach = std::fabs(h.middle) + std::fabs(g.middle) + h.error + g.error;
  const double size = 1 + std::fabs(z.middle) + z.error;
  const double carried = z.error * (std::fabs(h.middle - g.middle) + h.error + g.error) +
                         std::fabs(z.middle) * h.error + std::fabs(1 - z.middle) * g.error;
  const double own = (6 * a.roundoff() + 8 * binary64_roundoff) * reach * size;
  if (!std::isfinite(middle) || !std::isfinite(carried + own)) return unknown_band();
  return a.round({middle, (carried + own + 4 * size * a.underflow()) * upward});
}

/// With linear_before_reset the reset gate scales what comes from the state.
void step_gru(const Layer& layer, std::span<const Band> x, State& state) {
  const Arithmetic& a = layer.a;
  const bool linear = layer.node.integer("linear_before_reset") != 0;
  const std::size_t n = layer.hidden;
  Bands z;
  Bands r;
  Bands scaled;
  for (std::size_t j = 0; j < n; ++j) {
    z.push_back(layer.activate(0, layer.gate(0, j, x, state.hidden).band()));
    r.push_back(layer.activate(0, layer.gate(1, j, x, state.hidden).band()));
    scaled.push_back(a.multiply(r[j], state.hidden[j]));
  }
  Bands next;
  for (std::size_t j = 0; j < n; ++j) {
    const std::size_t unit = 2 * n + j;
    Sum sum(a);
    layer.add_input(sum, unit, x);
    if (linear) {
      Sum from_state(a);
      layer.add_state(from_state, unit, state.hidden);
      sum.add(1, a.multiply(r[j], from_state.band()));
    } else {
      layer.add_state(sum, unit, scaled);
    }
    next.push_back(blend(a, z[j], state.hidden[j], layer.activate(1, sum.band())));
  }
  state.hidden = std::move(next);
}

/// Gates i, o, f, c; peepholes i, o, f.
void step_lstm(const Layer& layer, std::span<const Band> x, State& state) {
  const Arithmetic& a = layer.a;
  const bool input_forget = layer.node.integer("input_forget") != 0;
  const auto gate = [&](std::size_t number, std::size_t j, Band cell) {
    Sum sum = layer.gate(number, j, x, state.hidden);
    if (!layer.peepholes.empty() && number < 3) {
      sum.add(layer.peepholes[number * layer.hidden + j], cell);
    }
    return layer.activate(number == 3 ? 1 : 0, sum.band());
  };
  State next;
  for (std::size_t j = 0; j < layer.hidden; ++j) {
    const Band before = state.cell[j];
    const Band i = gate(0, j, before);
    const Band f = input_forget ? a.subtract({1, 0}, i) : gate(2, j, before);
    const Band g = gate(3, j, before);
    const Band cell = a.add(a.multiply(f, before), a.multiply(i, g));
    const Band o = gate(1, j, cell);
    next.cell.push_back(cell);
    next.hidden.push_back(a.multiply(o, layer.activate(2, cell)));
  }
  state = std::move(next);
}

struct Cell {
  std::size_t gates;
  std::size_t activations;
  void (*step)(const Layer&, std::span<const Band>, State&);
};
Cell cell_of(Op op) {
  if (op == Op::rnn) return {1, 1, step_rnn};
  return op == Op::gru ? Cell{3, 2, step_gru} : Cell{4, 3, step_lstm};
}

/// The operand's elements [first, first + count), or zeros.
Reals slice(const Subject& subject, std::size_t operand, std::size_t first, std::size_t count) {
  const Reals all = read_reals(subject.operand(operand));
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

std::vector<Activation> activations_of(const Arithmetic& a, const core::Node& node,
                                       std::size_t first, std::size_t count) {
  std::vector<Activation> found;
  std::string_view rest = node.text("activations");
  for (std::size_t i = 0; i < first + count; ++i) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (i < first) continue;
    found.emplace_back(a, name, node.reals("activation_alpha")[i],
                       node.reals("activation_beta")[i]);
  }
  return found;
}

Layer make_layer(const Subject& subject, const Arithmetic& a, const Cell& cell,
                 const reference::RecurrentSizes& sizes, std::size_t d) {
  const auto hidden = static_cast<std::size_t>(sizes.hidden);
  const auto inputs = static_cast<std::size_t>(sizes.input);
  const std::size_t outputs = cell.gates * hidden;
  Layer layer = {a,
                 subject.node,
                 inputs,
                 hidden,
                 slice(subject, w_at, d * outputs * inputs, outputs * inputs),
                 slice(subject, r_at, d * outputs * hidden, outputs * hidden),
                 {},
                 {},
                 activations_of(a, subject.node, d * cell.activations, cell.activations),
                 subject.node.real("clip"),
                 cell.gates};
  if (subject.has(b_at)) layer.bias = slice(subject, b_at, 2 * d * outputs, 2 * outputs);
  if (subject.has(p_at)) layer.peepholes = slice(subject, p_at, 3 * d * hidden, 3 * hidden);
  return layer;
}

Bands load_all(const Arithmetic& a, const Reals& values) {
  Bands bands;
  for (const double value : values) {
    bands.push_back(std::isfinite(value) ? a.load(value) : unknown_band());
  }
  return bands;
}

Bands initial_state(const Subject& subject, const Arithmetic& a, std::size_t operand,
                    std::size_t row, std::size_t hidden) {
  if (!subject.has(operand)) return Bands(hidden, Band{0, 0});
  return load_all(a, slice(subject, operand, row * hidden, hidden));
}

void store(std::vector<ResultBound>& bounds, std::size_t result, std::size_t row,
           const Bands& bands) {
  if (result >= bounds.size() || bounds[result].bands.empty()) return;
  std::ranges::copy(bands,
                    bounds[result].bands.begin() + static_cast<std::ptrdiff_t>(row * bands.size()));
}

}  // namespace

Bounds bound_recurrent(const Subject& subject) {
  const Cell cell = cell_of(subject.node.op);
  const Arithmetic a = subject.arithmetic();
  ISOTRACE_TRY(const auto sizes,
               reference::recurrent_sizes(subject.call(), static_cast<std::int64_t>(cell.gates)));
  ISOTRACE_TRY(const auto lengths, reference::recurrent_lengths(subject.call(), sizes));
  const bool reverse = subject.node.text("direction") == "reverse";
  const auto directions = static_cast<std::size_t>(sizes.directions);
  const auto batch = static_cast<std::size_t>(sizes.batch);
  std::vector<ResultBound> bounds;
  for (const core::TensorView& result : subject.results) {
    bounds.push_back({false, Bands(result.elements())});
  }
  const Bands x = load_all(a, read_reals(subject.operand(x_at)));
  for (std::size_t d = 0; d < directions; ++d) {
    const Layer layer = make_layer(subject, a, cell, sizes, d);
    for (std::size_t n = 0; n < batch; ++n) {
      const std::size_t row = d * batch + n;
      State state = {initial_state(subject, a, h_at, row, layer.hidden), {}};
      if (cell.gates == 4) state.cell = initial_state(subject, a, c_at, row, layer.hidden);
      const auto length = static_cast<std::size_t>(lengths ? (*lengths)[n] : sizes.steps);
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t t = reverse || d == 1 ? length - 1 - i : i;
        cell.step(layer, std::span(x).subspan((t * batch + n) * layer.inputs, layer.inputs), state);
        store(bounds, 0, (t * directions + d) * batch + n, state.hidden);
      }
      store(bounds, 1, row, state.hidden);
      store(bounds, 2, row, state.cell);
    }
  }
  return bounds;
}

}  // namespace isotrace::executor
