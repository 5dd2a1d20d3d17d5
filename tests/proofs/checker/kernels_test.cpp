// The vector variants give the same bits, and each result is a lower bound of the exact one.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/relu_rule.hpp>
#include <isotrace/proofs/checker/rounding.hpp>
#include <isotrace/proofs/checker/row_kernels.hpp>

namespace isotrace::proofs {
namespace {

using core::exact_rational;
using core::PhiloxStream;
using core::Rational;

std::vector<double> random_row(PhiloxStream& random, std::size_t size) {
  std::vector<double> row(size);
  for (double& value : row) {
    const double mantissa = static_cast<double>(random.next_u64() >> 11) * 0x1p-52 - 1;
    value = random.next_below(5) == 0
                ? 0
                : std::ldexp(mantissa, static_cast<int>(random.next_below(40)) - 20);
  }
  return row;
}

TEST(RowKernels, ProductsAreLowerBoundsAndTheVariantsAgree) {
  PhiloxStream random(21);
  for (int round = 0; round < 50; ++round) {
    const std::size_t inner = 1 + random.next_below(12);
    const std::size_t columns = 8 * (1 + random.next_below(3));
    const std::size_t count = 1 + random.next_below(7);
    const auto rows = random_row(random, count * inner);
    const auto weights = random_row(random, inner * columns);
    std::vector<double> wide(count * columns);
    std::vector<double> plain(count * columns);
    {
      const DownwardRounding downward;
      row_kernels().multiply(rows.data(), inner, count, weights.data(), inner, columns, wide.data(),
                             columns);
      portable_row_kernels().multiply(rows.data(), inner, count, weights.data(), inner, columns,
                                      plain.data(), columns);
    }
    EXPECT_EQ(wide, plain);
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t j = 0; j < columns; ++j) {
        Rational exact = 0;
        for (std::size_t i = 0; i < inner; ++i) {
          exact += exact_rational(rows[r * inner + i]) * exact_rational(weights[i * columns + j]);
        }
        ASSERT_LE(exact_rational(plain[r * columns + j]), exact);
        ASSERT_GE(exact_rational(plain[r * columns + j]), exact - Rational(1, 1 << 4));
      }
    }
  }
}

TEST(RowKernels, ReluStepHoldsAtEveryPoint) {
  PhiloxStream random(22);
  for (int round = 0; round < 200; ++round) {
    Bounds bounds(8);
    const auto a = random_row(random, 8);
    const auto b = random_row(random, 8);
    std::vector<std::uint8_t> hints(8);
    for (std::size_t i = 0; i < 8; ++i) {
      bounds.lower[i] = std::min(a[i], b[i]);
      bounds.upper[i] = std::max(a[i], b[i]);
      hints[i] = static_cast<std::uint8_t>(random.next_u32());
    }
    const auto row = random_row(random, 8);
    std::vector<double> wide = row;
    std::vector<double> plain = row;
    double constant = 0;
    {
      const DownwardRounding downward;
      const auto relaxed = relax_relu(bounds, 8, 8, round % 2 == 0 ? hints.data() : nullptr);
      const auto step = [&](const RowKernels& kernels, std::vector<double>& target) {
        return kernels.relu(target.data(), 8, relaxed.slope_positive.data(),
                            relaxed.slope_negative.data(), relaxed.low.data(), relaxed.high.data());
      };
      constant = step(row_kernels(), wide);
      EXPECT_EQ(step(portable_row_kernels(), plain), constant);
    }
    EXPECT_EQ(wide, plain);
    for (int s = 0; s < 20; ++s) {
      Rational left = 0;
      Rational right = exact_rational(constant);
      for (std::size_t i = 0; i < 8; ++i) {
        const auto pick = random.next_below(4);
        double z = pick == 0 ? bounds.lower[i] : pick == 1 ? bounds.upper[i] : 0.0;
        if (pick == 3) z = bounds.lower[i] + (bounds.upper[i] - bounds.lower[i]) * 0.37;
        z = std::clamp(z, bounds.lower[i], bounds.upper[i]);
        left += exact_rational(row[i]) * exact_rational(std::max(z, 0.0));
        right += exact_rational(plain[i]) * exact_rational(z);
      }
      ASSERT_GE(left, right);
    }
  }
}

TEST(RowKernels, StableReluCostsNothing) {
  Bounds bounds(2);
  bounds.lower = {1, -3, 0, 0, 0, 0, 0, 0};
  bounds.upper = {2, -1, 0, 0, 0, 0, 0, 0};
  const DownwardRounding downward;
  const auto relaxed = relax_relu(bounds, 2, 2, nullptr);
  for (const double sign : {1.0, -1.0}) {
    std::vector<double> row{0.1 * sign, 0.7 * sign, 0, 0, 0, 0, 0, 0};
    const double constant =
        row_kernels().relu(row.data(), 8, relaxed.slope_positive.data(),
                           relaxed.slope_negative.data(), relaxed.low.data(), relaxed.high.data());
    EXPECT_EQ(constant, 0);
    EXPECT_EQ(row[0], 0.1 * sign);
    EXPECT_EQ(row[1], 0);
  }
}

TEST(RowKernels, BoundedRejectsNanAndInfinity) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 3.0, -3.0}) {
    for (std::size_t place = 0; place < 8; ++place) {
      std::vector<double> row(8, 2.0);
      EXPECT_TRUE(row_kernels().bounded(row.data(), 8, 2));
      row[place] = bad;
      EXPECT_FALSE(row_kernels().bounded(row.data(), 8, 2));
    }
  }
}

}  // namespace
}  // namespace isotrace::proofs
