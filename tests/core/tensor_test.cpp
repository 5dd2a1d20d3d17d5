#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/packed.hpp>
#include <isotrace/core/tensor.hpp>
#include <isotrace/core/text.hpp>

namespace isotrace::core {
namespace {

TEST(Tensor, is_zero_filled_and_aligned) {
  const Tensor tensor(Dtype::f64, {3, 5});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes().data()) % 64, 0U);
  EXPECT_EQ(tensor.bytes().size(), 120U);
  for (const double value : tensor.data<double>()) EXPECT_EQ(value, 0);
}

TEST(Tensor, scalars_have_one_element_and_empty_ones_none) {
  EXPECT_EQ(Tensor(Dtype::i8, {}).elements(), 1U);
  EXPECT_EQ(Tensor(Dtype::i8, {4, 0}).elements(), 0U);
  EXPECT_EQ(Tensor().elements(), 0U);
}

TEST(Tensor, copies_are_deep_and_moves_keep_the_values) {
  auto a = Tensor::of<float>({2}, {1, 2});
  Tensor b = a;
  b.data<float>()[0] = 7;
  EXPECT_EQ(a.data<float>()[0], 1);
  a = b;
  EXPECT_TRUE(identical(a, b));
  const Tensor c = std::move(b);
  EXPECT_TRUE(identical(a, c));
}

TEST(Tensor, reshape_keeps_bytes_and_identity_covers_dtype_and_shape) {
  auto a = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor before = a;
  a.reshape({3, 2});
  EXPECT_FALSE(identical(a, before));
  a.reshape({2, 3});
  EXPECT_TRUE(identical(a, before));
  EXPECT_FALSE(identical(Tensor(Dtype::f32, {2}), Tensor(Dtype::i32, {2})));
}

TEST(TensorRefuses, shapes_that_are_negative_too_many_or_overflow) {
  EXPECT_EQ(element_count(Shape{2, -1}).error().code, RefusalCode::shape_mismatch);
  EXPECT_EQ(element_count(Shape(17, 1)).error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(element_count(Shape(16, 1)), 1U);
  const std::int64_t huge = std::int64_t{1} << 62;
  EXPECT_EQ(element_count(Shape{huge, 4}).error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(element_count(Shape{huge, huge}).error().code, RefusalCode::limit_exceeded);
  const auto bytes_max = static_cast<std::int64_t>(limits::tensor_bytes_max);
  EXPECT_EQ(Tensor::make(Dtype::f64, {bytes_max / 4}).error().code, RefusalCode::limit_exceeded);
}

TEST(TensorRefuses, bytes_of_another_size_and_booleans_that_are_neither) {
  EXPECT_EQ(Tensor::from_bytes(Dtype::f32, {2}, Bytes(7)).error().code,
            RefusalCode::shape_mismatch);
  EXPECT_EQ(Tensor::from_bytes(Dtype::boolean, {2}, Bytes{0, 2}).error().code,
            RefusalCode::value_out_of_range);
  EXPECT_TRUE(Tensor::from_bytes(Dtype::boolean, {2}, Bytes{0, 1}).has_value());
}

TEST(TensorRefuses, bytes_that_are_no_elements_of_2_or_4_bits) {
  for (int byte = 0; byte < 256; ++byte) {
    const Bytes bytes = {static_cast<std::uint8_t>(byte)};
    const auto value = static_cast<std::int8_t>(bytes[0]);
    EXPECT_EQ(Tensor::from_bytes(Dtype::u4, {1}, bytes).has_value(), byte <= 15) << byte;
    EXPECT_EQ(Tensor::from_bytes(Dtype::i4, {1}, bytes).has_value(), value >= -8 && value <= 7);
    EXPECT_EQ(Tensor::from_bytes(Dtype::u2, {1}, bytes).has_value(), byte <= 3) << byte;
    EXPECT_EQ(Tensor::from_bytes(Dtype::i2, {1}, bytes).has_value(), value >= -2 && value <= 1);
    EXPECT_EQ(Tensor::from_bytes(Dtype::f4e2m1, {1}, bytes).has_value(), byte <= 15) << byte;
    EXPECT_TRUE(Tensor::from_bytes(Dtype::f8e5m2, {1}, bytes).has_value());
  }
  EXPECT_EQ(Tensor::from_bytes(Dtype::i4, {2}, Bytes{0xF8, 8}).error().code,
            RefusalCode::value_out_of_range);
}

TEST(TensorDeathTest, access_as_another_type_is_a_bug) {
  const Tensor tensor(Dtype::f32, {2});
  EXPECT_DEATH((void)tensor.data<double>(), "dtype_of");
  EXPECT_DEATH(TensorView(Dtype::f32, tensor.shape(), Bytes(4)), "expected");
}

TEST(Text, decimals_are_the_shortest_that_read_back) {
  const auto decimal = [](auto value) {
    using T = decltype(value);
    return element_decimal(Tensor::of<T>({1}, {value}), 0);
  };
  EXPECT_EQ(decimal(3.0F), "3.0");
  EXPECT_EQ(decimal(0.1F), "0.1");
  EXPECT_EQ(decimal(-0.0F), "-0.0");
  EXPECT_EQ(decimal(0x1p-149F), "1e-45");
  EXPECT_EQ(decimal(0.1), "0.1");
  EXPECT_EQ(decimal(0x1.999999999999bp-4), "0.10000000000000002");
  EXPECT_EQ(decimal(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(decimal(std::numeric_limits<float>::quiet_NaN()), "nan");
  EXPECT_EQ(decimal(Half{0x2E66}), "0.1");
  EXPECT_EQ(decimal(Half{0x7BFF}), "6.55e+04");  // the largest: nothing but infinity is above
  EXPECT_EQ(decimal(Half{0x8001}), "-6e-08");
  EXPECT_EQ(decimal(Half{0x0000}), "0.0");
  EXPECT_EQ(decimal(BFloat16{0x3DCD}), "0.1");
  EXPECT_EQ(decimal(BFloat16{0x3F80}), "1.0");
  EXPECT_EQ(decimal(std::int8_t{-7}), "-7");
  EXPECT_EQ(decimal(Bool8{1}), "true");
}

/// All values of both 16-bit types, read back by correctly rounded conversions.
TEST(Text, every_sixteen_bit_decimal_reads_back) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const BFloat16 brain{static_cast<std::uint16_t>(bits)};
    if (std::isfinite(to_f32(half))) {
      const std::string text = element_decimal(Tensor::of<Half>({1}, {half}), 0);
      ASSERT_EQ(to_half(std::strtod(text.c_str(), nullptr)), half) << text;
    }
    if (std::isfinite(to_f32(brain))) {
      const std::string text = element_decimal(Tensor::of<BFloat16>({1}, {brain}), 0);
      ASSERT_EQ(to_bfloat16(std::strtod(text.c_str(), nullptr)), brain) << text;
    }
  }
}

TEST(Text, shapes_and_elements_of_every_dtype) {
  EXPECT_EQ(shape_text(Shape{1, 3, 224}), "[1,3,224]");
  EXPECT_EQ(shape_text({}), "[]");
  EXPECT_EQ(element_text(Tensor::of<float>({1}, {3.0F}), 0), "0x1.8p+1");
  EXPECT_EQ(element_text(Tensor::of<float>({1}, {0x1p-149F}), 0), "0x1p-149");
  EXPECT_EQ(element_text(Tensor::of<double>({1}, {-0.1}), 0), "-0x1.999999999999ap-4");
  EXPECT_EQ(element_text(Tensor::of<Half>({1}, {{0x3C01}}), 0), "0x1.004p+0");
  EXPECT_EQ(element_text(Tensor::of<BFloat16>({1}, {{0xFF80}}), 0), "-inf");
  EXPECT_EQ(element_text(Tensor::of<double>({1}, {std::numeric_limits<double>::quiet_NaN()}), 0),
            "nan");
  EXPECT_EQ(element_text(Tensor::of<std::int8_t>({2}, {1, -128}), 1), "-128");
  EXPECT_EQ(element_text(Tensor::of<std::int16_t>({1}, {-2}), 0), "-2");
  EXPECT_EQ(element_text(Tensor::of<std::int32_t>({1}, {-3}), 0), "-3");
  EXPECT_EQ(element_text(Tensor::of<std::int64_t>({1}, {INT64_MIN}), 0), "-9223372036854775808");
  EXPECT_EQ(element_text(Tensor::of<std::uint8_t>({1}, {255}), 0), "255");
  EXPECT_EQ(element_text(Tensor::of<std::uint64_t>({1}, {UINT64_MAX}), 0), "18446744073709551615");
  EXPECT_EQ(element_text(Tensor::of<Bool8>({2}, {{0}, {1}}), 1), "true");
  EXPECT_EQ(element_text(Tensor::of<Int4>({1}, {{-8}}), 0), "-8");
  EXPECT_EQ(element_text(Tensor::of<UInt4>({1}, {{15}}), 0), "15");
  EXPECT_EQ(element_text(Tensor::of<Int2>({1}, {{-2}}), 0), "-2");
  EXPECT_EQ(element_text(Tensor::of<UInt2>({1}, {{3}}), 0), "3");
  const Tensor fours = Tensor::of<Float8<Dtype::f4e2m1>>({3}, {{0x0B}, {0x07}, {0x08}});
  EXPECT_EQ(element_text(fours, 0), "-0x1.8p+0");
  EXPECT_EQ(element_decimal(fours, 0), "-1.5");
  EXPECT_EQ(element_decimal(fours, 1), "6.0");
  EXPECT_EQ(element_decimal(fours, 2), "-0.0");
  EXPECT_EQ(ulp_distance(fours, Tensor::of<Float8<Dtype::f4e2m1>>({3}, {{0x01}, {0x06}, {0}}), 0),
            4U);
  EXPECT_EQ(element_text(Tensor::of<Float8<Dtype::f8e4m3fn>>({1}, {{0xFE}}), 0), "-0x1.cp+8");
  EXPECT_EQ(element_text(Tensor::of<Float8<Dtype::f8e5m2>>({1}, {{0x7C}}), 0), "inf");
  EXPECT_EQ(element_text(Tensor::of<Float8<Dtype::f8e5m2fnuz>>({1}, {{0x80}}), 0), "nan");
  EXPECT_EQ(element_bits(Tensor::of<std::int16_t>({1}, {-2}), 0), "0xfffe");
  EXPECT_EQ(element_bits(Tensor::of<double>({1}, {1}), 0), "0x3ff0000000000000");
}

TEST(Text, ulp_distance_counts_steps_across_zero_and_to_infinity) {
  const auto distance = [](float a, float b) {
    return ulp_distance(Tensor::of<float>({1}, {a}), Tensor::of<float>({1}, {b}), 0);
  };
  EXPECT_EQ(distance(1, std::nextafter(1.0F, 2.0F)), 1U);
  EXPECT_EQ(distance(0x1p-149F, -0x1p-149F), 2U);
  EXPECT_EQ(distance(0.0F, -0.0F), 0U);
  EXPECT_EQ(distance(std::numeric_limits<float>::max(), INFINITY), 1U);
  EXPECT_FALSE(distance(1, NAN).has_value());
  const auto a = Tensor::of<double>({1}, {-INFINITY});
  const auto b = Tensor::of<double>({1}, {INFINITY});
  EXPECT_EQ(ulp_distance(a, b, 0), 2 * 0x7FF0000000000000U);
  EXPECT_FALSE(ulp_distance(Tensor(Dtype::i32, {1}), Tensor(Dtype::i32, {1}), 0).has_value());
}

Bytes two_tensors() {
  ByteWriter out;
  out.u64(2).u8(1).i64(2).f32(1).f32(2).u8(0).f32(3);
  return out.take();
}

core::Shape list_of(const Bytes& bytes) { return {static_cast<std::int64_t>(bytes.size())}; }

TEST(Packed, sequences_and_optionals_are_read_where_they_lie) {
  const Bytes bytes = two_tensors();
  const auto sequence = Tensor::from_bytes(sequence_of(Dtype::f32), list_of(bytes), bytes);
  ASSERT_TRUE(sequence.has_value()) << describe(sequence.error());
  const auto value = read_packed(sequence->dtype(), sequence->bytes());
  ASSERT_TRUE(value.has_value());
  ASSERT_EQ(value->tensors.size(), 2U);
  EXPECT_EQ(value->tensors[0].shape, Shape{2});
  EXPECT_EQ(value->tensors[1].shape, Shape{});
  EXPECT_EQ(value->tensors[1].bytes.size(), 4U);

  const Bytes absent = {0};
  EXPECT_FALSE(read_packed(optional_of(Dtype::f32), absent)->present);
  Bytes present = {1};
  present.insert(present.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(read_packed(optional_of(sequence_of(Dtype::f32)), present)->tensors.size(), 2U);
}

TEST(Packed, what_is_not_canonical_is_no_tensor) {
  const Bytes bytes = two_tensors();
  const auto code_of = [](Dtype dtype, const Bytes& packed, Shape shape) {
    const auto tensor = Tensor::from_bytes(dtype, std::move(shape), packed);
    return tensor ? std::optional<RefusalCode>() : tensor.error().code;
  };
  const Dtype sequence = sequence_of(Dtype::f32);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes shorter(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code_of(sequence, shorter, list_of(shorter)), RefusalCode::bytes_truncated) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(code_of(sequence, longer, list_of(longer)), RefusalCode::bytes_trailing);
  EXPECT_EQ(code_of(optional_of(Dtype::f32), {2}, {1}), RefusalCode::value_out_of_range);
  EXPECT_EQ(code_of(optional_of(Dtype::f32), {0, 0}, {2}), RefusalCode::bytes_trailing);
  EXPECT_EQ(code_of(sequence, bytes, {1, std::ssize(bytes)}), RefusalCode::shape_mismatch);
  Bytes booleans = {1, 0, 2};
  EXPECT_EQ(code_of(optional_of(Dtype::boolean), booleans, {3}), RefusalCode::value_out_of_range);
  ByteWriter many;
  many.u64(limits::sequence_tensors_max + 1).raw(Bytes(limits::sequence_tensors_max + 1));
  EXPECT_EQ(code_of(sequence_of(Dtype::u8), many.bytes(), list_of(many.bytes())),
            RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::core
