// Operations on quantised tensors.
#include <isotrace/backends/samples/families.hpp>

namespace isotrace::backends::samples {
namespace {

/// A scale per tensor is a scalar, one per position of an axis a list.
Tensor scale(std::initializer_list<float> values) {
  const bool scalar = values.size() == 1;
  return Tensor::of<float>(scalar ? Shape{} : Shape{std::ssize(values)},
                           std::span<const float>(values.begin(), values.size()));
}

void add_integer_convolutions(Op op, Maker& make) {
  const std::vector<core::Attribute> window = {{"auto_pad", std::string("NOTSET")},
                                               {"dilations", Ints{1, 2}},
                                               {"group", std::int64_t{2}},
                                               {"pads", Ints{1, 0, 0, 2}},
                                               {"strides", Ints{2, 1}}};
  const Shape x = {2, 4, 6, 7};
  const Shape w = {4, 2, 3, 2};
  if (op == Op::conv_integer) {
    make.add(window, list(make.data(x), make.bytes(w)));
    make.add(window, list(make.data(x), make.bytes(w), make.data({}), make.bytes({4})));
    // Rows for units that multiply tiles of bytes.
    make.add(window,
             list(make.data(x), make.bytes({36, 2, 3, 2}), make.data({}), make.bytes({36})));
  } else {
    make.add(window, list(make.data(x), scale({0.5F}), make.data({}), make.bytes(w),
                          scale({0.25F, 0.5F, 2, 0.1F}), make.bytes({4}), scale({1.5F}),
                          make.bytes({}), Tensor::of<std::int32_t>({4}, {-40, 5, 0, 1000})));
  }
}

}  // namespace

void add_quantised(Op op, Maker& make) {
  const std::vector<core::Attribute> blocks = {{"axis", one}, {"block_size", std::int64_t{2}}};
  const std::vector<core::Attribute> axis = {{"axis", one}, {"block_size", zero}};
  const auto to = [](Dtype dtype, std::vector<core::Attribute> attributes) {
    attributes.push_back({"output_dtype", static_cast<std::int64_t>(dtype)});
    attributes.push_back({"saturate", one});
    return attributes;
  };
  switch (op) {
    case Op::quantize_linear:
      make.add(to(Dtype::u8, axis),
               list(make.data({3, 2, 9}), scale({0.5F, 0.03F}), make.bytes({2})));
      make.add(to(Dtype::i4, blocks),
               list(make.data({1, 3}), Tensor::of<float>({1, 2}, {2, 0.5F})));
      return make.add(to(Dtype::f8e4m3fn, axis), list(make.data({40}), scale({0.01F})));
    case Op::dequantize_linear:
      make.add(axis, list(make.data({3, 2, 9}), scale({0.5F, 0.03F}), make.zeros({2})));
      return make.add(blocks, list(make.data({1, 3}), Tensor::of<float>({1, 2}, {2, 0.5F})));
    case Op::dynamic_quantize_linear: return make.add({}, list(make.data({5, 7})), 3);
    case Op::matmul_integer:
      make.add({}, list(make.data({2, 3, 9}), make.bytes({9, 17})));
      make.add({}, list(make.data({20, 70}), make.bytes({70, 9}), make.data({20})));  // as above
      return make.add({},
                      list(make.data({3, 9}), make.bytes({9, 5}), make.data({3}), make.bytes({5})));
    case Op::qlinear_matmul:
      return make.add({}, list(make.data({3, 9}), scale({0.5F}), make.data({}), make.bytes({9, 2}),
                               scale({0.25F, 0.01F}), make.bytes({2}), scale({3}), make.bytes({})));
    default: return add_integer_convolutions(op, make);
  }
}

}  // namespace isotrace::backends::samples
