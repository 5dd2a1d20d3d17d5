// Openings of byte strings: the digest before and after any change is that of BLAKE3, and nothing
// but the string itself can be shown.
#include <algorithm>

#include <gtest/gtest.h>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/make_witness.hpp>

namespace isotrace::wasm::tests {
namespace {

using core::Blake3Opening;
using core::Bytes;
using core::OpenedBytes;

constexpr std::uint64_t chunk = 1024;

Bytes random_bytes(core::PhiloxStream& random, std::uint64_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next_below(256));
  return bytes;
}

/// Around all edges of chunks, up to nine of them.
std::vector<std::uint64_t> edge_sizes() {
  std::vector<std::uint64_t> sizes = {0, 1, 64, 65};
  for (std::uint64_t i = 1; i <= 9; ++i) {
    for (const std::uint64_t size : {i * chunk - 1, i * chunk, i * chunk + 1}) {
      sizes.push_back(size);
    }
  }
  return sizes;
}

/// The chunks whose bits are set.
std::vector<std::uint64_t> chunks_of(std::uint64_t set) {
  std::vector<std::uint64_t> chunks;
  for (std::uint64_t i = 0; set >> i != 0; ++i) {
    if ((set >> i & 1) != 0) chunks.push_back(i);
  }
  return chunks;
}

/// Writes random bytes at random places of what is shown, into the string and its opening.
void change(OpenedBytes& opened, Bytes& bytes, core::PhiloxStream& random) {
  for (int i = 0; i < 4 && !bytes.empty(); ++i) {
    const std::uint64_t place = random.next_below(bytes.size());
    const Bytes part = random_bytes(
        random, 1 + random.next_below(std::min<std::uint64_t>(bytes.size() - place, 1500)));
    if (opened.find_hidden(place, part.size())) continue;
    opened.write(place, part);
    std::ranges::copy(part, bytes.begin() + static_cast<std::ptrdiff_t>(place));
    Bytes back(part.size());
    opened.read(place, back);
    EXPECT_EQ(back, part);
  }
}

TEST(Blake3Opening, digests_follow_every_change_of_size_and_content) {
  core::PhiloxStream random(71);
  std::size_t changed = 0;
  for (const std::uint64_t size : edge_sizes()) {
    const Bytes bytes = random_bytes(random, size);
    const core::Digest digest = core::blake3(bytes);
    const OpeningMaker maker(bytes);
    for (const std::uint64_t size_after : edge_sizes()) {
      for (int i = 0; i < 24; ++i) {
        const std::uint64_t sets = std::uint64_t{1} << core::blake3_chunk_count(size);
        OpenedBytes opened(size, digest);
        ASSERT_TRUE(opened.show(maker.open(chunks_of(1 + random.next_below(sets - 1)))));
        Bytes now = bytes;
        change(opened, now, random);
        ASSERT_EQ(opened.digest(), core::blake3(now));
        if (opened.find_hidden_end(size_after)) continue;
        opened.resize(size_after);
        now.resize(size_after);
        ASSERT_EQ(opened.digest(), core::blake3(now)) << size << " to " << size_after;
        change(opened, now, random);
        ASSERT_EQ(opened.digest(), core::blake3(now)) << size << " to " << size_after;
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 10'000U);
}

TEST(Blake3Opening, sizes_can_change_more_than_once) {
  core::PhiloxStream random(72);
  const std::vector<std::uint64_t> sizes = edge_sizes();
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = random_bytes(random, sizes[random.next_below(sizes.size())]);
    const std::uint64_t sets = std::uint64_t{1} << core::blake3_chunk_count(bytes.size());
    OpenedBytes opened(bytes.size(), core::blake3(bytes));
    const std::vector<std::uint64_t> chunks = chunks_of(1 + random.next_below(sets - 1));
    ASSERT_TRUE(opened.show(OpeningMaker(bytes).open(chunks)));
    for (int change_index = 0; change_index < 4; ++change_index) {
      const std::uint64_t size = sizes[random.next_below(sizes.size())];
      if (opened.find_hidden_end(size)) continue;
      opened.resize(size);
      bytes.resize(size);
      change(opened, bytes, random);
      ASSERT_EQ(opened.digest(), core::blake3(bytes));
    }
  }
}

TEST(Blake3Opening, holds_no_more_subtrees_than_the_path_needs) {
  const Bytes bytes(std::size_t{1} << 20, 7);
  const Blake3Opening opening = OpeningMaker(bytes).open({300});
  EXPECT_EQ(opening.subtrees.size(), 10U);  // 1,024 chunks
}

TEST(Blake3Opening, shows_nothing_that_the_digest_does_not_cover) {
  core::PhiloxStream random(73);
  for (const std::uint64_t size : {std::uint64_t{100}, chunk, 5 * chunk, 7 * chunk + 3}) {
    const Bytes bytes = random_bytes(random, size);
    const Blake3Opening right = OpeningMaker(bytes).open({core::blake3_chunk_count(size) - 1});
    const core::Digest digest = core::blake3(bytes);
    const auto shows = [&](const Blake3Opening& opening, std::uint64_t claimed) {
      return OpenedBytes(claimed, digest).show(opening);
    };
    EXPECT_TRUE(shows(right, size));
    for (std::size_t i = 0; i < right.bytes[0].size(); ++i) {
      Blake3Opening wrong = right;
      wrong.bytes[0][i] ^= 1;
      ASSERT_FALSE(shows(wrong, size));
    }
    for (std::size_t i = 0; i < right.subtrees.size(); ++i) {
      Blake3Opening wrong = right;
      wrong.subtrees[i].bytes[5] ^= 1;
      ASSERT_FALSE(shows(wrong, size));
      wrong = right;
      wrong.subtrees.erase(wrong.subtrees.begin() + static_cast<std::ptrdiff_t>(i));
      ASSERT_FALSE(shows(wrong, size));
    }
    Blake3Opening wrong = right;
    wrong.chunks[0] ^= 1;
    EXPECT_FALSE(shows(wrong, size));
    wrong = right;
    wrong.chunks.push_back(right.chunks[0]);
    wrong.bytes.push_back(right.bytes[0]);
    EXPECT_FALSE(shows(wrong, size));
    EXPECT_FALSE(shows({}, size));
    for (const std::uint64_t claimed : {size + 1, size - 1, size + chunk, 2 * size}) {
      EXPECT_FALSE(shows(right, claimed)) << size << " as " << claimed;
      wrong = right;
      wrong.bytes[0].resize((claimed - 1) % chunk + 1);
      EXPECT_FALSE(shows(wrong, claimed)) << size << " as " << claimed;
    }
  }
}

/// The input of a parent's hash is 64 bytes, like a small string; flags tell them apart.
TEST(Blake3Opening, takes_no_parent_for_a_chunk) {
  const Bytes bytes(2 * chunk, 3);
  const Blake3Opening left = OpeningMaker(bytes).open({0});
  const Blake3Opening right = OpeningMaker(bytes).open({1});
  Bytes children(left.subtrees[0].bytes.size() * 2);
  std::ranges::copy(right.subtrees[0].bytes, children.begin());
  std::ranges::copy(left.subtrees[0].bytes, children.begin() + 32);
  OpenedBytes opened(64, core::blake3(bytes));
  EXPECT_FALSE(opened.show({.chunks = {0}, .bytes = {children}, .subtrees = {}}));
}

TEST(Blake3Opening, says_what_is_hidden) {
  const Bytes bytes(4 * chunk, 3);
  OpenedBytes opened(bytes.size(), core::blake3(bytes));
  EXPECT_EQ(opened.find_hidden(0, 0), std::nullopt);
  EXPECT_EQ(opened.find_hidden(10, 1), 0U);
  EXPECT_EQ(opened.find_hidden_end(5 * chunk), 3U);
  ASSERT_TRUE(opened.show(OpeningMaker(bytes).open({1, 2})));
  EXPECT_EQ(opened.unused(), 2U);
  EXPECT_EQ(opened.find_hidden(chunk, chunk), std::nullopt);
  EXPECT_EQ(opened.unused(), 1U);
  EXPECT_EQ(opened.find_hidden(chunk, 2 * chunk + 1), 3U);
  EXPECT_EQ(opened.find_hidden_end(5 * chunk), 3U);
  EXPECT_EQ(opened.find_hidden_end(3 * chunk), std::nullopt);
  EXPECT_EQ(opened.find_hidden_end(chunk - 1), 0U);
  EXPECT_EQ(opened.find_hidden_end(0), std::nullopt);
  EXPECT_FALSE(opened.show(OpeningMaker(bytes).open({1})));  // once is enough
}

}  // namespace
}  // namespace isotrace::wasm::tests
