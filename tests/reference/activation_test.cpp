// [activation.relu] [activation.leaky_relu] [activation.prelu] [activation.elu] [activation.selu]
// [activation.sigmoid] [activation.hard_sigmoid] [activation.softplus] [activation.softsign]
// [activation.tanh] [activation.thresholded_relu] [activation.shrink] [activation.celu]
// [activation.hard_swish] [activation.mish] [activation.gelu] [activation.hardmax] [math.exp]
// [math.log]: sequences of operations; the functions in them are tested against MPFR in
// math_test.cpp.
#include <tests/reference/support.hpp>

#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::reference {
namespace {

TEST(Relu, of_minus_zero_is_plus_zero_and_of_nan_is_nan) {
  expect_result(
      call(Op::relu, {f32_bits({5}, {0x80000000, 0xFFC00001, 0xBF800000, 0x3F800000, 1})}),
      f32_bits({5}, {0, 0x7FC00000, 0, 0x3F800000, 1}));
  expect_result(call(Op::relu, {i32({-3, 3})}), i32({0, 3}));
  expect_result(call(Op::relu, {f64({-0.0})}), f64({0.0}));
}

TEST(LeakyRelu, multiplies_below_zero) {
  expect_result(call(Op::leaky_relu, {f32({-1, -0.0F, 2})}, {{"alpha", 0.1F}}),
                f32({-0.1F, -0.0F, 2}));
  // f16: alpha stays binary32; rounded to f16 first it would be 1.
  expect_result(call(Op::leaky_relu, {f16_bits({0xC200})}, {{"alpha", 1 + 0x1p-11F}}),
                f16_bits({0xC201}));
  expect_refused(call(Op::leaky_relu, {i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "LeakyRelu");
}

TEST(PRelu, slope_broadcasts_one_way_only) {
  expect_result(call(Op::prelu, {f32({2, 2}, {-1, -2, 3, -4}), f32({0.5F, 2})}),
                f32({2, 2}, {-0.5F, -4, 3, -8}));
  expect_refused(call(Op::prelu, {f32({1}), f32({1, 2})}), RefusalCode::shape_mismatch, "PRelu");
}

TEST(Elu, is_alpha_expm1_below_zero) {
  expect_result(call(Op::elu, {f32({-1, 0, -0.0F, 3, -infinity, quiet_nan()})}, {{"alpha", 2.0F}}),
                f32({2 * expm1(-1), 0, -0.0F, 3, -2, quiet_nan()}));
  // Zero is its own image, whatever alpha is.
  expect_result(call(Op::elu, {f32({-0.0F})}, {{"alpha", infinity}}), f32({-0.0F}));
  expect_result(call(Op::elu, {f64({-1, 3})}, {{"alpha", 2.0F}}), f64({2 * expm1_64(-1), 3}));
  expect_refused(call(Op::elu, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Elu");
}

TEST(Selu, multiplies_by_gamma_last) {
  const float alpha = 1.67326319F;
  const float gamma = 1.05070102F;
  const float inner = alpha * expm1(-0.7F);
  expect_result(call(Op::selu, {f32({-0.7F, 1.3F})}, {{"alpha", alpha}, {"gamma", gamma}}),
                f32({gamma * inner, gamma * 1.3F}));
  const double wide = alpha * expm1_64(-0.7);
  expect_result(call(Op::selu, {f64({-0.7})}, {{"alpha", alpha}, {"gamma", gamma}}),
                f64({gamma * wide}));
}

TEST(Sigmoid, is_one_over_one_plus_exp) {
  const float e = exp(-0.3F);
  expect_result(call(Op::sigmoid, {f32({0.3F, 0, 200, -200, infinity, -infinity})}),
                f32({1 / (1 + e), 0.5F, 1, 0, 1, 0}));
  expect_result(call(Op::sigmoid, {f32({quiet_nan()})}), f32({quiet_nan()}));
  expect_result(call(Op::sigmoid, {f64({0.3, 800, -800})}), f64({1 / (1 + exp64(-0.3)), 1, 0}));
}

TEST(HardSigmoid, multiplies_adds_and_clamps) {
  const float alpha = 0.2F;
  const float product = alpha * 0.7F;
  expect_result(call(Op::hard_sigmoid, {f32({0.7F, 10, -10, quiet_nan()})},
                     {{"alpha", alpha}, {"beta", 0.5F}}),
                f32({product + 0.5F, 1, 0, quiet_nan()}));
}

TEST(Softplus, adds_log1p_to_the_maximum) {
  const float tail = log1p(exp(-1.5F));
  expect_result(call(Op::softplus, {f32({1.5F, -1.5F, infinity, -infinity, quiet_nan()})}),
                f32({1.5F + tail, tail, infinity, 0, quiet_nan()}));
  expect_result(call(Op::softplus, {f64({1.5})}), f64({1.5 + log1p_64(exp64(-1.5))}));
}

TEST(Softsign, is_a_division) {
  expect_result(call(Op::softsign, {f32({-3, -0.0F, infinity})}),
                f32({-0.75F, -0.0F, quiet_nan()}));
  expect_result(call(Op::softsign, {f64({1})}), f64({0.5}));
}

TEST(Tanh, saturates_and_keeps_tiny_values) {
  expect_result(call(Op::tanh, {f32({100, -100, 0x1p-149F, -0.0F})}),
                f32({1, -1, 0x1p-149F, -0.0F}));
  expect_result(call(Op::tanh, {f64({1, -30, -0.0})}), f64({0x1.85efab514f394p-1, -1, -0.0}));
  expect_refused(call(Op::tanh, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Tanh");
}

TEST(Exp, has_published_values) {
  expect_result(call(Op::exp, {f32({1, 0, -0.0F, 89, -104, infinity, -infinity})}),
                f32({0x1.5bf0a8p+1F, 1, 1, infinity, 0, infinity, 0}));
  expect_result(call(Op::exp, {f16_bits({0x3C00})}), f16_bits({0x4170}));
  expect_result(call(Op::exp, {f64({1, 0, 710, -746, -infinity})}),
                f64({0x1.5bf0a8b145769p+1, 1, infinity, 0, 0}));
  expect_refused(call(Op::exp, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Exp");
}

TEST(Log, has_published_values) {
  expect_result(call(Op::log, {f32({10, 1, 0, -0.0F, -1, infinity})}),
                f32_bits({6}, {0x40135D8E, 0, 0xFF800000, 0xFF800000, 0x7FC00000, 0x7F800000}));
}

TEST(Math, all_functions_take_f64) {
  const std::pair<Op, double (*)(double)> functions[] = {
      {Op::exp, exp64},     {Op::log, log64},     {Op::sin, sin64},   {Op::cos, cos64},
      {Op::tan, tan64},     {Op::asin, asin64},   {Op::acos, acos64}, {Op::atan, atan64},
      {Op::sinh, sinh64},   {Op::cosh, cosh64},   {Op::tanh, tanh64}, {Op::asinh, asinh64},
      {Op::acosh, acosh64}, {Op::atanh, atanh64}, {Op::erf, erf64}};
  for (const auto& [op, function] : functions) {
    expect_result(call(op, {f64({0.3, 1.7, -0.6})}),
                  f64({function(0.3), function(1.7), function(-0.6)}));
  }
}

TEST(ThresholdedRelu, keeps_what_is_above) {
  expect_result(
      call(Op::thresholded_relu, {f32({1, 1.5F, -2, quiet_nan(), infinity})}, {{"alpha", 1.0F}}),
      f32({0, 1.5F, 0, 0, infinity}));
  expect_result(call(Op::thresholded_relu, {f32({-0.0F, -1})}, {{"alpha", -0.5F}}),
                f32({-0.0F, 0}));
}

TEST(Shrink, moves_towards_zero_outside_the_band) {
  const Attribute bias{"bias", 1.5F};
  const Attribute lambd{"lambd", 1.5F};
  expect_result(call(Op::shrink, {f32({-2, -1.5F, 0, 1.5F, 2, quiet_nan()})}, {bias, lambd}),
                f32({-0.5F, 0, 0, 0, 0.5F, 0}));
  // Integers: bias and lambd are 1.
  expect_result(call(Op::shrink, {i32({-3, -1, 1, 2})}, {bias, lambd}), i32({-2, 0, 0, 1}));
  expect_result(call(Op::shrink, {vector_of<std::uint8_t>({0, 1, 200})}, {bias, lambd}),
                vector_of<std::uint8_t>({0, 0, 199}));
}

TEST(Celu, divides_inside_the_exponential) {
  expect_result(call(Op::celu, {f32({-3, 2, -0.0F, -infinity})}, {{"alpha", 2.0F}}),
                f32({2 * expm1(-1.5F), 2, -0.0F, -2}));
  expect_result(call(Op::celu, {f64({-3})}, {{"alpha", 2.0F}}), f64({2 * expm1_64(-1.5)}));
  expect_refused(call(Op::celu, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Celu");
}

TEST(HardSwish, is_x_times_a_clamped_line) {
  const float sixth = 1.0F / 6.0F;
  const float line = sixth * 1.7F + 0.5F;
  expect_result(call(Op::hard_swish, {f32({1.7F, 3, 5, -4, quiet_nan()})}),
                f32({1.7F * line, 3, 5, -0.0F, quiet_nan()}));
  expect_result(call(Op::hard_swish, {f64({1})}), f64({1.0 / 6.0 + 0.5}));
}

TEST(Mish, is_x_times_tanh_of_softplus) {
  const float inner = 1.3F + log1p(exp(-1.3F));
  expect_result(call(Op::mish, {f32({1.3F, 0, infinity, -infinity})}),
                f32({1.3F * tanh(inner), 0, infinity, quiet_nan()}));
  expect_result(call(Op::mish, {f64({1.3})}), f64({1.3 * tanh64(1.3 + log1p_64(exp64(-1.3)))}));
  expect_refused(call(Op::mish, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Mish");
}

TEST(Gelu, is_its_sequence) {
  const Attribute approximate{"approximate", std::string("none")};
  const float x = -0.9F;
  expect_result(call(Op::gelu, {f32({x, 0, infinity})}, {approximate}),
                f32({(0.5F * x) * (1 + erf(0x1.6a09e6p-1F * x)), 0, infinity}));
  expect_result(call(Op::gelu, {f64({-0.9})}, {approximate}),
                f64({(0.5 * -0.9) * (1 + erf64(0x1.6a09e667f3bcdp-1 * -0.9))}));
}

TEST(Gelu, with_tanh_is_its_sequence) {
  const Attribute approximate{"approximate", std::string("tanh")};
  const float x = -0.9F;
  const float cube = std::fma(0.044715F * (x * x), x, x);
  expect_result(call(Op::gelu, {f32({x, 0, infinity})}, {approximate}),
                f32({(0.5F * x) * (1 + tanh(0x1.988454p-1F * cube)), 0, infinity}));
  const double wide = std::fma(0.044715 * (-0.9 * -0.9), -0.9, -0.9);
  expect_result(call(Op::gelu, {f64({-0.9})}, {approximate}),
                f64({(0.5 * -0.9) * (1 + tanh64(0x1.9884533d43651p-1 * wide))}));
  expect_refused(call(Op::gelu, {f32({x})}, {{"approximate", std::string("sigmoid")}}),
                 RefusalCode::operation_attribute_invalid, "Gelu");
}

TEST(Hardmax, marks_the_first_maximum_of_a_row) {
  const Attribute last{"axis", std::int64_t{-1}};
  const Attribute first{"axis", std::int64_t{0}};
  const Attribute flatten{"flatten", std::int64_t{1}};
  const Tensor x = f32({2, 3}, {1, 3, 3, quiet_nan(), 2, quiet_nan()});
  expect_result(call(Op::hardmax, {x}, {last}), f32({2, 3}, {0, 1, 0, 1, 0, 0}));
  expect_result(call(Op::hardmax, {f32({2, 2}, {1, 4, 5, 3})}, {first}), f32({2, 2}, {0, 1, 1, 0}));
  expect_result(call(Op::hardmax, {f32({2, 2}, {1, 4, 5, 3})}, {first, flatten}),
                f32({2, 2}, {0, 0, 1, 0}));
  expect_result(call(Op::hardmax, {f16_bits({0x0000, 0x8000})}, {last}), f16_bits({0x3C00, 0}));
  expect_result(call(Op::hardmax, {f32({2, 0}, {})}, {last}), f32({2, 0}, {}));
  expect_refused(call(Op::hardmax, {i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Hardmax");
}

}  // namespace
}  // namespace isotrace::reference
