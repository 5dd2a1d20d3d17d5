// [math.pow]: binary32 bases against MPFR, with exact cases, half-way cases and their neighbours;
// integer bases against the definition.
#include <gtest/gtest.h>

#include <isotrace/reference/math/binary64.hpp>
#include <tests/reference/oracle.hpp>
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

class Power : public ::testing::Test {
 protected:
  void expect_equal(float x, double y) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(pow(x, y)), canonical_bits(oracle_.power(x, y)))
        << std::hexfloat << x << " to the power " << y;
  }
  /// x and y and the binary32 numbers beside them.
  void expect_equal_around(float x, float y) {
    for (int i = -2; i <= 2; ++i) {
      for (int j = -2; j <= 2; ++j) expect_equal(step(x, i), static_cast<double>(step(y, j)));
    }
  }
  static float step(float x, int units) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) +
                                static_cast<std::uint32_t>(units));
  }

  core::FloatEnvironment environment_;
  Oracle oracle_;
  core::PhiloxStream random_{3};
};

TEST_F(Power, special_values) {
  const float values[] = {0.0F,
                          -0.0F,
                          1,
                          -1,
                          0.5F,
                          -0.5F,
                          2,
                          -2,
                          3,
                          -3,
                          0x1p-149F,
                          -0x1p-149F,
                          0x1.fffffep127F,
                          -0x1.fffffep127F,
                          infinity,
                          -infinity,
                          quiet_nan(),
                          0x1.fffffep-1F,
                          0x1.000002p0F,
                          -0x1.000002p0F,
                          0x1p23F,
                          0x1.fffffep23F,
                          0x1p24F,
                          -0x1p24F,
                          1.5F,
                          -2.5F,
                          0.25F};
  for (const float x : values) {
    for (const float y : values) expect_equal(x, static_cast<double>(y));
  }
}

TEST_F(Power, random_bits) {
  for (int i = 0; i < 200'000; ++i) {
    expect_equal(std::bit_cast<float>(random_.next_u32()),
                 static_cast<double>(std::bit_cast<float>(random_.next_u32())));
  }
}

TEST_F(Power, random_arguments_with_results_in_range) {
  for (int i = 0; i < 400'000; ++i) {
    const float x = std::bit_cast<float>(random_.next_u32() & 0x7FFFFFFF);
    if (!(x > 0) || x == infinity || x == 1) continue;
    const double limit = 155 / std::fabs(std::log2(static_cast<double>(x)));
    expect_equal(x, static_cast<double>(static_cast<float>((2 * random_.next_f32() - 1) * limit)));
  }
}

TEST_F(Power, small_integers_and_halves) {
  for (int x = 1; x <= 300; ++x) {
    for (int y = -320; y <= 320; ++y) expect_equal(static_cast<float>(x), y / 8.0);
  }
}

// Results with 25 significant bits lie half way between two binary32 numbers.
TEST_F(Power, half_way_cases_and_their_neighbours) {
  for (std::uint32_t root = 4096; root < 5793; root += 7) {
    const auto odd = static_cast<float>(root | 1);
    expect_equal_around(odd, 2.0F);
    expect_equal(odd * 0x1p-70F, 2);  // the same with a subnormal result
    expect_equal(odd * 0x1p-75F, 2);
  }
  for (float x : {3.0F, 5.0F, 7.0F, 11.0F, 13.0F, 257.0F, 293.0F, 0x1.8p-40F}) {
    for (float y = 1; y <= 17; ++y) expect_equal_around(x, y);
  }
  for (float s = 3; s < 256; s += 2) {  // roots that come out even
    expect_equal_around(s * s, 1.5F);
    expect_equal_around(s * s, 0.5F);
    if (s < 64) expect_equal_around(s * s * s * s, 0.75F);
  }
}

TEST_F(Power, powers_of_two_down_to_half_of_the_least_number) {
  for (int exponent = -152; exponent <= -146; ++exponent) {
    expect_equal(2, exponent);
    expect_equal(0.5F, -exponent);
    expect_equal(0x1p-50F, exponent / -50.0);
    expect_equal(4, exponent / 2.0);
  }
}

// For x = 1 + k u and small y, x^y is nearest to half-way values: their expansions agree to the
// second or third order.
TEST_F(Power, near_one) {
  for (int k = 1; k < 200; ++k) {
    for (float y : {0.5F, 1.5F, 2.5F, 3.0F, 0.25F, 0.75F, 0x1p-10F, 0x1p10F, -0.5F, -1.0F, -2.0F}) {
      expect_equal_around(step(1, k), y);
      expect_equal_around(step(1, -k), y);
    }
    // x^y about 1 + 2^-24
    const double log_x = std::log1p(k * 0x1p-23);
    expect_equal_around(step(1, k), static_cast<float>(std::log1p(0x1p-24) / log_x));
    expect_equal_around(step(1, k), static_cast<float>(std::log1p(-0x1p-25) / log_x));
  }
}

// For random x and a half-way value h, the binary32 y nearest to log h / log x.
TEST_F(Power, constructed_near_half_way_values) {
  for (int i = 0; i < 100'000; ++i) {
    const float x = std::bit_cast<float>(0x3F000000 + random_.next_u32() % 0x01800000);
    if (x == 1) continue;
    const float below = std::bit_cast<float>(0x20000000 + random_.next_u32() % 0x40000000);
    const double half_way = below + (static_cast<double>(step(below, 1)) - below) / 2;
    const double y = std::log2(half_way) / std::log2(static_cast<double>(x));
    expect_equal(x, static_cast<double>(static_cast<float>(y)));
    expect_equal(x, y);
  }
}

TEST_F(Power, any_binary64_exponent) {
  expect_equal(0x1.000002p0F, 0x1.62e42fefa39efp+29);
  expect_equal(-2, 0x1p53);
  expect_equal(-1, 0x1.fffffffffffffp+52);
  expect_equal(-1, 0x1.fffffffffffffp+1023);
  expect_equal(2, 0x1p-1074);
  expect_equal(0.5F, -0x1.fffffffffffffp+1023);
}

TEST(Pow, keeps_the_type_of_the_base_and_takes_integer_exponents_exactly) {
  expect_result(call(Op::pow, {f32({2, -2, 3}), i32({10, 3, -1})}), f32({1024, -8, 1.0F / 3}));
  // 2^24 + 1 is no binary32 number, and odd.
  expect_result(call(Op::pow, {f32({-1, -1}), i32({16777217, 16777216})}), f32({-1, 1}));
  const std::int64_t odd = (std::int64_t{1} << 60) + 1;
  expect_result(call(Op::pow, {f32({-2, -2, -1, -1, -0.5F}), i64({odd, odd - 1, odd, -odd, odd})}),
                f32({-infinity, infinity, -1, -1, -0.0F}));
  expect_result(call(Op::pow, {f32({4}), f64({0.5})}), f32({2}));
  expect_result(call(Op::pow, {f16_bits({0x4200}), vector_of<std::uint8_t>({2})}),
                f16_bits({0x4880}));
}

TEST(Pow, broadcasts_both_ways) {
  expect_result(call(Op::pow, {f32({2, 1}, {2, 3}), f32({1, 2, 3})}),
                f32({2, 3}, {2, 4, 8, 3, 9, 27}));
  expect_refused(call(Op::pow, {f32({1, 2}), f32({1, 2, 3})}), RefusalCode::shape_mismatch, "Pow");
}

TEST(Pow, integer_powers_wrap) {
  expect_result(call(Op::pow, {i32({3, -3, 2, 7, 0, 0}), i32({20, 21, 32, 0, 0, 5})}),
                i32({-808182895, -1870418611, 0, 1, 1, 0}));
  expect_result(call(Op::pow, {vector_of<std::uint8_t>({3}), vector_of<std::int64_t>({6})}),
                vector_of<std::uint8_t>({217}));
  expect_result(call(Op::pow, {i32({3, 2, -1}), f32({20, 0x1p100F, 3})}), i32({-808182895, 0, -1}));
}

TEST(Pow, negative_powers_of_integers_truncate) {
  expect_result(call(Op::pow, {i32({1, -1, -1, 2, -7}), i32({-5, -5, -4, -1, -3})}),
                i32({1, -1, 1, 0, 0}));
  expect_refused(call(Op::pow, {i32({2, 0}), i32({1, -1})}), RefusalCode::operand_value_invalid,
                 "Pow");
}

TEST(Pow, fractional_powers_of_integers_truncate_and_saturate) {
  expect_result(call(Op::pow, {i32({9, 10, -8, 1 << 30, 5, 5}),
                               f32({0.5F, 0.5F, 0.5F, 1.5F, quiet_nan(), -infinity})}),
                i32({3, 3, 0, std::numeric_limits<std::int32_t>::max(), 0, 0}));
}

TEST(Pow, takes_f64_bases_with_exponents_of_any_type) {
  expect_result(call(Op::pow, {f64({2, 0.5, 1e200, -2}), f64({0.5, -1074, 2, 3})}),
                f64({0x1.6a09e667f3bcdp+0, infinity, infinity, -8}));
  // Beyond 2^53 integers are exact, too: (1 + 2^-52)^(2^53 + 1).
  const double least = 1 + 0x1p-52;
  const std::int64_t odd = (std::int64_t{1} << 53) + 1;
  expect_result(call(Op::pow, {f64({least, -least, -1}), vector_of<std::int64_t>({odd, odd, odd})}),
                f64({pow64(least, false, odd), -pow64(least, false, odd), -1}));
}

TEST(Pow, refuses_booleans) {
  expect_refused(call(Op::pow, {f32({2}), booleans({1})}), RefusalCode::operation_dtype_unsupported,
                 "Pow");
}

}  // namespace
}  // namespace isotrace::reference
