// MatMul and Gemm with one constant operand. A dot product of K terms rounds at most K times on the
// way of any term to the result, in any order and with or without fma: once for its product and at
// most K - 1 times in sums (adding to +0 is exact).
#include <algorithm>
#include <cmath>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

/// The sizes of result[m, n] = sum over k of left[m, k] * right[k, n], and where element (row,
/// column) of the constant stands.
struct Product {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  bool value_is_left;
  bool value_transposed = false;
  bool constant_transposed = false;

  [[nodiscard]] std::size_t place(bool of_value, std::size_t row, std::size_t inner,
                                  std::size_t column) const {
    const bool left = of_value == value_is_left;
    const bool transposed = of_value ? value_transposed : constant_transposed;
    if (left) return transposed ? inner * m + row : row * k + inner;
    return transposed ? column * k + inner : inner * n + column;
  }
};

Result<core::Done> add_product(const NodeAtHand& at, const Product& product,
                               NetworkBuilder& network) {
  ISOTRACE_TRY(const auto weights, finite_floats(at, 1 - at.first_value));
  const std::size_t rows = product.m * product.n;
  const auto zeros = static_cast<std::size_t>(std::count(weights.begin(), weights.end(), 0.0F));
  const std::size_t copies = product.value_is_left ? product.m : product.n;
  // Weights of zero do not stand: they are only looked at.
  ISOTRACE_TRY_DONE(network.reserve(
      at.place, rows, std::max((weights.size() - zeros) * copies, rows * product.k / 16)));
  MatrixBuilder matrix = network.rows();
  SumOrder order(product.k, segment_length(at));
  const std::vector<std::uint32_t>& positions = at.value().positions;
  for (std::size_t row = 0; row < product.m; ++row) {
    for (std::size_t column = 0; column < product.n; ++column) {
      for (std::size_t inner = 0; inner < product.k; ++inner) {
        const std::uint32_t position = positions[product.place(true, row, inner, column)];
        matrix.add(position,
                   static_cast<double>(weights[product.place(false, row, inner, column)]));
        order.add(inner, position);
      }
      matrix.end_row();
      order.end_row();
    }
  }
  // Products by 0, 1 and -1 are exact.
  const bool exact = std::all_of(weights.begin(), weights.end(),
                                 [](float w) { return w == 0 || std::fabs(w) == 1; });
  network.add_sums(std::move(matrix), product.k - (exact && product.k > 0 ? 1 : 0));
  network.order_sums(std::move(order));
  return core::Done{};
}

std::size_t as_size(std::int64_t dim) { return static_cast<std::size_t>(dim); }

/// The value is [..., M, K] or [K], the constant [K, N] or [K].
Result<Shape> product_from_left(const NodeAtHand& at, Product& product) {
  const Shape& fixed = at.constant(1)->shape();
  if (fixed.empty() || fixed.size() > 2 || at.value().shape.empty()) return at.unsupported("rank");
  product.k = as_size(at.value().shape.back());
  product.m = at.value().positions.size() / product.k;
  product.n = fixed.size() == 2 ? as_size(fixed[1]) : 1;
  if (as_size(fixed[0]) != product.k) return at.unsupported("sizes do not fit");
  Shape shape(at.value().shape.begin(), at.value().shape.end() - 1);
  if (fixed.size() == 2) shape.push_back(fixed[1]);
  return shape;
}

/// The constant is [M, K] or [K], the value [K, N] or [K].
Result<Shape> product_from_right(const NodeAtHand& at, Product& product) {
  const Shape& fixed = at.constant(0)->shape();
  if (fixed.empty() || fixed.size() > 2 || at.value().shape.empty() ||
      at.value().shape.size() > 2) {
    return at.unsupported("rank");
  }
  product.k = as_size(at.value().shape[0]);
  product.m = fixed.size() == 2 ? as_size(fixed[0]) : 1;
  product.n = at.value().shape.size() == 2 ? as_size(at.value().shape[1]) : 1;
  if (as_size(fixed.back()) != product.k) return at.unsupported("sizes do not fit");
  Shape shape;
  if (fixed.size() == 2) shape.push_back(fixed[0]);
  if (at.value().shape.size() == 2) shape.push_back(at.value().shape[1]);
  return shape;
}

/// result = value + beta * C. The product of two binary32 numbers is exact in binary64; in binary32
/// it rounds once before the sum does.
Result<core::Done> add_bias(const NodeAtHand& at, const Shape& shape, double beta,
                            NetworkBuilder& network) {
  ISOTRACE_TRY(const auto values, finite_floats(at, 2));
  const Shape& from = at.constant(2)->shape();
  if (broadcast_shape(from, shape) != shape) return at.unsupported("operand 2 does not broadcast");
  std::vector<double> bias;
  for (std::uint32_t source : broadcast_source(from, shape)) {
    bias.push_back(beta * static_cast<double>(values[source]));
  }
  const std::size_t roundings = beta == 1 ? 1 : 2;
  if (network.extend_sums(bias, roundings)) return core::Done{};
  return add_scaling(at, std::vector<Interval>(bias.size(), {1, 1}), bias, roundings, network);
}

}  // namespace

Result<Shape> lower_matmul(const NodeAtHand& at, NetworkBuilder& network) {
  ISOTRACE_TRY_DONE(finite_floats(at, 1 - at.first_value));
  Product product{0, 0, 0, at.first_value == 0};
  ISOTRACE_TRY(Shape shape, product.value_is_left ? product_from_left(at, product)
                                                  : product_from_right(at, product));
  ISOTRACE_TRY_DONE(checked_count(at, shape));
  ISOTRACE_TRY_DONE(add_product(at, product, network));
  return shape;
}

Result<Shape> lower_gemm(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.first_value > 1 || at.values != 1) return at.unsupported("operand is not constant");
  ISOTRACE_TRY_DONE(finite_floats(at, 1 - at.first_value));
  const bool transpose[2] = {at.node.integer("transA") != 0, at.node.integer("transB") != 0};
  const Shape* sides[2] = {at.first_value == 0 ? &at.value().shape : &at.constant(0)->shape(),
                           at.first_value == 1 ? &at.value().shape : &at.constant(1)->shape()};
  if (sides[0]->size() != 2 || sides[1]->size() != 2) return at.unsupported("rank");
  const auto dim = [&](int side, int axis) {
    return as_size((*sides[side])[static_cast<std::size_t>(transpose[side] ? 1 - axis : axis)]);
  };
  const Product product{dim(0, 0),
                        dim(1, 1),
                        dim(0, 1),
                        at.first_value == 0,
                        transpose[at.first_value],
                        transpose[1 - at.first_value]};
  if (dim(1, 0) != product.k) return at.unsupported("sizes do not fit");
  Shape shape{static_cast<std::int64_t>(product.m), static_cast<std::int64_t>(product.n)};
  ISOTRACE_TRY_DONE(checked_count(at, shape));
  ISOTRACE_TRY_DONE(add_product(at, product, network));
  const float alpha = at.node.real("alpha");
  const float beta = at.node.real("beta");
  if (!std::isfinite(alpha) || !std::isfinite(beta)) return at.unsupported("alpha or beta");
  if (alpha != 1) {
    const double factor = static_cast<double>(alpha);
    ISOTRACE_TRY_DONE(add_scaling(
        at, std::vector<Interval>(product.m * product.n, {factor, factor}), {}, 1, network));
  }
  if (at.constant(2) != nullptr) {
    ISOTRACE_TRY_DONE(add_bias(at, shape, static_cast<double>(beta), network));
  }
  return shape;
}

}  // namespace isotrace::proofs
