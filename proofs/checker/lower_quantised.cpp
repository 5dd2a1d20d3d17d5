// Integers that stand for reals: QuantizeLinear, DequantizeLinear, products of integers and their
// requantisation (docs/spec/quantise.md); Round, and Cast of integers. All constants are told by
// type and value; scales are binary32. Sums of integers are exact.
#include <algorithm>
#include <cmath>

#include "convolution.hpp"
#include "error_model.hpp"
#include "round_rule.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::Dtype;
using core::Op;
using core::Result;
using core::Shape;
using core::Tensor;

template <class T>
std::vector<double> numbers_in(const Tensor& tensor) {
  const auto values = tensor.data<T>();
  return {values.begin(), values.end()};
}

/// The elements of an integer constant.
Result<std::vector<double>> integers_in(const NodeAtHand& at, std::size_t operand) {
  const Tensor* tensor = at.constant(operand);
  if (tensor != nullptr && tensor->elements() > 0) {
    switch (tensor->dtype()) {
      case Dtype::i8: return numbers_in<std::int8_t>(*tensor);
      case Dtype::u8: return numbers_in<std::uint8_t>(*tensor);
      case Dtype::i16: return numbers_in<std::int16_t>(*tensor);
      case Dtype::u16: return numbers_in<std::uint16_t>(*tensor);
      case Dtype::i32: return numbers_in<std::int32_t>(*tensor);
      default: break;
    }
  }
  return at.unsupported("operand " + std::to_string(operand) + " is not an integer constant");
}

/// Zero points: of this type, or left out, which stands for 0.
Result<std::vector<double>> zeros_of(const NodeAtHand& at, std::size_t operand, Dtype dtype) {
  if (operand >= at.operands.size()) return std::vector<double>{0};
  if (at.operands[operand].value != nullptr) return at.unsupported("zero point is not constant");
  if (at.constant(operand) == nullptr) return std::vector<double>{0};
  if (at.constant(operand)->dtype() != dtype) return at.unsupported("type of the zero point");
  return integers_in(at, operand);
}

/// Scale and zero point of each element of a shape.
struct Levels {
  std::vector<double> scales;
  std::vector<double> zeros;
};

/// Operands 1 and 2: of the whole, or one per position of the attribute's axis.
Result<Levels> levels_of(const NodeAtHand& at, const Shape& shape, Dtype dtype) {
  ISOTRACE_TRY(const auto scales, finite_floats(at, 1));
  ISOTRACE_TRY(const std::vector<double> zeros, zeros_of(at, 2, dtype));
  if (at.node.integer("block_size") != 0) return at.unsupported("scales of blocks");
  ISOTRACE_TRY(const std::size_t count, checked_count(at, shape));
  std::size_t inner = 1;
  if (scales.size() != 1) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    const std::int64_t named = at.node.integer("axis");
    const std::int64_t axis = named < 0 ? named + rank : named;
    if (axis < 0 || axis >= rank || at.constant(1)->rank() != 1 ||
        shape[static_cast<std::size_t>(axis)] != static_cast<std::int64_t>(scales.size())) {
      return at.unsupported("number of scales");
    }
    for (std::int64_t i = axis + 1; i < rank; ++i) {
      inner *= static_cast<std::size_t>(shape[static_cast<std::size_t>(i)]);
    }
  }
  if (zeros.size() != scales.size() && zeros.size() != 1) return at.unsupported("zero points");
  Levels made;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = i / inner % scales.size();
    made.scales.push_back(static_cast<double>(scales[place]));
    made.zeros.push_back(zeros[zeros.size() == 1 ? 0 : place]);
  }
  return made;
}

/// Of the first elements v: clamp(round(v) + zero), which is round(clamp(v)) + zero with the ends
/// less the zero point, because these are integers.
Result<Done> add_levels(const NodeAtHand& at, const std::vector<double>& zeros, Dtype dtype,
                        NetworkBuilder& network) {
  const auto range = range_of(dtype);
  if (!range) return at.unsupported("type of the result");
  std::vector<double> lows;
  std::vector<double> negated_highs;
  for (const double zero : zeros) {
    lows.push_back(range->first - zero);
    negated_highs.push_back(zero - range->second);
  }
  ISOTRACE_TRY_DONE(add_bounds(at, 1, lows, network));
  ISOTRACE_TRY_DONE(add_bounds(at, -1, negated_highs, network));
  ISOTRACE_TRY_DONE(network.reserve(at.place, zeros.size(), 0));
  network.add_activation(Layer::Kind::round, zeros.size());
  return add_scaling(at, std::vector<Interval>(zeros.size(), {1, 1}), zeros, 0, network);
}

Result<Value> lower_quantize(const NodeAtHand& at, NetworkBuilder& network) {
  const Value& value = at.value();
  if (at.first_value != 0 || at.values != 1 || value.dtype != Dtype::f32) {
    return at.unsupported("operands");
  }
  const auto dtype = static_cast<Dtype>(at.node.integer("output_dtype"));
  ISOTRACE_TRY(const Levels levels, levels_of(at, value.shape, dtype));
  std::vector<Interval> scales;
  for (const double scale : levels.scales) {
    if (scale == 0) return at.unsupported("a scale of 0");
    scales.push_back({1 / scale, -(-1 / scale)});  // rounded downward and upward
  }
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  ISOTRACE_TRY_DONE(add_scaling(at, scales, {}, 1, network));
  ISOTRACE_TRY_DONE(add_levels(at, levels.zeros, dtype, network));
  return Value{value.shape, count_up(scales.size()), dtype};
}

/// (x - zero) * scale: of small integers one rounding of the exact product, as the difference is
/// exact; of i32 that rounds before. Products of scales and zero points are exact in binary64.
Result<Value> lower_dequantize(const NodeAtHand& at, NetworkBuilder& network) {
  const Value& value = at.value();
  const bool is_wide = value.dtype == Dtype::i32;
  if (at.first_value != 0 || at.values != 1 || (!is_wide && !range_of(value.dtype))) {
    return at.unsupported("operands");
  }
  ISOTRACE_TRY(Levels levels, levels_of(at, value.shape, value.dtype));
  std::vector<Interval> scales;
  std::vector<double> shifts;
  for (std::size_t i = 0; i < levels.scales.size(); ++i) {
    scales.push_back({levels.scales[i], levels.scales[i]});
    shifts.push_back(is_wide ? -levels.zeros[i] : -levels.scales[i] * levels.zeros[i]);
  }
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  if (is_wide) {
    const std::vector<Interval> ones(scales.size(), {1, 1});
    ISOTRACE_TRY_DONE(add_scaling(at, ones, std::move(shifts), 1, network));
    network.round_whole_results();
    shifts.clear();
  }
  ISOTRACE_TRY_DONE(add_scaling(at, scales, std::move(shifts), 1, network));
  return Value{value.shape, count_up(scales.size())};
}

/// Where the parts of an integer product stand among the operands.
struct Parts {
  std::size_t x_zero;
  std::size_t w;
  std::size_t w_zero;
  std::size_t bias;  ///< of a convolution
};

/// The sums of a product of integers, as a shape, and what each row of w's parameters it belongs
/// to.
struct Sums {
  Shape shape;
  std::vector<std::size_t> columns;
};

/// Collects rows sum of (x - zero of x) (w - zero of w) + bias.
class SumBuilder {
 public:
  static Result<SumBuilder> make(const NodeAtHand& at, const Parts& parts, NetworkBuilder& network);

  void add(std::uint32_t position, std::size_t weight, std::size_t column);
  void end_row(std::size_t column);
  /// Refuses sums of so many terms that some order of them could leave i32.
  Result<Done> finish(const NodeAtHand& at, std::size_t terms, NetworkBuilder& network);

 private:
  explicit SumBuilder(MatrixBuilder rows) : rows_(std::move(rows)) {}
  [[nodiscard]] double zero(std::size_t column) const {
    return w_zeros_[w_zeros_.size() == 1 ? 0 : column];
  }

  MatrixBuilder rows_;
  std::vector<double> weights_;
  std::vector<double> w_zeros_;
  std::vector<double> constants_;  ///< by column, or empty
  std::vector<double> shifts_;
  double x_zero_ = 0;
  double x_most_ = 0;
  double w_most_ = 0;
  double shift_ = 0;  ///< of the row at hand
};

/// The greatest magnitude of a difference, given the type.
double most_apart(std::pair<double, double> range, const std::vector<double>& zeros) {
  double most = 0;
  for (const double zero : zeros) most = std::max({most, range.second - zero, zero - range.first});
  return most;
}

bool is_byte(Dtype dtype) { return dtype == Dtype::i8 || dtype == Dtype::u8; }

Result<SumBuilder> SumBuilder::make(const NodeAtHand& at, const Parts& parts,
                                    NetworkBuilder& network) {
  const Tensor* w = at.constant(parts.w);
  if (at.first_value != 0 || at.values != 1 || w == nullptr || !is_byte(w->dtype()) ||
      !is_byte(at.value().dtype)) {
    return at.unsupported("operands");
  }
  SumBuilder made(network.rows());
  ISOTRACE_TRY(const auto x_zeros, zeros_of(at, parts.x_zero, at.value().dtype));
  ISOTRACE_TRY(made.w_zeros_, zeros_of(at, parts.w_zero, w->dtype()));
  ISOTRACE_TRY(made.weights_, integers_in(at, parts.w));
  if (at.constant(parts.bias) != nullptr) {
    if (at.constant(parts.bias)->dtype() != Dtype::i32) return at.unsupported("type of the bias");
    ISOTRACE_TRY(made.constants_, integers_in(at, parts.bias));
  }
  if (x_zeros.size() != 1) return at.unsupported("zero points by rows");
  made.x_zero_ = x_zeros[0];
  made.x_most_ = most_apart(*range_of(at.value().dtype), x_zeros);
  made.w_most_ = most_apart(*range_of(w->dtype()), made.w_zeros_);
  return made;
}

void SumBuilder::add(std::uint32_t position, std::size_t weight, std::size_t column) {
  const double difference = weights_[weight] - zero(column);
  rows_.add(position, difference);
  shift_ += -x_zero_ * difference;
}

void SumBuilder::end_row(std::size_t column) {
  rows_.end_row();
  shifts_.push_back(shift_ + (constants_.empty() ? 0 : constants_[column]));
  shift_ = 0;
}

Result<Done> SumBuilder::finish(const NodeAtHand& at, std::size_t terms, NetworkBuilder& network) {
  double most = 0;
  for (const double constant : constants_) most = std::max(most, std::fabs(constant));
  const double products = static_cast<double>(terms) * std::max(1.0, x_most_ * w_most_);
  if (products + most > 0x1p31 - 1) return at.unsupported("sums that could leave i32");
  network.add_affine(std::move(rows_), std::move(shifts_), 0);
  return Done{};
}

/// Whether a parameter has one element, or one for each of so many columns.
bool fits(const Tensor* parameter, std::size_t columns) {
  return parameter == nullptr || parameter->elements() == 1 ||
         (parameter->rank() == 1 && parameter->elements() == columns);
}

/// The value is [..., K], the constant [K, N].
Result<Sums> add_matmul_sums(const NodeAtHand& at, const Parts& parts, NetworkBuilder& network) {
  ISOTRACE_TRY(SumBuilder sums, SumBuilder::make(at, parts, network));
  const Shape& left = at.value().shape;
  const Shape& right = at.constant(parts.w)->shape();
  if (left.empty() || right.size() != 2 || left.back() != right[0]) {
    return at.unsupported("shapes of the operands");
  }
  Sums made{left, {}};
  made.shape.back() = right[1];
  const auto k = static_cast<std::size_t>(right[0]);
  const auto n = static_cast<std::size_t>(right[1]);
  if (!fits(at.constant(parts.w_zero), n)) return at.unsupported("zero points");
  ISOTRACE_TRY(const std::size_t rows, checked_count(at, made.shape));
  ISOTRACE_TRY_DONE(network.reserve(at.place, rows, rows * k));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t inner = 0; inner < k; ++inner) {
      sums.add(at.value().positions[row / n * k + inner], inner * n + row % n, row % n);
    }
    sums.end_row(row % n);
    made.columns.push_back(row % n);
  }
  ISOTRACE_TRY_DONE(sums.finish(at, k, network));
  return made;
}

Result<Sums> add_conv_sums(const NodeAtHand& at, const Parts& parts, NetworkBuilder& network) {
  ISOTRACE_TRY(SumBuilder sums, SumBuilder::make(at, parts, network));
  ISOTRACE_TRY(const Convolution convolution,
               convolution_of(at, at.constant(parts.w)->shape(), network));
  const std::size_t channels = convolution.rows / convolution.positions;
  const Tensor* bias = at.constant(parts.bias);
  if (!fits(at.constant(parts.w_zero), channels) ||
      (bias != nullptr && bias->shape() != Shape{static_cast<std::int64_t>(channels)})) {
    return at.unsupported("zero points or bias");
  }
  Sums made{convolution.shape, {}};
  for (std::size_t row = 0; row < convolution.rows; ++row) {
    const std::size_t channel = convolution.channel(row);
    for (const ConvolutionTerm& term : terms_of(at, convolution, row)) {
      sums.add(term.position, term.weight, channel);
    }
    sums.end_row(channel);
    made.columns.push_back(channel);
  }
  ISOTRACE_TRY_DONE(sums.finish(at, convolution.terms, network));
  return made;
}

/// The factor (x_scale * w_scale) / y_scale as binary32 computes it.
Result<double> factor_of(const NodeAtHand& at, double x_scale, double w_scale, double y_scale) {
  // The product of two binary32 numbers is exact, and a quotient of two is never so near to the
  // middle of two others that rounding it to binary64 before matters.
  const double product = nearest_single(x_scale * w_scale);
  const double factor = y_scale == 0 ? HUGE_VAL : nearest_single(product / y_scale);
  if (!(std::fabs(product) < magnitude_max && std::fabs(factor) < magnitude_max)) {
    return at.unsupported("scales");
  }
  return factor;
}

/// x, x scale, x zero, w, w scale, w zero, y scale, y zero.
Result<Value> lower_qlinear(const NodeAtHand& at, NetworkBuilder& network) {
  const Parts parts{2, 3, 5, 8};
  ISOTRACE_TRY(const auto x_scale, finite_floats(at, 1));
  ISOTRACE_TRY(const auto w_scale, finite_floats(at, 4));
  ISOTRACE_TRY(const auto y_scale, finite_floats(at, 6));
  ISOTRACE_TRY(const auto y_zero, integers_in(at, 7));
  const Dtype dtype = at.constant(7)->dtype();
  if (x_scale.size() != 1 || y_scale.size() != 1 || y_zero.size() != 1 || !is_byte(dtype)) {
    return at.unsupported("scales by rows, or type of the result");
  }
  ISOTRACE_TRY(Sums sums, at.node.op == Op::qlinear_conv ? add_conv_sums(at, parts, network)
                                                         : add_matmul_sums(at, parts, network));
  network.round_whole_results();
  const std::size_t columns = 1 + *std::max_element(sums.columns.begin(), sums.columns.end());
  if (!fits(at.constant(4), columns)) return at.unsupported("number of scales");
  std::vector<Interval> factors;
  for (const std::size_t column : sums.columns) {
    ISOTRACE_TRY(const double factor,
                 factor_of(at, static_cast<double>(x_scale[0]),
                           static_cast<double>(w_scale[w_scale.size() == 1 ? 0 : column]),
                           static_cast<double>(y_scale[0])));
    factors.push_back({factor, factor});
  }
  ISOTRACE_TRY_DONE(add_scaling(at, factors, {}, 1, network));
  ISOTRACE_TRY_DONE(add_levels(at, std::vector<double>(factors.size(), y_zero[0]), dtype, network));
  return Value{std::move(sums.shape), count_up(factors.size()), dtype};
}

Result<Value> lower_integer_product(const NodeAtHand& at, NetworkBuilder& network) {
  const Parts parts{2, 1, 3, 4};
  ISOTRACE_TRY(Sums sums, at.node.op == Op::conv_integer ? add_conv_sums(at, parts, network)
                                                         : add_matmul_sums(at, parts, network));
  return Value{std::move(sums.shape), count_up(sums.columns.size()), Dtype::i32};
}

/// To a type that holds every value of this one, or from i32 to f32.
Result<Value> lower_cast(const NodeAtHand& at, NetworkBuilder& network) {
  Value made = at.value();
  const Dtype from = made.dtype;
  made.dtype = static_cast<Dtype>(at.node.integer("to"));
  const bool holds_all = made.dtype == from || (made.dtype == Dtype::i32 && range_of(from)) ||
                         (made.dtype == Dtype::f32 && range_of(from));
  if (holds_all) return made;
  if (made.dtype != Dtype::f32 || from != Dtype::i32) {
    return at.unsupported("to another element type");
  }
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  const std::size_t count = made.positions.size();
  ISOTRACE_TRY_DONE(add_scaling(at, std::vector<Interval>(count, {1, 1}), {}, 1, network));
  network.round_whole_results();
  made.positions = count_up(count);
  return made;
}

Result<Value> lower_round(const NodeAtHand& at, NetworkBuilder& network) {
  const std::size_t count = at.value().positions.size();
  if (at.value().dtype != Dtype::f32) return at.unsupported("of integers");
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, 0));
  network.add_activation(Layer::Kind::round, count);
  return Value{at.value().shape, count_up(count)};
}

}  // namespace

std::optional<std::pair<double, double>> range_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::i8: return std::pair{-128.0, 127.0};
    case Dtype::u8: return std::pair{0.0, 255.0};
    case Dtype::i16: return std::pair{-32768.0, 32767.0};
    case Dtype::u16: return std::pair{0.0, 65535.0};
    default: return std::nullopt;
  }
}

bool is_quantised(const NodeAtHand& at) {
  switch (at.node.op) {
    case Op::quantize_linear:
    case Op::dequantize_linear:
    case Op::matmul_integer:
    case Op::conv_integer:
    case Op::qlinear_matmul:
    case Op::qlinear_conv:
    case Op::round: return true;
    case Op::cast: return at.value().dtype != Dtype::f32;
    default: return false;
  }
}

Result<Value> lower_quantised(const NodeAtHand& at, NetworkBuilder& network) {
  switch (at.node.op) {
    case Op::quantize_linear: return lower_quantize(at, network);
    case Op::dequantize_linear: return lower_dequantize(at, network);
    case Op::round: return lower_round(at, network);
    case Op::cast: return lower_cast(at, network);
    case Op::qlinear_matmul:
    case Op::qlinear_conv: return lower_qlinear(at, network);
    default: return lower_integer_product(at, network);
  }
}

Result<Tensor> dequantised(const NodeAtHand& at) {
  ISOTRACE_TRY(const std::vector<double> levels, integers_in(at, 0));
  const Shape& shape = at.constant(0)->shape();
  ISOTRACE_TRY(const Levels by, levels_of(at, shape, at.constant(0)->dtype()));
  Tensor made(Dtype::f32, shape);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    // The difference of integers is exact in binary64, and so is the product of two singles.
    const double centred = nearest_single(levels[i] - by.zeros[i]);
    const double product = nearest_single(centred * by.scales[i]);
    if (!(std::fabs(product) < magnitude_max)) return at.unsupported("scales");
    made.data<float>()[i] = static_cast<float>(product);
  }
  return made;
}

}  // namespace isotrace::proofs
