#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include <isotrace/bits/value.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::bits {
namespace {

Value compute_two(Operation operation, Value a, Value b, unsigned width, unsigned result_width) {
  return compute(operation, {a, b, 0}, width, 0, result_width);
}

/// Every operation on two numbers of type U, as the language C++ computes it.
template <class U>
void expect_arithmetic_of(U a, U b) {
  using S = std::make_signed_t<U>;
  constexpr unsigned width = std::numeric_limits<U>::digits;
  const auto of = [&](Operation operation) {
    return static_cast<U>(compute_two(operation, a, b, width, width));
  };
  const auto truth = [&](Operation operation) {
    return compute_two(operation, a, b, width, 0) == 1;
  };
  const auto sa = static_cast<S>(a);
  const auto sb = static_cast<S>(b);
  ASSERT_EQ(of(Operation::bvadd), static_cast<U>(a + b));
  ASSERT_EQ(of(Operation::bvsub), static_cast<U>(a - b));
  ASSERT_EQ(of(Operation::bvmul), static_cast<U>(std::uint64_t{a} * b));
  ASSERT_EQ(of(Operation::bvand), static_cast<U>(a & b));
  ASSERT_EQ(of(Operation::bvor), static_cast<U>(a | b));
  ASSERT_EQ(of(Operation::bvxor), static_cast<U>(a ^ b));
  ASSERT_EQ(of(Operation::bvudiv), b == 0 ? std::numeric_limits<U>::max() : static_cast<U>(a / b));
  ASSERT_EQ(of(Operation::bvurem), b == 0 ? a : static_cast<U>(a % b));
  if (b == 0) {
    ASSERT_EQ(of(Operation::bvsdiv), sa < 0 ? 1 : std::numeric_limits<U>::max());
    ASSERT_EQ(of(Operation::bvsrem), a);
  } else if (sa == std::numeric_limits<S>::min() && sb == -1) {
    ASSERT_EQ(of(Operation::bvsdiv), a);
    ASSERT_EQ(of(Operation::bvsrem), 0);
  } else {
    ASSERT_EQ(of(Operation::bvsdiv), static_cast<U>(sa / sb));
    ASSERT_EQ(of(Operation::bvsrem), static_cast<U>(sa % sb));
  }
  const bool all_out = b >= width;
  ASSERT_EQ(of(Operation::bvshl), all_out ? U{0} : static_cast<U>(std::uint64_t{a} << b));
  ASSERT_EQ(of(Operation::bvlshr), all_out ? U{0} : static_cast<U>(a >> b));
  ASSERT_EQ(of(Operation::bvashr),
            all_out ? static_cast<U>(sa < 0 ? -1 : 0) : static_cast<U>(sa >> b));
  ASSERT_EQ(truth(Operation::bvult), a < b);
  ASSERT_EQ(truth(Operation::bvule), a <= b);
  ASSERT_EQ(truth(Operation::bvslt), sa < sb);
  ASSERT_EQ(truth(Operation::bvsle), sa <= sb);
  ASSERT_EQ(truth(Operation::equal), a == b);
}

TEST(Value, bytes_compute_as_the_language_does_for_all_pairs) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      expect_arithmetic_of(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b));
    }
  }
}

template <class U>
void expect_arithmetic_of_random_numbers() {
  core::PhiloxStream random(3);
  const auto number = [&] {
    const U extremes[] = {0,
                          1,
                          std::numeric_limits<U>::max(),
                          std::numeric_limits<U>::max() / 2,
                          std::numeric_limits<U>::max() / 2 + 1,
                          static_cast<U>(random.next_below(70))};
    return random.next_below(2) == 0 ? static_cast<U>(random.next_u64())
                                     : extremes[random.next_below(6)];
  };
  for (int round = 0; round < 20'000; ++round) {
    const U a = number();
    expect_arithmetic_of(a, number());
  }
}

TEST(Value, words_of_32_bits_compute_as_the_language_does) {
  expect_arithmetic_of_random_numbers<std::uint32_t>();
}

TEST(Value, words_of_64_bits_compute_as_the_language_does) {
  expect_arithmetic_of_random_numbers<std::uint64_t>();
}

TEST(Value, a_width_of_128_wraps_around) {
  const Value ones = mask(128);
  EXPECT_TRUE(compute_two(Operation::bvadd, ones, 2, 128, 128) == 1);
  EXPECT_TRUE(compute_two(Operation::bvmul, ones, ones, 128, 128) == 1);
  EXPECT_TRUE(compute_two(Operation::bvslt, ones, 0, 128, 0) == 1);
  EXPECT_TRUE(compute_two(Operation::bvashr, Value{1} << 127, 127, 128, 128) == ones);
}

TEST(Value, other_widths_are_cut_joined_and_extended) {
  EXPECT_TRUE(compute(Operation::extract, {0xABCD, 0, 0}, 16, 4, 8) == 0xBC);
  EXPECT_TRUE(compute(Operation::concat, {0xA, 0xBC, 0}, 8, 0, 12) == 0xABC);
  EXPECT_TRUE(compute(Operation::zero_extend, {0x80, 0, 0}, 8, 0, 16) == 0x80);
  EXPECT_TRUE(compute(Operation::sign_extend, {0x80, 0, 0}, 8, 0, 16) == 0xFF80);
  EXPECT_TRUE(sign_extended(1, 1) == mask(128));
}

TEST(Value, hex_has_no_leading_zeros) {
  EXPECT_EQ(hex(0), "0x0");
  EXPECT_EQ(hex(0x1F), "0x1f");
  EXPECT_EQ(hex(mask(128)), "0xffffffffffffffffffffffffffffffff");
}

}  // namespace
}  // namespace isotrace::bits
