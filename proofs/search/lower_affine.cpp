// Affine operations: products, convolutions, elementwise steps, normalisation by constants.
#include <algorithm>
#include <cmath>

#include <isotrace/proofs/search/convolution.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/lowering.hpp>
#include <isotrace/proofs/search/scattering.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::Result;
using core::Shape;
using core::Tensor;

/// The checker knows 1 / sqrt(variance + epsilon) as an interval of relative radius 2^-22, which
/// costs a form at most the radius and the width of it: three times 4 roundings.
constexpr std::size_t root_roundings = 12;

std::size_t as_size(std::int64_t dim) { return static_cast<std::size_t>(dim); }

auto mismatch(std::string detail) {
  return core::refuse(RefusalCode::shape_mismatch, "", std::move(detail));
}

}  // namespace

std::size_t Lowering::Product::place(bool of_front, std::size_t row, std::size_t inner,
                                     std::size_t column) const {
  const bool transposed = of_front ? front_transposed : weights_transposed;
  if (of_front == front_is_left) return transposed ? inner * m + row : row * k + inner;
  return transposed ? column * k + inner : inner * n + column;
}

Lowering::Step Lowering::add_product(const Node& node, const Tensor& weights,
                                     const Product& product, Shape shape) {
  const auto values = weights.data<float>();
  const auto zeros = static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0F));
  const std::size_t copies = product.front_is_left ? product.m : product.n;
  // Weights of zero do not stand: they are only looked at.
  const std::size_t terms = std::max(product_of(values.size() - zeros, copies),
                                     product_of(product.m * product.n, product.k) / 16);
  ISOTRACE_TRY(Layer * layer, add_layer(product.m * product.n, terms));
  SumOrder order(product.m * product.n, product.k, node.integer("k_segment"));
  for (std::size_t row = 0; row < product.m; ++row) {
    for (std::size_t column = 0; column < product.n; ++column) {
      for (std::size_t inner = 0; inner < product.k; ++inner) {
        const double weight = double{values[product.place(false, row, inner, column)]};
        const std::size_t element = product.place(true, row, inner, column);
        if (weight != 0) connect(row * product.n + column, element, product.factor * weight);
        order.add(row * product.n + column, inner, front_.neurons[element]);
      }
    }
  }
  // Products by 0, 1 and -1 are exact.
  const bool exact = std::all_of(values.begin(), values.end(),
                                 [](float w) { return w == 0 || std::fabs(w) == 1; });
  const std::size_t products = product.k - (exact && product.k > 0 ? 1 : 0);
  layer->roundings = roundings(products + (product.factor == 1 ? 0 : 1));
  if (product.factor == 1) order_sums(std::move(order));
  start_front(std::move(shape));
  return Done{};
}

Lowering::Step Lowering::lower_matmul(const Node& node) {
  const bool front_is_left = is_front(node, 0);
  const Tensor* w = find_f32(node, front_is_left ? 1 : 0);
  if (w == nullptr) return unsupported("weights are not an f32 constant");
  const Shape& x = front_.shape;
  if (w->rank() < 1 || w->rank() > 2 || x.empty() || (!front_is_left && x.size() > 2)) {
    return unsupported("rank of the operands");
  }
  Shape shape;
  Product product{1, 1, 0, front_is_left};
  if (front_is_left) {
    product.k = as_size(x.back());
    product.m = product.k == 0 ? 0 : front_.neurons.size() / product.k;
    if (as_size(w->dim(0)) != product.k) return mismatch("inner sizes");
    shape.assign(x.begin(), x.end() - 1);
    if (w->rank() == 2) shape.push_back(w->dim(1));
    product.n = w->rank() == 2 ? as_size(w->dim(1)) : 1;
  } else {
    product.k = as_size(x[0]);
    if (as_size(w->dim(w->rank() - 1)) != product.k) return mismatch("inner sizes");
    if (w->rank() == 2) shape.push_back(w->dim(0));
    if (x.size() == 2) shape.push_back(x[1]);
    product.m = w->rank() == 2 ? as_size(w->dim(0)) : 1;
    product.n = x.size() == 2 ? as_size(x[1]) : 1;
  }
  return add_product(node, *w, product, std::move(shape));
}

Lowering::Step Lowering::lower_gemm(const Node& node) {
  if (is_front(node, 2)) return unsupported("bias is not constant");
  const bool front_is_left = is_front(node, 0);
  const Tensor* w = find_f32(node, front_is_left ? 1 : 0);
  if (w == nullptr || w->rank() != 2 || front_.shape.size() != 2) {
    return unsupported("weights are not an f32 constant matrix");
  }
  const bool trans_a = node.integer("transA") != 0;
  const bool trans_b = node.integer("transB") != 0;
  const Shape& a = front_is_left ? front_.shape : w->shape();
  const Shape& b = front_is_left ? w->shape() : front_.shape;
  Product product{as_size(a[trans_a ? 1 : 0]), as_size(b[trans_b ? 0 : 1]),
                  as_size(a[trans_a ? 0 : 1]), front_is_left};
  if (as_size(b[trans_b ? 1 : 0]) != product.k) return mismatch("inner sizes");
  product.front_transposed = front_is_left ? trans_a : trans_b;
  product.weights_transposed = front_is_left ? trans_b : trans_a;
  product.factor = double{node.real("alpha")};
  Shape shape = {static_cast<std::int64_t>(product.m), static_cast<std::int64_t>(product.n)};
  ISOTRACE_TRY_DONE(add_product(node, *w, product, std::move(shape)));
  return add_gemm_bias(node);
}

Lowering::Step Lowering::add_gemm_bias(const Node& node) {
  if (node.inputs.size() < 3 || node.inputs[2] == core::no_value) return Done{};
  const Tensor* c = find_f32(node, 2);
  if (c == nullptr) return unsupported("bias is not an f32 constant");
  ISOTRACE_TRY(const Shape shape, broadcast_shape(c->shape(), front_.shape));
  if (shape != front_.shape) return mismatch("bias enlarges the result");
  const double beta = double{node.real("beta")};
  std::vector<double> values;
  for (const std::size_t from : broadcast_source(c->shape(), shape)) {
    values.push_back(beta * double{c->data<float>()[from]});
  }
  return add_constant(values, beta == 1 ? 1 : 2);
}

Lowering::Step Lowering::lower_conv(const Node& node) {
  const Tensor* w = find_f32(node, 1);
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != core::no_value;
  const Tensor* bias = find_f32(node, 2);
  if (w == nullptr || !is_front(node, 0) || (has_bias && bias == nullptr)) {
    return unsupported("weights or bias are not f32 constants");
  }
  ISOTRACE_TRY(const ConvolutionShape shape, convolution_shape(node, front_.shape, w->shape()));
  ISOTRACE_TRY(const std::size_t outputs, core::element_count(shape.output));
  ISOTRACE_TRY(Layer * layer, add_layer(outputs, product_of(outputs, shape.summands)));
  SumOrder order(outputs, shape.summands, node.integer("k_segment"));
  const auto values = w->data<float>();
  for_each_tap(node, front_.shape, w->shape(), shape.output,
               [&](std::size_t output, std::size_t input, std::size_t weight) {
                 connect(output, input, double{values[weight]});
                 order.add(output, weight % shape.summands, front_.neurons[input]);
               });
  order_sums(std::move(order));
  layer->roundings = roundings(shape.summands);
  start_front(shape.output);
  return has_bias ? add_channel_bias(*bias) : Step(Done{});
}

/// One element for all of a channel.
Lowering::Step Lowering::add_channel_bias(const Tensor& bias) {
  if (bias.elements() != as_size(front_.shape[1])) return mismatch("bias");
  const std::size_t outputs = front_.neurons.size();
  const std::size_t plane = outputs / as_size(front_.shape[1]);
  std::vector<double> shift(outputs);
  for (std::size_t o = 0; o < outputs; ++o) shift[o] = double{bias.data<float>()[o / plane]};
  return add_constant(shift, 1);
}

/// Every input and every tap of its kernels go to one place, if that is on the output.
Lowering::Step Lowering::lower_conv_transpose(const Node& node) {
  const Tensor* w = find_f32(node, 1);
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != core::no_value;
  const Tensor* bias = find_f32(node, 2);
  if (w == nullptr || !is_front(node, 0) || (has_bias && bias == nullptr)) {
    return unsupported("weights or bias are not f32 constants");
  }
  ISOTRACE_TRY(const Scattering scattering, scattering_of(node, front_.shape, w->shape()));
  std::vector<std::size_t> summands(count(scattering.output), 0);
  std::size_t terms = 0;
  for_each_landing(scattering, [&](std::size_t output, std::size_t, std::size_t) {
    ++summands[output];
    ++terms;
  });
  ISOTRACE_TRY(Layer * layer, add_layer(summands.size(), terms));
  for_each_landing(scattering, [&](std::size_t output, std::size_t input, std::size_t weight) {
    connect(output, input, double{w->data<float>()[weight]});
  });
  const std::size_t most = *std::max_element(summands.begin(), summands.end());
  layer->roundings = roundings(std::max<std::size_t>(1, most));
  start_front(scattering.output);
  return has_bias ? add_channel_bias(*bias) : Step(Done{});
}

Lowering::Step Lowering::lower_neg() {
  const std::size_t size = front_.neurons.size();
  return add_diagonal(std::vector<double>(size, -1), std::vector<double>(size, 0), 0);
}

Lowering::Step Lowering::lower_elementwise(const Node& node) {
  const bool front_is_left = is_front(node, 0);
  const Tensor* operand = find_f32(node, front_is_left ? 1 : 0);
  if (operand == nullptr) return unsupported("operand is not an f32 constant");
  if (node.op == Op::div && !front_is_left) return unsupported("division by the variable");
  ISOTRACE_TRY(const Shape shape, broadcast_shape(front_.shape, operand->shape()));
  ISOTRACE_TRY(const std::size_t size, core::element_count(shape));
  std::vector<double> scale(size, 1);
  std::vector<double> shift(size, 0);
  const std::vector<std::size_t> source = broadcast_source(operand->shape(), shape);
  for (std::size_t i = 0; i < size; ++i) {
    const double value = double{operand->data<float>()[source[i]]};
    switch (node.op) {
      case Op::add: shift[i] = value; break;
      case Op::sub:
        scale[i] = front_is_left ? 1 : -1;
        shift[i] = front_is_left ? -value : value;
        break;
      case Op::mul: scale[i] = value; break;
      default: scale[i] = 1 / value; break;  // of zero: refused as not finite in the end
    }
  }
  return add_elementwise(shape, scale, shift, 1);
}

/// front + other, or front - other; both depend on the input.
Lowering::Step Lowering::lower_sum(const Node& node) {
  const Front left = *find_value(node, 0);
  const Front right = *find_value(node, 1);
  ISOTRACE_TRY(const Shape shape, broadcast_shape(left.shape, right.shape));
  const auto left_source = broadcast_source(left.shape, shape);
  const auto right_source = broadcast_source(right.shape, shape);
  const double sign = node.op == Op::add ? 1 : -1;
  std::vector<SparseRow> rows(left_source.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].weights = {{left.neurons[left_source[i]], 1}, {right.neurons[right_source[i]], sign}};
  }
  ISOTRACE_TRY_DONE(add_rows(rows, 1));
  start_front(shape);
  return Done{};
}

/// Three steps, as the operation is defined: x - mean, times 1 / sqrt(variance + epsilon), times
/// scale plus bias.
Lowering::Step Lowering::lower_batch_normalization(const Node& node) {
  const Tensor* parameters[4];
  if (front_operand_ != 0 || front_.shape.size() < 2) return unsupported("operands");
  for (std::size_t i = 0; i < 4; ++i) {
    parameters[i] = find_f32(node, i + 1);
    if (parameters[i] == nullptr || parameters[i]->elements() != as_size(front_.shape[1])) {
      return unsupported("parameters are not f32 constants");
    }
  }
  const std::size_t size = front_.neurons.size();
  const std::size_t channels = as_size(front_.shape[1]);
  const std::size_t area = size / as_size(front_.shape[0]) / channels;
  const std::vector<double> ones(size, 1);
  const std::vector<double> zeros(size, 0);
  std::vector<double> means, roots, scales, biases;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t channel = i / area % channels;
    const auto value = [&](std::size_t p) { return double{parameters[p]->data<float>()[channel]}; };
    scales.push_back(value(0));
    biases.push_back(value(1));
    means.push_back(-value(2));
    roots.push_back(1 / std::sqrt(value(3) + double{node.real("epsilon")}));
  }
  bias_open_ = false;
  ISOTRACE_TRY_DONE(add_diagonal(ones, means, 1));
  ISOTRACE_TRY_DONE(add_diagonal(roots, zeros, 1 + root_roundings));
  return add_diagonal(scales, biases, 2);
}

}  // namespace isotrace::proofs::search
