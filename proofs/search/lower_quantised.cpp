// Quantised operations (docs/spec/quantise.md), Round, and Cast of integers. The reference computes
// factors and constants; what it refuses is refused here.
#include <algorithm>
#include <cmath>

#include <isotrace/proofs/search/convolution.hpp>
#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {

using core::Done;
using core::Dtype;
using core::Node;
using core::Op;
using core::Result;
using core::Shape;
using core::Tensor;

namespace {

template <class T>
std::vector<double> numbers_in(const Tensor& tensor) {
  const auto values = tensor.data<T>();
  return {values.begin(), values.end()};
}

/// Elements of a constant of small integers, i32 or f32; nothing for other types.
std::vector<double> elements_of(const Tensor* tensor) {
  if (tensor == nullptr) return {};
  switch (tensor->dtype()) {
    case Dtype::f32: return numbers_in<float>(*tensor);
    case Dtype::i8: return numbers_in<std::int8_t>(*tensor);
    case Dtype::u8: return numbers_in<std::uint8_t>(*tensor);
    case Dtype::i16: return numbers_in<std::int16_t>(*tensor);
    case Dtype::u16: return numbers_in<std::uint16_t>(*tensor);
    case Dtype::i32: return numbers_in<std::int32_t>(*tensor);
    default: return {};
  }
}

const Tensor* operand_of(const Node& node, std::size_t index, const auto& find_constant) {
  return index < node.inputs.size() ? find_constant(node.inputs[index]) : nullptr;
}

/// A list that has one element, or one per column.
double at_column(const std::vector<double>& list, std::size_t column) {
  return list[list.size() == 1 ? 0 : column];
}

bool fits(const std::vector<double>& list, std::size_t columns) {
  return list.size() == 1 || list.size() == columns;
}

/// Scales and zero points of elements, of the whole or along an axis.
struct Levels {
  std::vector<double> scales;
  std::vector<double> zeros;
};

Result<Levels> levels_of(const Node& node, const Shape& shape, const Tensor* scale,
                         const Tensor* zero) {
  if (scale == nullptr || scale->dtype() != Dtype::f32 || node.integer("block_size") != 0) {
    return unsupported("scales");
  }
  const std::vector<double> scales = elements_of(scale);
  std::vector<double> zeros = elements_of(zero);
  if (zero == nullptr) zeros = {0};
  std::size_t inner = 1;
  if (scales.size() != 1) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    std::int64_t axis = node.integer("axis");
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank ||
        shape[static_cast<std::size_t>(axis)] != static_cast<std::int64_t>(scales.size())) {
      return unsupported("number of scales");
    }
    const auto after = shape.begin() + axis + 1;
    inner = count(Shape(after, shape.end()));
  }
  if (!fits(zeros, scales.size())) return unsupported("zero points");
  Levels made;
  for (std::size_t i = 0; i < count(shape); ++i) {
    const std::size_t place = i / inner % scales.size();
    made.scales.push_back(scales[place]);
    made.zeros.push_back(at_column(zeros, place));
  }
  return made;
}

}  // namespace

/// sums of (x - x_zero) (w - w_zero) + bias.
struct Lowering::IntegerProduct {
  const Tensor* w = nullptr;
  std::vector<double> x_zero, w_zero, bias;
  bool convolves = false;
};

std::optional<std::pair<double, double>> range_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::i8: return std::pair{-128.0, 127.0};
    case Dtype::u8: return std::pair{0.0, 255.0};
    case Dtype::i16: return std::pair{-32768.0, 32767.0};
    case Dtype::u16: return std::pair{0.0, 65535.0};
    default: return std::nullopt;
  }
}

bool Lowering::is_quantised(const Node& node) const {
  switch (node.op) {
    case Op::quantize_linear:
    case Op::dequantize_linear:
    case Op::matmul_integer:
    case Op::conv_integer:
    case Op::qlinear_matmul:
    case Op::qlinear_conv:
    case Op::round: return true;
    case Op::cast: return front_.dtype != Dtype::f32;
    default: return false;
  }
}

Lowering::Step Lowering::lower_quantised(const Node& node) {
  if (front_operand_ != 0) return unsupported("operands");
  const auto constant = [&](std::size_t index) {
    return operand_of(node, index, [this](core::ValueId id) { return find_constant(id); });
  };
  const auto zeros = [&](std::size_t index) {
    const Tensor* tensor = constant(index);
    return tensor == nullptr ? std::vector<double>{0} : elements_of(tensor);
  };
  switch (node.op) {
    case Op::quantize_linear: return lower_quantize(node);
    case Op::dequantize_linear: return lower_dequantize(node);
    case Op::qlinear_matmul:
    case Op::qlinear_conv: return lower_qlinear(node);
    case Op::cast: return lower_cast(node);
    case Op::round: return lower_activation(Activation::round);
    default: break;
  }
  const bool convolves = node.op == Op::conv_integer;
  ISOTRACE_TRY_DONE(lower_integer_product(node, {constant(1), zeros(2), zeros(3), {}, convolves}));
  front_.dtype = Dtype::i32;
  return Done{};
}

/// clamp(v), rounded, plus zero.
Lowering::Step Lowering::add_levels(const std::vector<double>& zeros, Dtype dtype) {
  const auto range = range_of(dtype);
  if (!range) return unsupported("type of the result");
  std::vector<double> lows;
  std::vector<double> negated_highs;
  for (const double zero : zeros) {
    lows.push_back(range->first - zero);
    negated_highs.push_back(zero - range->second);
  }
  ISOTRACE_TRY_DONE(add_bounds(1, lows));
  ISOTRACE_TRY_DONE(add_bounds(-1, negated_highs));
  ISOTRACE_TRY_DONE(lower_activation(Activation::round));
  ISOTRACE_TRY_DONE(add_diagonal(std::vector<double>(zeros.size(), 1), zeros, 0));
  front_.dtype = dtype;
  return Done{};
}

Lowering::Step Lowering::lower_quantize(const Node& node) {
  const auto dtype = static_cast<Dtype>(node.integer("output_dtype"));
  const Tensor* zero = node.inputs.size() > 2 ? find_constant(node.inputs[2]) : nullptr;
  ISOTRACE_TRY(const Levels levels, levels_of(node, front_.shape, find_f32(node, 1), zero));
  std::vector<double> scales;
  for (const double scale : levels.scales) scales.push_back(1 / scale);
  bias_open_ = false;
  ISOTRACE_TRY_DONE(add_diagonal(scales, std::vector<double>(scales.size(), 0), 1));
  return add_levels(levels.zeros, dtype);
}

Lowering::Step Lowering::lower_dequantize(const Node& node) {
  const Tensor* zero = node.inputs.size() > 2 ? find_constant(node.inputs[2]) : nullptr;
  ISOTRACE_TRY(const Levels levels, levels_of(node, front_.shape, find_f32(node, 1), zero));
  const std::size_t size = levels.scales.size();
  std::vector<double> shift(size, 0);
  bias_open_ = false;
  if (front_.dtype == Dtype::i32) {
    for (std::size_t i = 0; i < size; ++i) shift[i] = -levels.zeros[i];
    ISOTRACE_TRY_DONE(add_diagonal(std::vector<double>(size, 1), shift, 0));
    ISOTRACE_TRY_DONE(round_whole_results());
    shift.assign(size, 0);
  } else {
    for (std::size_t i = 0; i < size; ++i) shift[i] = -levels.scales[i] * levels.zeros[i];
  }
  ISOTRACE_TRY_DONE(add_diagonal(levels.scales, shift, 1));
  front_.dtype = Dtype::f32;
  return Done{};
}

Lowering::Step Lowering::lower_integer_product(const Node& node, const IntegerProduct& product) {
  const std::vector<double> weights = elements_of(product.w);
  if (weights.empty() || product.w->dtype() == Dtype::f32 || product.x_zero.size() != 1) {
    return unsupported("weights or zero points are not integer constants");
  }
  const Shape& x = front_.shape;
  const Shape& w = product.w->shape();
  Shape shape = x;
  if (product.convolves) {
    ISOTRACE_TRY(const ConvolutionShape made, convolution_shape(node, x, w));
    shape = made.output;
  } else {
    if (w.size() != 2 || x.empty() || x.back() != w[0]) return unsupported("shapes of operands");
    shape.back() = w[1];
  }
  ISOTRACE_TRY(const std::size_t rows, core::element_count(shape));
  const std::size_t columns = static_cast<std::size_t>(product.convolves ? shape[1] : w[1]);
  const std::size_t plane = product.convolves ? rows / columns : 1;
  if (!fits(product.w_zero, columns) || (!product.bias.empty() && product.bias.size() != columns)) {
    return unsupported("zero points or bias");
  }
  const std::size_t elements = weights.size();
  ISOTRACE_TRY(Layer * layer, add_layer(rows, product_of(rows, elements / columns)));
  const auto connect_integers = [&](std::size_t row, std::size_t element, std::size_t weight) {
    const double difference = weights[weight] - at_column(product.w_zero, row / plane % columns);
    connect(row, element, difference);
    layer->bias[row] -= product.x_zero[0] * difference;
  };
  if (product.convolves) {
    for_each_tap(node, x, w, shape, connect_integers);
  } else {
    const auto k = static_cast<std::size_t>(w[0]);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < k; ++i) {
        connect_integers(row, row / columns * k + i, i * columns + row % columns);
      }
    }
  }
  for (std::size_t row = 0; row < rows && !product.bias.empty(); ++row) {
    layer->bias[row] += product.bias[row / plane % columns];
  }
  bias_open_ = false;
  start_front(shape, Dtype::i32);
  return Done{};
}

/// x, x scale, x zero, w, w scale, w zero, y scale, y zero, bias.
Lowering::Step Lowering::lower_qlinear(const Node& node) {
  const auto list = [&](std::size_t index) {
    return index < node.inputs.size() ? elements_of(find_constant(node.inputs[index]))
                                      : std::vector<double>{};
  };
  const bool convolves = node.op == Op::qlinear_conv;
  const std::vector<double> x_scale = list(1), w_scale = list(4), y_scale = list(6),
                            y_zero = list(7);
  if (x_scale.size() != 1 || y_scale.size() != 1 || y_zero.size() != 1 || w_scale.empty()) {
    return unsupported("scales by rows, or not constant");
  }
  const Tensor* w = find_constant(node.inputs[3]);
  ISOTRACE_TRY_DONE(lower_integer_product(node, {w, list(2), list(5), list(8), convolves}));
  ISOTRACE_TRY_DONE(round_whole_results());
  const Shape& shape = front_.shape;
  const auto columns = static_cast<std::size_t>(convolves ? shape[1] : shape.back());
  const std::size_t rows = front_.neurons.size();
  const std::size_t plane = convolves ? rows / columns : 1;
  if (!fits(w_scale, columns)) return unsupported("number of scales");
  std::vector<double> factors;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto scale = static_cast<float>(at_column(w_scale, row / plane % columns));
    factors.push_back(
        double{static_cast<float>(x_scale[0]) * scale / static_cast<float>(y_scale[0])});
  }
  ISOTRACE_TRY_DONE(add_diagonal(factors, std::vector<double>(rows, 0), 1));
  return add_levels(std::vector<double>(rows, y_zero[0]), find_constant(node.inputs[7])->dtype());
}

/// From i32 to f32, which rounds, or to a type that holds every value.
Lowering::Step Lowering::lower_cast(const Node& node) {
  const auto to = static_cast<Dtype>(node.integer("to"));
  const bool is_small = range_of(front_.dtype).has_value();
  const bool holds_all = to == front_.dtype || (is_small && (to == Dtype::f32 || to == Dtype::i32));
  if (!holds_all) {
    if (to != Dtype::f32 || front_.dtype != Dtype::i32) return unsupported("to another type");
    bias_open_ = false;
    ISOTRACE_TRY_DONE(round_whole_results());
  }
  front_.dtype = to;
  return Done{};
}

/// The front's integers become binary32 numbers: in the newest layer if that computes nothing else
/// and does not round, else in one of its own.
Lowering::Step Lowering::round_whole_results() {
  const bool newest_computes_front =
      !network_.layers.empty() && owns_front() && !network_.layers.back().activated &&
      network_.layers.back().roundings == 0 &&
      std::all_of(front_.neurons.begin(), front_.neurons.end(), [this](std::uint32_t neuron) {
        return network_.layers.back().handed_on[neuron] == 0;
      });
  if (!newest_computes_front && owns_front()) {
    ISOTRACE_TRY_DONE(push_identity());
    for (const std::uint32_t neuron : front_.neurons) {
      network_.layers.back().handed_on[neuron] = 0;
    }
  } else if (!newest_computes_front) {
    std::vector<SparseRow> rows;
    for (const std::uint32_t neuron : front_.neurons) rows.push_back({{{neuron, 1}}, 0});
    const Shape shape = front_.shape;
    ISOTRACE_TRY_DONE(add_rows(rows, 0));
    start_front(shape);
  }
  network_.layers.back().roundings = roundings(1);
  network_.layers.back().whole = true;
  return Done{};
}

}  // namespace isotrace::proofs::search
