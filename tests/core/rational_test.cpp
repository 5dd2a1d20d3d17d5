#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/core/rational.hpp>

namespace isotrace::core {
namespace {

TEST(ParseRational, decimals_and_fractions_are_exact) {
  EXPECT_EQ(*parse_rational("-12"), Rational(-12));
  EXPECT_EQ(*parse_rational("+0.45"), Rational(45, 100));
  EXPECT_EQ(*parse_rational("1.5e-3"), Rational(3, 2000));
  EXPECT_EQ(*parse_rational("2E+2"), Rational(200));
  EXPECT_EQ(*parse_rational("-3/4"), Rational(-3, 4));
  EXPECT_EQ(*parse_rational("007"), Rational(7));
  EXPECT_EQ(*parse_rational("0.010"), Rational(1, 100));
  EXPECT_EQ(*parse_rational(".5"), Rational(1, 2));
  EXPECT_EQ(*parse_rational("0"), Rational(0));
  EXPECT_EQ(*parse_rational("-0.0"), Rational(0));
}

TEST(ParseRationalRefuses, texts_that_are_no_numbers) {
  for (const char* text :
       {"",     "-",   ".",  "e5", "1e", "1e+",  "1/0", "1/",  "/2",  "1/2/3", "1.5/2",
        "1./2", "--1", "1-", " 1", "1 ", "0x10", "nan", "inf", "1,5", "1e5/2", "1/2e5"}) {
    const auto value = parse_rational(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, RefusalCode::text_not_number) << text;
  }
}

TEST(ParseRationalRefuses, too_many_digits_and_too_large_exponents) {
  EXPECT_TRUE(parse_rational(std::string(1000, '1')).has_value());
  EXPECT_TRUE(parse_rational("1e1000").has_value());
  EXPECT_TRUE(parse_rational("1e-1000").has_value());
  for (const std::string& text :
       {std::string(1001, '1'), std::string("1e1001"), std::string("1e-99999999999")}) {
    EXPECT_EQ(parse_rational(text).error().code, RefusalCode::limit_exceeded);
  }
}

/// round_down and round_up of `value` are the neighbours that enclose it.
void expect_enclosed(const Rational& value) {
  const double down = round_down(value);
  const double up = round_up(value);
  if (std::isfinite(down)) {
    RC_ASSERT(exact_rational(down) <= value);
  }
  if (std::isfinite(up)) {
    RC_ASSERT(exact_rational(up) >= value);
  }
  const bool exact = std::isfinite(down) && exact_rational(down) == value;
  RC_ASSERT((up == (exact ? down : std::nextafter(down, INFINITY))));
}

RC_GTEST_PROP(Rounding, any_double_is_its_own_rounding, (std::uint64_t bits)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(value));
  RC_ASSERT(round_down(exact_rational(value)) == value);
  RC_ASSERT(round_up(exact_rational(value)) == value);
}

RC_GTEST_PROP(Rounding, fractions_are_enclosed_by_neighbours,
              (std::int64_t numerator, std::int64_t denominator, std::int64_t third)) {
  RC_PRE(denominator != 0 && third != 0);
  const Rational quotient = Rational(numerator) / Rational(denominator);
  expect_enclosed(quotient);
  expect_enclosed(quotient * Rational(third));
  expect_enclosed(quotient / Rational(third));
}

RC_GTEST_PROP(Rounding, values_near_doubles_of_any_size_are_enclosed,
              (std::uint64_t bits, bool above)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(value));
  const Rational nudge(1, Integer(1) << 1200);
  expect_enclosed(above ? Rational(exact_rational(value) + nudge)
                        : Rational(exact_rational(value) - nudge));
}

TEST(Rounding, overflow_and_underflow_stay_outward) {
  const Rational huge = *parse_rational("1e400");
  const double max = std::numeric_limits<double>::max();
  EXPECT_EQ(round_down(huge), max);
  EXPECT_EQ(round_up(huge), INFINITY);
  EXPECT_EQ(round_down(-huge), -INFINITY);
  EXPECT_EQ(round_up(-huge), -max);
  const Rational tiny = *parse_rational("1e-400");
  EXPECT_EQ(round_down(tiny), 0);
  EXPECT_EQ(round_up(tiny), 0x1p-1074);
  EXPECT_EQ(round_down(-tiny), -0x1p-1074);
  EXPECT_EQ(round_up(-tiny), 0);
}

}  // namespace
}  // namespace isotrace::core
