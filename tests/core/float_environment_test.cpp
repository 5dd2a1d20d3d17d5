#include <cmath>

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::core {
namespace {

/// Sets the control register as a hostile library would, and puts it back.
class Hostile {
 public:
  explicit Hostile(std::uint32_t bits) : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | bits); }
  ~Hostile() { _mm_setcsr(saved_); }
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

 private:
  std::uint32_t saved_;
};

float quotient(float a, float b) {
  volatile float x = a;
  volatile float y = b;
  return x / y;
}

constexpr std::uint32_t flush_to_zero = 0x8000;
constexpr std::uint32_t denormals_are_zero = 0x0040;
constexpr std::uint32_t round_up_bits = 0x4000;

TEST(FloatEnvironment, subnormals_and_rounding_hold_inside_and_the_old_settings_return) {
  for (const std::uint32_t bits :
       {flush_to_zero, denormals_are_zero, round_up_bits, std::uint32_t{0xE040}}) {
    const Hostile hostile(bits);
    const std::uint32_t before = _mm_getcsr();
    {
      const FloatEnvironment environment;
      EXPECT_TRUE(check_float_environment().has_value());
      EXPECT_EQ(quotient(0x1p-126F, 4), 0x1p-128F);         // flushed by FTZ
      EXPECT_EQ(quotient(0x1p-149F, 0x1p-23F), 0x1p-126F);  // zero by DAZ
      EXPECT_EQ(quotient(1, 3), 0x1.555556p-2F);
      EXPECT_EQ(quotient(2, 3), 0x1.555556p-1F);
    }
    EXPECT_EQ(_mm_getcsr(), before);
  }
}

TEST(FloatEnvironment, check_refuses_every_wrong_setting) {
  EXPECT_TRUE(check_float_environment().has_value());
  for (const std::uint32_t bits : {flush_to_zero, denormals_are_zero, std::uint32_t{0x2000},
                                   round_up_bits, std::uint32_t{0x6000}}) {
    const Hostile hostile(bits);
    const auto checked = check_float_environment();
    ASSERT_FALSE(checked.has_value()) << bits;
    EXPECT_EQ(checked.error().code, RefusalCode::float_environment_wrong);
  }
}

TEST(FloatEnvironment, sticky_exception_flags_do_not_matter) {
  EXPECT_TRUE(std::isinf(quotient(1, 0)));
  EXPECT_TRUE(check_float_environment().has_value());
}

}  // namespace
}  // namespace isotrace::core
