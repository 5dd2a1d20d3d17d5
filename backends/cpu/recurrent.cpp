// RNN, GRU and LSTM (docs/spec/recurrent.md) in f32: the products of all steps with the weights of
// the input are one matrix product, those with the weights of the state one for each step, for all
// sequences; the gates are loops over arrays.
#include <algorithm>
#include <cmath>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/recurrent.hpp>

namespace isotrace::backends::cpu {
namespace {

using reference::RecurrentActivation;
using reference::RecurrentSizes;
using Lengths = std::optional<std::vector<std::int64_t>>;

enum Operand : std::size_t { x_at, w_at, r_at, b_at, lengths_at, h_at, c_at, p_at };

constexpr Index product_elements = Index{1} << 21;  ///< of the input's products held at a time
constexpr Index row_elements =
    4096;  ///< states of a task: some microseconds beside waking a thread
constexpr Index turned_rows_max = 8;  ///< so few sequences read rows of a matrix in place

/// What a call says, with everything that the reference would refuse already judged.
struct Layer {
  const core::Node& node;
  core::Operands operands;
  RecurrentSizes sizes;
  std::vector<RecurrentActivation> activations;
  Lengths lengths;
  bool has_cell;

  [[nodiscard]] const float* find(std::size_t operand) const {
    const bool there = operand < operands.size() && operands[operand];
    return there ? operands[operand]->data<float>().data() : nullptr;
  }
  [[nodiscard]] Index outputs() const { return sizes.gates * sizes.hidden; }
  [[nodiscard]] std::int64_t length(Index sequence) const {
    return lengths ? (*lengths)[static_cast<std::size_t>(sequence)] : sizes.steps;
  }
};

struct Kind {
  std::int64_t gates;
  std::size_t activations;
};

Kind kind_of(core::Op op) {
  if (op == core::Op::rnn) return {1, 1};
  return op == core::Op::gru ? Kind{3, 2} : Kind{4, 3};
}

/// The layer, or nothing where the reference must answer.
std::optional<Layer> find_layer(const core::Node& node, core::Operands operands) {
  if (!is_well_formed(node, operands) || operands[x_at]->dtype() != core::Dtype::f32) return {};
  if (node.integer("k_segment") < 1 || !(node.real("clip") > 0)) return {};
  const Kind kind = kind_of(node.op);
  const reference::Call call{node, operands};
  const auto sizes = reference::recurrent_sizes(call, kind.gates);
  if (!sizes || sizes->steps * sizes->batch == 0 || sizes->input * sizes->hidden == 0) return {};
  auto activations = reference::read_recurrent_activations(
      node, kind.activations * static_cast<std::size_t>(sizes->directions));
  auto lengths = reference::recurrent_lengths(call, *sizes);
  if (!activations || !lengths) return {};
  return Layer{node,
               operands,
               *sizes,
               *std::move(activations),
               *std::move(lengths),
               node.op == core::Op::lstm};
}

/// One direction: operands, and the states of all sequences between two steps.
class Direction {
 public:
  Direction(const Layer& layer, Index number, const Engine& engine);
  core::Result<core::Done> walk(std::vector<core::Tensor>& results);

 private:
  core::Result<core::Done> multiply_inputs(Index from, Index steps);
  core::Result<core::Done> multiply_states(const float* states, Index first, Index count);
  core::Result<core::Done> step(Index time, const float* products);
  void turn_state_weights();
  [[nodiscard]] bool takes(Index sequence, Index time) const {
    return time < layer_.length(sequence);
  }
  void for_rows(Index time, const std::function<void(Index)>& task);

  void activate(std::size_t index, float* x, Index count) const;
  void add(const float* a, const float* b, float* out, Index count) const {
    engine_.vectors.add(binary(a, b, out, count));
  }
  void multiply(const float* a, const float* b, float* out, Index count) const {
    engine_.vectors.mul(binary(a, b, out, count));
  }
  /// out[i] = 1 - a[i]
  void complement(const float* a, float* out, Index count) const {
    constexpr float one = 1;
    BinaryArguments arguments = binary(&one, a, out, count);
    arguments.a_fixed = true;
    engine_.vectors.sub(arguments);
  }
  /// out[i] = fma(a[i], b[i], c[i])
  void multiply_add(const float* a, const float* b, const float* c, float* out, Index count) const {
    engine_.vectors.affine({.x = a, .r = 1, .scale = b, .bias = c, .out = out, .count = count});
  }
  static BinaryArguments binary(const float* a, const float* b, float* out, Index count) {
    return {.a = a, .b = b, .out = out, .count = count, .a_fixed = false, .b_fixed = false};
  }

  void step_rnn(const float* u, float* v, float* h) const;
  void open_gru(const float* u, float* v, const float* h, float* candidate) const;
  void close_gru(const float* u, float* v, const float* candidate, float* h) const;
  void step_lstm(const float* u, float* v, float* h, float* c) const;

  const Layer& layer_;
  const Engine& engine_;
  Index number_;
  Index hidden_;
  Index batch_;
  bool reverse_;
  bool linear_;  ///< GRU: the reset gate scales the product, not the state
  const float* w_;
  const float* r_;
  const float* input_bias_ = nullptr;
  const float* state_bias_ = nullptr;
  const float* peepholes_ = nullptr;
  Index r_depth_stride_ = 1;
  Index r_column_stride_;
  std::vector<float> turned_;    ///< R^T, where that is read faster
  std::vector<float> products_;  ///< x W^T + Wb of some steps
  std::vector<float> gates_;     ///< [batch, gates * hidden]: h R^T + Rb, then the gates
  std::vector<float> h_;
  std::vector<float> c_;
  std::vector<float> candidate_;  ///< GRU: r * h, then its product
};

std::vector<float> initial_state(const float* operand, Index first, Index count) {
  std::vector<float> state(static_cast<std::size_t>(count), 0.0F);
  if (operand != nullptr) std::copy_n(operand + first, count, state.begin());
  return state;
}

Direction::Direction(const Layer& layer, Index number, const Engine& engine)
    : layer_(layer),
      engine_(engine),
      number_(number),
      hidden_(layer.sizes.hidden),
      batch_(layer.sizes.batch),
      reverse_(number == 1 || layer.node.text("direction") == "reverse"),
      linear_(layer.node.op == core::Op::gru && layer.node.integer("linear_before_reset") != 0),
      w_(layer.find(w_at) + number * layer.outputs() * layer.sizes.input),
      r_(layer.find(r_at) + number * layer.outputs() * hidden_),
      r_column_stride_(hidden_),
      gates_(static_cast<std::size_t>(batch_ * layer.outputs())),
      h_(initial_state(layer.find(h_at), number * batch_ * hidden_, batch_ * hidden_)) {
  if (const float* bias = layer.find(b_at)) {
    input_bias_ = bias + 2 * number * layer.outputs();
    state_bias_ = input_bias_ + layer.outputs();
  }
  if (layer.has_cell) {
    c_ = initial_state(layer.find(c_at), number * batch_ * hidden_, batch_ * hidden_);
    if (const float* p = layer.find(p_at)) peepholes_ = p + 3 * number * hidden_;
  }
  if (layer.node.op == core::Op::gru && !linear_) candidate_.resize(2 * h_.size());
}

/// Few sequences would pack R anew in every step, unless it is a constant.
void Direction::turn_state_weights() {
  if (layer_.sizes.steps < 2 || batch_ > turned_rows_max) return;
  const MatrixColumns columns(r_, 1, hidden_);
  if (engine_.constants != nullptr &&
      columns.find_packed(*engine_.constants, engine_.kernels, hidden_, layer_.outputs()).data !=
          nullptr) {
    return;
  }
  const Index outputs = layer_.outputs();
  turned_.resize(static_cast<std::size_t>(outputs * hidden_));
  for (Index o = 0; o < outputs; ++o) {
    for (Index k = 0; k < hidden_; ++k) {
      turned_[static_cast<std::size_t>(k * outputs + o)] = r_[o * hidden_ + k];
    }
  }
  r_ = turned_.data();
  r_depth_stride_ = outputs;
  r_column_stride_ = 1;
}

Finish adds(const float* bias) {
  Finish finish;
  finish.addend = bias;
  finish.addend_column_stride = 1;
  return finish;
}

core::Result<core::Done> Direction::multiply_inputs(Index from, Index steps) {
  const Index inputs = layer_.sizes.input;
  products_.resize(static_cast<std::size_t>(steps * batch_ * layer_.outputs()));
  const Gemm gemm{.rows = steps * batch_,
                  .columns = layer_.outputs(),
                  .depth = inputs,
                  .segment = layer_.node.integer("k_segment"),
                  .a = layer_.find(x_at) + from * batch_ * inputs,
                  .a_row_stride = inputs,
                  .a_depth_stride = 1,
                  .b = nullptr,
                  .c = products_.data(),
                  .c_stride = layer_.outputs(),
                  .finish = adds(input_bias_)};
  const Product product = make_product(gemm, w_, 1, inputs);
  return run_products({&product, 1}, engine_);
}

/// Outputs [first, first + count) of states R^T + Rb; those of gate 0 on go to gates_.
core::Result<core::Done> Direction::multiply_states(const float* states, Index first, Index count) {
  const bool again = states != h_.data();
  float* out = again ? candidate_.data() + h_.size() : gates_.data() + first;
  const Gemm gemm{.rows = batch_,
                  .columns = count,
                  .depth = hidden_,
                  .segment = layer_.node.integer("k_segment"),
                  .a = states,
                  .a_row_stride = hidden_,
                  .a_depth_stride = 1,
                  .b = nullptr,
                  .c = out,
                  .c_stride = again ? count : layer_.outputs(),
                  .finish = adds(state_bias_ == nullptr ? nullptr : state_bias_ + first)};
  const Product product =
      make_product(gemm, r_ + first * r_column_stride_, r_depth_stride_, r_column_stride_);
  return run_products({&product, 1}, engine_);
}

/// The task for every sequence that takes the step, on several threads where there are many.
void Direction::for_rows(Index time, const std::function<void(Index)>& task) {
  const Index group = std::max<Index>(1, row_elements / hidden_);
  const auto run = [&](std::size_t index, unsigned) {
    const Index from = static_cast<Index>(index) * group;
    for (Index n = from; n < std::min(from + group, batch_); ++n) {
      if (takes(n, time)) task(n);
    }
  };
  const auto groups = static_cast<std::size_t>((batch_ + group - 1) / group);
  if (groups == 1) {
    run(0, 0);
  } else {
    engine_.pool.run(groups, run);
  }
}

void Direction::activate(std::size_t index, float* x, Index count) const {
  const float clip = layer_.node.real("clip");
  if (std::isfinite(clip)) {
    engine_.vectors.clip({.x = x, .out = x, .count = count, .first = -clip, .second = clip});
  }
  const std::size_t kinds = kind_of(layer_.node.op).activations;
  const RecurrentActivation& function =
      layer_.activations[static_cast<std::size_t>(number_) * kinds + index];
  const auto is = [&](std::string_view name) {
    return function.function == reference::find_recurrent_activation(name)->function;
  };
  if (is("Sigmoid")) return engine_.math.sigmoid(x, x, static_cast<std::size_t>(count));
  if (is("Tanh")) return engine_.math.tanh(x, x, static_cast<std::size_t>(count));
  std::transform(x, x + count, x, function);
}

void Direction::step_rnn(const float* u, float* v, float* h) const {
  add(u, v, v, hidden_);
  activate(0, v, hidden_);
  std::copy_n(v, hidden_, h);
}

/// Gates z and r; what they scale or take the product of goes to `candidate`.
void Direction::open_gru(const float* u, float* v, const float* h, float* candidate) const {
  add(u, v, v, 2 * hidden_);
  activate(0, v, 2 * hidden_);
  if (candidate != nullptr) multiply(h, v + hidden_, candidate, hidden_);
}

void Direction::close_gru(const float* u, float* v, const float* candidate, float* h) const {
  float* z = v;
  float* r = v + hidden_;
  float* q = v + 2 * hidden_;
  if (linear_) multiply(r, candidate, q, hidden_);
  add(u + 2 * hidden_, linear_ ? q : candidate, q, hidden_);
  activate(1, q, hidden_);
  complement(z, r, hidden_);
  multiply(r, q, q, hidden_);
  multiply_add(z, h, q, h, hidden_);
}

void Direction::step_lstm(const float* u, float* v, float* h, float* c) const {
  const Index n = hidden_;
  float* i = v;
  float* o = v + n;
  float* f = v + 2 * n;
  float* g = v + 3 * n;
  add(u, v, v, 4 * n);
  if (peepholes_ != nullptr) {
    multiply_add(peepholes_, c, i, i, n);
    multiply_add(peepholes_ + 2 * n, c, f, f, n);
  }
  activate(0, i, n);
  if (layer_.node.integer("input_forget") != 0) {
    complement(i, f, n);
  } else {
    activate(0, f, n);
  }
  activate(1, g, n);
  multiply(i, g, g, n);
  multiply_add(f, c, g, c, n);
  if (peepholes_ != nullptr) multiply_add(peepholes_ + n, c, o, o, n);
  activate(0, o, n);
  std::copy_n(c, n, g);
  activate(2, g, n);
  multiply(o, g, h, n);
}

/// One step of all sequences that take it; `products` are those of the input.
core::Result<core::Done> Direction::step(Index time, const float* products) {
  const Index outputs = layer_.outputs();
  const bool twice = !candidate_.empty();
  ISOTRACE_TRY_DONE(multiply_states(h_.data(), 0, twice ? 2 * hidden_ : outputs));
  const auto row = [&](Index n) { return gates_.data() + n * outputs; };
  const auto state = [&](Index n) { return h_.data() + n * hidden_; };
  const auto input = [&](Index n) { return products + n * outputs; };
  if (layer_.node.op == core::Op::rnn) {
    for_rows(time, [&](Index n) { step_rnn(input(n), row(n), state(n)); });
    return core::Done{};
  }
  if (layer_.has_cell) {
    for_rows(time,
             [&](Index n) { step_lstm(input(n), row(n), state(n), c_.data() + n * hidden_); });
    return core::Done{};
  }
  for_rows(time, [&](Index n) {
    open_gru(input(n), row(n), state(n), twice ? candidate_.data() + n * hidden_ : nullptr);
  });
  if (twice) ISOTRACE_TRY_DONE(multiply_states(candidate_.data(), 2 * hidden_, hidden_));
  for_rows(time, [&](Index n) {
    const float* candidate =
        twice ? candidate_.data() + h_.size() + n * hidden_ : row(n) + 2 * hidden_;
    close_gru(input(n), row(n), candidate, state(n));
  });
  return core::Done{};
}

void store(const float* from, Index count, core::Tensor& target, Index row) {
  std::transform(from, from + count, target.data<float>().data() + row * count,
                 [](float x) { return core::canonical(x); });
}

/// Time runs from the first step on or, in reverse, from the last; a sequence takes part where it
/// has a step, so that in reverse it begins at its own end.
core::Result<core::Done> Direction::walk(std::vector<core::Tensor>& results) {
  turn_state_weights();
  const Index steps = layer_.sizes.steps;
  const Index chunk = std::clamp<Index>(product_elements / (batch_ * layer_.outputs()), 1, steps);
  for (Index done = 0; done < steps; done += chunk) {
    const Index count = std::min(chunk, steps - done);
    const Index from = reverse_ ? steps - done - count : done;
    ISOTRACE_TRY_DONE(multiply_inputs(from, count));
    for (Index i = 0; i < count; ++i) {
      const Index at = reverse_ ? count - 1 - i : i;
      ISOTRACE_TRY_DONE(step(from + at, products_.data() + at * batch_ * layer_.outputs()));
      for (Index n = 0; n < batch_; ++n) {
        const Index row = ((from + at) * layer_.sizes.directions + number_) * batch_ + n;
        if (takes(n, from + at)) store(h_.data() + n * hidden_, hidden_, results[0], row);
      }
    }
  }
  for (Index n = 0; n < batch_; ++n) {
    store(h_.data() + n * hidden_, hidden_, results[1], number_ * batch_ + n);
    if (layer_.has_cell) {
      store(c_.data() + n * hidden_, hidden_, results[2], number_ * batch_ + n);
    }
  }
  return core::Done{};
}

}  // namespace

Outcome run_recurrent(const core::Node& node, core::Operands operands, const Engine& engine) {
  const auto layer = find_layer(node, operands);
  if (!layer) return reference::evaluate(node, operands);
  const RecurrentSizes& sizes = layer->sizes;
  std::vector<core::Tensor> results;
  for (std::size_t i = 0; i < (layer->has_cell ? 3U : 2U); ++i) {
    core::Shape shape = {sizes.directions, sizes.batch, sizes.hidden};
    if (i == 0) shape.insert(shape.begin(), sizes.steps);
    ISOTRACE_TRY(core::Tensor result, core::Tensor::make(core::Dtype::f32, std::move(shape)));
    results.push_back(std::move(result));
  }
  for (Index d = 0; d < sizes.directions; ++d) {
    ISOTRACE_TRY_DONE(Direction(*layer, d, engine).walk(results));
  }
  results.resize(node.outputs.size());
  return results;
}

}  // namespace isotrace::backends::cpu
