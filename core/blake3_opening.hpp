// Parts of a string of bytes under its BLAKE3 digest: some chunks, and the chaining values of the
// subtrees beside them. What is shown can be read and changed, the string can grow or shrink, and
// the digest before and after follows. BLAKE3 tells chunks, parents and the root apart, and numbers
// chunks, so what is shown is what the digest covers unless somebody has found a collision.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include <isotrace/core/blake3_core.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::core {

/// Chunks [begin, begin + count).
struct Blake3Subtree {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  auto operator<=>(const Blake3Subtree&) const = default;
};

/// Chunks that a string of that many bytes has: one if it is empty.
std::uint64_t blake3_chunk_count(std::uint64_t size);

/// The largest subtrees without any of the chunks (at least one, ascending): each is a power of
/// two of whole chunks, whose chaining value holds for any longer string too, or the last chunk.
std::vector<Blake3Subtree> subtrees_beside(std::uint64_t size,
                                           std::span<const std::uint64_t> chunks);

struct Blake3Opening {
  std::vector<std::uint64_t> chunks;  ///< ascending, at least one
  std::vector<Bytes> bytes;           ///< of each: 1,024, or what is left in the last one
  std::vector<Digest> subtrees;       ///< chaining values of subtrees_beside()
  bool operator==(const Blake3Opening&) const = default;
};

class OpenedBytes {
 public:
  /// Nothing is shown yet.
  OpenedBytes(std::uint64_t size, const Digest& digest) : size_(size), digest_(digest) {}

  /// Shows an opening, once. False: it is none of a string of that size, or of another digest.
  [[nodiscard]] bool show(const Blake3Opening& opening);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool fits(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size_ && count <= size_ - offset;
  }
  /// The first chunk of [offset, offset + count), which is in bounds, that is not shown; those
  /// before it are used.
  [[nodiscard]] std::optional<std::uint64_t> find_hidden(std::uint64_t offset, std::uint64_t count);
  /// The chunk that must be shown for the string to have `size` bytes, if it is not: its last one
  /// before or after, whichever comes first. For 0 bytes none is needed.
  [[nodiscard]] std::optional<std::uint64_t> find_hidden_end(std::uint64_t size);

  /// What is read and written is in bounds and shown.
  void read(std::uint64_t offset, std::span<std::uint8_t> out);
  void write(std::uint64_t offset, ByteView bytes);
  /// The end is shown (find_hidden_end). New bytes are zero.
  void resize(std::uint64_t size);

  /// Chunks that were shown, but neither read nor written.
  [[nodiscard]] std::size_t unused() const { return unused_; }
  /// Of the string as it is now.
  [[nodiscard]] Digest digest() const;

 private:
  using Words = blake3_detail::Words;
  struct Chunk {
    std::array<std::uint8_t, blake3_detail::chunk_bytes> bytes{};  ///< behind the end: zero
    bool used = true;
  };

  Chunk* find(std::uint64_t index);
  [[nodiscard]] Words hash(Blake3Subtree subtree, bool is_root) const;

  std::uint64_t size_;
  Digest digest_;
  bool known_ = false;  ///< the tree is: digest_ is of no more use
  std::map<std::uint64_t, Chunk> chunks_;
  std::map<Blake3Subtree, Words> subtrees_;
  std::uint64_t new_from_ = UINT64_MAX;  ///< chunks from here on that are not in the map are zero
  std::size_t unused_ = 0;
};

}  // namespace isotrace::core
