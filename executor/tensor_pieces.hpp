// The digest of a tensor, found piece by piece (internal to the executor): several threads hash one
// tensor, each a whole subtree of BLAKE3 at a time.
#pragma once

#include <vector>

#include <isotrace/core/blake3_core.hpp>
#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

/// core::tensor_digest, in pieces that may be hashed in any order, by any thread.
class TensorPieces {
 public:
  /// The tensor must stay where it is until all pieces are hashed.
  explicit TensorPieces(const core::TensorView& tensor);

  [[nodiscard]] std::size_t count() const { return roots_.size(); }
  /// piece < count(); each once.
  void hash(std::size_t piece);
  /// All pieces must have been hashed.
  [[nodiscard]] core::Digest digest() const;

 private:
  using Words = core::blake3_detail::Words;
  /// Chaining values of the whole chunks [first, first + count).
  void hash_chunks(std::size_t first, std::size_t count, Words* out) const;

  core::TensorView tensor_;
  core::Bytes header_;  // what is hashed before the elements
  std::size_t bytes_;   // of both
  std::vector<Words> roots_;
  core::Digest digest_;  // where one piece is all
};

}  // namespace isotrace::executor
