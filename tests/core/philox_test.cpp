#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>

namespace isotrace::core {
namespace {

// Random123 kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, official_vectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  constexpr std::uint32_t ones = 0xFFFFFFFF;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
  EXPECT_EQ(philox4x32({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, {0xA4093822, 0x299F31D0}),
            (PhiloxCounter{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}));
}

TEST(Philox, stream_is_the_counter_blocks_in_order) {
  PhiloxStream stream(0x1122334455667788, 3, 4);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const auto words = philox4x32({block, 0, 3, 4}, {0x55667788, 0x11223344});
    for (const std::uint32_t word : words) EXPECT_EQ(stream.next_u32(), word);
  }
}

TEST(Philox, operation_and_step_and_seed_give_other_streams) {
  const auto first = [](PhiloxStream stream) { return stream.next_u64(); };
  const auto word = first(PhiloxStream(1));
  EXPECT_NE(word, first(PhiloxStream(2)));
  EXPECT_NE(word, first(PhiloxStream(1, 1)));
  EXPECT_NE(word, first(PhiloxStream(1, 0, 1)));
}

TEST(Philox, floats_are_multiples_of_2_to_minus_24_below_one) {
  PhiloxStream stream(5);
  PhiloxStream words(5);
  for (int i = 0; i < 10000; ++i) {
    const float value = stream.next_f32();
    ASSERT_TRUE(value >= 0 && value < 1);
    ASSERT_EQ(value * 0x1p24F, static_cast<float>(words.next_u32() >> 8));
  }
}

TEST(Philox, bounded_numbers_stay_below_and_reach_every_value) {
  PhiloxStream stream(6);
  for (const std::uint64_t bound : {1, 2, 3, 7, 10}) {
    std::vector<int> seen(bound);
    for (int i = 0; i < 2000; ++i) ++seen.at(stream.next_below(bound));
    for (const int count : seen) EXPECT_GT(count, 2000 / static_cast<int>(bound) / 2);
  }
  EXPECT_LE(stream.next_below(UINT64_MAX), UINT64_MAX - 1);
}

}  // namespace
}  // namespace isotrace::core
