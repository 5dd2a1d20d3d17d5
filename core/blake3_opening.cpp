#include <isotrace/core/blake3_opening.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

using namespace blake3_detail;

std::uint64_t size_of_chunk(std::uint64_t index, std::uint64_t size) {
  return std::min<std::uint64_t>(chunk_bytes, size - index * chunk_bytes);
}

/// The left part is the largest power of two that leaves something on the right.
std::uint64_t left_count(std::uint64_t count) { return std::bit_floor(count - 1); }

void collect(Blake3Subtree in, std::uint64_t size, std::span<const std::uint64_t> chunks,
             std::vector<Blake3Subtree>& out) {
  const bool whole = std::has_single_bit(in.count) && (in.begin + in.count) * chunk_bytes <= size;
  if (chunks.empty() && (whole || in.count == 1)) {
    out.push_back(in);
  } else if (in.count > 1) {
    const std::uint64_t left = left_count(in.count);
    const auto split = static_cast<std::size_t>(std::ranges::lower_bound(chunks, in.begin + left) -
                                                chunks.begin());
    collect({in.begin, left}, size, chunks.first(split), out);
    collect({in.begin + left, in.count - left}, size, chunks.subspan(split), out);
  }
}

bool is_opening(const Blake3Opening& opening, std::uint64_t size) {
  const std::vector<std::uint64_t>& chunks = opening.chunks;
  if (chunks.empty() || chunks.size() != opening.bytes.size()) return false;
  if (chunks.back() >= blake3_chunk_count(size)) return false;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i > 0 && chunks[i] <= chunks[i - 1]) return false;
    if (opening.bytes[i].size() != size_of_chunk(chunks[i], size)) return false;
  }
  return true;
}

}  // namespace

std::uint64_t blake3_chunk_count(std::uint64_t size) {
  return size == 0 ? 1 : (size - 1) / chunk_bytes + 1;
}

std::vector<Blake3Subtree> subtrees_beside(std::uint64_t size,
                                           std::span<const std::uint64_t> chunks) {
  ISOTRACE_CHECK(!chunks.empty());
  std::vector<Blake3Subtree> out;
  collect({0, blake3_chunk_count(size)}, size, chunks, out);
  return out;
}

bool OpenedBytes::show(const Blake3Opening& opening) {
  if (known_ || !is_opening(opening, size_)) return false;
  const std::vector<Blake3Subtree> beside = subtrees_beside(size_, opening.chunks);
  if (beside.size() != opening.subtrees.size()) return false;
  for (std::size_t i = 0; i < beside.size(); ++i) {
    std::memcpy(subtrees_[beside[i]].data(), opening.subtrees[i].bytes.data(), sizeof(Words));
  }
  for (std::size_t i = 0; i < opening.chunks.size(); ++i) {
    Chunk& chunk = chunks_[opening.chunks[i]];
    std::ranges::copy(opening.bytes[i], chunk.bytes.begin());
    chunk.used = false;
  }
  unused_ = opening.chunks.size();
  new_from_ = blake3_chunk_count(size_);
  known_ = true;
  return digest() == digest_;
}

OpenedBytes::Chunk* OpenedBytes::find(std::uint64_t index) {
  const auto found = index >= new_from_ ? chunks_.try_emplace(index).first : chunks_.find(index);
  if (found == chunks_.end()) return nullptr;
  if (!std::exchange(found->second.used, true)) --unused_;
  return &found->second;
}

std::optional<std::uint64_t> OpenedBytes::find_hidden(std::uint64_t offset, std::uint64_t count) {
  ISOTRACE_CHECK(fits(offset, count));
  for (std::uint64_t end = offset + count; offset < end;) {
    const std::uint64_t index = offset / chunk_bytes;
    if (find(index) == nullptr) return index;
    offset = (index + 1) * chunk_bytes;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> OpenedBytes::find_hidden_end(std::uint64_t size) {
  if (size == size_ || size == 0) return std::nullopt;
  const std::uint64_t last = blake3_chunk_count(std::min(size, size_)) - 1;
  return find(last) == nullptr ? std::optional(last) : std::nullopt;
}

void OpenedBytes::read(std::uint64_t offset, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::uint64_t at = offset % chunk_bytes;
    const std::size_t count = std::min<std::size_t>(chunk_bytes - at, out.size());
    std::memcpy(out.data(), find(offset / chunk_bytes)->bytes.data() + at, count);
    out = out.subspan(count);
    offset += count;
  }
}

void OpenedBytes::write(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const std::uint64_t at = offset % chunk_bytes;
    const std::size_t count = std::min<std::size_t>(chunk_bytes - at, bytes.size());
    std::memcpy(find(offset / chunk_bytes)->bytes.data() + at, bytes.data(), count);
    bytes = bytes.subspan(count);
    offset += count;
  }
}

void OpenedBytes::resize(std::uint64_t size) {
  const std::uint64_t chunks = blake3_chunk_count(size);
  if (size < size_) {
    if (size == 0) chunks_.clear();
    chunks_.erase(chunks_.lower_bound(chunks), chunks_.end());
    subtrees_.erase(subtrees_.lower_bound({size == 0 ? 0 : chunks, 0}), subtrees_.end());
    new_from_ = std::min(new_from_, size == 0 ? 0 : chunks);
    known_ = true;
    if (size != 0) {
      auto& last = chunks_.at(chunks - 1).bytes;
      std::fill(last.begin() + static_cast<std::ptrdiff_t>(size_of_chunk(chunks - 1, size)),
                last.end(), std::uint8_t{0});
    }
  }
  size_ = size;
}

Words OpenedBytes::hash(Blake3Subtree subtree, bool is_root) const {
  if (const auto found = subtrees_.find(subtree); found != subtrees_.end()) return found->second;
  if (subtree.count == 1) {
    static constexpr Chunk zeros;
    const auto found = chunks_.find(subtree.begin);
    ISOTRACE_CHECK(found != chunks_.end() || subtree.begin >= new_from_, subtree.begin);
    const Chunk& chunk = found != chunks_.end() ? found->second : zeros;
    return hash_chunk(chunk.bytes.data(), size_of_chunk(subtree.begin, size_), subtree.begin,
                      is_root);
  }
  const std::uint64_t left = left_count(subtree.count);
  const std::array<Words, 2> children = {hash({subtree.begin, left}, false),
                                         hash({subtree.begin + left, subtree.count - left}, false)};
  return hash_parent(children.data(), is_root);
}

Digest OpenedBytes::digest() const {
  if (!known_) return digest_;
  const Words words = hash({0, blake3_chunk_count(size_)}, true);
  Digest digest;
  std::memcpy(digest.bytes.data(), words.data(), digest.bytes.size());
  return digest;
}

}  // namespace isotrace::core
