#include <gtest/gtest.h>
#include <immintrin.h>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::core {
namespace {

float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

/// The processor's own conversion, an independent opinion.
__attribute__((target("f16c"))) std::uint16_t f16c_half(float value) {
  return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
}
__attribute__((target("f16c"))) float f16c_float(std::uint16_t bits) { return _cvtsh_ss(bits); }

/// bfloat16 by integer arithmetic on the bits.
std::uint16_t integer_bfloat16(float value) {
  const std::uint32_t bits = bits_of(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

/// The nearest binary16 to |value| by search among all of them; ties to even.
std::uint16_t searched_half(double value) {
  std::uint16_t low = 0;
  std::uint16_t high = 0x7C00;
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (static_cast<double>(to_f32(Half{middle})) <= value ? low : high) = middle;
  }
  const double below = to_f32(Half{low});
  // Past the largest finite value, the tie stands where the next one would be.
  const double above = high == 0x7C00 ? 65536.0 : to_f32(Half{high});
  const double tie = (below + above) / 2;
  if (value == tie) return low % 2 == 0 ? low : high;
  return value < tie ? low : high;
}

TEST(Half, all_patterns_widen_exactly_and_round_trip) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const float wide = to_f32(half);
    if (std::isnan(wide)) {
      EXPECT_EQ(bits_of(wide), canonical_nan_f32_bits);
      EXPECT_EQ(to_half(wide).bits, 0x7E00);
      EXPECT_TRUE((bits & 0x7C00) == 0x7C00 && (bits & 0x3FF) != 0) << bits;
      continue;
    }
    ASSERT_EQ(to_half(wide), half) << bits;
    ASSERT_EQ(to_half(static_cast<double>(wide)), half) << bits;
    if (__builtin_cpu_supports("f16c") != 0) {
      ASSERT_EQ(bits_of(wide), bits_of(f16c_float(half.bits))) << bits;
    }
  }
}

TEST(BFloat16, all_patterns_are_the_upper_half_of_f32_and_round_trip) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const BFloat16 value{static_cast<std::uint16_t>(bits)};
    const float wide = to_f32(value);
    if (std::isnan(wide)) {
      EXPECT_EQ(bits_of(wide), canonical_nan_f32_bits);
      EXPECT_EQ(to_bfloat16(wide).bits, 0x7FC0);
      continue;
    }
    ASSERT_EQ(bits_of(wide), bits << 16);
    ASSERT_EQ(to_bfloat16(wide), value) << bits;
  }
}

/// Random bits, values around every binary16 and bfloat16, and the ties between them.
std::vector<float> hard_floats() {
  std::vector<float> values;
  PhiloxStream random(21);
  for (int i = 0; i < 200000; ++i) values.push_back(float_of(random.next_u32()));
  for (int i = 0; i < 100000; ++i) {  // the range of binary16
    values.push_back(
        float_of((random.next_u32() & 0x87FFFFFF) + 0x30000000 + (random.next_u32() & 0x18000000)));
  }
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    for (const std::uint32_t tie :
         {bits_of(to_f32(Half{static_cast<std::uint16_t>(bits)})) + 0x1000,
          (bits << 16) + 0x8000}) {
      for (const std::uint32_t around : {tie - 1, tie, tie + 1}) values.push_back(float_of(around));
    }
  }
  for (std::uint32_t i = 0; i < 4096; ++i) values.push_back(static_cast<float>(i) * 0x1p-26F);
  return values;
}

TEST(Half, rounds_as_the_processor_does) {
  if (__builtin_cpu_supports("f16c") == 0) GTEST_SKIP() << "no F16C";
  for (const float value : hard_floats()) {
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_half(value).bits, f16c_half(value)) << std::hexfloat << value;
  }
}

TEST(BFloat16, rounds_as_integer_arithmetic_on_the_bits_does) {
  for (const float value : hard_floats()) {
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_bfloat16(value).bits, integer_bfloat16(value)) << std::hexfloat << value;
  }
}

TEST(Half, rounds_f64_once) {
  PhiloxStream random(22);
  for (int i = 0; i < 50000; ++i) {
    const double tie =
        (static_cast<double>(to_f32(Half{static_cast<std::uint16_t>(random.next_below(0x7C00))})) +
         to_f32(Half{static_cast<std::uint16_t>(random.next_below(0x7C00))})) /
        2;
    const double value = tie * (1 + (static_cast<double>(random.next_below(3)) - 1) * 0x1p-52);
    ASSERT_EQ(to_half(value).bits, searched_half(value)) << std::hexfloat << value;
    ASSERT_EQ(to_half(-value).bits, searched_half(value) | 0x8000) << std::hexfloat << value;
  }
  // Through f32 this would round to the tie first, and then to even.
  EXPECT_EQ(to_half(1 + 0x1p-11 + 0x1p-40).bits, 0x3C01);
  EXPECT_EQ(to_bfloat16(1 + 0x1p-8 + 0x1p-40).bits, 0x3F81);
  EXPECT_EQ(to_half(0x1p1000).bits, 0x7C00);
  EXPECT_EQ(to_half(-0x1p-1074).bits, 0x8000);
}

TEST(Canonical, any_nan_becomes_the_quiet_one_and_nothing_else_changes) {
  EXPECT_EQ(bits_of(canonical(float_of(0xFFA00001))), canonical_nan_f32_bits);
  EXPECT_EQ(bits_of(canonical(-0.0F)), 0x80000000U);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(canonical(std::bit_cast<double>(0xFFF0000000000001U))),
            canonical_nan_f64_bits);
  EXPECT_EQ(canonical(1.5), 1.5);
}

template <class Integer, class Float>
void expect_saturation() {
  using Limits = std::numeric_limits<Integer>;
  const Float infinity = std::numeric_limits<Float>::infinity();
  EXPECT_EQ(to_integer<Integer>(std::numeric_limits<Float>::quiet_NaN()), 0);
  EXPECT_EQ(to_integer<Integer>(infinity), Limits::max());
  EXPECT_EQ(to_integer<Integer>(-infinity), Limits::min());
  const Float above = std::ldexp(Float{1}, Limits::digits);
  EXPECT_EQ(to_integer<Integer>(above), Limits::max());
  EXPECT_EQ(to_integer<Integer>(-above * 2), Limits::min());
  // The largest value below the bound is exact.
  const Float below = std::nextafter(above, Float{0});
  EXPECT_EQ(static_cast<Float>(to_integer<Integer>(below)), std::trunc(below));
  EXPECT_EQ(to_integer<Integer>(Float{1.99F}), Integer{1});
  EXPECT_EQ(to_integer<Integer>(Float{-0.99F}), Integer{0});
  const auto minus_one = static_cast<Integer>(std::is_signed_v<Integer> ? -1 : 0);
  EXPECT_EQ(to_integer<Integer>(Float{-1.5F}), minus_one);
}

TEST(ToInteger, truncates_saturates_and_sends_nan_to_zero) {
  expect_saturation<std::int8_t, float>();
  expect_saturation<std::uint8_t, float>();
  expect_saturation<std::int16_t, double>();
  expect_saturation<std::uint16_t, float>();
  expect_saturation<std::int32_t, float>();
  expect_saturation<std::int32_t, double>();
  expect_saturation<std::uint32_t, double>();
  expect_saturation<std::int64_t, float>();
  expect_saturation<std::int64_t, double>();
  expect_saturation<std::uint64_t, double>();
}

}  // namespace
}  // namespace isotrace::core
