// Operations on quantised tensors: the byte kernels and the conversion kernels against the
// reference, over signs, zero points, groups, padding, strides and tails, for every instruction set
// and one to four threads.
#include <isotrace/core/convert.hpp>
#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

using core::TensorView;
using Operands = std::vector<std::optional<Tensor>>;

Tensor random_bytes(Dtype dtype, const Shape& shape, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  Tensor tensor(dtype, shape);
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    byte = static_cast<std::uint8_t>(random.next_u32());
  }
  return tensor;
}

Tensor random_scales(const Shape& shape, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  Tensor tensor(Dtype::f32, shape);
  for (float& scale : tensor.data<float>()) scale = 0.001F + 0.1F * random.next_f32();
  return tensor;
}

Sample make_sample(Op op, std::vector<Attribute> attributes, Operands operands,
                   std::size_t results = 1) {
  Sample sample{
      {.op = op, .inputs = {}, .outputs = {}, .attributes = std::move(attributes), .name = {}},
      std::move(operands)};
  for (const auto& operand : sample.operands) {
    sample.node.inputs.push_back(operand ? 0 : core::no_value);
  }
  for (std::size_t i = 0; i < results; ++i) sample.node.outputs.push_back(99);
  return sample;
}

class Quantised : public CpuBackends {};

TEST_F(Quantised, matmul_of_every_sign_and_size) {
  std::uint64_t seed = 1;
  for (const Dtype a : {Dtype::u8, Dtype::i8}) {
    for (const Dtype b : {Dtype::u8, Dtype::i8}) {
      for (const Shape& size : {Shape{1, 1, 1}, Shape{2, 33, 5}, Shape{13, 31, 64},
                                Shape{25, 70, 130}, Shape{3, 64, 2100}}) {
        const Dtype y = seed % 2 == 0 ? Dtype::u8 : Dtype::i8;
        const Tensor x = random_bytes(a, {size[0], size[2]}, seed++);
        const Tensor w = random_bytes(b, {size[2], size[1]}, seed++);
        expect_same(make_sample(Op::qlinear_matmul, {},
                                {x, random_scales({}, seed), random_bytes(a, {}, seed), w,
                                 random_scales({}, seed + 1), random_bytes(b, {}, seed + 1),
                                 random_scales({}, seed + 2), random_bytes(y, {}, seed)}));
      }
    }
  }
}

TEST_F(Quantised, matmul_with_parameters_of_rows_and_columns) {
  const Tensor x = random_bytes(Dtype::u8, {21, 50}, 1);
  const Tensor w = random_bytes(Dtype::i8, {50, 45}, 2);
  for (int rows = 0; rows < 2; ++rows) {
    for (int columns = 0; columns < 2; ++columns) {
      for (int results = 0; results < 2; ++results) {
        const Shape by_row = rows == 0 ? Shape{} : Shape{21};
        const Shape by_column = columns == 0 ? Shape{1} : Shape{45};
        const Shape by_result = results == 0 ? Shape{} : Shape{21};
        expect_same(
            make_sample(Op::qlinear_matmul, {},
                        {x, random_scales(by_row, 3), random_bytes(Dtype::u8, by_row, 4), w,
                         random_scales(by_column, 5), random_bytes(Dtype::i8, by_column, 6),
                         random_scales(by_result, 7), random_bytes(Dtype::u8, by_result, 8)}));
      }
    }
  }
}

TEST_F(Quantised, matmul_of_stacks) {
  for (const Shape& b : {Shape{4, 9}, Shape{2, 1, 4, 9}, Shape{3, 4, 9}}) {
    expect_same(make_sample(
        Op::qlinear_matmul, {},
        {random_bytes(Dtype::i8, {2, 3, 5, 4}, 1), random_scales({}, 2),
         random_bytes(Dtype::i8, {}, 3), random_bytes(Dtype::u8, b, 4), random_scales({}, 5),
         random_bytes(Dtype::u8, {}, 6), random_scales({}, 7), random_bytes(Dtype::i8, {}, 8)}));
    expect_same(
        make_sample(Op::matmul_integer, {},
                    {random_bytes(Dtype::i8, {2, 3, 5, 4}, 1), random_bytes(Dtype::u8, b, 4),
                     random_bytes(Dtype::i8, {}, 3), random_bytes(Dtype::u8, {}, 6)}));
  }
}

TEST_F(Quantised, special_scales_requantise_as_the_reference_does) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float scale : {0.0F, -0.0F, inf, -inf, nan, -0.5F, 1e-44F, 3e38F}) {
    const Tensor special = Tensor::of<float>({}, {scale});
    for (const bool in_result : {false, true}) {
      expect_same(make_sample(
          Op::qlinear_matmul, {},
          {random_bytes(Dtype::u8, {3, 8}, 1), in_result ? random_scales({}, 2) : special,
           random_bytes(Dtype::u8, {}, 3), random_bytes(Dtype::i8, {8, 37}, 4),
           random_scales({37}, 5), random_bytes(Dtype::i8, {}, 6),
           in_result ? special : random_scales({}, 7), random_bytes(Dtype::i8, {}, 8)}));
    }
  }
}

struct ConvCase {
  Shape x, w;
  Ints strides, dilations, pads;
  std::int64_t group = 1;
};

std::vector<ConvCase> conv_cases() {
  return {{{1, 3, 9, 11}, {5, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{2, 4, 10, 37}, {13, 4, 3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}},
          {{1, 4, 12, 12}, {4, 4, 1, 1}, {2, 3}, {1, 1}, {0, 0, 0, 0}},
          {{3, 8, 7, 7}, {24, 8, 1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
          {{2, 6, 9, 8}, {6, 1, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 6},
          {{1, 6, 15, 15}, {6, 1, 5, 3}, {2, 2}, {1, 2}, {2, 2, 1, 0}, 6},
          {{1, 6, 9, 8}, {9, 2, 2, 3}, {1, 3}, {2, 2}, {0, 3, 4, 1}, 3},
          {{2, 3, 50}, {7, 3, 4}, {3}, {2}, {5, 2}},
          {{1, 2, 5, 6, 7}, {3, 2, 2, 3, 2}, {1, 2, 2}, {2, 1, 1}, {1, 0, 1, 0, 2, 1}},
          {{1, 130, 5, 5}, {30, 130, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{1, 1, 40, 40}, {600, 1, 3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
          {{1, 1, 2, 2}, {2, 1, 2, 2}, {1, 1}, {1, 900}, {0, 900, 0, 0}},
          // Lines that are no multiple of a vector, one or two outputs of a group.
          {{1, 5, 20, 39}, {5, 1, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 5},
          {{1, 5, 20, 71}, {10, 1, 3, 3}, {2, 2}, {1, 1}, {1, 1, 0, 1}, 5},
          {{1, 3, 40, 21}, {3, 1, 7, 5}, {1, 2}, {2, 3}, {3, 5, 9, 6}, 3},
          {{2, 4, 90}, {4, 2, 9}, {1}, {1}, {4, 4}, 2},
          {{1, 3, 4, 9, 18}, {3, 1, 3, 3, 3}, {2, 1, 1}, {1, 1, 1}, {1, 1, 1, 1, 1, 1}, 3},
          // Columns across lines: strides on both axes, one line, phases that are not all met.
          {{1, 7, 29, 29}, {14, 7, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{2, 3, 31, 45}, {26, 3, 5, 3}, {3, 2}, {1, 1}, {2, 1, 2, 1}},
          {{1, 4, 3, 70}, {13, 4, 3, 3}, {5, 2}, {1, 2}, {0, 1, 0, 2}},
          {{1, 2, 9, 22, 13}, {5, 2, 3, 3, 3}, {2, 2, 1}, {1, 1, 1}, {1, 1, 1, 1, 1, 1}}};
}

/// Sizes, strides, dilations and paddings that nobody chose.
ConvCase random_conv(std::uint64_t seed) {
  core::PhiloxStream random(seed);
  const auto up_to = [&](std::int64_t most) {
    return 1 + static_cast<std::int64_t>(random.next_u32() % static_cast<std::uint32_t>(most));
  };
  ConvCase c;
  c.group = up_to(4);
  const std::int64_t inputs = up_to(3);
  c.x = {up_to(2), c.group * inputs};
  c.w = {c.group * up_to(seed % 2 == 0 ? 2 : 20), inputs};
  const std::size_t rank = static_cast<std::size_t>(up_to(3));
  c.pads.resize(2 * rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::int64_t kernel = up_to(4);
    c.dilations.push_back(up_to(2));
    c.strides.push_back(up_to(3));
    for (const std::size_t end : {axis, axis + rank}) c.pads[end] = up_to(kernel) - 1;
    c.w.push_back(kernel);
    c.x.push_back((kernel - 1) * c.dilations.back() + up_to(axis + 1 == rank ? 60 : 12));
  }
  return c;
}

std::vector<Attribute> attributes_of(const ConvCase& c) {
  return {{"auto_pad", std::string("NOTSET")},
          {"dilations", c.dilations},
          {"group", c.group},
          {"pads", c.pads},
          {"strides", c.strides}};
}

TEST_F(Quantised, convolutions_of_every_form) {
  std::uint64_t seed = 10;
  std::vector<ConvCase> cases = conv_cases();
  for (std::uint64_t number = 0; number < 60; ++number) cases.push_back(random_conv(number));
  for (const ConvCase& c : cases) {
    for (const bool by_channel : {false, true}) {
      const Dtype x = seed % 3 == 0 ? Dtype::i8 : Dtype::u8;
      const Dtype w = seed % 4 == 0 ? Dtype::u8 : Dtype::i8;
      const Dtype y = by_channel ? Dtype::u8 : Dtype::i8;
      const Shape parameter = by_channel ? Shape{c.w[0]} : Shape{};
      const Tensor image = random_bytes(x, c.x, seed++);
      const Tensor weights = random_bytes(w, c.w, seed++);
      const Tensor x_zero = random_bytes(x, {}, seed++);
      const Tensor w_zero = random_bytes(w, parameter, seed++);
      Tensor bias(Dtype::i32, {c.w[0]});
      core::PhiloxStream random(seed++);
      for (std::int32_t& value : bias.data<std::int32_t>()) {
        value = static_cast<std::int32_t>(random.next_u32() % 200000) - 100000;
      }
      expect_same(
          make_sample(Op::conv_integer, attributes_of(c), {image, weights, x_zero, w_zero}));
      expect_same(make_sample(Op::conv_integer, attributes_of(c), {image, weights}));
      Operands all = {image,
                      random_scales({}, seed),
                      x_zero,
                      weights,
                      random_scales(parameter, seed + 1),
                      w_zero,
                      random_scales({1}, seed + 2),
                      random_bytes(y, {1}, seed + 3)};
      if (by_channel) all.emplace_back(bias);
      expect_same(make_sample(Op::qlinear_conv, attributes_of(c), all));
    }
  }
}

TEST_F(Quantised, held_weights_give_the_same) {
  const ConvCase c = conv_cases()[6];
  const Tensor weights = random_bytes(Dtype::i8, c.w, 2);
  const Sample sample =
      make_sample(Op::conv_integer, attributes_of(c), {random_bytes(Dtype::u8, c.x, 1), weights});
  const std::span<const Tensor> constants(&*sample.operands[1], 1);
  for (const auto& backend : backends_) backend->hold_constants(constants);
  expect_same(sample);
  expect_same(sample);
  for (const auto& backend : backends_) backend->release_constants(constants);
  expect_same(sample);
}

/// Layers as quantised networks have them: weights held and without zero points.
std::vector<ConvCase> layer_cases() {
  return {{{1, 64, 14, 14}, {64, 64, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{2, 31, 9, 29}, {33, 31, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{1, 3, 30, 33}, {24, 3, 7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}},
          {{1, 130, 7, 7}, {96, 130, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{3, 20, 7, 9}, {56, 20, 1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
          {{1, 17, 15, 16}, {25, 17, 1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}},
          {{1, 5, 12, 23}, {28, 5, 2, 3}, {3, 1}, {2, 2}, {0, 3, 4, 1}},
          {{2, 48, 8, 12}, {84, 16, 3, 3}, {1, 2}, {1, 1}, {2, 1, 0, 1}, 3},
          {{1, 12, 5, 90}, {60, 4, 3, 2}, {2, 3}, {1, 2}, {1, 5, 3, 0}, 3},
          {{2, 6, 50}, {30, 6, 4}, {3}, {2}, {5, 2}},
          {{1, 700, 6, 6}, {32, 700, 1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
          {{1, 160, 45, 47}, {32, 160, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
          {{1, 8, 4, 6}, {32, 8, 3, 3}, {1, 1}, {1, 1}, {7, 7, 6, 5}},
          {{1, 8, 9, 9}, {32, 8, 2, 2}, {4, 5}, {1, 1}, {0, 0, 0, 0}}};
}

TEST_F(Quantised, layers_with_held_weights) {
  std::uint64_t seed = 500;
  for (const ConvCase& c : layer_cases()) {
    for (int kind = 0; kind < 4; ++kind) {
      const Dtype x = kind % 2 == 0 ? Dtype::u8 : Dtype::i8;
      const bool flipped = kind == 3;  // bytes of weights around 128
      const bool by_channel = kind >= 2;
      const Tensor weights = random_bytes(flipped ? Dtype::u8 : Dtype::i8, c.w, seed++);
      const Shape parameter = by_channel ? Shape{c.w[0]} : Shape{};
      Tensor w_zero(weights.dtype(), parameter);
      for (std::uint8_t& byte : w_zero.mutable_bytes()) byte = flipped ? 128 : 0;
      Tensor bias(Dtype::i32, {c.w[0]});
      core::PhiloxStream random(seed++);
      for (std::int32_t& value : bias.data<std::int32_t>()) {
        value = static_cast<std::int32_t>(random.next_u32() % 200000) - 100000;
      }
      Operands all = {random_bytes(x, c.x, seed),
                      random_scales({}, seed + 1),
                      random_bytes(x, {}, seed + 2),
                      weights,
                      random_scales(parameter, seed + 3),
                      w_zero,
                      random_scales({1}, seed + 4),
                      random_bytes(kind == 1 ? Dtype::i8 : Dtype::u8, {1}, seed + 5)};
      seed += 6;
      if (kind != 0) all.emplace_back(bias);
      const Sample sample = make_sample(Op::qlinear_conv, attributes_of(c), all);
      const std::span<const Tensor> constants(&*sample.operands[3], 1);
      for (const auto& backend : backends_) backend->hold_constants(constants);
      expect_same(sample);
      expect_same(sample);
      for (const auto& backend : backends_) backend->release_constants(constants);
    }
  }
}

TEST_F(Quantised, sums_that_could_leave_i32_are_refused) {
  const auto sums = [](std::int64_t depth, std::int32_t bias) {
    return make_sample(
        Op::qlinear_conv, attributes_of({{}, {}, {1}, {1}, {0, 0}}),
        {Tensor(Dtype::u8, {1, depth, 1}), random_scales({}, 1), Tensor(Dtype::u8, {}),
         Tensor(Dtype::u8, {1, depth, 1}), random_scales({}, 1), Tensor(Dtype::u8, {}),
         random_scales({}, 1), Tensor(Dtype::u8, {}), Tensor::of<std::int32_t>({1}, {bias})});
  };
  EXPECT_EQ(refusal_of(sums(33026, 0)), RefusalCode::limit_exceeded);
  expect_same(sums(33025, 0));
  EXPECT_EQ(refusal_of(sums(33025, -2000000)), RefusalCode::limit_exceeded);
}

TEST_F(Quantised, malformed_calls_are_refused_alike) {
  const Tensor x = random_bytes(Dtype::u8, {3, 4}, 1);
  const Tensor w = random_bytes(Dtype::u8, {4, 5}, 2);
  const Tensor zero = random_bytes(Dtype::u8, {}, 3);
  const Tensor one = random_scales({}, 4);
  refusal_of(make_sample(Op::qlinear_matmul, {}, {x, one, zero, x, one, zero, one, zero}));
  refusal_of(make_sample(Op::qlinear_matmul, {},
                         {x, one, zero, w, random_scales({4}, 5), zero, one, zero}));
  refusal_of(make_sample(Op::qlinear_matmul, {},
                         {x, one, random_bytes(Dtype::i8, {}, 1), w, one, zero, one, zero}));
  refusal_of(make_sample(Op::matmul_integer, {}, {x, w, random_bytes(Dtype::u8, {2}, 1)}));
  refusal_of(make_sample(Op::conv_integer, attributes_of(conv_cases()[0]), {x, w}));
}

// Ties, halves, huge and tiny values, NaN, infinities and both zeros.
Tensor special_floats(const Shape& shape, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  Tensor tensor = random_tensor(shape, seed, tests::Values::special);
  for (float& value : tensor.data<float>()) {
    switch (random.next_below(4)) {
      case 0: value *= 100.0F; break;
      case 1:
        value = 0.25F * static_cast<float>(static_cast<int>(random.next_below(2000)) - 1000);
        break;
      case 2: value = static_cast<float>(random.next_u32()); break;
      default: break;
    }
  }
  return tensor;
}

std::vector<Attribute> quantise_attributes(Dtype to, std::int64_t axis, std::int64_t block = 0) {
  return {{"axis", axis},
          {"block_size", block},
          {"output_dtype", static_cast<std::int64_t>(to)},
          {"saturate", std::int64_t{1}}};
}

TEST_F(Quantised, linear_in_both_directions) {
  std::uint64_t seed = 50;
  for (const Shape& shape :
       {Shape{1}, Shape{7}, Shape{17}, Shape{3, 5, 33}, Shape{40, 3, 700}, Shape{2, 9, 1}}) {
    for (const Dtype to : {Dtype::u8, Dtype::i8, Dtype::u16, Dtype::i4}) {
      for (std::int64_t axis = -1; axis < std::ssize(shape); ++axis) {
        const Shape scales = axis < 0 ? Shape{} : Shape{shape[static_cast<std::size_t>(axis)]};
        const Tensor x = special_floats(shape, seed++);
        Tensor scale = random_scales(scales, seed++);
        if (seed % 5 == 0) scale.data<float>()[0] = 0.0F;
        const std::int64_t at = axis < 0 ? 0 : axis;
        expect_same(make_sample(Op::quantize_linear, quantise_attributes(to, at), {x, scale}));
        if (to == Dtype::i4 || to == Dtype::u16) continue;
        const Tensor zeros = random_bytes(to, scales, seed++);
        expect_same(
            make_sample(Op::quantize_linear, quantise_attributes(to, at), {x, scale, zeros}));
        if (seed % 3 == 0) scale.data<float>()[0] = std::numeric_limits<float>::infinity();
        const std::vector<Attribute> attributes = {{"axis", at}, {"block_size", std::int64_t{0}}};
        const Tensor levels = random_bytes(to, shape, seed++);
        expect_same(make_sample(Op::dequantize_linear, attributes, {levels, scale, zeros}));
        expect_same(make_sample(Op::dequantize_linear, attributes, {levels, scale}));
      }
    }
  }
}

TEST_F(Quantised, linear_on_several_threads) {
  const Tensor x = special_floats({200000}, 3);
  const Tensor scale = random_scales({}, 4);
  expect_same(make_sample(Op::quantize_linear, quantise_attributes(Dtype::u8, 0), {x, scale}));
  expect_same(make_sample(Op::dynamic_quantize_linear, {}, {x}, 3));
}

TEST_F(Quantised, dynamic_finds_the_range) {
  for (const Shape& shape : {Shape{1}, Shape{5}, Shape{16}, Shape{33}, Shape{3, 100}}) {
    for (const auto values : {tests::Values::ordinary, tests::Values::tiny}) {
      expect_same(
          make_sample(Op::dynamic_quantize_linear, {}, {random_tensor(shape, 8, values)}, 3));
    }
  }
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto row = [](std::vector<float> values) {
    return Tensor::of<float>({std::ssize(values)}, std::span<const float>(values));
  };
  for (const auto& values : std::vector<std::vector<float>>{{0, 0},
                                                            {-0.0F},
                                                            {-0.0F, 2},
                                                            {-3, -0.0F},
                                                            {5, 6, 7},
                                                            {inf, 1},
                                                            {-inf, inf},
                                                            {1, 2, nan, 3},
                                                            {3e38F, -3e38F},
                                                            {1e-45F, 0}}) {
    expect_same(make_sample(Op::dynamic_quantize_linear, {}, {row(values)}, 3));
  }
}

TEST_F(Quantised, casts_between_all_types) {
  std::vector<Dtype> types;
  for (std::uint8_t number = 1; const auto dtype = core::dtype_from_number(number); ++number) {
    types.push_back(*dtype);
  }
  const auto cast = [](const Tensor& x, Dtype to) {
    return make_sample(Op::cast,
                       {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(to)}}, {x});
  };
  for (const std::int64_t count : {1, 15, 16, 17, 100}) {
    for (const Dtype from :
         {Dtype::f16, Dtype::bf16, Dtype::i8, Dtype::u8, Dtype::i16, Dtype::u16, Dtype::i32}) {
      const Tensor x = random_bytes(from, {count}, 7);
      for (const Dtype to : types) expect_same(cast(x, to));
    }
    for (const Dtype to : types) {
      expect_same(cast(special_floats({count}, static_cast<std::uint64_t>(count)), to));
    }
  }
}

TEST_F(Quantised, casts_of_every_half_and_around_every_half) {
  Tensor halves(Dtype::f16, {65536});
  Tensor brains(Dtype::bf16, {65536});
  Tensor floats(Dtype::f32, {65536 * 3});
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    halves.data<core::Half>()[bits] = std::bit_cast<core::Half>(static_cast<std::uint16_t>(bits));
    brains.data<core::BFloat16>()[bits] =
        std::bit_cast<core::BFloat16>(static_cast<std::uint16_t>(bits));
    const auto half = std::bit_cast<std::uint32_t>(core::to_f32(halves.data<core::Half>()[bits]));
    // The half itself, the tie above it, and what is next to the tie.
    for (std::uint32_t i = 0; i < 3; ++i) {
      floats.data<float>()[bits * 3 + i] = std::bit_cast<float>(half + (i == 0 ? 0 : 0xFFE + i));
    }
  }
  for (const Tensor& x : {halves, brains, floats}) {
    for (const Dtype to : {Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::i8, Dtype::u8, Dtype::i16,
                           Dtype::u16, Dtype::i32, Dtype::boolean}) {
      expect_same(make_sample(
          Op::cast, {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(to)}}, {x}));
    }
  }
}

}  // namespace
}  // namespace isotrace::backends
