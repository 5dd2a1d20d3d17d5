// Lines around exp, 1 / x and log(1 + exp(x)), against the functions in extended precision.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/proofs/checker/convex_rule.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

namespace isotrace::proofs {
namespace {

using Kind = Layer::Kind;

/// Rounding to nearest, 64 bits of fraction.
long double exact(Kind kind, double x) {
  const long double wide = x;
  if (kind == Kind::exp) return std::exp(wide);
  if (kind == Kind::reciprocal) return 1 / wide;
  return std::fmax(wide, 0.0L) + std::log1p(std::exp(-std::fabs(wide)));
}

TEST(ConvexRule, enclosures_hold_the_function_and_are_narrow) {
  core::PhiloxStream random(61);
  for (const Kind kind : {Kind::exp, Kind::reciprocal, Kind::softplus}) {
    for (int i = 0; i < 4000; ++i) {
      const double reach = std::ldexp(1.0, static_cast<int>(random.next_below(20)) - 12);
      double x = reach * (2 * double{random.next_f32()} - 1);
      if (kind == Kind::reciprocal) x = 1 + std::fabs(x);
      const long double f = exact(kind, x);
      Enclosure found{};
      {
        const DownwardRounding downward;
        found = convex_value(kind, x);
      }
      ASSERT_LE(found.lower, f) << x;
      ASSERT_GE(-found.negated_upper, f) << x;
      ASSERT_LE(-found.negated_upper - found.lower, 0x1p-34L * std::fmax(1.0L, f)) << x;
    }
  }
}

TEST(ConvexRule, far_out_the_ends_are_still_bounds) {
  const DownwardRounding downward;
  EXPECT_GE(convex_value(Kind::exp, -1e6).lower, 0);
  EXPECT_GT(-convex_value(Kind::exp, -1e6).negated_upper, 0);
  EXPECT_TRUE(std::isinf(convex_value(Kind::exp, 301).negated_upper));
  EXPECT_GE(-convex_value(Kind::softplus, -1e30).negated_upper, 0);
  EXPECT_GE(convex_value(Kind::softplus, 1e30).lower, 1e30);
}

TEST(ConvexRule, the_function_lies_between_its_lines) {
  core::PhiloxStream random(62);
  for (const Kind kind : {Kind::exp, Kind::reciprocal, Kind::softplus}) {
    for (int i = 0; i < 1500; ++i) {
      const double width = std::ldexp(1.0, static_cast<int>(random.next_below(24)) - 18);
      double low = 40 * double{random.next_f32()} - 20;
      if (kind == Kind::reciprocal) low = 1 + std::fabs(low);
      const double high = low + width * double{random.next_f32()};
      LineBelow below{}, above{};
      {
        const DownwardRounding downward;
        below = convex_line_below(kind, low, high);
        above = convex_line_above(kind, low, high);
      }
      for (int step = 0; step <= 16; ++step) {
        const double x = std::fmin(high, low + (high - low) * step / 16);
        const long double f = exact(kind, x);
        const long double slack = 0x1p-60L * std::fmax(1.0L, std::fabs(f));
        ASSERT_LE(static_cast<long double>(below.slope) * x + below.shift, f + slack)
            << low << ' ' << high << " at " << x;
        ASSERT_GE(static_cast<long double>(above.slope) * x - above.shift, f - slack)
            << low << ' ' << high << " at " << x;
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::proofs
