// [quantise.quantize_linear] [quantise.dequantize_linear] [quantise.dynamic_quantize_linear]
// [quantise.matmul_integer] [quantise.conv_integer] [quantise.qlinear_matmul]
// [quantise.qlinear_conv]
#include <tests/reference/support.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::reference {
namespace {

using core::Dtype;
using core::Int4;
using core::UInt4;

Tensor u8(Shape shape, std::vector<std::uint8_t> values) {
  return Tensor::of<std::uint8_t>(std::move(shape), std::span<const std::uint8_t>(values));
}
Tensor i8(Shape shape, std::vector<std::int8_t> values) {
  return Tensor::of<std::int8_t>(std::move(shape), std::span<const std::int8_t>(values));
}
Tensor i32_of(Shape shape, std::vector<std::int32_t> values) {
  return Tensor::of<std::int32_t>(std::move(shape), std::span<const std::int32_t>(values));
}
Attribute to(Dtype dtype) { return {"output_dtype", static_cast<std::int64_t>(dtype)}; }
Attribute block(std::int64_t size) { return {"block_size", size}; }

TEST(QuantizeLinear, rounds_ties_to_even_adds_the_zero_point_and_clamps) {
  const Tensor x = f32({0, 1, 2, 3, -3, 1e9F, -infinity, infinity, quiet_nan()});
  expect_result(call(Op::quantize_linear, {x, f32({}, {2}), u8({}, {128})}),
                u8({9}, {128, 128, 129, 130, 126, 255, 0, 255, 128}));
  expect_result(call(Op::quantize_linear, {x, f32({}, {2}), i8({}, {-1})}, {to(Dtype::i8)}),
                i8({9}, {-1, -1, 0, 1, -3, 127, -128, 127, -1}));
  // 0 / 0 and x / 0.
  expect_result(call(Op::quantize_linear, {f32({0, 1, -1}), f32({}, {0}), u8({}, {7})}),
                u8({3}, {7, 255, 0}));
}

TEST(QuantizeLinear, to_4_and_16_bits) {
  const Tensor x = f32({-8.5F, -7.5F, 7.4F, 7.5F, 40000, -40000});
  expect_result(call(Op::quantize_linear, {x, f32({}, {1})}, {to(Dtype::i4)}),
                vector_of<Int4>({{-8}, {-8}, {7}, {7}, {7}, {-8}}));
  expect_result(
      call(Op::quantize_linear, {x, f32({}, {1}), Tensor::of<UInt4>({}, {{9}})}, {to(Dtype::u4)}),
      vector_of<UInt4>({{1}, {1}, {15}, {15}, {15}, {0}}));
  expect_result(call(Op::quantize_linear, {x, f32({}, {1})}, {to(Dtype::i16)}),
                vector_of<std::int16_t>({-8, -8, 7, 8, 32767, -32768}));
  expect_result(call(Op::quantize_linear, {x, f32({}, {1})}, {to(Dtype::u16)}),
                vector_of<std::uint16_t>({0, 0, 7, 8, 40000, 0}));
}

TEST(QuantizeLinear, to_2_bits_and_to_floats_of_4) {
  const Tensor x = f32({-3, -0.5F, 0.6F, 2.5F, quiet_nan()});
  const Tensor one = f32({}, {1});
  expect_result(call(Op::quantize_linear, {x, one}, {to(Dtype::i2)}),
                vector_of<core::Int2>({{-2}, {0}, {1}, {1}, {0}}));
  expect_result(
      call(Op::quantize_linear, {x, one, Tensor::of<core::UInt2>({}, {{1}})}, {to(Dtype::u2)}),
      vector_of<core::UInt2>({{0}, {1}, {2}, {3}, {1}}));
  expect_result(call(Op::quantize_linear, {x, one}, {to(Dtype::f4e2m1)}),
                f8<Dtype::f4e2m1>({0xD, 0x9, 0x1, 0x4, 0x8}));
  expect_result(call(Op::quantize_linear, {f32({-0.0F, -0.1F}), one}, {to(Dtype::f4e2m1)}),
                f8<Dtype::f4e2m1>({0, 8}));
  expect_result(call(Op::dequantize_linear, {vector_of<core::Int2>({{-2}, {1}}), f32({}, {0.5F}),
                                             Tensor::of<core::Int2>({}, {{1}})}),
                f32({-1.5F, 0}));
  expect_result(call(Op::dequantize_linear, {f8<Dtype::f4e2m1>({0xF, 1}), f32({}, {2})}),
                f32({-12, 1}));
}

TEST(QuantizeLinear, along_an_axis_and_in_blocks) {
  const Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_result(call(Op::quantize_linear, {x, f32({1, 0.5F, 0.25F}), u8({3}, {0, 1, 2})}),
                u8({2, 3}, {1, 5, 14, 4, 11, 26}));
  expect_result(call(Op::quantize_linear, {x, f32({1, 0.5F})}, {{"axis", std::int64_t{0}}}),
                u8({2, 3}, {1, 2, 3, 8, 10, 12}));
  expect_result(call(Op::quantize_linear, {x, f32({2, 2}, {1, 0.5F, 2, 0.25F})}, {block(2)}),
                u8({2, 3}, {1, 2, 6, 2, 2, 24}));
  expect_result(call(Op::quantize_linear, {x, f32({1, 3}, {1, 0.5F, 0.25F})},
                     {block(7), {"axis", std::int64_t{-2}}}),
                u8({2, 3}, {1, 4, 12, 4, 10, 24}));
}

TEST(QuantizeLinear, to_8_bit_floats_rounds_the_quotient) {
  const Tensor x = f32({1, -1000, quiet_nan(), 0.1F});
  expect_result(call(Op::quantize_linear, {x, f32({}, {2})}, {to(Dtype::f8e4m3fn)}),
                f8<Dtype::f8e4m3fn>({0x30, 0xFE, 0x7F, 0x15}));
  const Tensor large = f32({1, -1000, quiet_nan(), 0.1F, 1e9F});
  Tensor zero = f8<Dtype::f8e5m2>({0x80});
  zero.reshape({});
  expect_result(call(Op::quantize_linear, {large, f32({}, {2}), zero},
                     {to(Dtype::f8e5m2), {"saturate", std::int64_t{0}}}),
                f8<Dtype::f8e5m2>({0x38, 0xE0, 0x7F, 0x2A, 0x7C}));
}

TEST(QuantizeLinear, one_zero_point_may_have_an_axis) {
  const Tensor x = f32({2}, {1, 3});
  expect_result(call(Op::quantize_linear, {x, f32({}, {1}), u8({1}, {5})}), u8({2}, {6, 8}));
  expect_result(call(Op::dequantize_linear, {u8({2}, {6, 8}), f32({}, {1}), u8({1}, {5})}), x);
}

TEST(QuantizeLinear, integers_are_divided_in_f64) {
  // A little above a tie; rounded to f32 first it would fall on it.
  expect_result(
      call(Op::quantize_linear, {i32({20480513, -5, 5}), f32({}, {1024})}, {to(Dtype::u16)}),
      vector_of<std::uint16_t>({20001, 0, 0}));
  expect_result(call(Op::quantize_linear, {i32({7, -7, 5}), i32_of({}, {2})}, {to(Dtype::i8)}),
                i8({3}, {4, -4, 2}));
}

TEST(QuantizeLinear, refuses_what_does_not_fit) {
  const Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto refused = [&](const Tensor& scale, std::optional<Tensor> zero,
                           std::vector<Attribute> attributes, RefusalCode code) {
    expect_refused(call(Op::quantize_linear, {x, scale, std::move(zero)}, std::move(attributes)),
                   code, "QuantizeLinear");
  };
  refused(f32({1, 2}), std::nullopt, {}, RefusalCode::shape_mismatch);
  refused(f32({}, {1}), u8({2}, {1, 1}), {}, RefusalCode::shape_mismatch);
  refused(f32({}, {1}), u8({1, 1}, {1}), {}, RefusalCode::shape_mismatch);
  refused(f32({2, 1}, {1, 2}), std::nullopt, {block(2)}, RefusalCode::shape_mismatch);
  refused(f32({}, {1}), i8({}, {1}), {}, RefusalCode::operation_dtype_unsupported);
  refused(f64({1}), std::nullopt, {}, RefusalCode::operation_dtype_unsupported);
  refused(f32({}, {1}), std::nullopt, {to(Dtype::f32)}, RefusalCode::operation_dtype_unsupported);
  refused(f32({1, 2}), std::nullopt, {{"axis", std::int64_t{2}}},
          RefusalCode::operation_attribute_invalid);
  refused(f32({}, {1}), std::nullopt, {block(-1)}, RefusalCode::operation_attribute_invalid);
  Tensor one = f8<Dtype::f8e5m2>({0x3C});
  one.reshape({});
  refused(f32({}, {1}), one, {to(Dtype::f8e5m2)}, RefusalCode::operand_value_invalid);
}

TEST(DequantizeLinear, subtracts_exactly_and_multiplies_once) {
  expect_result(
      call(Op::dequantize_linear, {u8({3}, {0, 128, 255}), f32({}, {0.1F}), u8({}, {128})}),
      f32({-128 * 0.1F, 0, 127 * 0.1F}));
  expect_result(call(Op::dequantize_linear, {i32({16777217, 3}), f32({}, {1})}),
                f32({16777216, 3}));
  expect_result(call(Op::dequantize_linear, {vector_of<Int4>({{-8}, {7}}), f32({2, 3})},
                     {{"axis", std::int64_t{0}}}),
                f32({-16, 21}));
  expect_result(
      call(Op::dequantize_linear, {f8<Dtype::f8e4m3fn>({0x7E, 0x7F, 0x80}), f32({}, {0.5F})}),
      f32({224, quiet_nan(), -0.0F}));
}

TEST(DequantizeLinear, to_f16_rounds_the_product) {
  expect_result(call(Op::dequantize_linear, {u8({2}, {255, 3}), f16_bits({0x3C01}), u8({1}, {0})}),
                f16_bits({0x5BFA, 0x4202}));
  expect_refused(call(Op::dequantize_linear, {u8({1}, {1}), f64({1})}),
                 RefusalCode::operation_dtype_unsupported, "DequantizeLinear");
  expect_refused(call(Op::dequantize_linear, {f32({1}), f32({1})}),
                 RefusalCode::operation_dtype_unsupported, "DequantizeLinear");
}

TEST(DynamicQuantizeLinear, covers_the_range_and_zero) {
  const auto quantised = [](const Tensor& x) {
    return call(Op::dynamic_quantize_linear, {x}, {}, 3);
  };
  expect_results(quantised(f32({0, 2, -3, -2.5F, 1.34F, 0.5F})),
                 {u8({6}, {153, 255, 0, 26, 221, 179}), f32({}, {5.0F / 255}), u8({}, {153})});
  expect_results(quantised(f32({2, 3})), {u8({2}, {170, 255}), f32({}, {3.0F / 255}), u8({}, {0})});
  expect_results(quantised(f32({0, 0})), {u8({2}, {0, 0}), f32({}, {0}), u8({}, {0})});
  expect_results(quantised(f32({1, quiet_nan()})),
                 {u8({2}, {0, 0}), f32({}, {quiet_nan()}), u8({}, {0})});
  expect_results(quantised(f32(Shape{0}, {})), {u8({0}, {}), f32({}, {0}), u8({}, {0})});
}

TEST(MatMulInteger, is_exact_with_zero_points_by_rows_and_columns) {
  const Tensor a = u8({2, 3}, {11, 7, 3, 10, 6, 2});
  const Tensor b = i8({3, 2}, {1, 4, -2, 5, 3, 6});
  expect_result(call(Op::matmul_integer, {a, b, u8({}, {12}), i8({}, {0})}),
                i32_of({2, 2}, {-18, -83, -20, -98}));
  expect_result(call(Op::matmul_integer, {a, b, u8({2}, {12, 0}), i8({2}, {1, -1})}),
                i32_of({2, 2}, {-3, -98, -14, 100}));
  expect_result(call(Op::matmul_integer, {a, b, u8({2, 1}, {12, 0}), i8({1, 2}, {1, -1})}),
                i32_of({2, 2}, {-3, -98, -14, 100}));
}

TEST(MatMulInteger, refuses_sums_that_could_leave_i32) {
  // u8 by u8 with zero points at one end: 255 * 255 * 33025 < 2^31 <= 255 * 255 * 33026.
  const auto product = [](std::int64_t k) {
    return call(Op::matmul_integer, {Tensor(Dtype::u8, {1, k}), Tensor(Dtype::u8, {k, 1})});
  };
  expect_result(product(33025), i32_of({1, 1}, {0}));
  expect_refused(product(33026), RefusalCode::limit_exceeded, "MatMulInteger");
  // With both in the middle the differences are at most 128: four times as many fit.
  const auto centred = [](std::int64_t k) {
    return call(Op::matmul_integer,
                {Tensor(Dtype::u8, {1, k}), Tensor(Dtype::i8, {k, 1}), u8({}, {128}), i8({}, {0})});
  };
  expect_result(centred(131071), i32_of({1, 1}, {0}));
  expect_refused(centred(131072), RefusalCode::limit_exceeded, "MatMulInteger");
}

TEST(MatMulInteger, reaches_the_bound_without_overflow) {
  Tensor a(Dtype::u8, {1, 33025});
  std::fill(a.mutable_bytes().begin(), a.mutable_bytes().end(), std::uint8_t{255});
  Tensor b = a;
  b.reshape({33025, 1});
  expect_result(call(Op::matmul_integer, {a, b}), i32_of({1, 1}, {255 * 255 * 33025}));
  const Tensor zero = u8({}, {255});
  Tensor none(Dtype::u8, {33025, 1});
  expect_result(call(Op::matmul_integer, {a, none, std::nullopt, zero}),
                i32_of({1, 1}, {-255 * 255 * 33025}));
}

TEST(MatMulInteger, refuses_other_types_and_shapes) {
  const auto refused = [](std::vector<std::optional<Tensor>> operands, RefusalCode code) {
    expect_refused(call(Op::matmul_integer, std::move(operands)), code, "MatMulInteger");
  };
  const Tensor a = u8({2, 2}, {1, 2, 3, 4});
  refused({a, i32_of({2, 2}, {1, 2, 3, 4})}, RefusalCode::operation_dtype_unsupported);
  refused({a, a, i8({}, {0})}, RefusalCode::operation_dtype_unsupported);
  refused({a, a, u8({3}, {0, 0, 0})}, RefusalCode::shape_mismatch);
  refused({a, u8({3, 2}, {1, 2, 3, 4, 5, 6})}, RefusalCode::shape_mismatch);
}

TEST(ConvInteger, pads_with_differences_of_zero) {
  const Tensor x = u8({1, 1, 3, 3}, {2, 3, 4, 5, 6, 7, 8, 9, 10});
  const Tensor w = u8({1, 1, 2, 2}, {1, 1, 1, 1});
  expect_result(call(Op::conv_integer, {x, w, u8({}, {1})}),
                i32_of({1, 1, 2, 2}, {12, 16, 24, 28}));
  expect_result(call(Op::conv_integer, {x, w, u8({}, {1})}, {{"pads", Ints{1, 1, 1, 1}}}),
                i32_of({1, 1, 4, 4}, {1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9}));
}

TEST(ConvInteger, has_zero_points_per_output_channel) {
  const Tensor x = i8({1, 1, 2}, {3, -4});
  const Tensor w = u8({2, 1, 1}, {10, 20});
  expect_result(call(Op::conv_integer, {x, w, i8({1}, {-1}), u8({2}, {0, 21})}),
                i32_of({1, 2, 2}, {40, -30, -4, 3}));
  expect_refused(call(Op::conv_integer, {x, w, i8({2}, {0, 0})}), RefusalCode::shape_mismatch,
                 "ConvInteger");
  expect_refused(call(Op::conv_integer, {x, w, std::nullopt, u8({3}, {0, 0, 0})}),
                 RefusalCode::shape_mismatch, "ConvInteger");
}

TEST(ConvInteger, refuses_sums_that_could_leave_i32) {
  expect_refused(
      call(Op::conv_integer, {Tensor(Dtype::u8, {1, 33026, 1}), Tensor(Dtype::u8, {1, 33026, 1})}),
      RefusalCode::limit_exceeded, "ConvInteger");
}

TEST(QLinearMatMul, requantises_with_ties_to_even) {
  const Tensor a = u8({1, 3}, {208, 236, 0});
  const Tensor b = u8({3, 2}, {152, 51, 60, 26, 0, 246});
  // Sums of differences from 113 and 114, times 0.0066 * 0.00705 / 0.0107, from 118 on.
  const float factor = 0.0066F * 0.00705F / 0.0107F;
  const auto level = [factor](std::int32_t sum) {
    const float value = std::nearbyint(static_cast<float>(sum) * factor) + 118;
    return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F));
  };
  expect_result(call(Op::qlinear_matmul, {a, f32({0.0066F}), u8({1}, {113}), b, f32({0.00705F}),
                                          u8({1}, {114}), f32({0.0107F}), u8({1}, {118})}),
                u8({1, 2}, {level(95 * 38 + 123 * -54 + 113 * 114),
                            level(95 * -63 + 123 * -88 + 113 * -132)}));
  expect_result(call(Op::qlinear_matmul, {u8({1, 1}, {1}), f32({}, {1}), u8({}, {0}),
                                          i8({1, 4}, {1, 3, 5, -128}), f32({0.5F, 0.5F, 0.5F, 100}),
                                          i8({4}, {0, 0, 0, 0}), f32({}, {1}), i8({}, {1})}),
                i8({1, 4}, {1, 3, 3, -128}));
}

TEST(QLinearMatMul, has_scales_by_rows_and_columns_and_refuses_others) {
  const Tensor a = u8({2, 1}, {10, 20});
  const Tensor b = u8({1, 2}, {1, 2});
  const Tensor zero = u8({}, {0});
  const auto product = [&](const Tensor& a_scale, const Tensor& b_scale, const Tensor& y_scale,
                           const Tensor& y_zero) {
    return call(Op::qlinear_matmul, {a, a_scale, zero, b, b_scale, zero, y_scale, y_zero});
  };
  expect_result(product(f32({1, 0.5F}), f32({1, 3}), f32({}, {1}), zero),
                u8({2, 2}, {10, 60, 10, 60}));
  expect_result(product(f32({}, {1}), f32({}, {1}), f32({1, 2}), u8({2}, {0, 5})),
                u8({2, 2}, {10, 20, 15, 25}));
  expect_refused(product(f32({1, 2, 3}), f32({}, {1}), f32({}, {1}), zero),
                 RefusalCode::shape_mismatch, "QLinearMatMul");
  expect_refused(product(f32({}, {1}), f32({}, {1}), f32({1, 2}), zero),
                 RefusalCode::shape_mismatch, "QLinearMatMul");
  expect_refused(product(f64({1}), f32({}, {1}), f32({}, {1}), zero),
                 RefusalCode::operation_dtype_unsupported, "QLinearMatMul");
  expect_refused(product(f32({}, {1}), f32({}, {1}), f32({}, {1}), i32_of({}, {0})),
                 RefusalCode::operation_dtype_unsupported, "QLinearMatMul");
}

TEST(QLinearConv, adds_the_bias_exactly_and_scales_by_channel) {
  const Tensor x = u8({1, 1, 2}, {12, 7});
  const Tensor w = i8({2, 1, 1}, {3, -2});
  const auto conv = [&](const Tensor& bias) {
    return call(Op::qlinear_conv, {x, f32({}, {0.5F}), u8({}, {10}), w, f32({1, 2}),
                                   i8({2}, {0, 0}), f32({}, {1}), i8({}, {-1}), bias});
  };
  // Sums 6 + 1, -9 + 1; -4 + 100, 6 + 100. Times 0.5 and 1, ties to even, from -1 on.
  expect_result(conv(i32({1, 100})), i8({1, 2, 2}, {3, -5, 95, 105}));
  expect_refused(conv(i32({1, std::numeric_limits<std::int32_t>::max()})),
                 RefusalCode::limit_exceeded, "QLinearConv");
  expect_refused(conv(i32({1})), RefusalCode::shape_mismatch, "QLinearConv");
  expect_refused(conv(f32({1, 2})), RefusalCode::operation_dtype_unsupported, "QLinearConv");
}

}  // namespace
}  // namespace isotrace::reference
