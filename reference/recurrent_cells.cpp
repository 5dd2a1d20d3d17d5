// The cells of RNN, GRU and LSTM (docs/spec/recurrent.md): one step each, in f32 or f64.
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/recurrent.hpp>

namespace isotrace::reference {
namespace {

template <class R>
using Values = std::vector<R>;
template <class R>
using Narrowed = R (*)(R);

/// h = f((x W + Wb) + (h R + Rb)).
template <class R>
void step_rnn(const Call&, const RecurrentDirection<R>& layer, std::span<const R> x,
              RecurrentState<R>& state, Narrowed<R> narrowed) {
  const Values<R> u = layer.from_input(x, 0, 1);
  const Values<R> v = layer.from_state(state.hidden, 0, 1);
  for (std::size_t j = 0; j < layer.hidden; ++j) {
    state.hidden[j] = narrowed(layer.activate(0, u[j] + v[j]));
  }
}

/// Gates z, r, h. With linear_before_reset the reset gate scales what comes from the state, bias
/// included; without it, the state that goes into the product.
template <class R>
void step_gru(const Call& call, const RecurrentDirection<R>& layer, std::span<const R> x,
              RecurrentState<R>& state, Narrowed<R> narrowed) {
  const bool linear_before_reset = call.node.integer("linear_before_reset") != 0;
  const std::size_t n = layer.hidden;
  const Values<R> u = layer.from_input(x, 0, 3);
  const Values<R> v = layer.from_state(state.hidden, 0, 2);
  Values<R> z(n);
  Values<R> r(n);
  for (std::size_t j = 0; j < n; ++j) {
    z[j] = layer.activate(0, u[j] + v[j]);
    r[j] = layer.activate(0, u[n + j] + v[n + j]);
  }
  Values<R> candidate = state.hidden;
  for (std::size_t j = 0; !linear_before_reset && j < n; ++j) candidate[j] *= r[j];
  candidate = layer.from_state(candidate, 2, 1);
  for (std::size_t j = 0; j < n; ++j) {
    const R w = linear_before_reset ? r[j] * candidate[j] : candidate[j];
    const R g = layer.activate(1, u[2 * n + j] + w);
    state.hidden[j] = narrowed(std::fma(z[j], state.hidden[j], (R{1} - z[j]) * g));
  }
}

/// Gates i, o, f, c; peepholes i, o, f.
template <class R>
void step_lstm(const Call& call, const RecurrentDirection<R>& layer, std::span<const R> x,
               RecurrentState<R>& state, Narrowed<R> narrowed) {
  const bool input_forget = call.node.integer("input_forget") != 0;
  const std::size_t n = layer.hidden;
  const Values<R> u = layer.from_input(x, 0, 4);
  const Values<R> v = layer.from_state(state.hidden, 0, 4);
  const auto gate = [&](std::size_t number, std::size_t j, R cell) {
    const R s = u[number * n + j] + v[number * n + j];
    if (layer.peepholes.empty() || number == 3) return s;
    return std::fma(layer.peepholes[number * n + j], cell, s);
  };
  for (std::size_t j = 0; j < n; ++j) {
    const R before = state.cell[j];
    const R i = layer.activate(0, gate(0, j, before));
    const R f = input_forget ? R{1} - i : layer.activate(0, gate(2, j, before));
    const R g = layer.activate(1, gate(3, j, before));
    state.cell[j] = narrowed(std::fma(f, before, i * g));
    const R o = layer.activate(0, gate(1, j, state.cell[j]));
    state.hidden[j] = narrowed(o * layer.activate(2, state.cell[j]));
  }
}

}  // namespace

// [recurrent.rnn]
Outcome evaluate_rnn(const Call& call) {
  return run_recurrent(call, {1, 1, false, &step_rnn<float>, &step_rnn<double>});
}

// [recurrent.gru]
Outcome evaluate_gru(const Call& call) {
  return run_recurrent(call, {3, 2, false, &step_gru<float>, &step_gru<double>});
}

// [recurrent.lstm]
Outcome evaluate_lstm(const Call& call) {
  return run_recurrent(call, {4, 3, true, &step_lstm<float>, &step_lstm<double>});
}

}  // namespace isotrace::reference
