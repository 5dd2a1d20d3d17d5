// [math.exp] [math.log] [activation.tanh] and the parts of composites, against MPFR at the
// precision and exponent range of binary32: it rounds correctly, subnormals included.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
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
}

TEST_P(CorrectlyRounded, at_random_arguments_with_interesting_results) {
  core::PhiloxStream random(2);
  for (int i = 0; i < 800'000; ++i) {
    const std::uint32_t bits = random.next_u32();
    const std::uint32_t exponent = 102 + (bits >> 23) % 32;  // 2^-25 to 2^7
    expect_equal((bits & 0x807FFFFF) | exponent << 23);
  }
}

INSTANTIATE_TEST_SUITE_P(Math, CorrectlyRounded, ::testing::ValuesIn(functions),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace isotrace::reference
