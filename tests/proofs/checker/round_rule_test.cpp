// Lines around the steps of rounding to integers, at ties, beside them, and anywhere.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/round_rule.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

namespace isotrace::proofs {
namespace {

using core::exact_rational;

TEST(RoundRule, nearest_integers_are_those_of_ieee_754) {
  core::PhiloxStream random(4);
  for (int i = 0; i < 20'000; ++i) {
    const double half = std::ldexp(static_cast<double>(random.next_below(4000)) - 2000, -1);
    const double near = std::nextafter(half, random.next_below(2) == 0 ? -HUGE_VAL : HUGE_VAL);
    const double any = std::ldexp(double{random.next_f32()} - 0.5, 1 + static_cast<int>(i % 60));
    for (const double x : {half, near, any, -any}) {
      const double expected = std::nearbyint(x);  // to nearest, outside
      const DownwardRounding downward;
      ASSERT_EQ(nearest_integer(x), expected) << x;
    }
  }
}

TEST(RoundRule, no_step_reaches_below_the_line) {
  core::PhiloxStream random(5);
  for (int i = 0; i < 3000; ++i) {
    const double width = std::ldexp(1.0, static_cast<int>(random.next_below(8)) - 4);
    double low = 8 * double{random.next_f32()} - 4;
    if (random.next_below(3) == 0) low = std::floor(low) + 0.5;
    const double high = random.next_below(4) == 0 ? std::floor(low + width) + 0.5
                                                  : low + width * double{random.next_f32()};
    if (!(low <= high)) continue;
    const DownwardRounding downward;
    const LineBelow line = line_below_steps(low, high);
    std::vector<double> points = {low, high};
    for (double tie = std::floor(low) - 0.5; tie <= high; tie += 1) {
      for (const double x : {tie, std::nextafter(tie, -9.0), std::nextafter(tie, 9.0)}) {
        if (x >= low && x <= high) points.push_back(x);
      }
    }
    for (const double x : points) {
      const core::Rational reached =
          exact_rational(line.slope) * exact_rational(x) + exact_rational(line.shift);
      ASSERT_LE(reached, exact_rational(nearest_integer(x)))
          << low << ' ' << high << " at " << x << ", slope " << line.slope;
    }
  }
}

TEST(RoundRule, ranges_within_one_step_are_exact_and_huge_ones_are_safe) {
  const DownwardRounding downward;
  EXPECT_EQ(line_below_steps(1.5, 2.5).shift, 2);  // both ties go to 2
  EXPECT_EQ(line_below_steps(1.5, 2.5).slope, 0);
  const LineBelow huge = line_below_steps(-0x1p60, 3);
  EXPECT_EQ(huge.slope, 1);
  EXPECT_EQ(huge.shift, -0.5);
}

}  // namespace
}  // namespace isotrace::proofs
