// [math.exp] [math.log] [math.sin] [math.cos] [math.tan] [math.asin] [math.acos] [math.atan]
// [math.sinh] [math.cosh] [activation.tanh] [math.asinh] [math.acosh] [math.atanh] [math.erf]
// [math.pow] and the parts of composites, against MPFR at the precision and exponent range of
// binary32: it rounds correctly, subnormals included. The fast and the slow path must agree.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/binary64.hpp>
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
double exact64(MpfrFunction function, double x) {
  const auto emin = mpfr_get_emin();
  const auto emax = mpfr_get_emax();
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  mpfr_t value;
  mpfr_init2(value, 53);
  mpfr_set_d(value, x, MPFR_RNDN);
  const int inexact = function(value, value, MPFR_RNDN);
  mpfr_subnormalize(value, inexact, MPFR_RNDN);
  const double result = mpfr_get_d(value, MPFR_RNDN);
  mpfr_clear(value);
  mpfr_set_emin(emin);
  mpfr_set_emax(emax);
  return result;
}

TEST(Binary64, exponentials_and_logarithms_are_those_of_mpfr) {
  const core::FloatEnvironment environment;
  core::PhiloxStream random(64);
  std::vector<double> arguments = {
      709.782712893384, 709.7827128933841, -708.4, -745.13321910194122,
      -745.2,           0x1p-1074,         1e-300, 0x1.fffffffffffffp0};
  for (int i = 0; i < 20000; ++i) {
    arguments.push_back((random.next_f32() - 0.5F) * 1500.0);
    arguments.push_back(std::ldexp(random.next_f32() - 0.5, -(i % 60)));
    arguments.push_back(std::ldexp(1.0 + random.next_f32(), i % 2000 - 1000));
  }
  for (const double x : arguments) {
    ASSERT_EQ(exp64(x), exact64(&mpfr_exp, x)) << std::hexfloat << x;
    if (x <= 0) continue;
    ASSERT_EQ(log64(x), exact64(&mpfr_log, x)) << std::hexfloat << x;
  }
}

}  // namespace
}  // namespace isotrace::reference
