// BLAKE3 of bytes that change here and there: the chaining values of all chunks and of the subtrees
// above them are kept, so that a new digest costs only what changed.
#pragma once

#include <span>
#include <vector>

#include <isotrace/core/blake3_core.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::core {

class Blake3Tree {
 public:
  static constexpr std::size_t chunk_bytes = blake3_detail::chunk_bytes;

  /// blake3(bytes), for a whole number of chunks. `changed`: the chunks that may differ from the
  /// latest call's, in ascending order; chunks that were not there then need not be named.
  Digest update(ByteView bytes, std::span<const std::uint32_t> changed);

 private:
  /// The level as long as `size`, and in indices_ all nodes to hash: those there, new ones, and the
  /// one at the edge, which may have had one child.
  std::vector<blake3_detail::Words>& resize_level(std::size_t level, std::size_t size);
  void hash_chunks(ByteView bytes);
  void hash_parents(std::size_t level);
  /// What was hashed, to its place.
  void place(std::vector<blake3_detail::Words>& nodes) const;

  std::vector<std::vector<blake3_detail::Words>> levels_;  ///< chunks first, two nodes last
  std::vector<std::uint32_t> indices_;
  std::vector<blake3_detail::Words> hashed_;  ///< by position in indices_
};

}  // namespace isotrace::core
