#include <gtest/gtest.h>
#include <immintrin.h>

#include <algorithm>

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

/// Layout and special bits of an 8-bit float as OCP and ONNX define it, for an opinion that shares
/// nothing with the conversion: values are looked up, roundings searched.
struct Float8Facts {
  Dtype dtype;
  int fraction;
  int bias;
  int finite_max;  ///< bits of the greatest finite value
  bool has_infinity;
  bool fnuz;
};
constexpr Float8Facts float8_facts[] = {{Dtype::f8e4m3fn, 3, 7, 0x7E, false, false},
                                        {Dtype::f8e4m3fnuz, 3, 8, 0x7F, false, true},
                                        {Dtype::f8e5m2, 2, 15, 0x7B, true, false},
                                        {Dtype::f8e5m2fnuz, 2, 16, 0x7F, false, true}};

/// The value of bits without sign as if there were no special values.
double float8_value(const Float8Facts& facts, int bits) {
  const int exponent = bits >> facts.fraction;
  const int part = bits & ((1 << facts.fraction) - 1);
  const double significand = std::ldexp(part, -facts.fraction) + (exponent == 0 ? 0 : 1);
  return std::ldexp(significand, std::max(exponent, 1) - facts.bias);
}

/// The bits nearest to |value|, ties to even; one above finite_max stands for overflow.
int searched_float8(const Float8Facts& facts, double value) {
  int best = 0;
  for (int bits = 1; bits <= facts.finite_max + 1; ++bits) {
    const double before = std::fabs(float8_value(facts, best) - value);
    const double now = std::fabs(float8_value(facts, bits) - value);
    if (now < before || (now == before && bits % 2 == 0)) best = bits;
  }
  return best;
}

std::uint8_t expected_float8(const Float8Facts& facts, double value, bool saturate) {
  const int nan = facts.fnuz ? 0x80 : 0x7F;
  if (std::isnan(value)) return static_cast<std::uint8_t>(nan);
  // Far beyond the range all distances are the same binary64 number.
  const bool far = std::fabs(value) > 0x1p20;
  int bits = far ? 256 : searched_float8(facts, std::fabs(value));
  if (bits > facts.finite_max) {
    if (!saturate && !facts.has_infinity) return static_cast<std::uint8_t>(nan);
    bits = saturate ? facts.finite_max : 0x7C;
  }
  const bool negative = std::signbit(value) && !(facts.fnuz && bits == 0);
  return static_cast<std::uint8_t>(bits | (negative ? 0x80 : 0));
}

TEST(Float8, all_codes_of_all_types_widen_exactly_and_round_trip) {
  for (const Float8Facts& facts : float8_facts) {
    const Float8Format format = float8_format(facts.dtype);
    for (int bits = 0; bits < 256; ++bits) {
      const auto code = static_cast<std::uint8_t>(bits);
      const float wide = float8_to_f32(code, format);
      const int magnitude = bits & 0x7F;
      const bool infinite = facts.has_infinity && magnitude == 0x7C;
      const bool nan = facts.fnuz ? bits == 0x80 : magnitude > facts.finite_max && !infinite;
      if (nan) {
        EXPECT_EQ(bits_of(wide), canonical_nan_f32_bits) << dtype_name(facts.dtype) << bits;
        EXPECT_EQ(round_to_float8(wide, format, false), facts.fnuz ? 0x80 : 0x7F);
        EXPECT_EQ(round_to_float8(wide, format, true), facts.fnuz ? 0x80 : 0x7F);
        continue;
      }
      const double value = infinite ? INFINITY : float8_value(facts, magnitude);
      EXPECT_EQ(wide, bits >= 128 ? -value : value) << dtype_name(facts.dtype) << bits;
      EXPECT_EQ(std::signbit(wide), bits >= 128);
      EXPECT_EQ(round_to_float8(wide, format, false), code);
      EXPECT_EQ(round_to_float8(wide, format, true),
                infinite ? expected_float8(facts, wide, true) : code);
    }
  }
}

TEST(Float8, rounds_every_binary16_to_the_nearest) {
  for (const Float8Facts& facts : float8_facts) {
    const Float8Format format = float8_format(facts.dtype);
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
      const float value = to_f32(Half{static_cast<std::uint16_t>(bits)});
      for (const bool saturate : {false, true}) {
        ASSERT_EQ(round_to_float8(value, format, saturate), expected_float8(facts, value, saturate))
            << dtype_name(facts.dtype) << " " << std::hexfloat << value;
      }
    }
  }
}

TEST(Float8, rounds_f32_and_f64_around_every_boundary) {
  for (const Float8Facts& facts : float8_facts) {
    const Float8Format format = float8_format(facts.dtype);
    for (int bits = 0; bits <= facts.finite_max; ++bits) {
      const double tie = (float8_value(facts, bits) + float8_value(facts, bits + 1)) / 2;
      for (const double centre : {float8_value(facts, bits), tie}) {
        const auto near = static_cast<float>(centre);
        for (const double value :
             {centre, double{std::nextafter(near, 0.0F)}, double{std::nextafter(near, INFINITY)},
              std::nextafter(centre, 0.0), std::nextafter(centre, INFINITY)}) {
          for (const double x : {value, -value}) {
            ASSERT_EQ(round_to_float8(x, format, false), expected_float8(facts, x, false))
                << dtype_name(facts.dtype) << " " << std::hexfloat << x;
          }
        }
      }
    }
    for (const double x : {1e300, -1e300, 0x1p-1074, -0x1p-1074, 65504.0, 61440.0, -61441.0}) {
      EXPECT_EQ(round_to_float8(x, format, true), expected_float8(facts, x, true)) << x;
      EXPECT_EQ(round_to_float8(x, format, false), expected_float8(facts, x, false)) << x;
    }
  }
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
