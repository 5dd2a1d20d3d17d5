// [contract.conv] [contract.conv_transpose]: the definition written down a second time, one output
// element at a time over two spatial axes, compared bit for bit; other ranks as special cases of
// it.
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

struct Case {
  std::int64_t batch = 1, inputs = 1, outputs = 1, groups = 1;
  std::int64_t size[2] = {5, 6};
  std::int64_t kernel[2] = {3, 2};
  std::int64_t stride[2] = {1, 1};
  std::int64_t dilation[2] = {1, 1};
  std::int64_t pad[4] = {0, 0, 0, 0};  // begin, begin, end, end
  std::int64_t k_segment = 256;
};

std::vector<Attribute> attributes_of(const Case& c) {
  return {{"group", c.groups},
          {"strides", Ints{c.stride[0], c.stride[1]}},
          {"dilations", Ints{c.dilation[0], c.dilation[1]}},
          {"pads", Ints{c.pad[0], c.pad[1], c.pad[2], c.pad[3]}},
          {"k_segment", c.k_segment}};
}

/// Segmented fma chain over products given one after the other.
class Chain {
 public:
  explicit Chain(std::int64_t segment) : segment_(segment) {}
  void add(float x, float w) {
    if (count_ != 0 && count_ % segment_ == 0) close();
    t_ = std::fma(x, w, t_);
    ++count_;
  }
  float finish() {
    if (count_ != 0) close();
    return c_;
  }

 private:
  void close() {
    c_ = first_ ? t_ : c_ + t_;
    first_ = false;
    t_ = 0;
  }
  std::int64_t segment_;
  std::int64_t count_ = 0;
  bool first_ = true;
  float t_ = 0;
  float c_ = 0;
};

float element(const Tensor& x, std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
  if (i < 0 || j < 0 || i >= x.dim(2) || j >= x.dim(3)) return 0;
  return x
      .data<float>()[static_cast<std::size_t>(((n * x.dim(1) + c) * x.dim(2) + i) * x.dim(3) + j)];
}

Tensor conv_by_definition(const Case& c, const Tensor& x, const Tensor& w, const Tensor& bias) {
  std::int64_t out[2];
  for (int a = 0; a < 2; ++a) {
    out[a] = (c.size[a] + c.pad[a] + c.pad[a + 2] - (c.kernel[a] - 1) * c.dilation[a] - 1) /
                 c.stride[a] +
             1;
  }
  std::vector<float> y;
  const std::int64_t in_group = c.inputs / c.groups;
  for (std::int64_t n = 0; n < c.batch; ++n) {
    for (std::int64_t m = 0; m < c.outputs; ++m) {
      for (std::int64_t p = 0; p < out[0] * out[1]; ++p) {
        Chain chain(c.k_segment);
        for (std::int64_t k = 0; k < in_group * c.kernel[0] * c.kernel[1]; ++k) {
          const std::int64_t channel =
              m / (c.outputs / c.groups) * in_group + k / (c.kernel[0] * c.kernel[1]);
          const std::int64_t kh = k / c.kernel[1] % c.kernel[0];
          const std::int64_t kw = k % c.kernel[1];
          chain.add(element(x, n, channel, p / out[1] * c.stride[0] - c.pad[0] + kh * c.dilation[0],
                            p % out[1] * c.stride[1] - c.pad[1] + kw * c.dilation[1]),
                    element(w, m, k / (c.kernel[0] * c.kernel[1]), kh, kw));
        }
        y.push_back(chain.finish() + bias.data<float>()[static_cast<std::size_t>(m)]);
      }
    }
  }
  return f32({c.batch, c.outputs, out[0], out[1]}, y);
}

/// w [inputs][outputs / groups][kernel].
Tensor transposed_by_definition(const Case& c, const Tensor& x, const Tensor& w) {
  std::int64_t out[2];
  for (int a = 0; a < 2; ++a) {
    out[a] = (c.size[a] - 1) * c.stride[a] + (c.kernel[a] - 1) * c.dilation[a] + 1 - c.pad[a] -
             c.pad[a + 2];
  }
  std::vector<float> y;
  const std::int64_t in_group = c.inputs / c.groups;
  const std::int64_t out_group = c.outputs / c.groups;
  auto source = [](std::int64_t place, std::int64_t stride) {
    return place >= 0 && place % stride == 0 ? place / stride : std::int64_t{-1};
  };
  for (std::int64_t n = 0; n < c.batch; ++n) {
    for (std::int64_t m = 0; m < c.outputs; ++m) {
      for (std::int64_t p = 0; p < out[0] * out[1]; ++p) {
        Chain chain(c.k_segment);
        for (std::int64_t ic = 0; ic < in_group; ++ic) {
          const std::int64_t channel = m / out_group * in_group + ic;
          for (std::int64_t kh = 0; kh < c.kernel[0]; ++kh) {
            for (std::int64_t kw = 0; kw < c.kernel[1]; ++kw) {
              const auto i = source(p / out[1] + c.pad[0] - kh * c.dilation[0], c.stride[0]);
              const auto j = source(p % out[1] + c.pad[1] - kw * c.dilation[1], c.stride[1]);
              chain.add(element(x, n, channel, i, j), element(w, channel, m % out_group, kh, kw));
            }
          }
        }
        y.push_back(chain.finish());
      }
    }
  }
  return f32({c.batch, c.outputs, out[0], out[1]}, y);
}

std::int64_t pick(core::PhiloxStream& random, std::int64_t low, std::int64_t high) {
  return low +
         static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(high - low + 1)));
}

Case random_case(core::PhiloxStream& random) {
  Case c;
  c.batch = pick(random, 1, 2);
  c.groups = pick(random, 1, 3);
  c.inputs = c.groups * pick(random, 1, 4);
  c.outputs = c.groups * pick(random, 1, 3);
  c.k_segment = std::array<std::int64_t, 3>{3, 7, 256}[random.next_below(3)];
  for (int a = 0; a < 2; ++a) {
    c.kernel[a] = pick(random, 1, 4);
    c.dilation[a] = pick(random, 1, 3);
    c.stride[a] = pick(random, 1, 3);
    c.size[a] = pick(random, (c.kernel[a] - 1) * c.dilation[a] + 1, 20);
    c.pad[a] = pick(random, 0, std::min<std::int64_t>(3, (c.kernel[a] - 1) * c.dilation[a]));
    c.pad[a + 2] = pick(random, 0, std::min<std::int64_t>(3, (c.kernel[a] - 1) * c.dilation[a]));
  }
  return c;
}

TEST(Conv, follows_the_definition) {
  core::PhiloxStream random(20);
  for (int i = 0; i < 60; ++i) {
    const Case c = random_case(random);
    const Tensor x = random_f32({c.batch, c.inputs, c.size[0], c.size[1]}, random);
    const Tensor w = random_f32({c.outputs, c.inputs / c.groups, c.kernel[0], c.kernel[1]}, random);
    const Tensor bias = random_f32({c.outputs}, random);
    expect_result(call(Op::conv, {x, w, bias}, attributes_of(c)),
                  conv_by_definition(c, x, w, bias));
  }
}

TEST(Conv, many_positions_and_channels_do_not_change_the_order) {
  core::PhiloxStream random(21);
  Case c;
  c.inputs = 40;
  c.outputs = 2;
  c.size[0] = 23;
  c.size[1] = 31;
  c.kernel[0] = 3;
  c.kernel[1] = 3;
  const Tensor x = random_f32({1, 40, 23, 31}, random);
  const Tensor w = random_f32({2, 40, 3, 3}, random);
  const Tensor bias = random_f32({2}, random);
  expect_result(call(Op::conv, {x, w, bias}, attributes_of(c)), conv_by_definition(c, x, w, bias));
}

TEST(Conv, batch_of_one_and_of_many_agree) {
  core::PhiloxStream random(22);
  const Tensor x = random_f32({3, 2, 9}, random);
  const Tensor w = random_f32({4, 2, 3}, random);
  const auto all = call(Op::conv, {x, w});
  ASSERT_TRUE(all);
  for (std::size_t n = 0; n < 3; ++n) {
    const auto in = x.data<float>().subspan(n * 18, 18);
    const auto out = (*all)[0].data<float>().subspan(n * 28, 28);
    expect_result(call(Op::conv, {f32({1, 2, 9}, {in.begin(), in.end()}), w}),
                  f32({1, 4, 7}, {out.begin(), out.end()}));
  }
}

TEST(Conv, padding_meets_infinite_weights) {
  // The tap on the padding is fma(+0, inf, t): NaN at the border, not a skipped product.
  expect_result(call(Op::conv, {f32({1, 1, 3}, {1, 1, 1}), f32({1, 1, 2}, {infinity, 1})},
                     {{"pads", Ints{1, 0}}}),
                f32({1, 1, 3}, {quiet_nan(), infinity, infinity}));
}

TEST(Conv, one_and_three_spatial_axes) {
  expect_result(call(Op::conv, {f32({1, 1, 4}, {1, 2, 3, 4}), f32({1, 1, 2}, {1, 10})},
                     {{"strides", Ints{2}}}),
                f32({1, 1, 2}, {21, 43}));
  expect_result(call(Op::conv, {f32({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
                                f32({1, 1, 2, 2, 2}, {1, 1, 1, 1, 1, 1, 1, 10})}),
                f32({1, 1, 1, 1, 1}, {108}));
}

TEST(Conv, automatic_padding) {
  const Tensor x = f32({1, 1, 4}, {1, 2, 3, 4});
  const Tensor w = f32({1, 1, 2}, {1, 10});
  auto padded = [&](const char* mode, Ints strides) {
    return call(Op::conv, {x, w},
                {{"auto_pad", std::string(mode)}, {"strides", std::move(strides)}});
  };
  expect_result(padded("SAME_UPPER", {1}), f32({1, 1, 4}, {21, 32, 43, 4}));
  expect_result(padded("SAME_LOWER", {1}), f32({1, 1, 4}, {10, 21, 32, 43}));
  expect_result(padded("SAME_UPPER", {3}), f32({1, 1, 2}, {21, 4}));
  expect_result(padded("VALID", {1}), f32({1, 1, 3}, {21, 32, 43}));
}

TEST(Conv, without_input_channels_is_the_bias_on_plus_zero) {
  expect_result(call(Op::conv, {f32({1, 0, 2}, {}), f32({2, 0, 1}, {}), f32({5, -0.0F})}),
                f32_bits({1, 2, 2}, {0x40A00000, 0x40A00000, 0, 0}));
}

TEST(Conv, half_rounds_once_after_the_bias) {
  Tensor x = f16_bits({0x6800, 0x3C00});
  x.reshape({1, 1, 2});
  Tensor w = f16_bits({0x3C00, 0x3C00});
  w.reshape({1, 1, 2});
  Tensor expected = f16_bits({0x6801});
  expected.reshape({1, 1, 1});
  expect_result(call(Op::conv, {x, w, f16_bits({0x3C00})}), expected);
}

TEST(Conv, refuses_shapes_that_do_not_fit) {
  const Tensor x = f32({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  expect_refused(call(Op::conv, {x, f32({1, 1, 1}, {1})}), RefusalCode::shape_mismatch, "Conv");
  expect_refused(call(Op::conv, {x, f32({1, 2, 1, 1}, {1, 2})}), RefusalCode::shape_mismatch,
                 "Conv");
  expect_refused(call(Op::conv, {x, f32({1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})}),
                 RefusalCode::shape_mismatch, "Conv");
  expect_refused(call(Op::conv, {f32({1, 2}), f32({1, 2})}), RefusalCode::shape_mismatch, "Conv");
  expect_refused(call(Op::conv, {x, f32({1, 2, 1}, {1, 2}), f32({1, 2})}),
                 RefusalCode::shape_mismatch, "Conv");
  expect_refused(call(Op::conv, {x, f32({3, 1, 1}, {1, 2, 3})}, {{"group", std::int64_t{2}}}),
                 RefusalCode::shape_mismatch, "Conv");
  expect_refused(call(Op::conv, {i32({1}), i32({1})}), RefusalCode::shape_mismatch, "Conv");
}

TEST(Conv, refuses_hostile_attributes) {
  const Tensor x = f32({1, 1, 3}, {1, 2, 3});
  const Tensor w = f32({1, 1, 1}, {1});
  constexpr auto huge = std::numeric_limits<std::int64_t>::max();
  const std::vector<Attribute> bad = {{"strides", Ints{0}},
                                      {"strides", Ints{-1}},
                                      {"strides", Ints{1, 1}},
                                      {"strides", Ints{huge}},
                                      {"dilations", Ints{0}},
                                      {"dilations", Ints(100000, 1)},
                                      {"pads", Ints{-1, 0}},
                                      {"pads", Ints{1}},
                                      {"pads", Ints{huge, huge}},
                                      {"group", std::int64_t{0}},
                                      {"group", huge},
                                      {"k_segment", std::int64_t{0}},
                                      {"auto_pad", std::string("SAME")}};
  for (const Attribute& attribute : bad) {
    expect_refused(call(Op::conv, {x, w}, {attribute}), RefusalCode::operation_attribute_invalid,
                   "Conv");
  }
  expect_refused(call(Op::conv, {x, w}, {{"auto_pad", std::string("VALID")}, {"pads", Ints{1, 1}}}),
                 RefusalCode::operation_attribute_invalid, "Conv");
  const Ints wide = {(1LL << 31) - 1, (1LL << 31) - 1, (1LL << 31) - 1, (1LL << 31) - 1};
  expect_refused(call(Op::conv, {f32({1, 1, 1, 1}, {1}), f32({1, 1, 1, 1}, {1})}, {{"pads", wide}}),
                 RefusalCode::limit_exceeded, "Conv");
}

TEST(ConvTranspose, follows_the_definition) {
  core::PhiloxStream random(23);
  for (int i = 0; i < 60; ++i) {
    const Case c = random_case(random);
    const Tensor x = random_f32({c.batch, c.inputs, c.size[0], c.size[1]}, random);
    const Tensor w = random_f32({c.inputs, c.outputs / c.groups, c.kernel[0], c.kernel[1]}, random);
    expect_result(call(Op::conv_transpose, {x, w}, attributes_of(c)),
                  transposed_by_definition(c, x, w));
  }
}

TEST(ConvTranspose, output_padding_shape_and_automatic_padding) {
  const Tensor x = f32({1, 1, 2}, {1, 2});
  const Tensor w = f32({1, 1, 2}, {1, 10});
  auto transposed = [&](std::vector<Attribute> more) {
    more.push_back({"strides", Ints{3}});
    return call(Op::conv_transpose, {x, w}, more);
  };
  expect_result(transposed({}), f32({1, 1, 5}, {1, 10, 0, 2, 20}));
  expect_result(transposed({{"output_padding", Ints{1}}}), f32({1, 1, 6}, {1, 10, 0, 2, 20, 0}));
  expect_result(transposed({{"pads", Ints{1, 1}}}), f32({1, 1, 3}, {10, 0, 2}));
  expect_result(transposed({{"output_shape", Ints{7}}}), f32({1, 1, 7}, {1, 10, 0, 2, 20, 0, 0}));
  // One too many: the larger half is cut at the beginning, for SAME_UPPER at the end.
  expect_result(transposed({{"output_shape", Ints{4}}}), f32({1, 1, 4}, {10, 0, 2, 20}));
  expect_result(transposed({{"output_shape", Ints{4}}, {"auto_pad", std::string("SAME_UPPER")}}),
                f32({1, 1, 4}, {1, 10, 0, 2}));
  expect_result(transposed({{"auto_pad", std::string("SAME_UPPER")}}),
                f32({1, 1, 6}, {1, 10, 0, 2, 20, 0}));
}

TEST(ConvTranspose, taps_between_inputs_meet_their_weights) {
  expect_result(call(Op::conv_transpose, {f32({1, 1, 1}, {1}), f32({1, 1, 2}, {1, infinity})}),
                f32({1, 1, 2}, {quiet_nan(), infinity}));
}

TEST(ConvTranspose, refuses_sizes_that_overflow) {
  // No elements, so the sizes cost nothing; their product with the stride does not fit in 64 bits.
  const Tensor x(core::Dtype::f32, Shape{0, 1, std::int64_t{1} << 35});
  expect_refused(call(Op::conv_transpose, {x, f32({1, 1, 1}, {1})},
                      {{"strides", Ints{(std::int64_t{1} << 31) - 1}}}),
                 RefusalCode::shape_mismatch, "ConvTranspose");
}

TEST(ConvTranspose, refuses_attributes_and_shapes) {
  const Tensor x = f32({1, 1, 2}, {1, 2});
  const Tensor w = f32({1, 1, 2}, {1, 10});
  const std::vector<Attribute> bad = {{"output_padding", Ints{-1}},
                                      {"output_shape", Ints{-1}},
                                      {"output_shape", Ints{1, 1}},
                                      {"strides", Ints{0}}};
  for (const Attribute& attribute : bad) {
    expect_refused(call(Op::conv_transpose, {x, w}, {attribute}),
                   RefusalCode::operation_attribute_invalid, "ConvTranspose");
  }
  expect_refused(call(Op::conv_transpose, {x, w}, {{"pads", Ints{2, 2}}}),
                 RefusalCode::shape_mismatch, "ConvTranspose");
  expect_refused(call(Op::conv_transpose, {x, f32({2, 1, 1}, {1, 2})}), RefusalCode::shape_mismatch,
                 "ConvTranspose");
}

}  // namespace
}  // namespace isotrace::reference
