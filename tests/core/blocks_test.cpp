// Blocks for tensors: kept ones come back, distinct ones never overlap.
#include <isotrace/core/blocks.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include <isotrace/core/philox.hpp>

namespace isotrace::core {
namespace {

TEST(Blocks, are_aligned_and_large_enough) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{100000},
        (std::size_t{2} << 20) - 1, std::size_t{2} << 20, std::size_t{5000000},
        kept_blocks_bytes_max + 1}) {
    const MemoryBlock block = take_block(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data) % 64, 0U);
    EXPECT_GE(block.capacity, bytes);
    if (bytes != 0) std::memset(block.data, 1, bytes);
    give_block(block);
  }
}

TEST(Blocks, in_use_never_overlap_whatever_is_given_back_between) {
  struct Used {
    MemoryBlock block;
    std::uint8_t mark;
  };
  std::vector<Used> used;
  PhiloxStream random(1);
  for (int step = 0; step < 2000; ++step) {
    if (used.size() < 40 && random.next_below(3) != 0) {
      const auto bytes = static_cast<std::size_t>(1 + random.next_below(3U << 20));
      used.push_back({take_block(bytes), static_cast<std::uint8_t>(step)});
      // Both ends: an overlap with another block in use would change one of its ends or hers.
      used.back().block.data[0] = used.back().mark;
      used.back().block.data[used.back().block.capacity - 1] = used.back().mark;
    } else if (!used.empty()) {
      const auto at = static_cast<std::size_t>(random.next_below(used.size()));
      const Used one = used[at];
      used.erase(used.begin() + static_cast<std::ptrdiff_t>(at));
      EXPECT_EQ(one.block.data[0], one.mark);
      EXPECT_EQ(one.block.data[one.block.capacity - 1], one.mark);
      give_block(one.block);
    }
  }
  for (const Used& one : used) give_block(one.block);
}

}  // namespace
}  // namespace isotrace::core
