#include <gtest/gtest.h>

#include <vector>

#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/quotient.hpp>

namespace isotrace::reference {
namespace {

std::vector<double> numbers() {
  std::vector<double> all = {0.0,
                             -0.0,
                             1,
                             -1,
                             3,
                             100,
                             -7,
                             0x1.fffffffffffffp-1,
                             0x1.fffffffffffffp0,
                             0x1.0000000000001p0,
                             0x1.fffffffffffffp1023,
                             0x1p-1074,
                             0x3p-1074,
                             0x1p-1022,
                             0x0.fffffffffffffp-1022,
                             0x1.8p-1000,
                             0x1.fffffffffffffp-52,
                             HUGE_VAL,
                             -HUGE_VAL,
                             std::bit_cast<double>(std::uint64_t{0x7FF8} << 48)};
  core::PhiloxStream random(20);
  for (int i = 0; i < 3000; ++i) all.push_back(std::bit_cast<double>(random.next_u64()));
  for (int i = 0; i < 300; ++i) {  // few bits, or nearly all: quotients on and beside ties
    const std::uint64_t bits = random.next_u64();
    const auto exponent = static_cast<int>(bits % 2000) - 1000;
    all.push_back(std::ldexp(static_cast<double>(1 + bits / 2000 % 1000), exponent));
    all.push_back(std::ldexp(2 - static_cast<double>(1 + bits / 2000 % 50) * 0x1p-52, exponent));
  }
  return all;
}

/// Of estimates that are right, one unit too great and one too small, as far as they may be.
TEST(Quotient, is_correctly_rounded_from_estimates_beside_it) {
  const std::vector<double> all = numbers();
  for (std::size_t i = 0; i < 200 * all.size(); ++i) {
    const double a = all[i % all.size()];
    const double b = all[(i * 7919 + i / all.size()) % all.size()];
    for (const int by : {0, 1, -1}) {
      const double settled = settled_quotient(a, b, [&](double x, double y) {
        const double q = x / y;
        const bool is_above = (std::fma(-q, y, x) < 0) == (x > 0);
        return by == 0 || is_above == (by > 0) ? q : neighbour(q, by > 0);
      });
      const double expected = a / b;
      if (expected != expected) {
        ASSERT_NE(settled, settled) << a << " / " << b;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint64_t>(settled), std::bit_cast<std::uint64_t>(expected))
            << std::hexfloat << a << " / " << b << " from " << by << ": " << settled;
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::reference
