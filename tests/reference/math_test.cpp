// [math.exp] [math.log] [math.sin] [math.cos] [math.tan] [math.asin] [math.acos] [math.atan]
// [math.sinh] [math.cosh] [activation.tanh] [math.asinh] [math.acosh] [math.atanh] [math.erf]
// [math.pow] and the parts of composites, against MPFR at the precision and exponent range of
// binary32: it rounds correctly, subnormals included. The fast and the slow path must agree.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/binary64_exactly.hpp>
#include <isotrace/reference/math/turn.hpp>
#include <tests/reference/oracle.hpp>

namespace isotrace::reference {
namespace {

class CorrectlyRounded : public ::testing::TestWithParam<Function> {
 protected:
  void expect_equal(std::uint32_t bits) {
    const float x = std::bit_cast<float>(bits);
    const std::uint32_t got = std::bit_cast<std::uint32_t>(GetParam().ours(x));
    ASSERT_EQ(got, canonical_bits(oracle_(GetParam().exact, x)))
        << GetParam().name << " of bits 0x" << std::hex << bits;
  }
  void expect_slow_path_equal(std::uint32_t bits) {
    const float x = std::bit_cast<float>(bits);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(GetParam().trusted(x)),
              canonical_bits(oracle_(GetParam().exact, x)))
        << "slow " << GetParam().name << " of bits 0x" << std::hex << bits;
  }

  core::FloatEnvironment environment_;
  Oracle oracle_;
};

TEST_P(CorrectlyRounded, at_special_values_and_around_them) {
  const float centres[] = {0.0F,      0x1p-149F, 0x1p-126F,      0x1p-25F,    0x1p-24F,  0x1p-12F,
                           0.25F,     0.34657F,  0.5F,           0.70710677F, 1.0F,      1.4142135F,
                           2.0F,      9.0109F,   10.0F,          18.0F,       17.32868F, 87.33655F,
                           88.72284F, 89.0F,     103.27893F,     103.97208F,  104.0F,    150.0F,
                           0x1p24F,   0x1p64F,   0x1.fffffep127F};
  for (float centre : centres) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(centre);
    for (std::uint32_t near = bits < 300 ? 0 : bits - 300; near < bits + 300; ++near) {
      expect_equal(near);
      expect_equal(near ^ 0x80000000);
      expect_slow_path_equal(near);
      expect_slow_path_equal(near ^ 0x80000000);
    }
  }
  for (std::uint32_t special : {0x7F800000U, 0xFF800000U, 0x7FC00000U, 0xFFC00001U, 0x7F800001U}) {
    expect_equal(special);
  }
}

TEST_P(CorrectlyRounded, at_inputs_where_binary64_and_then_binary32_is_wrong) {
  for (std::uint32_t hard : {0x3c413d3aU, 0x41178febU, 0x4c5d65a5U, 0x65d890d3U, 0x6f31a8ecU}) {
    expect_equal(hard);
  }
}

TEST_P(CorrectlyRounded, at_random_bits) {
  core::PhiloxStream random(1);
  for (int i = 0; i < 200'000; ++i) expect_equal(random.next_u32());
  for (int i = 0; i < 20'000; ++i) expect_slow_path_equal(random.next_u32());
}

TEST_P(CorrectlyRounded, at_random_arguments_with_interesting_results) {
  core::PhiloxStream random(2);
  for (int i = 0; i < 400'000; ++i) {
    const std::uint32_t bits = random.next_u32();
    const std::uint32_t exponent = 102 + (bits >> 23) % 32;  // 2^-25 to 2^7
    expect_equal((bits & 0x807FFFFF) | exponent << 23);
    if (i % 8 == 0) expect_slow_path_equal((bits & 0x807FFFFF) | exponent << 23);
  }
}

INSTANTIATE_TEST_SUITE_P(Math, CorrectlyRounded, ::testing::ValuesIn(functions),
                         [](const auto& test) { return std::string(test.param.name); });

/// cos or sin of 2 pi k / n at the precision of a binary32 or binary64 number.
double exact_turn(int (*function)(mpfr_t, const mpfr_t, mpfr_rnd_t), std::int64_t k, std::int64_t n,
                  int precision) {
  // Quarter turns are known; elsewhere 300 bits leave no doubt about the rounding.
  mpfr_t angle;
  mpfr_t value;
  mpfr_init2(angle, 300);
  mpfr_init2(value, 300);
  mpfr_const_pi(angle, MPFR_RNDN);
  mpfr_mul_si(angle, angle, 2 * k, MPFR_RNDN);
  mpfr_div_si(angle, angle, n, MPFR_RNDN);
  function(value, angle, MPFR_RNDN);
  const bool zero = mpfr_zero_p(value) != 0 || mpfr_get_exp(value) < -200;
  mpfr_prec_round(value, precision, MPFR_RNDN);
  const double result = zero ? 0.0 : mpfr_get_d(value, MPFR_RNDN);
  mpfr_clear(angle);
  mpfr_clear(value);
  return result;
}

void expect_turn(std::int64_t k, std::int64_t n) {
  const Turn got = turn(k, n);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(round_turn<double>(got.cosine)),
            std::bit_cast<std::uint64_t>(exact_turn(&mpfr_cos, k, n, 53)))
      << k << "/" << n;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(round_turn<double>(got.sine)),
            std::bit_cast<std::uint64_t>(exact_turn(&mpfr_sin, k, n, 53)))
      << k << "/" << n;
  EXPECT_EQ(round_turn<float>(got.cosine), exact_turn(&mpfr_cos, k, n, 24)) << k << "/" << n;
  EXPECT_EQ(round_turn<float>(got.sine), exact_turn(&mpfr_sin, k, n, 24)) << k << "/" << n;
}

TEST(Turn, is_correctly_rounded_for_all_small_denominators) {
  const core::FloatEnvironment environment;
  mpfr_set_emin(mpfr_get_emin_min());
  for (std::int64_t n = 1; n <= 100; ++n) {
    for (std::int64_t k = 0; k < n; ++k) expect_turn(k, n);
  }
}

TEST(Turn, is_correctly_rounded_for_large_denominators) {
  const core::FloatEnvironment environment;
  mpfr_set_emin(mpfr_get_emin_min());
  core::PhiloxStream random(51);
  for (int i = 0; i < 5000; ++i) {
    const auto bits = random.next_below(50) + 1;
    const auto n =
        static_cast<std::int64_t>(((random.next_u64() & ((std::uint64_t{1} << bits) - 1)) | 1));
    const auto k = static_cast<std::int64_t>(random.next_u64() % static_cast<std::uint64_t>(n));
    expect_turn(k, n);
  }
  const std::int64_t n = (std::int64_t{1} << 50) - 3;
  for (const std::int64_t k : {std::int64_t{1}, n / 8, n / 4, n / 4 + 1, n / 2, n - 1}) {
    expect_turn(k, n);
  }
}

/// MPFR at the precision and exponent range of binary64, subnormals included.
double exact64(const std::function<int(mpfr_t, mpfr_t)>& function, double x) {
  const auto emin = mpfr_get_emin();
  const auto emax = mpfr_get_emax();
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  mpfr_t value;
  mpfr_init2(value, 53);
  mpfr_set_d(value, x, MPFR_RNDN);
  const int inexact = function(value, value);
  mpfr_subnormalize(value, inexact, MPFR_RNDN);
  const double result = mpfr_get_d(value, MPFR_RNDN);
  mpfr_clear(value);
  mpfr_set_emin(emin);
  mpfr_set_emax(emax);
  return core::canonical(result);
}

struct Function64 {
  const char* name;
  double (*ours)(double);
  double (*exactly)(double);
  MpfrFunction exact;
};

constexpr Function64 functions64[] = {
#define ISOTRACE_FUNCTION(name, ours) \
  { #name, ours, binary64::exactly::name, mpfr_##name }
    ISOTRACE_FUNCTION(exp, exp64),     ISOTRACE_FUNCTION(expm1, expm1_64),
    ISOTRACE_FUNCTION(log, log64),     ISOTRACE_FUNCTION(log1p, log1p_64),
    ISOTRACE_FUNCTION(sin, sin64),     ISOTRACE_FUNCTION(cos, cos64),
    ISOTRACE_FUNCTION(tan, tan64),     ISOTRACE_FUNCTION(asin, asin64),
    ISOTRACE_FUNCTION(acos, acos64),   ISOTRACE_FUNCTION(atan, atan64),
    ISOTRACE_FUNCTION(sinh, sinh64),   ISOTRACE_FUNCTION(cosh, cosh64),
    ISOTRACE_FUNCTION(tanh, tanh64),   ISOTRACE_FUNCTION(asinh, asinh64),
    ISOTRACE_FUNCTION(acosh, acosh64), ISOTRACE_FUNCTION(atanh, atanh64),
    ISOTRACE_FUNCTION(erf, erf64)};
#undef ISOTRACE_FUNCTION

/// Every exponent and both signs, the middle of the range more often, and both sides of places
/// where a function begins, ends, overflows or comes near a half-way value.
std::vector<double> arguments64(std::uint64_t seed, int count) {
  std::vector<double> arguments;
  core::PhiloxStream random(seed);
  for (const double centre : {0.0,
                              0x1p-1074,
                              0x1p-1022,
                              0x1p-500,
                              0x1p-60,
                              0x1p-56,
                              0x1p-54,
                              0x1p-53,
                              0x1p-52,
                              0x1p-27,
                              0x1p-26,
                              0x1p-25,
                              0.25,
                              0.5,
                              0.78,
                              0.7853981633974483,
                              1.0,
                              1.5707963267948966,
                              2.0,
                              3.141592653589793,
                              5.9,
                              6.0,
                              22.0,
                              40.0,
                              100.0,
                              355.0,
                              708.4,
                              709.782712893384,
                              710.4758600739439,
                              711.0,
                              745.13321910194122,
                              746.0,
                              0x1p60,
                              0x1p100,
                              0x1p200,
                              0x1p500,
                              0x1p600,
                              0x1.fffffffffffffp1023,
                              std::numeric_limits<double>::infinity()}) {
    const auto bits = std::bit_cast<std::uint64_t>(centre);
    for (std::uint64_t near = bits < 4 ? 0 : bits - 4; near < bits + 4; ++near) {
      arguments.push_back(std::bit_cast<double>(near));
      arguments.push_back(-std::bit_cast<double>(near));
    }
  }
  for (int i = 0; i < count; ++i) {
    arguments.push_back(std::bit_cast<double>(random.next_u64()));
    const std::uint64_t bits = random.next_u64();
    const std::uint64_t exponent = 1023 - 54 + (bits >> 52) % 66;  // 2^-54 to 2^11
    arguments.push_back(std::bit_cast<double>((bits & 0x800FFFFFFFFFFFFF) | exponent << 52));
    arguments.push_back((random.next_f32() - 0.5) * 3.0 + 0x1p-40 * random.next_f32());
  }
  return arguments;
}

class CorrectlyRounded64 : public ::testing::TestWithParam<Function64> {
 protected:
  void expect_equal(double x) {
    const auto exact = [this](mpfr_t y, mpfr_t argument) {
      return GetParam().exact(y, argument, MPFR_RNDN);
    };
    const double expected = exact64(exact, x);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(GetParam().ours(x)),
              std::bit_cast<std::uint64_t>(expected))
        << GetParam().name << std::hexfloat << " of " << x << ": " << GetParam().ours(x) << ", not "
        << expected;
  }
  core::FloatEnvironment environment_;
};

TEST_P(CorrectlyRounded64, as_mpfr_rounds) {
  for (const double x : arguments64(64, 20'000)) expect_equal(x);
}

TEST_P(CorrectlyRounded64, where_pairs_leave_a_doubt) {
  core::PhiloxStream random(65);
  for (int i = 0; i < 300; ++i) {
    const double x = (random.next_f32() - 1.0 * (i % 2)) * (i % 3 == 0 ? 0x1p-20 : 0.9);
    for (const double argument : {x, 1 / x}) {
      // Erf of 6 and more is 1, and asked of nobody.
      if (x == 0 || std::fabs(argument) > 5.9) continue;
      if (!std::isfinite(GetParam().ours(argument))) continue;
      ASSERT_EQ(GetParam().exactly(argument), GetParam().ours(argument))
          << std::hexfloat << argument;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Math, CorrectlyRounded64, ::testing::ValuesIn(functions64),
                         [](const auto& test) { return std::string(test.param.name); });

void expect_power(double x, double y) {
  const double expected = exact64(
      [y](mpfr_t power, mpfr_t base) {
        mpfr_t exponent;
        mpfr_init2(exponent, 53);
        mpfr_set_d(exponent, y, MPFR_RNDN);
        const int inexact = mpfr_pow(power, base, exponent, MPFR_RNDN);
        mpfr_clear(exponent);
        return inexact;
      },
      x);
  ASSERT_EQ(std::bit_cast<std::uint64_t>(pow64(x, y)), std::bit_cast<std::uint64_t>(expected))
      << std::hexfloat << x << " to the power of " << y << ": " << pow64(x, y) << ", not "
      << expected;
}

TEST(Binary64, powers_are_those_of_mpfr) {
  const core::FloatEnvironment environment;
  core::PhiloxStream random(66);
  const double limit = std::numeric_limits<double>::infinity();
  const std::vector<double> special = {0.0, -0.0,  1.0,    -1.0,   2.0,     -2.0,        0.5,   3.0,
                                       -3,  limit, -limit, -0.5,   1.5,     0x1p-1074,   1e300, 5.0,
                                       7,   -7,    1025,   0x1p53, -0x1p60, std::nan("")};
  for (const double x : special) {
    for (const double y : special) expect_power(x, y);
  }
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::fabs(std::bit_cast<double>(random.next_u64()));
    const double size = std::fabs(std::log2(x));  // results of all exponents, some out of range
    expect_power(x, (random.next_f32() - 0.5) * 2300.0 / (size > 0 ? size : 1));
    expect_power(1 + std::ldexp(random.next_f32() - 0.5, -(i % 52)), std::ldexp(1.0, i % 60));
  }
  for (int i = 0; i < 3000; ++i) {  // exact, and half way between two numbers
    const auto below = [&](std::uint64_t n) { return static_cast<double>(random.next_below(n)); };
    const double base = 1 + below(i % 2 == 0 ? 100 : 1U << 27);
    expect_power(std::ldexp(base, static_cast<int>(random.next_below(20)) - 10), below(36));
    expect_power(base * base, 0.5 * below(9));
    expect_power(base * base * base, 1.0 / 3);
  }
}

TEST(Binary64, whole_exponents_of_64_bits_are_exact) {
  const core::FloatEnvironment environment;
  const double x = 1 + 0x1p-52;
  mpfr_t base;
  mpfr_init2(base, 53);
  for (const std::uint64_t n : {std::uint64_t{1} << 53, (std::uint64_t{1} << 53) + 1,
                                (std::uint64_t{1} << 60) + 12345, std::uint64_t{3} << 60}) {
    mpfr_set_d(base, x, MPFR_RNDN);
    mpfr_pow_ui(base, base, n, MPFR_RNDN);
    EXPECT_EQ(pow64(x, false, n), mpfr_get_d(base, MPFR_RNDN)) << n;
    EXPECT_EQ(pow64(-x, false, n), (n % 2 == 0 ? 1 : -1) * mpfr_get_d(base, MPFR_RNDN)) << n;
    EXPECT_EQ(pow64(2.0, true, n), 0) << n;
  }
  mpfr_clear(base);
}

}  // namespace
}  // namespace isotrace::reference
