// Operations on the chain. Why each number of roundings is right: a sum of K products puts at most
// K roundings on a path (one product and K - 1 additions; adding zero is exact), a bias one more.
#include "affine_operations.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using core::Shape;

/// More weights than this are refused: coqc would not read them in reasonable time, and hostile
/// programs must not take all memory.
constexpr std::size_t terms_max = std::size_t{1} << 25;

tl::unexpected<core::Refusal> unsupported(const std::string& where, std::string detail) {
  return core::refuse(RefusalCode::prove_unsupported, where, std::move(detail));
}

std::size_t count(const Shape& shape) {
  std::size_t elements = 1;
  for (const std::int64_t dim : shape) elements *= static_cast<std::size_t>(dim);
  return elements;
}

/// NumPy broadcasting of two shapes.
Result<Shape> broadcast(const Shape& a, const Shape& b, const std::string& where) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      return core::refuse(RefusalCode::shape_mismatch, where,
                          core::shape_text(a) + " and " + core::shape_text(b));
    }
    shape[shape.size() - 1 - i] = x == 1 ? y : x;
  }
  ISOTRACE_TRY(const std::size_t elements, core::element_count(shape));
  if (elements > terms_max) return unsupported(where, "too large");
  return shape;
}

/// For each element of `to`, the element of `from` that is broadcast there.
std::vector<std::uint32_t> broadcast_source(const Shape& from, const Shape& to) {
  std::vector<std::uint32_t> source(count(to));
  for (std::size_t i = 0; i < source.size(); ++i) {
    std::size_t rest = i;
    std::size_t index = 0;
    std::size_t stride = 1;
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      const auto to_dim = static_cast<std::size_t>(to[to.size() - 1 - axis]);
      const auto from_dim = static_cast<std::size_t>(from[from.size() - 1 - axis]);
      if (from_dim != 1) index += rest % to_dim * stride;
      stride *= from_dim;
      rest /= to_dim;
    }
    source[i] = static_cast<std::uint32_t>(index);
  }
  return source;
}

std::vector<double> broadcast_numbers(const ChainValue& constant, const Shape& shape) {
  std::vector<double> numbers;
  for (const std::uint32_t i : broadcast_source(constant.shape, shape))
    numbers.push_back(constant.numbers[i]);
  return numbers;
}

bool is_identity(const std::vector<std::uint32_t>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) return false;
  }
  return true;
}

bool is_power_of_two(double value) {
  int exponent = 0;
  return std::abs(std::frexp(value, &exponent)) == 0.5;
}

}  // namespace

ChainValue rearrange(const ChainValue& value, const std::vector<std::uint32_t>& from, Shape shape) {
  ChainValue result{std::move(shape), value.constant, {}, {}, value.version};
  for (const std::uint32_t i : from) {
    if (value.constant) {
      result.numbers.push_back(value.numbers[i]);
    } else {
      result.order.push_back(value.order[i]);
    }
  }
  return result;
}

std::vector<std::uint32_t> transposition(const Shape& shape,
                                         const std::vector<std::int64_t>& perm) {
  std::vector<std::size_t> stride(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    stride[i - 1] = stride[i] * static_cast<std::size_t>(shape[i]);
  std::vector<std::uint32_t> from(count(shape));
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t rest = i;
    std::size_t index = 0;
    for (std::size_t axis = perm.size(); axis-- > 0;) {
      const auto source_axis = static_cast<std::size_t>(perm[axis]);
      const auto dim = static_cast<std::size_t>(shape[source_axis]);
      index += rest % dim * stride[source_axis];
      rest /= dim;
    }
    from[i] = static_cast<std::uint32_t>(index);
  }
  return from;
}

ChainBuilder::ChainBuilder(std::size_t inputs, bool exact) : exact_(exact) {
  chain_.inputs = inputs;
}

ChainValue ChainBuilder::input(Shape shape) const {
  ChainValue value{std::move(shape), false, {}, {}, version_};
  for (std::size_t i = 0; i < chain_.inputs; ++i)
    value.order.push_back(static_cast<std::uint32_t>(i));
  return value;
}

Result<Done> ChainBuilder::charge(std::size_t terms, const std::string& where) {
  if (terms > terms_max - charged_) return unsupported(where, "too large");
  charged_ += terms;
  return Done{};
}

Result<Done> ChainBuilder::check_current(const ChainValue& value, const std::string& where) const {
  if (value.constant) return unsupported(where, "computes with constants only");
  if (value.version != version_) return unsupported(where, "uses an earlier value: not a chain");
  return Done{};
}

ChainValue ChainBuilder::push(AffineLayer layer, const ChainValue& data, Shape shape) {
  const auto by_operand = [](const AffineTerm& a, const AffineTerm& b) {
    return a.operand < b.operand;
  };
  for (AffineRow& row : layer.rows) {
    for (AffineTerm& term : row.terms) term.operand = data.order[term.operand];
    for (AffineTerm& tap : row.taps) {
      if (tap.operand != padding_operand) tap.operand = data.order[tap.operand];
    }
    if (std::is_sorted(row.terms.begin(), row.terms.end(), by_operand)) continue;
    if (row.taps.empty()) row.taps = row.terms;
    std::sort(row.terms.begin(), row.terms.end(), by_operand);
  }
  if (exact_) layer.roundings = 0;
  ChainValue value{std::move(shape), false, {}, {}, ++version_};
  for (std::size_t i = 0; i < layer.rows.size(); ++i)
    value.order.push_back(static_cast<std::uint32_t>(i));
  chain_.layers.push_back(std::move(layer));
  open_for_bias_ = false;
  return value;
}

Result<ChainValue> ChainBuilder::elementwise(AffineLayer layer, const ChainValue& data,
                                             const std::vector<std::uint32_t>& from,
                                             const std::vector<double>& weights,
                                             const std::vector<double>& biases, Shape shape) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    layer.rows.push_back({{{from[i], weights[i]}}, biases[i]});
  }
  return push(std::move(layer), data, std::move(shape));
}

Result<ChainValue> ChainBuilder::add(const ChainValue& a, const ChainValue& b, double sign_a,
                                     double sign_b, const std::string& where,
                                     std::uint32_t roundings) {
  const ChainValue& data = a.constant ? b : a;
  const ChainValue& constant = a.constant ? a : b;
  const double data_sign = a.constant ? sign_b : sign_a;
  const double constant_sign = a.constant ? sign_a : sign_b;
  if (!constant.constant) return unsupported(where, "adds two computed values");
  ISOTRACE_TRY_DONE(check_current(data, where));
  ISOTRACE_TRY(Shape shape, broadcast(a.shape, b.shape, where));
  ISOTRACE_TRY_DONE(charge(count(shape), where));
  std::vector<double> biases = broadcast_numbers(constant, shape);
  for (double& bias : biases) bias *= constant_sign;
  // A bias joins the sum before it: more roundings on each path.
  if (open_for_bias_ && data_sign == 1 && biases.size() == data.elements()) {
    AffineLayer& layer = chain_.layers.back();
    for (std::size_t i = 0; i < biases.size(); ++i) layer.rows[data.order[i]].bias = biases[i];
    if (!exact_) layer.roundings += roundings;
    layer.biased = true;
    open_for_bias_ = false;
    ChainValue result = data;
    result.shape = std::move(shape);
    result.version = ++version_;
    return result;
  }
  const std::vector<double> weights(biases.size(), data_sign);
  return elementwise({{}, roundings, false, {}, RowExecution::sum}, data,
                     broadcast_source(data.shape, shape), weights, biases, shape);
}

Result<ChainValue> ChainBuilder::multiply(const ChainValue& a, const ChainValue& b,
                                          const std::string& where) {
  const ChainValue& data = a.constant ? b : a;
  const ChainValue& constant = a.constant ? a : b;
  if (!constant.constant) return unsupported(where, "multiplies two computed values");
  ISOTRACE_TRY_DONE(check_current(data, where));
  ISOTRACE_TRY(Shape shape, broadcast(a.shape, b.shape, where));
  ISOTRACE_TRY_DONE(charge(count(shape), where));
  const std::vector<double> weights = broadcast_numbers(constant, shape);
  const std::vector<double> biases(weights.size(), 0.0);
  return elementwise({{}, 1, false, {}, RowExecution::product}, data,
                     broadcast_source(data.shape, shape), weights, biases, shape);
}

Result<ChainValue> ChainBuilder::divide(const ChainValue& a, const ChainValue& b,
                                        const std::string& where) {
  if (!b.constant) return unsupported(where, "divides by a computed value");
  ISOTRACE_TRY_DONE(check_current(a, where));
  ISOTRACE_TRY(Shape shape, broadcast(a.shape, b.shape, where));
  ISOTRACE_TRY_DONE(charge(count(shape), where));
  std::vector<double> weights = broadcast_numbers(b, shape);
  const std::vector<double> biases(weights.size(), 0.0);
  AffineLayer layer{{}, 1, false, {}, RowExecution::quotient};
  layer.divisors = weights;
  // 1/c as binary64 is off by 2^-53 of itself, far less than the second rounding that is allowed
  // for.
  for (double& weight : weights) {
    if (weight == 0) return unsupported(where, "divides by zero");
    if (!is_power_of_two(weight)) layer.roundings = 2;
    weight = 1 / weight;
  }
  if (exact_ && layer.roundings == 2)
    return unsupported(where, "exact division by what is not a power of two");
  return elementwise(std::move(layer), a, broadcast_source(a.shape, shape), weights, biases, shape);
}

Result<ChainValue> ChainBuilder::negate(const ChainValue& a, const std::string& where) {
  ISOTRACE_TRY_DONE(check_current(a, where));
  const std::vector<double> weights(a.elements(), -1.0);
  const std::vector<double> biases(a.elements(), 0.0);
  return elementwise({}, a, broadcast_source(a.shape, a.shape), weights, biases, a.shape);
}

Result<ChainValue> ChainBuilder::relu(const ChainValue& a, const std::string& where) {
  ISOTRACE_TRY_DONE(check_current(a, where));
  ChainValue result = a;
  if (chain_.layers.empty() || a.elements() != chain_.outputs()) {
    const std::vector<double> weights(a.elements(), 1.0);
    const std::vector<double> biases(a.elements(), 0.0);
    ISOTRACE_TRY(result,
                 elementwise({}, a, broadcast_source(a.shape, a.shape), weights, biases, a.shape));
  }
  chain_.layers.back().relu = true;
  if (!is_identity(result.order)) chain_.layers.back().relu_rows = result.order;
  open_for_bias_ = false;
  result.version = ++version_;
  return result;
}

Result<ChainValue> ChainBuilder::matmul(const ChainValue& a, const ChainValue& b,
                                        const core::Node& node, const std::string& where) {
  const bool data_first = !a.constant;
  const ChainValue& data = data_first ? a : b;
  if (data_first == !b.constant)
    return unsupported(where, "not a product of a computed value and a constant");
  ISOTRACE_TRY_DONE(check_current(data, where));
  const ChainValue& constant = data_first ? b : a;
  if (constant.shape.size() != 2 || data.shape.empty() || (!data_first && data.shape.size() > 2)) {
    return unsupported(where, core::shape_text(a.shape) + " times " + core::shape_text(b.shape));
  }
  // Vectors: a row on the left, a column on the right.
  Shape left = a.shape;
  Shape right = b.shape;
  if (left.size() == 1) left.insert(left.begin(), 1);
  if (right.size() == 1) right.push_back(1);
  const auto inner = static_cast<std::size_t>(left.back());
  const auto columns = static_cast<std::size_t>(right.back());
  if (left.back() != right.front())
    return core::refuse(RefusalCode::shape_mismatch, where, "inner sizes");
  if (inner == 0 || columns == 0) return unsupported(where, "no elements");
  const std::size_t lines = a.elements() / inner;
  if (lines > terms_max / inner / columns) return unsupported(where, "too large");
  ISOTRACE_TRY_DONE(charge(lines * inner * columns, where));
  AffineLayer layer{{}, static_cast<std::uint32_t>(inner), false, {}, RowExecution::contraction};
  layer.k_segment = static_cast<std::uint64_t>(node.integer("k_segment"));
  for (std::size_t i = 0; i < lines; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      AffineRow row;
      for (std::size_t k = 0; k < inner; ++k) {
        const std::size_t at_left = i * inner + k;
        const std::size_t at_right = k * columns + j;
        row.terms.push_back({static_cast<std::uint32_t>(data_first ? at_left : at_right),
                             constant.numbers[data_first ? at_right : at_left]});
      }
      layer.rows.push_back(std::move(row));
    }
  }
  Shape shape(a.shape.begin(), a.shape.end() - 1);
  if (b.shape.size() == 2) shape.push_back(b.shape.back());
  ChainValue result = push(std::move(layer), data, std::move(shape));
  open_for_bias_ = true;
  return result;
}

Result<AffineChain> ChainBuilder::finish(const ChainValue& output, const std::string& where) {
  ISOTRACE_TRY_DONE(check_current(output, where));
  if (chain_.layers.empty() || output.elements() != chain_.outputs() ||
      !is_identity(output.order)) {
    const std::size_t size = output.elements();
    ISOTRACE_TRY(
        const ChainValue last,
        elementwise({}, output, broadcast_source(output.shape, output.shape),
                    std::vector<double>(size, 1.0), std::vector<double>(size, 0.0), output.shape));
  }
  if (chain_.layers.back().rows.empty()) return unsupported(where, "has no elements");
  return std::move(chain_);
}

}  // namespace isotrace::proofs
