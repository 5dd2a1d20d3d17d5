// Logic, remainders and bits: [elementwise.and] [elementwise.or] [elementwise.xor]
// [elementwise.less_or_equal] [elementwise.greater_or_equal] [elementwise.mod] [elementwise.sign]
// [elementwise.round] [elementwise.is_nan] [elementwise.is_inf] [elementwise.bit_shift]
// [elementwise.bitwise_and] [elementwise.bitwise_or] [elementwise.bitwise_xor]
// [elementwise.bitwise_not] [elementwise.mean]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

constexpr auto int_min = std::numeric_limits<std::int32_t>::min();
const Attribute fmod{"fmod", std::int64_t{1}};

using Bytes8 = std::vector<std::uint8_t>;
Tensor u8(Bytes8 values) { return vector_of<std::uint8_t>(std::move(values)); }

TEST(Logic, has_the_truth_tables) {
  const Tensor a = booleans({0, 0, 1, 1});
  const Tensor b = booleans({0, 1, 0, 1});
  expect_result(call(Op::logical_and, {a, b}), booleans({0, 0, 0, 1}));
  expect_result(call(Op::logical_or, {a, b}), booleans({0, 1, 1, 1}));
  expect_result(call(Op::logical_xor, {a, b}), booleans({0, 1, 1, 0}));
  expect_result(call(Op::logical_or, {a, booleans({1})}), booleans({1, 1, 1, 1}));
  expect_refused(call(Op::logical_and, {i32({1}), i32({1})}),
                 RefusalCode::operation_dtype_unsupported, "And");
  expect_refused(call(Op::logical_xor, {a, booleans({1, 0})}), RefusalCode::shape_mismatch, "Xor");
}

TEST(LessOrEqual, is_not_the_negation_of_greater) {
  const Tensor a = f32({1, 2, quiet_nan(), -0.0F, infinity});
  const Tensor b = f32({2, 1, 1, 0.0F, infinity});
  expect_result(call(Op::less_or_equal, {a, b}), booleans({1, 0, 0, 1, 1}));
  expect_result(call(Op::greater_or_equal, {a, b}), booleans({0, 1, 0, 1, 1}));
  expect_result(call(Op::less_or_equal, {u8({255, 0}), u8({0, 0})}), booleans({0, 1}));
}

TEST(Mod, takes_the_sign_of_the_divisor_or_of_the_dividend) {
  const Tensor a = i32({-4, 7, 5, 4, -7, 8, int_min});
  const Tensor b = i32({2, -3, 8, -2, 3, 5, -1});
  expect_result(call(Op::mod, {a, b}), i32({0, -2, 5, 0, 2, 3, 0}));
  expect_result(call(Op::mod, {a, b}, {fmod}), i32({0, 1, 5, 0, -1, 3, 0}));
  expect_result(call(Op::mod, {u8({200}), u8({7})}), u8({4}));
}

/// Remainders by subtraction of multiples of two to a power, each exact; slow and obvious.
float remainder_by_definition(float x, float y) {
  float rest = std::fabs(x);
  const float divisor = std::fabs(y);
  while (rest >= divisor) {
    float multiple = divisor;
    while (multiple <= std::numeric_limits<float>::max() / 2 && multiple * 2 <= rest) multiple *= 2;
    rest -= multiple;
  }
  return std::copysign(rest, x);
}

TEST(Mod, of_floats_is_exact) {
  core::PhiloxStream random(21);
  for (int i = 0; i < 3000; ++i) {
    const float x = std::bit_cast<float>(random.next_u32());
    const float y = std::bit_cast<float>(random.next_u32());
    if (x != x || y != y || std::isinf(x) || std::isinf(y) || y == 0) continue;
    expect_result(call(Op::mod, {f32({x}), f32({y})}, {fmod}),
                  f32({remainder_by_definition(x, y)}));
  }
  expect_result(call(Op::mod, {f64({0x1p1023, 1e300}), f64({3, -0x1p-1074})}, {fmod}), f64({2, 0}));
}

TEST(Mod, of_floats_at_the_edges) {
  expect_result(
      call(Op::mod,
           {f32({infinity, 1, 5, -0.0F, -6, lowest_subnormal, quiet_nan()}),
            f32({1, 0, infinity, 3, 3, 1, 1})},
           {fmod}),
      f32_bits({7}, {0x7FC00000, 0x7FC00000, 0x40A00000, 0x80000000, 0x80000000, 1, 0x7FC00000}));
}

TEST(Mod, refuses_what_has_no_remainder) {
  expect_refused(call(Op::mod, {f32({1}), f32({1})}), RefusalCode::operation_attribute_invalid,
                 "Mod");
  expect_refused(call(Op::mod, {i32({1, 1}), i32({1, 0})}), RefusalCode::operand_value_invalid,
                 "Mod");
  expect_refused(call(Op::mod, {booleans({1}), booleans({1})}),
                 RefusalCode::operation_dtype_unsupported, "Mod");
}

TEST(Sign, of_zeros_is_plus_zero) {
  expect_result(
      call(Op::sign, {f32_bits({5}, {0x80000000, 0, 0xFFC00001, 0x00000001, 0xFF800000})}),
      f32_bits({5}, {0, 0, 0x7FC00000, 0x3F800000, 0xBF800000}));
  expect_result(call(Op::sign, {i32({-7, 0, 7})}), i32({-1, 0, 1}));
  expect_result(call(Op::sign, {u8({0, 200})}), u8({0, 1}));
}

TEST(Round, halves_go_to_the_even_side) {
  expect_result(call(Op::round, {f32({0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 0x1p23F + 1, -infinity})}),
                f32({0, 2, 2, -0.0F, -2, 0x1p23F + 1, -infinity}));
  expect_result(call(Op::round, {f64({4503599627370495.5})}), f64({4503599627370496.0}));
  expect_refused(call(Op::round, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Round");
}

TEST(IsNaN, and_is_inf_tell_the_values_apart) {
  const Tensor x = f32({1, quiet_nan(), infinity, -infinity});
  expect_result(call(Op::is_nan, {x}), booleans({0, 1, 0, 0}));
  const auto is_inf = [&](std::int64_t negative, std::int64_t positive) {
    return call(Op::is_inf, {x}, {{"detect_negative", negative}, {"detect_positive", positive}});
  };
  expect_result(is_inf(1, 1), booleans({0, 0, 1, 1}));
  expect_result(is_inf(0, 1), booleans({0, 0, 1, 0}));
  expect_result(is_inf(1, 0), booleans({0, 0, 0, 1}));
  expect_result(call(Op::is_nan, {f16_bits({0x7C00, 0xFE01})}), booleans({0, 1}));
}

TEST(BitShift, beyond_the_width_leaves_nothing) {
  const Attribute left{"direction", std::string("LEFT")};
  const Attribute right{"direction", std::string("RIGHT")};
  expect_result(call(Op::bit_shift, {u8({0x81, 0x81, 0x81, 1}), u8({1, 7, 8, 255})}, {left}),
                u8({2, 0x80, 0, 0}));
  expect_result(call(Op::bit_shift, {u8({0x81, 0x81, 0x81}), u8({1, 7, 8})}, {right}),
                u8({0x40, 1, 0}));
  const Tensor wide = vector_of<std::uint64_t>({~0ULL});
  expect_result(call(Op::bit_shift, {wide, vector_of<std::uint64_t>({63})}, {left}),
                vector_of<std::uint64_t>({1ULL << 63}));
  expect_result(call(Op::bit_shift, {wide, vector_of<std::uint64_t>({64})}, {right}),
                vector_of<std::uint64_t>({0}));
  expect_refused(call(Op::bit_shift, {i32({1}), i32({1})}, {left}),
                 RefusalCode::operation_dtype_unsupported, "BitShift");
  expect_refused(call(Op::bit_shift, {u8({1}), u8({1})}, {{"direction", std::string("UP")}}),
                 RefusalCode::operation_attribute_invalid, "BitShift");
}

TEST(Bitwise, works_on_twos_complement) {
  const Tensor a = i32({-1, 0x0F0F});
  const Tensor b = i32({0x1234, -0x100});
  expect_result(call(Op::bitwise_and, {a, b}), i32({0x1234, 0x0F00}));
  expect_result(call(Op::bitwise_or, {a, b}), i32({-1, -0xF1}));
  expect_result(call(Op::bitwise_xor, {a, b}), i32({~0x1234, -0x100 ^ 0x0F0F}));
  expect_result(call(Op::bitwise_not, {a}), i32({0, ~0x0F0F}));
  expect_result(call(Op::bitwise_not, {u8({0, 0xF0})}), u8({0xFF, 0x0F}));
  expect_refused(call(Op::bitwise_and, {booleans({1}), booleans({1})}),
                 RefusalCode::operation_dtype_unsupported, "BitwiseAnd");
}

TEST(Mean, divides_the_sum_of_the_broadcast_operands) {
  expect_result(call(Op::mean, {f32({1, 2}), f32({2}), f32({2, 1}, {6, 0})}),
                f32({2, 2}, {3, 10.0F / 3, 1, 4.0F / 3}));
  expect_result(call(Op::mean, {f16_bits({0x7BFF}), f16_bits({0x7BFF})}), f16_bits({0x7BFF}));
  expect_refused(call(Op::mean, {i32({1})}), RefusalCode::operation_dtype_unsupported, "Mean");
}

}  // namespace
}  // namespace isotrace::reference
