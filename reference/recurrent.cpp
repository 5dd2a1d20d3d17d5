// The walk of a recurrent layer over directions, sequences and time.
#include <isotrace/reference/recurrent.hpp>

#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/segmented_sum.hpp>

namespace isotrace::reference {
namespace {

enum Operand : std::size_t { x_at, w_at, r_at, b_at, lengths_at, h_at, c_at, p_at };

Result<core::Done> check_shape(const TensorView* operand, const Shape& shape, const char* what) {
  if (operand == nullptr || std::ranges::equal(operand->shape(), shape)) return core::Done{};
  return refuse_shape(std::string(what) + " " + core::shape_text(operand->shape()) + ", " +
                      core::shape_text(shape) + " expected");
}

/// Elements [first, first + count) of a tensor, widened.
template <class T>
std::vector<Wide<T>> widened_slice(const TensorView& tensor, std::size_t first, std::size_t count) {
  std::vector<Wide<T>> values;
  values.reserve(count);
  for (T element : tensor.data<T>().subspan(first, count)) values.push_back(widen(element));
  return values;
}

template <class T>
Wide<T> narrowed(Wide<T> value) {
  return widen(narrow<T>(value));
}

template <class T>
RecurrentDirection<Wide<T>> make_direction(const Call& call, const RecurrentSizes& sizes,
                                           std::size_t d,
                                           std::span<const RecurrentActivation> activations) {
  const auto hidden = static_cast<std::size_t>(sizes.hidden);
  const auto outputs = static_cast<std::size_t>(sizes.gates) * hidden;
  const auto inputs = static_cast<std::size_t>(sizes.input);
  const std::int64_t k_segment = call.node.integer("k_segment");
  RecurrentDirection<Wide<T>> direction;
  direction.input = GateWeights<Wide<T>>(
      widened_slice<T>(call.operand(w_at), d * outputs * inputs, outputs * inputs), outputs, inputs,
      k_segment);
  direction.recurrent = GateWeights<Wide<T>>(
      widened_slice<T>(call.operand(r_at), d * outputs * hidden, outputs * hidden), outputs, hidden,
      k_segment);
  if (const TensorView* bias = call.find_operand(b_at)) {
    direction.input_bias = widened_slice<T>(*bias, 2 * d * outputs, outputs);
    direction.recurrent_bias = widened_slice<T>(*bias, (2 * d + 1) * outputs, outputs);
  }
  if (const TensorView* peepholes = call.find_operand(p_at)) {
    direction.peepholes = widened_slice<T>(*peepholes, 3 * d * hidden, 3 * hidden);
  }
  direction.activations = activations;
  direction.hidden = hidden;
  direction.clip = call.node.real("clip");
  return direction;
}

template <class T>
std::vector<Wide<T>> initial_state(const TensorView* operand, std::size_t row, std::size_t hidden) {
  if (operand == nullptr) return std::vector<Wide<T>>(hidden, 0);
  return widened_slice<T>(*operand, row * hidden, hidden);
}

template <class T>
void store_row(std::span<const Wide<T>> row, std::size_t number, Tensor& target) {
  const auto place = target.data<T>().subspan(row.size() * number, row.size());
  std::transform(row.begin(), row.end(), place.begin(), narrow<T>);
}

template <class T>
Outcome walk(const Call& call, const RecurrentCell& cell, const RecurrentSizes& sizes,
             std::span<const RecurrentActivation> activations,
             const std::optional<std::vector<std::int64_t>>& lengths) {
  const TensorView& x = call.operand(x_at);
  const bool reverse = call.node.text("direction") == "reverse";
  const auto batch = static_cast<std::size_t>(sizes.batch);
  const auto inputs = static_cast<std::size_t>(sizes.input);
  const auto hidden = static_cast<std::size_t>(sizes.hidden);
  const auto directions = static_cast<std::size_t>(sizes.directions);
  const Shape last = {sizes.directions, sizes.batch, sizes.hidden};
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < (cell.has_cell ? 3U : 2U); ++i) {
    Shape shape = last;
    if (i == 0) shape.insert(shape.begin(), sizes.steps);
    ISOTRACE_TRY(Tensor result, Tensor::make(x.dtype(), std::move(shape)));
    results.push_back(std::move(result));
  }
  // Without a state there is nothing to walk, however many steps the sizes promise.
  for (std::size_t d = 0; results[1].elements() != 0 && d < directions; ++d) {
    const RecurrentDirection<Wide<T>> direction = make_direction<T>(
        call, sizes, d, activations.subspan(d * cell.activations, cell.activations));
    for (std::size_t n = 0; n < batch; ++n) {
      const std::size_t row = d * batch + n;
      RecurrentState<Wide<T>> state = {initial_state<T>(call.find_operand(h_at), row, hidden), {}};
      if (cell.has_cell) state.cell = initial_state<T>(call.find_operand(c_at), row, hidden);
      const auto length = static_cast<std::size_t>(lengths ? (*lengths)[n] : sizes.steps);
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t t = reverse || d == 1 ? length - 1 - i : i;
        const auto input = widened_slice<T>(x, (t * batch + n) * inputs, inputs);
        if constexpr (std::is_same_v<Wide<T>, double>) {
          cell.wide_step(call, direction, input, state, &narrowed<T>);
        } else {
          cell.step(call, direction, input, state, &narrowed<T>);
        }
        store_row<T>(state.hidden, (t * directions + d) * batch + n, results[0]);
      }
      store_row<T>(state.hidden, row, results[1]);
      if (cell.has_cell) store_row<T>(state.cell, row, results[2]);
    }
  }
  results.resize(call.node.outputs.size());
  return results;
}

template <class R>
std::vector<R> biased(std::vector<R> products, std::span<const R> bias, std::size_t first) {
  for (std::size_t i = 0; !bias.empty() && i < products.size(); ++i) products[i] += bias[first + i];
  return products;
}

}  // namespace

template <class R>
GateWeights<R>::GateWeights(std::vector<R> weights, std::size_t outputs, std::size_t inputs,
                            std::int64_t k_segment)
    : transposed_(weights.size()), outputs_(outputs), k_segment_(k_segment) {
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) transposed_[i * outputs + o] = weights[o * inputs + i];
  }
}

template <class R>
std::vector<R> GateWeights<R>::times(std::span<const R> row, std::size_t first,
                                     std::size_t count) const {
  SegmentedSums<R> sums(count, k_segment_);
  const std::span<const R> weights(transposed_);
  for (std::size_t k = 0; k < row.size(); ++k) {
    sums.add_products(0, row[k], weights.subspan(k * outputs_ + first, count));
    sums.next_k();
  }
  const auto totals = sums.finish();
  return {totals.begin(), totals.end()};
}

template <class R>
std::vector<R> RecurrentDirection<R>::from_input(std::span<const R> x, std::size_t first,
                                                 std::size_t count) const {
  return biased<R>(input.times(x, first * hidden, count * hidden), input_bias, first * hidden);
}

template <class R>
std::vector<R> RecurrentDirection<R>::from_state(std::span<const R> h, std::size_t first,
                                                 std::size_t count) const {
  return biased<R>(recurrent.times(h, first * hidden, count * hidden), recurrent_bias,
                   first * hidden);
}

template struct RecurrentDirection<float>;
template struct RecurrentDirection<double>;

Result<std::int64_t> recurrent_directions(const core::Node& node) {
  const std::string& direction = node.text("direction");
  if (direction == "forward" || direction == "reverse") return 1;
  if (direction == "bidirectional") return 2;
  return refuse_attribute("direction " + direction);
}

Result<RecurrentSizes> recurrent_sizes(const Call& call, std::int64_t gates) {
  const TensorView& x = call.operand(x_at);
  const TensorView& r = call.operand(r_at);
  if (x.rank() != 3 || r.rank() != 3) {
    return refuse_shape(core::shape_text(x.shape()) + " with " + core::shape_text(r.shape()));
  }
  RecurrentSizes sizes = {x.dim(0), x.dim(1), x.dim(2), r.dim(2), 0, gates};
  ISOTRACE_TRY(sizes.directions, recurrent_directions(call.node));
  std::int64_t rows = 0;
  if (__builtin_mul_overflow(gates * 2, sizes.hidden, &rows)) return refuse_shape("hidden size");
  const Shape state = {sizes.directions, sizes.batch, sizes.hidden};
  ISOTRACE_TRY_DONE(
      check_shape(&call.operand(w_at), {sizes.directions, rows / 2, sizes.input}, "W"));
  ISOTRACE_TRY_DONE(check_shape(&r, {sizes.directions, rows / 2, sizes.hidden}, "R"));
  ISOTRACE_TRY_DONE(check_shape(call.find_operand(b_at), {sizes.directions, rows}, "B"));
  ISOTRACE_TRY_DONE(check_shape(call.find_operand(lengths_at), {sizes.batch}, "sequence_lens"));
  ISOTRACE_TRY_DONE(check_shape(call.find_operand(h_at), state, "initial_h"));
  ISOTRACE_TRY_DONE(check_shape(call.find_operand(c_at), state, "initial_c"));
  ISOTRACE_TRY_DONE(
      check_shape(call.find_operand(p_at), {sizes.directions, 3 * sizes.hidden}, "P"));
  for (const std::size_t i : {w_at, r_at, b_at, h_at, c_at, p_at}) {
    if (const TensorView* operand = call.find_operand(i)) {
      ISOTRACE_TRY_DONE(check_same_dtype(x, *operand));
    }
  }
  return sizes;
}

Result<std::optional<std::vector<std::int64_t>>> recurrent_lengths(const Call& call,
                                                                   const RecurrentSizes& sizes) {
  ISOTRACE_TRY(auto given, read_optional_integers(call, lengths_at));
  for (std::size_t n = 0; given && n < given->size(); ++n) {
    if ((*given)[n] < 0 || (*given)[n] > sizes.steps) {
      return refuse_value("a sequence of " + std::to_string((*given)[n]) + " steps of " +
                          std::to_string(sizes.steps));
    }
  }
  return given;
}

Outcome run_recurrent(const Call& call, const RecurrentCell& cell) {
  const core::Node& node = call.node;
  if (node.integer("k_segment") < 1) return refuse_attribute("k_segment");
  if (!(node.real("clip") > 0)) return refuse_attribute("clip is not positive");
  ISOTRACE_TRY(const RecurrentSizes sizes, recurrent_sizes(call, cell.gates));
  ISOTRACE_TRY(const auto activations,
               read_recurrent_activations(
                   node, cell.activations * static_cast<std::size_t>(sizes.directions)));
  ISOTRACE_TRY(const auto lengths, recurrent_lengths(call, sizes));
  return visit_floats(call.operand(x_at).dtype(), [&](auto type) {
    return walk<typename decltype(type)::type>(call, cell, sizes, activations, lengths);
  });
}

}  // namespace isotrace::reference
