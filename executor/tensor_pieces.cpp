#include <isotrace/executor/tensor_pieces.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include <isotrace/core/bytes.hpp>

namespace isotrace::executor {
namespace {

using core::blake3_detail::chunk_bytes;
using core::blake3_detail::Words;

/// A power of two, so that a piece is a subtree: some twenty microseconds of work.
constexpr std::size_t piece_chunks = 256;
/// The header moves few chunks, as many as fill the lanes.
constexpr std::size_t joined_chunks = 32;

/// Folds chaining values pairwise, level by level, down to `most`; an odd one rises unchanged.
std::size_t fold(Words* level, std::size_t count, std::size_t most) {
  while (count > most) {
    core::blake3_detail::best_kernel().hash_parents(level, count / 2, level);
    if (count % 2 == 1) level[count / 2] = level[count - 1];
    count = (count + 1) / 2;
  }
  return count;
}

/// What core::tensor_digest hashes before the elements.
core::Bytes make_header(const core::TensorView& tensor) {
  core::ByteWriter header;
  header.u8(static_cast<std::uint8_t>(tensor.dtype())).u8(static_cast<std::uint8_t>(tensor.rank()));
  for (const std::int64_t dim : tensor.shape()) header.i64(dim);
  return header.take();
}

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

TensorPieces::TensorPieces(const core::TensorView& tensor)
    : tensor_(tensor), header_(make_header(tensor)), bytes_(0) {
  bytes_ = header_.size() + tensor.bytes().size();
  roots_.resize(divide_up(bytes_, piece_chunks * chunk_bytes));
}

void TensorPieces::hash_chunks(std::size_t first, std::size_t count, Words* out) const {
  const core::blake3_detail::Kernel& kernel = core::blake3_detail::best_kernel();
  const std::uint8_t* elements = tensor_.bytes().data();
  if (first == 0) {
    std::array<std::uint8_t, joined_chunks * chunk_bytes> joined;
    const std::size_t chunks = std::min(count, joined_chunks);
    std::copy(header_.begin(), header_.end(), joined.begin());
    std::memcpy(joined.data() + header_.size(), elements, chunks * chunk_bytes - header_.size());
    kernel.hash_chunks(joined.data(), chunks, 0, out);
    first += chunks;
    count -= chunks;
    out += chunks;
  }
  if (count == 0) return;
  kernel.hash_chunks(elements + first * chunk_bytes - header_.size(), count, first, out);
}

void TensorPieces::hash(std::size_t piece) {
  if (roots_.size() == 1) {
    digest_ = core::tensor_digest(tensor_);
    return;
  }
  std::array<Words, piece_chunks> level;
  const std::size_t first = piece * piece_chunks;
  const std::size_t whole = std::min(piece_chunks, bytes_ / chunk_bytes - first);
  const std::size_t end = (first + whole) * chunk_bytes;
  if (whole != 0) hash_chunks(first, whole, level.data());
  std::size_t count = whole;
  if (whole < piece_chunks && end < bytes_) {
    const std::uint8_t* rest = tensor_.bytes().data() + end - header_.size();
    level[count++] = core::blake3_detail::hash_chunk(rest, bytes_ - end, first + whole, false);
  }
  fold(level.data(), count, 1);
  roots_[piece] = level[0];
}

core::Digest TensorPieces::digest() const {
  if (roots_.size() == 1) return digest_;
  std::vector<Words> level = roots_;
  fold(level.data(), level.size(), 2);
  const Words out = core::blake3_detail::hash_parent(level.data(), true);
  core::Digest digest;
  std::memcpy(digest.bytes.data(), out.data(), digest.bytes.size());
  return digest;
}

}  // namespace isotrace::executor
