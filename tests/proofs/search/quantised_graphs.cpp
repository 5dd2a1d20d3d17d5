#include "quantised_graphs.hpp"

namespace isotrace::tests {
namespace {

using core::Attribute;
using core::Dtype;
using core::Op;
using core::Tensor;
using Integers = std::vector<std::int64_t>;

class QuantisedMaker {
 public:
  QuantisedMaker(core::PhiloxStream& random, core::Shape shape, Dtype dtype)
      : random_(random), graph_(std::move(shape), dtype) {}

  int bytes(core::Shape shape, bool is_signed) {
    std::size_t size = 1;
    for (const std::int64_t dim : shape) size *= static_cast<std::size_t>(dim);
    std::vector<std::uint8_t> values(size);
    for (auto& value : values) value = static_cast<std::uint8_t>(random_.next_below(256));
    if (!is_signed) {
      return graph_.constant(
          Tensor::of<std::uint8_t>(std::move(shape), std::span<const std::uint8_t>(values)));
    }
    const std::vector<std::int8_t> numbers(values.begin(), values.end());
    return graph_.constant(
        Tensor::of<std::int8_t>(std::move(shape), std::span<const std::int8_t>(numbers)));
  }
  /// Scales in [least, 2 least], a power of two now and then, which makes ties.
  int scales(core::Shape shape, float least) {
    std::vector<float> values(shape.empty() ? 1 : static_cast<std::size_t>(shape[0]));
    for (float& value : values) {
      value = random_.next_below(3) == 0 ? least : least * (1 + random_.next_f32());
    }
    return graph_.floats(std::move(shape), values);
  }
  int qlinear_matmul(int x, bool x_signed, std::int64_t in, std::int64_t out, bool y_signed,
                     int x_scale) {
    return graph_.node(Op::qlinear_matmul, {x, x_scale, bytes({}, x_signed), bytes({in, out}, true),
                                            scales({out}, 0x1p-6F), bytes({out}, true),
                                            graph_.floats({}, {1}), bytes({}, y_signed)});
  }
  int quantize(int x, int scale, int zero, Dtype to, std::int64_t axis = 1) {
    return graph_.node(Op::quantize_linear, {x, scale, zero},
                       {{"axis", axis},
                        {"block_size", std::int64_t{0}},
                        {"output_dtype", static_cast<std::int64_t>(to)},
                        {"saturate", std::int64_t{1}}});
  }
  int dequantize(int x, int scale, int zero, std::int64_t axis = 1) {
    return graph_.node(Op::dequantize_linear, {x, scale, zero},
                       {{"axis", axis}, {"block_size", std::int64_t{0}}});
  }
  int matmul(int x, int w) {
    return graph_.node(Op::matmul, {x, w}, {{"k_segment", std::int64_t{256}}});
  }
  static std::vector<Attribute> window() {
    return {{"auto_pad", std::string("NOTSET")},
            {"dilations", Integers{1, 1}},
            {"group", std::int64_t{1}},
            {"pads", Integers{0, 1, 0, 0}},
            {"strides", Integers{1, 1}}};
  }

  core::Program qlinear();
  core::Program quantised();
  core::Program qdq();
  core::Program integer_product();
  core::Program convolved();
  core::Program integer_convolution();
  core::Program rounded();

 private:
  core::PhiloxStream& random_;
  Graph graph_;
};

core::Program QuantisedMaker::qlinear() {
  const int h = qlinear_matmul(Graph::input, false, 2, 3, false, scales({}, 0x1p-2F));
  const int positive = graph_.node(Op::max, {h, h});
  return graph_.build({qlinear_matmul(positive, false, 3, 2, true, scales({}, 0x1p-3F))});
}

core::Program QuantisedMaker::quantised() {
  const int zero = bytes({2}, true);
  const int q = quantize(Graph::input, scales({2}, 0x1p-4F), zero, Dtype::i8);
  const int y = qlinear_matmul(q, true, 2, 2, false, scales({}, 0x1p-3F));
  return graph_.build({dequantize(y, scales({2}, 0x1p-5F), bytes({2}, false), -1)});
}

core::Program QuantisedMaker::qdq() {
  const int zero = bytes({}, false);
  const int scale = scales({}, 0x1p-5F);
  const int x = dequantize(quantize(Graph::input, scale, zero, Dtype::u8), scale, zero);
  const int w = dequantize(bytes({2, 3}, true), scales({3}, 0x1p-8F), bytes({3}, true));
  const int h = graph_.node(Op::relu, {matmul(x, w)});
  const int again = dequantize(quantize(h, scale, zero, Dtype::u8), scale, zero);
  const int v = dequantize(bytes({3, 2}, true), scales({}, 0x1p-8F), -1);
  return graph_.build({matmul(again, v)});
}

core::Program QuantisedMaker::integer_product() {
  const int sums = graph_.node(Op::matmul_integer, {Graph::input, bytes({2, 3}, false),
                                                    bytes({1}, true), bytes({3}, false)});
  const int real =
      graph_.node(Op::cast, {sums},
                  {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(Dtype::f32)}});
  const int scaled = graph_.node(Op::mul, {real, scales({3}, 0x1p-12F)});
  const int h = graph_.node(Op::relu, {scaled});
  return graph_.build({matmul(h, graph_.floats({3, 2}, uniforms(random_, 6)))});
}

core::Program QuantisedMaker::convolved() {
  std::vector<std::int32_t> biases;
  for (int i = 0; i < 2; ++i) {
    biases.push_back(static_cast<std::int32_t>(random_.next_below(40'000)) - 20'000);
  }
  const int bias =
      graph_.constant(Tensor::of<std::int32_t>({2}, std::span<const std::int32_t>(biases)));
  const int y = graph_.node(
      Op::qlinear_conv,
      {Graph::input, scales({}, 0x1p-3F), bytes({}, false), bytes({2, 1, 1, 2}, true),
       scales({2}, 0x1p-4F), bytes({2}, true), graph_.floats({}, {1}), bytes({}, false), bias},
      window());
  const int pooled = graph_.node(Op::max_pool, {y},
                                 {{"auto_pad", std::string("NOTSET")},
                                  {"ceil_mode", std::int64_t{0}},
                                  {"dilations", Integers{1, 1}},
                                  {"kernel_shape", Integers{1, 2}},
                                  {"pads", Integers{0, 0, 0, 0}},
                                  {"storage_order", std::int64_t{0}},
                                  {"strides", Integers{1, 1}}});
  const int flat = graph_.node(Op::flatten, {pooled}, {{"axis", std::int64_t{1}}});
  return graph_.build({qlinear_matmul(flat, false, 2, 2, true, scales({}, 0x1p-3F))});
}

core::Program QuantisedMaker::integer_convolution() {
  const int sums = graph_.node(
      Op::conv_integer,
      {Graph::input, bytes({1, 1, 1, 2}, true), bytes({}, false), bytes({1}, true)}, window());
  const int flat = graph_.node(Op::flatten, {sums}, {{"axis", std::int64_t{1}}});
  return graph_.build({dequantize(flat, scales({}, 0x1p-7F), -1)});
}

core::Program QuantisedMaker::rounded() {
  const int half = graph_.node(Op::mul, {Graph::input, graph_.floats({}, {0.5F})});
  return graph_.build({graph_.node(Op::round, {half})});
}

}  // namespace

core::Program random_quantised(core::PhiloxStream& random, QuantisedKind kind) {
  const auto make = [&](core::Shape shape, Dtype dtype) {
    return QuantisedMaker(random, std::move(shape), dtype);
  };
  switch (kind) {
    case QuantisedKind::qlinear_matmul: return make({1, 2}, Dtype::u8).qlinear();
    case QuantisedKind::quantised: return make({1, 2}, Dtype::f32).quantised();
    case QuantisedKind::qdq: return make({1, 2}, Dtype::f32).qdq();
    case QuantisedKind::matmul_integer: return make({1, 2}, Dtype::i8).integer_product();
    case QuantisedKind::qlinear_conv: return make({1, 1, 1, 2}, Dtype::u8).convolved();
    case QuantisedKind::conv_integer: return make({1, 1, 1, 2}, Dtype::u8).integer_convolution();
    case QuantisedKind::rounded: return make({1, 2}, Dtype::f32).rounded();
  }
  return {};
}

}  // namespace isotrace::tests
