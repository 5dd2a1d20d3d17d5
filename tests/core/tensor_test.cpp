#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
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

TEST(TensorDeathTest, access_as_another_type_is_a_bug) {
  const Tensor tensor(Dtype::f32, {2});
  EXPECT_DEATH((void)tensor.data<double>(), "dtype_of");
  EXPECT_DEATH(TensorView(Dtype::f32, tensor.shape(), Bytes(4)), "expected");
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

}  // namespace
}  // namespace isotrace::core
