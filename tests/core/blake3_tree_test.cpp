// A tree that is kept up to date gives what hashing everything gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/blake3_tree.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::core {
namespace {

/// Writes to random bytes and says which chunks they lie in.
std::vector<std::uint32_t> change(Bytes& bytes, std::size_t places, PhiloxStream& random) {
  std::vector<std::uint32_t> changed;
  for (std::size_t i = 0; i < places && !bytes.empty(); ++i) {
    const std::uint64_t place = random.next_below(bytes.size());
    bytes[place] = static_cast<std::uint8_t>(random.next_u32());
    changed.push_back(static_cast<std::uint32_t>(place / Blake3Tree::chunk_bytes));
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

TEST(Blake3Tree, follows_changes_and_sizes) {
  PhiloxStream random(5);
  for (int round = 0; round < 20; ++round) {
    Blake3Tree tree;
    Bytes bytes;
    for (int step = 0; step < 40; ++step) {
      if (random.next_below(3) == 0) {  // other sizes, small and large
        const std::uint64_t chunks = random.next_below(std::uint64_t{2} << random.next_below(9));
        bytes.resize(chunks * Blake3Tree::chunk_bytes);
      }
      const auto changed = change(bytes, random.next_below(8), random);
      ASSERT_EQ(tree.update(bytes, changed), blake3(bytes)) << bytes.size();
    }
  }
}

TEST(Blake3Tree, kernels_hash_scattered_inputs_alike) {
  PhiloxStream random(7);
  Bytes bytes(200 * Blake3Tree::chunk_bytes);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next_u32());
  using namespace blake3_detail;
  const std::array<const Kernel*, 3> kernels = {&portable_kernel, &avx2_kernel, &avx512_kernel};
  const auto* children = reinterpret_cast<const Words*>(bytes.data());
  for (std::size_t count = 0; count < 40; ++count) {
    std::vector<std::uint32_t> indices;
    for (std::size_t i = 0; i < count; ++i) {
      indices.push_back(static_cast<std::uint32_t>(random.next_below(200)));
    }
    std::vector<Words> chunks(count), parents(count), found(count);
    portable_kernel.hash_chunks_at(bytes.data(), indices.data(), count, chunks.data());
    portable_kernel.hash_parents_at(children, indices.data(), count, parents.data());
    for (const Blake3Kernel name : blake3_kernels()) {
      const Kernel& kernel = *kernels[static_cast<std::size_t>(name)];
      kernel.hash_chunks_at(bytes.data(), indices.data(), count, found.data());
      EXPECT_EQ(found, chunks) << blake3_kernel_name(name);
      kernel.hash_parents_at(children, indices.data(), count, found.data());
      EXPECT_EQ(found, parents) << blake3_kernel_name(name);
    }
  }
}

TEST(Blake3Tree, hashes_only_what_is_named) {
  Bytes bytes(64 * Blake3Tree::chunk_bytes);
  Blake3Tree tree;
  const Digest before = tree.update(bytes, {});
  bytes[0] = 1;
  EXPECT_EQ(tree.update(bytes, {}), before);
  EXPECT_EQ(tree.update(bytes, std::vector<std::uint32_t>{0}), blake3(bytes));
}

}  // namespace
}  // namespace isotrace::core
