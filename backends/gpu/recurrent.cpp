// RNN, GRU and LSTM (docs/spec/recurrent.md): all rows times W in one product, then step by step
// the state times R and the gates. Every sequence has its own order of rows, so a step is of the
// i-th row of each.
#include <algorithm>

#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/recurrent.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using reference::RecurrentSizes;
using Table = std::vector<std::int64_t>;

enum Operand : std::size_t { x_at, w_at, r_at, b_at, lengths_at, h_at, c_at, p_at };

/// What a node says of its activations: functions by name, three at most per direction.
struct Activation {
  std::string name;
  float alpha;
  float beta;
};

struct Cell {
  std::int64_t gates;
  std::size_t activations;  ///< per direction
};

Cell cell_of(Op op) {
  if (op == Op::rnn) return {1, 1};
  return op == Op::gru ? Cell{3, 2} : Cell{4, 3};
}

/// The node's lists have been checked.
std::vector<Activation> read_activations(const core::Node& node, std::size_t count) {
  std::vector<Activation> all;
  std::string_view rest = node.text("activations");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    all.push_back(
        {std::string(name), node.reals("activation_alpha")[i], node.reals("activation_beta")[i]});
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return all;
}

/// A layer in one direction. Rows are [batch, ...] in f32.
class Direction {
 public:
  Direction(DeviceCall& call, const RecurrentSizes& sizes, std::int64_t number,
            std::span<const Activation> activations)
      : call_(call),
        work_(call.work),
        sizes_(sizes),
        number_(number),
        activations_(activations),
        clip_(call.node().real("clip")) {}

  core::Result<core::Done> open() {
    ISOTRACE_TRY(weights_, call_.wide(w_at));
    ISOTRACE_TRY(recurrent_, call_.wide(r_at));
    if (call_.has(b_at)) {
      ISOTRACE_TRY(bias_, call_.wide(b_at));
    }
    if (call_.node().op == Op::lstm && call_.has(p_at)) {
      ISOTRACE_TRY(peepholes_, call_.wide(p_at));
    }
    return core::Done{};
  }

  /// rows W^T + Wb for all gates.
  Made from_input(const Array& rows) {
    return times(rows, *weights_, sizes_.input, 0, sizes_.gates, 0);
  }
  /// h R^T + Rb for `count` gates from gate `first` on.
  Made from_state(const Array& h, std::int64_t first, std::int64_t count) {
    return times(h, *recurrent_, sizes_.hidden, first, count, sizes_.gates * sizes_.hidden);
  }
  /// Activation `index` of the argument brought into [-clip, clip].
  Made activate(std::size_t index, const Array& x) {
    ISOTRACE_TRY(const Array limited, work_.unary(Unary::clip, x, -clip_, clip_));
    const Activation& f = activations_[index];
    return apply_activation(work_, f.name, limited, f.alpha, f.beta);
  }
  /// Gate `number` of rows that hold several.
  Made gate(const Array& rows, std::int64_t number) {
    const std::int64_t hidden = sizes_.hidden;
    return work_.gather(rows, {rows.shape[0], hidden}, {rows.shape[1], 1}, number * hidden);
  }
  [[nodiscard]] bool has_peepholes() const { return peepholes_.has_value(); }
  /// Of i, o, f; one row.
  Made peephole(std::int64_t number) {
    return work_.gather(*peepholes_, {sizes_.hidden}, {1}, (3 * number_ + number) * sizes_.hidden);
  }
  /// Rounded to the element type and back.
  Made narrowed(const Array& x) {
    ISOTRACE_TRY(const Array stored, call_.narrow(x));
    return work_.widen(stored);
  }
  Work& work() { return work_; }
  [[nodiscard]] const core::Node& node() const { return call_.node(); }

 private:
  Made times(const Array& rows, const Array& weights, std::int64_t depth, std::int64_t first,
             std::int64_t count, std::int64_t bias_start) {
    const std::int64_t hidden = sizes_.hidden;
    const std::int64_t outputs = sizes_.gates * hidden;
    ISOTRACE_TRY(Array c, work_.make(Dtype::f32, {rows.shape[0], count * hidden}));
    ProductArguments<Floats, MatrixColumns> p{};
    p.rows = rows.shape[0];
    p.columns = count * hidden;
    p.depth = depth;
    p.segment = node().integer("k_segment");
    p.groups = 1;
    p.a = rows.data<float>();
    p.a_row_stride = depth;
    p.a_depth_stride = 1;
    p.b = weights.data<float>() + (number_ * outputs + first * hidden) * depth;
    p.b_columns = {1, depth};
    p.finish.alpha = 1;
    p.finish.beta = 1;
    if (bias_) {
      const float* bias = bias_->data<float>() + 2 * number_ * outputs;
      p.finish.addend = {bias + bias_start + first * hidden, 0, 1, 0};
    }
    ISOTRACE_TRY_DONE(multiply(work_, p, Batches{{0}, {0}}, c));
    return c;
  }

  DeviceCall& call_;
  Work& work_;
  const RecurrentSizes& sizes_;
  std::int64_t number_;
  std::span<const Activation> activations_;
  float clip_;
  std::optional<Array> weights_;
  std::optional<Array> recurrent_;
  std::optional<Array> bias_;
  std::optional<Array> peepholes_;
};

/// What a batch of sequences carries from step to step.
struct State {
  Array hidden;
  std::optional<Array> cell;
};

Made one_less(Work& work, const Array& x) {
  ISOTRACE_TRY(const Array negated, work.unary(Unary::negate, x));
  return work.unary(Unary::add, negated, 1);
}

/// The sum of one gate of u and one of v.
Made add_gates(Direction& layer, const Array& u, std::int64_t u_gate, const Array& v,
               std::int64_t v_gate) {
  ISOTRACE_TRY(const Array a, layer.gate(u, u_gate));
  ISOTRACE_TRY(const Array b, layer.gate(v, v_gate));
  return layer.work().binary(Binary::add, a, b);
}

core::Result<State> step_rnn(Direction& layer, const Array& u, const State& state) {
  ISOTRACE_TRY(const Array v, layer.from_state(state.hidden, 0, 1));
  ISOTRACE_TRY(const Array s, layer.work().binary(Binary::add, u, v));
  ISOTRACE_TRY(const Array f, layer.activate(0, s));
  ISOTRACE_TRY(Array h, layer.narrowed(f));
  return State{std::move(h), {}};
}

core::Result<State> step_gru(Direction& layer, const Array& u, const State& state) {
  Work& work = layer.work();
  const bool linear_before_reset = layer.node().integer("linear_before_reset") != 0;
  const Array& h = state.hidden;
  ISOTRACE_TRY(const Array v, layer.from_state(h, 0, 2));
  ISOTRACE_TRY(const Array z_sum, add_gates(layer, u, 0, v, 0));
  ISOTRACE_TRY(const Array z, layer.activate(0, z_sum));
  ISOTRACE_TRY(const Array r_sum, add_gates(layer, u, 1, v, 1));
  ISOTRACE_TRY(const Array r, layer.activate(0, r_sum));
  Array candidate = h;
  if (!linear_before_reset) {
    ISOTRACE_TRY(candidate, work.binary(Binary::multiply, h, r));
  }
  ISOTRACE_TRY(candidate, layer.from_state(candidate, 2, 1));
  if (linear_before_reset) {
    ISOTRACE_TRY(candidate, work.binary(Binary::multiply, r, candidate));
  }
  ISOTRACE_TRY(const Array input, layer.gate(u, 2));
  ISOTRACE_TRY(const Array g_sum, work.binary(Binary::add, input, candidate));
  ISOTRACE_TRY(const Array g, layer.activate(1, g_sum));
  ISOTRACE_TRY(const Array rest, one_less(work, z));
  ISOTRACE_TRY(const Array fresh, work.binary(Binary::multiply, rest, g));
  ISOTRACE_TRY(const Array mixed, work.multiply_add(z, h, fresh));
  ISOTRACE_TRY(Array next, layer.narrowed(mixed));
  return State{std::move(next), {}};
}

/// Gate `number` of i, o, f, c, through its peephole.
Made lstm_gate(Direction& layer, const Array& u, const Array& v, std::int64_t number,
               const Array& cell) {
  ISOTRACE_TRY(const Array s, add_gates(layer, u, number, v, number));
  if (!layer.has_peepholes() || number == 3) return s;
  ISOTRACE_TRY(const Array peephole, layer.peephole(number));
  return layer.work().multiply_add(peephole, cell, s);
}

core::Result<State> step_lstm(Direction& layer, const Array& u, const State& state) {
  Work& work = layer.work();
  const Array& before = *state.cell;
  ISOTRACE_TRY(const Array v, layer.from_state(state.hidden, 0, 4));
  ISOTRACE_TRY(const Array i_sum, lstm_gate(layer, u, v, 0, before));
  ISOTRACE_TRY(const Array i, layer.activate(0, i_sum));
  std::optional<Array> f;
  if (layer.node().integer("input_forget") != 0) {
    ISOTRACE_TRY(f, one_less(work, i));
  } else {
    ISOTRACE_TRY(const Array f_sum, lstm_gate(layer, u, v, 2, before));
    ISOTRACE_TRY(f, layer.activate(0, f_sum));
  }
  ISOTRACE_TRY(const Array g_sum, lstm_gate(layer, u, v, 3, before));
  ISOTRACE_TRY(const Array g, layer.activate(1, g_sum));
  ISOTRACE_TRY(const Array fresh, work.binary(Binary::multiply, i, g));
  ISOTRACE_TRY(const Array mixed, work.multiply_add(*f, before, fresh));
  ISOTRACE_TRY(Array cell, layer.narrowed(mixed));
  ISOTRACE_TRY(const Array o_sum, lstm_gate(layer, u, v, 1, cell));
  ISOTRACE_TRY(const Array o, layer.activate(0, o_sum));
  ISOTRACE_TRY(const Array shown, layer.activate(2, cell));
  ISOTRACE_TRY(const Array product, work.binary(Binary::multiply, o, shown));
  ISOTRACE_TRY(Array hidden, layer.narrowed(product));
  return State{std::move(hidden), std::move(cell)};
}

core::Result<State> take_step(Direction& layer, const Array& u, const State& state) {
  switch (layer.node().op) {
    case Op::rnn: return step_rnn(layer, u, state);
    case Op::gru: return step_gru(layer, u, state);
    default: return step_lstm(layer, u, state);
  }
}

/// The walk of one direction over time, and where its results go.
class Walk {
 public:
  Walk(DeviceCall& call, const RecurrentSizes& sizes, std::vector<std::int64_t> lengths)
      : call_(call), work_(call.work), sizes_(sizes), lengths_(std::move(lengths)) {
    for (const std::int64_t length : lengths_) longest_ = std::max(longest_, length);
  }

  /// Into the results Y, Y_h and, of LSTM, Y_c.
  core::Result<core::Done> run(std::int64_t d, std::span<const Activation> activations,
                               const std::vector<Array>& results) {
    backwards_ = d == 1 || call_.node().text("direction") == "reverse";
    Direction layer(call_, sizes_, d, activations);
    ISOTRACE_TRY_DONE(layer.open());
    ISOTRACE_TRY(const Array x, call_.wide(x_at));
    const std::int64_t rows = sizes_.steps * sizes_.batch;
    ISOTRACE_TRY(const Array products, layer.from_input(x.reshaped({rows, sizes_.input})));
    ISOTRACE_TRY(Array hidden, initial(h_at, d));
    State state{std::move(hidden), {}};
    if (call_.node().op == Op::lstm) {
      ISOTRACE_TRY(state.cell, initial(c_at, d));
    }
    ISOTRACE_TRY(const Array all, work_.make(Dtype::f32, {longest_, sizes_.batch, sizes_.hidden}));
    const Strides own = reference::row_major_strides(all.shape);
    for (std::int64_t i = 0; i < longest_; ++i) {
      ISOTRACE_TRY(const Array u, rows_of_step(products, i));
      ISOTRACE_TRY(const State next, take_step(layer, u, state));
      ISOTRACE_TRY_DONE(work_.copy(
          next.hidden,
          {{sizes_.batch, sizes_.hidden}, {sizes_.hidden, 1}, 0, {sizes_.hidden, 1}, i * own[0]},
          all));
      ISOTRACE_TRY(state.hidden, where_active(i, next.hidden, state.hidden));
      if (state.cell) {
        ISOTRACE_TRY(state.cell, where_active(i, *next.cell, *state.cell));
      }
    }
    ISOTRACE_TRY_DONE(store_last(state.hidden, d, results[1]));
    if (state.cell) {
      ISOTRACE_TRY_DONE(store_last(*state.cell, d, results[2]));
    }
    return store_all(all, d, results[0]);
  }

 private:
  /// The position in time of row i of a sequence, which has more than i.
  [[nodiscard]] std::int64_t time_of(std::int64_t i, std::int64_t length) const {
    return backwards_ ? length - 1 - i : i;
  }

  Made initial(std::size_t index, std::int64_t d) {
    const Shape shape = {sizes_.batch, sizes_.hidden};
    if (!call_.has(index)) return work_.upload(core::Tensor(Dtype::f32, shape));
    ISOTRACE_TRY(const Array given, call_.wide(index));
    ISOTRACE_TRY(const Array rows,
                 work_.gather(given, shape, {sizes_.hidden, 1}, d * sizes_.batch * sizes_.hidden));
    return work_.unary(Unary::multiply, rows, 1);  // it may be a result, whose NaN is canonical
  }

  /// Row i of every sequence; of one that has ended, any.
  Made rows_of_step(const Array& products, std::int64_t i) {
    const std::int64_t width = products.shape[1];
    Table rows;
    Table columns(static_cast<std::size_t>(width));
    for (std::int64_t n = 0; n < sizes_.batch; ++n) {
      const std::int64_t length = lengths_[static_cast<std::size_t>(n)];
      rows.push_back(((i < length ? time_of(i, length) : 0) * sizes_.batch + n) * width);
    }
    for (std::int64_t j = 0; j < width; ++j) columns[static_cast<std::size_t>(j)] = j;
    return work_.look_up(products, {rows, columns}, zero_element);
  }

  Made where_active(std::int64_t i, const Array& next, const Array& before) {
    if (std::ranges::all_of(lengths_, [i](std::int64_t length) { return i < length; })) return next;
    core::Tensor active(Dtype::boolean, {sizes_.batch, 1});
    for (std::size_t n = 0; n < lengths_.size(); ++n) {
      active.data<core::Bool8>()[n].value = i < lengths_[n] ? 1 : 0;
    }
    ISOTRACE_TRY(const Array condition, work_.upload(active));
    return work_.choose(condition, next, before);
  }

  core::Result<core::Done> store_last(const Array& rows, std::int64_t d, const Array& result) {
    ISOTRACE_TRY(const Array stored, call_.narrow(rows));
    const Strides strides = {sizes_.hidden, 1};
    return work_.copy(stored, {stored.shape, strides, 0, strides, d * sizes_.batch * sizes_.hidden},
                      result);
  }

  /// Rows in the order of steps become rows in the order of time, 0 behind the end of a sequence.
  core::Result<core::Done> store_all(const Array& all, std::int64_t d, const Array& result) {
    Table rows;
    Table columns(static_cast<std::size_t>(sizes_.hidden));
    for (std::int64_t t = 0; t < sizes_.steps; ++t) {
      for (std::int64_t n = 0; n < sizes_.batch; ++n) {
        const std::int64_t length = lengths_[static_cast<std::size_t>(n)];
        const std::int64_t i = time_of(t, length);  // its own inverse
        rows.push_back(t < length ? (i * sizes_.batch + n) * sizes_.hidden : -1);
      }
    }
    for (std::size_t j = 0; j < columns.size(); ++j) columns[j] = static_cast<std::int64_t>(j);
    ISOTRACE_TRY(const Array stored, call_.narrow(all));
    ISOTRACE_TRY(const Array in_time, work_.look_up(stored, {rows, columns}, zero_element));
    const std::int64_t plane = sizes_.batch * sizes_.hidden;
    return work_.copy(
        in_time, {{sizes_.steps, plane}, {plane, 1}, 0, {sizes_.directions * plane, 1}, d * plane},
        result);
  }

  static constexpr std::uint8_t zero_element[8] = {};
  DeviceCall& call_;
  Work& work_;
  const RecurrentSizes& sizes_;
  std::vector<std::int64_t> lengths_;
  std::int64_t longest_ = 0;
  bool backwards_ = false;
};

}  // namespace

Results run_recurrent(DeviceCall& call) {
  const core::Node& node = call.node();
  if (node.integer("k_segment") < 1) return reference::refuse_attribute("k_segment");
  if (!(node.real("clip") > 0)) return reference::refuse_attribute("clip is not positive");
  const Cell cell = cell_of(node.op);
  ISOTRACE_TRY(const RecurrentSizes sizes, reference::recurrent_sizes(call.call, cell.gates));
  const auto directions = static_cast<std::size_t>(sizes.directions);
  const std::size_t count = cell.activations * directions;
  ISOTRACE_TRY_DONE(reference::read_recurrent_activations(node, count));
  ISOTRACE_TRY(const auto lengths, reference::recurrent_lengths(call.call, sizes));
  const std::vector<Activation> activations = read_activations(node, count);
  std::vector<Array> results;
  for (std::size_t i = 0; i < (node.op == Op::lstm ? 3U : 2U); ++i) {
    Shape shape = {sizes.directions, sizes.batch, sizes.hidden};
    if (i == 0) shape.insert(shape.begin(), sizes.steps);
    ISOTRACE_TRY(results.emplace_back(), call.work.make(call.dtype(), std::move(shape)));
  }
  Walk walk(call, sizes,
            lengths.value_or(Table(static_cast<std::size_t>(sizes.batch), sizes.steps)));
  for (std::size_t d = 0; results[1].elements != 0 && d < directions; ++d) {
    ISOTRACE_TRY_DONE(walk.run(static_cast<std::int64_t>(d),
                               std::span(activations).subspan(d * cell.activations), results));
  }
  results.resize(node.outputs.size(), results[0]);
  return results;
}

}  // namespace isotrace::backends::gpu
