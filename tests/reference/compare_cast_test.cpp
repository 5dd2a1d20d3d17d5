// [elementwise.cast] [elementwise.bit_cast] [elementwise.where] [elementwise.equal]
// [elementwise.less] [elementwise.greater] [elementwise.not]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

using core::Dtype;

Outcome cast(const Tensor& x, Dtype to) {
  return call(Op::cast, {x}, {{"to", static_cast<std::int64_t>(to)}});
}

TEST(Cast, float_to_integer_truncates_saturates_and_sends_nan_to_zero) {
  const Tensor x = f32({-1.9F, 1.9F, 3e9F, -3e9F, quiet_nan(), infinity});
  constexpr auto low = std::numeric_limits<std::int32_t>::min();
  constexpr auto high = std::numeric_limits<std::int32_t>::max();
  expect_result(cast(x, Dtype::i32), i32({-1, 1, high, low, 0, high}));
  expect_result(cast(x, Dtype::u8), vector_of<std::uint8_t>({0, 1, 255, 0, 0, 255}));
  expect_result(
      cast(f64({0x1p63, -0x1p63, 0x1p64}), Dtype::i64),
      i64({std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
           std::numeric_limits<std::int64_t>::max()}));
}

TEST(Cast, integer_to_integer_wraps) {
  expect_result(cast(i32({-1, 256, 130}), Dtype::u8), vector_of<std::uint8_t>({255, 0, 130}));
  expect_result(cast(i32({130}), Dtype::i8), vector_of<std::int8_t>({-126}));
  expect_result(cast(i32({-1}), Dtype::u64), vector_of<std::uint64_t>({~0ULL}));
}

TEST(Cast, integer_to_float_rounds_once) {
  expect_result(cast(i64(Ints{(1LL << 24) + 1, (1LL << 24) + 3}), Dtype::f32),
                f32({0x1p24F, 0x1p24F + 4}));
  // A tie of bfloat16 plus one: rounding to binary64 first would lose the one.
  const std::int64_t tie = (1LL << 62) + (1LL << 54);
  expect_result(cast(i64(Ints{tie, tie + 1, -tie - 1, tie - 1}), Dtype::bf16),
                bf16_bits({0x5E80, 0x5E81, 0xDE81, 0x5E80}));
  expect_result(cast(vector_of<std::uint64_t>({~0ULL}), Dtype::bf16), bf16_bits({0x5F80}));
  expect_result(cast(i32({65519, 65520, 2049}), Dtype::f16), f16_bits({0x7BFF, 0x7C00, 0x6800}));
  expect_result(cast(i64(Ints{std::numeric_limits<std::int64_t>::min()}), Dtype::f64),
                f64({-0x1p63}));
}

TEST(Cast, float_to_narrower_float_rounds_once_with_subnormals) {
  // 1 + 2^-11 + 2^-40 is above a tie of f16; through f32 it would fall on it.
  expect_result(
      cast(f64({1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11, 0x1p-25, 0x1.8p-25, 65520}), Dtype::f16),
      f16_bits({0x3C01, 0x3C00, 0x0000, 0x0001, 0x7C00}));
  expect_result(cast(f32({0x1p-133F, 0x1p-134F, -0.0F}), Dtype::bf16),
                bf16_bits({0x0001, 0x0000, 0x8000}));
  expect_result(cast(f64({0x1p-150, 0x1.8p-150, 0x1p128}), Dtype::f32),
                f32_bits({3}, {0, 1, 0x7F800000}));
}

TEST(Cast, nan_becomes_canonical_even_to_the_same_type) {
  expect_result(cast(f32_bits({1}, {0xFFC00001}), Dtype::f32), f32_bits({1}, {0x7FC00000}));
  expect_result(cast(f32_bits({1}, {0xFFC00001}), Dtype::f16), f16_bits({0x7E00}));
  expect_result(cast(f16_bits({0xFFFF}), Dtype::bf16), bf16_bits({0x7FC0}));
}

TEST(Cast, booleans) {
  expect_result(cast(f32({0, -0.0F, 0.1F, quiet_nan()}), Dtype::boolean), booleans({0, 0, 1, 1}));
  expect_result(cast(i32({0, 256}), Dtype::boolean), booleans({0, 1}));
  expect_result(cast(booleans({0, 1}), Dtype::f32), f32({0, 1}));
  expect_result(cast(booleans({0, 1}), Dtype::boolean), booleans({0, 1}));
}

TEST(Cast, 8_bit_floats_saturate_or_overflow) {
  const Tensor x = f32({448, 464, 465, -1e9F, infinity, -infinity, quiet_nan(), -0.0F, 1e-9F});
  const auto to = [&](Dtype dtype, std::int64_t saturate) {
    return call(Op::cast, {x}, {{"to", static_cast<std::int64_t>(dtype)}, {"saturate", saturate}});
  };
  expect_result(to(Dtype::f8e4m3fn, 1),
                f8<Dtype::f8e4m3fn>({0x7E, 0x7E, 0x7E, 0xFE, 0x7E, 0xFE, 0x7F, 0x80, 0}));
  expect_result(to(Dtype::f8e4m3fn, 0),
                f8<Dtype::f8e4m3fn>({0x7E, 0x7E, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x80, 0}));
  expect_result(to(Dtype::f8e4m3fnuz, 1),
                f8<Dtype::f8e4m3fnuz>({0x7F, 0x7F, 0x7F, 0xFF, 0x7F, 0xFF, 0x80, 0, 0}));
  expect_result(to(Dtype::f8e4m3fnuz, 0),
                f8<Dtype::f8e4m3fnuz>({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0}));
  expect_result(to(Dtype::f8e5m2, 1),
                f8<Dtype::f8e5m2>({0x5F, 0x5F, 0x5F, 0xFB, 0x7B, 0xFB, 0x7F, 0x80, 0}));
  expect_result(to(Dtype::f8e5m2, 0),
                f8<Dtype::f8e5m2>({0x5F, 0x5F, 0x5F, 0xFC, 0x7C, 0xFC, 0x7F, 0x80, 0}));
  expect_result(to(Dtype::f8e5m2fnuz, 1),
                f8<Dtype::f8e5m2fnuz>({0x63, 0x63, 0x63, 0xFF, 0x7F, 0xFF, 0x80, 0, 0}));
  expect_result(to(Dtype::f8e5m2fnuz, 0),
                f8<Dtype::f8e5m2fnuz>({0x63, 0x63, 0x63, 0x80, 0x80, 0x80, 0x80, 0, 0}));
}

TEST(Cast, integers_to_8_bit_floats) {
  expect_result(cast(i64(Ints{17, 18, 19, 1LL << 62}), Dtype::f8e5m2),
                f8<Dtype::f8e5m2>({0x4C, 0x4C, 0x4D, 0x7B}));
}

TEST(Cast, 4_bit_integers_wrap) {
  const auto i4 = [](std::vector<core::Int4> values) { return vector_of<core::Int4>(values); };
  const auto u4 = [](std::vector<core::UInt4> values) { return vector_of<core::UInt4>(values); };
  expect_result(cast(i32({7, 8, -9, 16, -1}), Dtype::i4), i4({{7}, {-8}, {7}, {0}, {-1}}));
  expect_result(cast(i32({7, 16, -1, 255}), Dtype::u4), u4({{7}, {0}, {15}, {15}}));
  expect_result(cast(f32({6.5F, 7.5F, 300, -9, 0x1.8p100F, quiet_nan(), infinity}), Dtype::i4),
                i4({{6}, {-8}, {-4}, {7}, {0}, {0}, {0}}));
  expect_result(cast(f32({15.4F, 15.5F, 300, -0.9F, -5, -infinity}), Dtype::u4),
                u4({{15}, {0}, {12}, {15}, {11}, {0}}));
  expect_result(cast(f64({0x1.0000000000007p49, -0.5}), Dtype::u4), u4({{1}, {0}}));
  expect_result(cast(i4({{-8}, {7}}), Dtype::f32), f32({-8, 7}));
  expect_result(cast(u4({{15}}), Dtype::i4), i4({{-1}}));
  expect_result(cast(booleans({0, 1}), Dtype::u4), u4({{0}, {1}}));
}

TEST(Cast, 2_bit_integers_wrap) {
  const auto i2 = [](std::vector<core::Int2> values) { return vector_of<core::Int2>(values); };
  const auto u2 = [](std::vector<core::UInt2> values) { return vector_of<core::UInt2>(values); };
  expect_result(cast(i32({1, 2, -3, 4, -1}), Dtype::i2), i2({{1}, {-2}, {1}, {0}, {-1}}));
  expect_result(cast(f32({1.5F, -1, -3, 2.5F, infinity}), Dtype::i2),
                i2({{-2}, {-1}, {1}, {-2}, {0}}));
  expect_result(cast(f32({3.4F, 3.5F, -1, quiet_nan()}), Dtype::u2), u2({{3}, {0}, {3}, {0}}));
  expect_result(cast(i2({{-2}, {1}}), Dtype::f32), f32({-2, 1}));
  expect_result(cast(u2({{3}}), Dtype::i4), vector_of<core::Int4>({{3}}));
}

TEST(Cast, floats_of_4_bits_saturate_and_have_no_nan) {
  constexpr Dtype f4 = Dtype::f4e2m1;
  std::vector<std::uint8_t> codes;
  for (std::uint8_t code = 0; code < 16; ++code) codes.push_back(code);
  const Tensor values =
      f32({0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6});
  expect_result(cast(f8<f4>(codes), Dtype::f32), values);
  expect_result(cast(values, f4), f8<f4>(codes));
  // Ties go to the even code; what is above 6 is 6.
  expect_result(cast(f32({0.25F, 0.75F, 1.25F, 2.5F, 3.5F, 5, 7, -infinity}), f4),
                f8<f4>({0, 2, 2, 4, 6, 6, 7, 0xF}));
  expect_result(cast(f32({quiet_nan(), 1e-30F, -1e-30F}), f4), f8<f4>({8, 0, 8}));
  expect_result(call(Op::cast, {f32({100})},
                     {{"to", static_cast<std::int64_t>(f4)}, {"saturate", std::int64_t{0}}}),
                f8<f4>({7}));
  expect_refused(call(Op::add, {f8<f4>({1}), f8<f4>({1})}),
                 RefusalCode::operation_dtype_unsupported, "Add");
}

TEST(Cast, is_defined_between_all_types) {
  for (std::uint8_t from = 1; from <= 22; ++from) {
    for (std::uint8_t to = 1; to <= 22; ++to) {
      const Tensor x(*core::dtype_from_number(from), Shape{2});
      expect_result(cast(x, *core::dtype_from_number(to)),
                    Tensor(*core::dtype_from_number(to), Shape{2}));
    }
  }
}

TEST(Cast, refuses_a_type_that_does_not_exist) {
  for (std::int64_t to : {0, 23, -1, 256, 257}) {
    expect_refused(call(Op::cast, {f32({1})}, {{"to", to}}),
                   RefusalCode::operation_attribute_invalid, "Cast");
  }
}

Outcome bit_cast(const Tensor& x, core::Dtype to) {
  return call(Op::bit_cast, {x}, {{"to", static_cast<std::int64_t>(to)}});
}

TEST(BitCast, keeps_the_bits) {
  expect_result(bit_cast(f32({2}, {1, -0.0F}), core::Dtype::i32),
                i32({0x3F800000, -0x7FFFFFFF - 1}));
  const Tensor signalling = f32_bits({1}, {0x7F800001});
  expect_result(bit_cast(signalling, core::Dtype::f32), signalling);
  expect_result(bit_cast(vector_of<std::uint16_t>({0x3C00}), core::Dtype::f16), f16_bits({0x3C00}));
  expect_result(bit_cast(booleans({1, 0}), core::Dtype::u8), vector_of<std::uint8_t>({1, 0}));
  expect_result(bit_cast(vector_of<std::uint8_t>({1, 0}), core::Dtype::boolean), booleans({1, 0}));
}

TEST(BitCast, few_bits_are_signed_or_not) {
  const Tensor i = vector_of<core::Int4>({{-1}, {7}, {-8}});
  const Tensor u = vector_of<core::UInt4>({{15}, {7}, {8}});
  expect_result(bit_cast(i, core::Dtype::u4), u);
  expect_result(bit_cast(u, core::Dtype::i4), i);
  expect_result(bit_cast(i, core::Dtype::f4e2m1), f8<core::Dtype::f4e2m1>({15, 7, 8}));
  expect_result(bit_cast(f8<core::Dtype::f4e2m1>({15, 7, 8}), core::Dtype::i4), i);
  expect_result(bit_cast(vector_of<core::UInt2>({{3}, {1}}), core::Dtype::i2),
                vector_of<core::Int2>({{-1}, {1}}));
}

TEST(BitCast, refuses_other_widths_and_bytes_that_are_no_booleans) {
  expect_refused(bit_cast(f32({1}), core::Dtype::i64), RefusalCode::operation_dtype_unsupported,
                 "BitCast");
  expect_refused(bit_cast(vector_of<core::Int4>({{1}}), core::Dtype::i8),
                 RefusalCode::operation_dtype_unsupported, "BitCast");
  expect_refused(bit_cast(vector_of<std::uint8_t>({2}), core::Dtype::boolean),
                 RefusalCode::operand_value_invalid, "BitCast");
  expect_refused(bit_cast(f32({1}), static_cast<core::Dtype>(63)),
                 RefusalCode::operation_attribute_invalid, "BitCast");
}

TEST(Equal, compares_values_not_bits) {
  expect_result(call(Op::equal, {f32({0.0F, quiet_nan(), 1}), f32({-0.0F, quiet_nan(), 1})}),
                booleans({1, 0, 1}));
  expect_result(call(Op::equal, {booleans({0, 1}), booleans({1, 1})}), booleans({0, 1}));
  expect_result(call(Op::equal, {f16_bits({0x8000}), f16_bits({0})}), booleans({1}));
}

TEST(Less, is_false_with_nan) {
  expect_result(call(Op::less, {f32({1, quiet_nan(), -0.0F}), f32({2, 2, 0.0F})}),
                booleans({1, 0, 0}));
  expect_result(call(Op::less, {vector_of<std::uint64_t>({1}), vector_of<std::uint64_t>({~0ULL})}),
                booleans({1}));
}

TEST(Greater, broadcasts) {
  expect_result(call(Op::greater, {i64({2, 1}, {1, 2}), i64({2}, {0, 1})}), [] {
    Tensor t = booleans({1, 0, 1, 1});
    t.reshape({2, 2});
    return t;
  }());
  expect_refused(call(Op::greater, {booleans({1}), booleans({0})}),
                 RefusalCode::operation_dtype_unsupported, "Greater");
}

TEST(Not, inverts_booleans_only) {
  expect_result(call(Op::logical_not, {booleans({0, 1})}), booleans({1, 0}));
  expect_refused(call(Op::logical_not, {i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Not");
}

TEST(Where, copies_bits_and_broadcasts_three_ways) {
  Tensor condition = booleans({1, 0});
  condition.reshape({2, 1});
  expect_result(call(Op::where, {condition, f32_bits({2}, {0xFFC00001, 0x7F800001}),
                                 f32_bits({1}, {0x80000000})}),
                f32_bits({2, 2}, {0xFFC00001, 0x7F800001, 0x80000000, 0x80000000}));
}

TEST(Where, refuses_a_condition_that_is_no_boolean) {
  expect_refused(call(Op::where, {i32({1}), f32({1}), f32({1})}),
                 RefusalCode::operation_dtype_unsupported, "Where");
  expect_refused(call(Op::where, {booleans({1}), f32({1}), f64({1})}),
                 RefusalCode::operation_dtype_unsupported, "Where");
  expect_refused(call(Op::where, {booleans({1, 1}), f32({1, 2, 3}), f32({1})}),
                 RefusalCode::shape_mismatch, "Where");
}

}  // namespace
}  // namespace isotrace::reference
