// Operations from their exact results against the floating-point unit of this machine.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/smt/exact_floats.hpp>

#include "tests/support/random_floats.hpp"

namespace isotrace::smt {
namespace {

template <class Float>
class ExactFloats : public testing::Test {
 protected:
  using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
  static constexpr FloatFormat format = float_format(8 * sizeof(Float));

  static Bits bits(Float value) {
    return std::isnan(value) ? static_cast<Bits>(format.nan()) : std::bit_cast<Bits>(value);
  }
  static ExactFloat exact(Float value) { return {format, std::bit_cast<Bits>(value)}; }

  Float next() {
    return std::bit_cast<Float>(
        static_cast<Bits>(tests::random_float_bits(random_, format.width())));
  }

  core::FloatEnvironment environment_;
  core::PhiloxStream random_{11};
};

using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(ExactFloats, Floats);

constexpr int rounds = 20'000;

TYPED_TEST(ExactFloats, arithmetic_is_that_of_the_machine) {
  for (int i = 0; i < rounds; ++i) {
    const TypeParam a = this->next();
    const TypeParam b = i % 8 == 0 ? -a : this->next();
    const TypeParam c = i % 8 == 1 ? static_cast<TypeParam>(-(a * b)) : this->next();
    const ExactFloat x = this->exact(a);
    const ExactFloat y = this->exact(b);
    SCOPED_TRACE(testing::Message() << std::hexfloat << a << ' ' << b << ' ' << c);
    ASSERT_EQ((x + y).bits(), this->bits(a + b));
    ASSERT_EQ((x + y.negated()).bits(), this->bits(a - b));
    ASSERT_EQ((x * y).bits(), this->bits(a * b));
    ASSERT_EQ((x / y).bits(), this->bits(a / b));
    ASSERT_EQ(ExactFloat::fma(x, y, this->exact(c)).bits(), this->bits(std::fma(a, b, c)));
    // A remainder of 0 has the sign of what was divided, which glibc forgets of some.
    const TypeParam remainder = std::remainder(a, b);
    ASSERT_EQ(ExactFloat::remainder(x, y).bits(),
              this->bits(remainder == 0 ? std::copysign(remainder, a) : remainder));
    ASSERT_EQ(x.sqrt().bits(), this->bits(std::sqrt(a)));
    ASSERT_EQ(x.abs().bits(), this->bits(std::fabs(a)));
  }
}

TYPED_TEST(ExactFloats, integers_and_formats_are_those_of_the_machine) {
  for (int i = 0; i < rounds; ++i) {
    // Most floats are integers, or far below 1: these are near integers.
    const TypeParam a =
        i % 2 == 0 ? this->next() : static_cast<TypeParam>(this->random_.next_below(64)) / 4 - 8;
    const ExactFloat x = this->exact(a);
    SCOPED_TRACE(testing::Message() << std::hexfloat << a);
    ASSERT_EQ(x.to_integral(Rounding::nearest_even).bits(), this->bits(std::nearbyint(a)));
    ASSERT_EQ(x.to_integral(Rounding::up).bits(), this->bits(std::ceil(a)));
    ASSERT_EQ(x.to_integral(Rounding::down).bits(), this->bits(std::floor(a)));
    ASSERT_EQ(x.to_integral(Rounding::to_zero).bits(), this->bits(std::trunc(a)));
    const auto narrow = static_cast<float>(a);
    ASSERT_EQ(x.converted(binary32).bits(),
              std::isnan(narrow) ? binary32.nan() : std::bit_cast<std::uint32_t>(narrow));
    const auto wide = static_cast<double>(a);
    ASSERT_EQ(x.converted(binary64).bits(),
              std::isnan(wide) ? binary64.nan() : std::bit_cast<std::uint64_t>(wide));
    const auto number = static_cast<std::int64_t>(tests::random_float_bits(this->random_, 64));
    ASSERT_EQ(ExactFloat::rounded(this->format, core::Rational(number)).bits(),
              this->bits(static_cast<TypeParam>(number)));
  }
}

TYPED_TEST(ExactFloats, comparisons_are_those_of_the_machine) {
  for (int i = 0; i < rounds; ++i) {
    const TypeParam a = this->next();
    const TypeParam b = i % 4 == 0 ? -a : i % 4 == 1 ? a : this->next();
    const auto order = ExactFloat::compare(this->exact(a), this->exact(b));
    ASSERT_EQ(order.has_value(), !std::isunordered(a, b));
    if (!order) continue;
    ASSERT_EQ(*order < 0, a < b) << a << ' ' << b;
    ASSERT_EQ(*order == 0, a == b) << a << ' ' << b;
  }
}

}  // namespace
}  // namespace isotrace::smt
