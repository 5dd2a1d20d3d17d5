// Arithmetic: [elementwise.add] [elementwise.sub] [elementwise.mul] [elementwise.div]
// [elementwise.neg] [elementwise.abs] [elementwise.reciprocal] [elementwise.sqrt]
// [elementwise.floor] [elementwise.ceil] [elementwise.max] [elementwise.min] [elementwise.sum]
// [elementwise.clip]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

constexpr auto int_min = std::numeric_limits<std::int32_t>::min();
constexpr auto int_max = std::numeric_limits<std::int32_t>::max();

TEST(Add, rounds_once_and_keeps_the_sign_of_zero) {
  expect_result(call(Op::add, {f32({1, -0.0F, 0.0F, lowest_subnormal, infinity}),
                               f32({0x1p-24F, -0.0F, -0.0F, -lowest_subnormal, -infinity})}),
                f32_bits({5}, {0x3F800000, 0x80000000, 0, 0, 0x7FC00000}));
}

TEST(Add, broadcasts_both_ways) {
  expect_result(call(Op::add, {f32({2, 1}, {10, 20}), f32({1, 2, 3})}),
                f32({2, 3}, {11, 12, 13, 21, 22, 23}));
  expect_result(call(Op::add, {f32(Shape{}, {1}), f32({0, 3}, {})}), f32({0, 3}, {}));
}

TEST(Add, half_and_bfloat16_round_once_to_their_own_type) {
  // 2048 + 1 is half way between 2048 and 2050 in f16: to even.
  expect_result(call(Op::add, {f16_bits({0x6800, 0x7BFF}), f16_bits({0x3C00, 0x7BFF})}),
                f16_bits({0x6800, 0x7C00}));
  expect_result(call(Op::add, {bf16_bits({0x3F80, 0xFFFF}), bf16_bits({0x3B80, 0x3F80})}),
                bf16_bits({0x3F80, 0x7FC0}));
}

TEST(Add, integers_wrap_in_every_width) {
  expect_result(call(Op::add, {i32({int_max}), i32({1})}), i32({int_min}));
  expect_result(call(Op::add, {vector_of<std::int8_t>({127}), vector_of<std::int8_t>({1})}),
                vector_of<std::int8_t>({-128}));
  expect_result(call(Op::add, {vector_of<std::uint64_t>({~0ULL}), vector_of<std::uint64_t>({2})}),
                vector_of<std::uint64_t>({1}));
}

TEST(Add, refuses_types_and_shapes) {
  expect_refused(call(Op::add, {f32({1}), i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Add");
  expect_refused(call(Op::add, {booleans({1}), booleans({1})}),
                 RefusalCode::operation_dtype_unsupported, "Add");
  expect_refused(call(Op::add, {f32({1, 2}), f32({1, 2, 3})}), RefusalCode::shape_mismatch, "Add");
}

TEST(Sub, is_one_subtraction) {
  expect_result(call(Op::sub, {f32({1, 0.0F, 0.0F}), f32({0x1p-25F, 0.0F, -0.0F})}),
                f32_bits({3}, {0x3F800000, 0, 0}));
  expect_result(call(Op::sub, {vector_of<std::uint8_t>({0}), vector_of<std::uint8_t>({1})}),
                vector_of<std::uint8_t>({255}));
}

TEST(Mul, underflows_gradually_and_wraps) {
  expect_result(
      call(Op::mul, {f32({0x1p-100F, -0x1p-100F, infinity}), f32({0x1p-49F, 0x1p-60F, 0})}),
      f32_bits({3}, {1, 0x80000000, 0x7FC00000}));
  expect_result(
      call(Op::mul, {vector_of<std::uint16_t>({0xFFFF}), vector_of<std::uint16_t>({0xFFFF})}),
      vector_of<std::uint16_t>({1}));
}

TEST(Div, is_a_division) {
  expect_result(call(Op::div, {f32({1, 0, -1, 5}), f32({3, 0, 0, infinity})}),
                f32_bits({4}, {0x3EAAAAAB, 0x7FC00000, 0xFF800000, 0}));
}

TEST(Div, integers_truncate_and_the_least_one_wraps) {
  expect_result(call(Op::div, {i32({-7, 7, int_min}), i32({2, -2, -1})}), i32({-3, -3, int_min}));
  expect_result(call(Op::div, {vector_of<std::int8_t>({-128}), vector_of<std::int8_t>({-1})}),
                vector_of<std::int8_t>({-128}));
}

TEST(Div, refuses_integer_division_by_zero) {
  expect_refused(call(Op::div, {i32({1, 2}), i32({1, 0})}), RefusalCode::operand_value_invalid,
                 "Div");
}

TEST(Neg, flips_the_sign_of_everything_but_nan) {
  expect_result(call(Op::neg, {f32_bits({3}, {0, 0x80000000, 0xFFC00001})}),
                f32_bits({3}, {0x80000000, 0, 0x7FC00000}));
  expect_result(call(Op::neg, {i32({int_min, 5})}), i32({int_min, -5}));
  expect_refused(call(Op::neg, {vector_of<std::uint8_t>({1})}),
                 RefusalCode::operation_dtype_unsupported, "Neg");
}

TEST(Abs, clears_the_sign) {
  expect_result(call(Op::abs, {f32_bits({3}, {0x80000000, 0xFF800000, 0xFFC00001})}),
                f32_bits({3}, {0, 0x7F800000, 0x7FC00000}));
  expect_result(call(Op::abs, {i32({int_min, -5})}), i32({int_min, 5}));
  expect_result(call(Op::abs, {vector_of<std::uint8_t>({200})}), vector_of<std::uint8_t>({200}));
}

TEST(Reciprocal, is_a_division) {
  expect_result(call(Op::reciprocal, {f32({3, -0.0F, 0x1p-149F})}),
                f32_bits({3}, {0x3EAAAAAB, 0xFF800000, 0x7F800000}));
  expect_refused(call(Op::reciprocal, {i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Reciprocal");
}

TEST(Sqrt, is_correctly_rounded) {
  expect_result(call(Op::sqrt, {f32({2, -0.0F, -1, 0x1p-149F})}),
                f32_bits({4}, {0x3FB504F3, 0x80000000, 0x7FC00000, 0x1A3504F3}));
  expect_result(call(Op::sqrt, {f64({2})}), f64({0x1.6a09e667f3bcdp+0}));
}

TEST(Floor, keeps_minus_zero) {
  expect_result(call(Op::floor, {f32({-0.0F, 0.5F, -0.5F, 0x1p30F, -infinity})}),
                f32({-0.0F, 0, -1, 0x1p30F, -infinity}));
}

TEST(Ceil, of_a_negative_fraction_is_minus_zero) {
  expect_result(call(Op::ceil, {f32({-0.5F, 0.5F, 0.0F})}),
                f32_bits({3}, {0x80000000, 0x3F800000, 0}));
}

TEST(Max, follows_ieee_2019) {
  expect_result(call(Op::max, {f32({-0.0F, 0.0F, 1}), f32({0.0F, -0.0F, quiet_nan()})}),
                f32_bits({3}, {0, 0, 0x7FC00000}));
  expect_result(call(Op::max, {i32({1, 2}), i32(std::vector<std::int32_t>{2}), i32({0, 9})}),
                i32({2, 9}));
}

TEST(Min, follows_ieee_2019) {
  expect_result(call(Op::min, {f32({-0.0F, 0.0F, 1}), f32({0.0F, -0.0F, quiet_nan()})}),
                f32_bits({3}, {0x80000000, 0x80000000, 0x7FC00000}));
}

TEST(Max, of_one_operand_canonicalises_nan) {
  expect_result(call(Op::max, {f32_bits({1}, {0x7F800001})}), f32_bits({1}, {0x7FC00000}));
}

TEST(Sum, adds_from_the_left) {
  expect_result(call(Op::sum, {f32({1}), f32({0x1p-24F}), f32({0x1p-24F})}), f32({1}));
  expect_result(call(Op::sum, {f32({0x1p-24F}), f32({0x1p-24F}), f32({1})}), f32({1 + 0x1p-23F}));
}

TEST(Sum, half_rounds_once_at_the_end) {
  expect_result(call(Op::sum, {f16_bits({0x6800}), f16_bits({0x3C00}), f16_bits({0x3C00})}),
                f16_bits({0x6801}));
}

TEST(Sum, refuses_an_operand_left_out) {
  expect_refused(call(Op::sum, {f32({1}), std::nullopt}), RefusalCode::program_ill_formed, "Sum");
}

TEST(Clip, bounds_are_optional_and_the_upper_one_wins) {
  const Tensor x = f32({-5, 0.5F, 5});
  expect_result(call(Op::clip, {x}), x);
  expect_result(call(Op::clip, {x, f32(Shape{}, {0})}), f32({0, 0.5F, 5}));
  expect_result(call(Op::clip, {x, std::nullopt, f32(Shape{}, {1})}), f32({-5, 0.5F, 1}));
  expect_result(call(Op::clip, {x, f32(Shape{}, {2}), f32(Shape{}, {1})}), f32({1, 1, 1}));
  expect_result(call(Op::clip, {f32_bits({1}, {0xFFC00001}), f32(Shape{}, {2})}),
                f32_bits({1}, {0x7FC00000}));
}

TEST(Clip, refuses_bounds_that_are_no_scalars) {
  expect_refused(call(Op::clip, {f32({1}), f32({1, 2})}), RefusalCode::shape_mismatch, "Clip");
  expect_refused(call(Op::clip, {f32({1}), i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Clip");
}

}  // namespace
}  // namespace isotrace::reference
