#include <isotrace/core/blake3.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include <isotrace/core/blake3_core.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace blake3_detail {
namespace {

constexpr std::array<std::uint8_t, 16> permutation = {2, 6,  3,  10, 7, 0,  4,  13,
                                                      1, 11, 12, 5,  9, 14, 15, 8};

void mix(std::array<std::uint32_t, 16>& s, int a, int b, int c, int d, std::uint32_t x,
         std::uint32_t y) {
  s[a] += s[b] + x;
  s[d] = std::rotr(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotr(s[b] ^ s[c], 12);
  s[a] += s[b] + y;
  s[d] = std::rotr(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotr(s[b] ^ s[c], 7);
}

void round(std::array<std::uint32_t, 16>& s, const std::array<std::uint32_t, 16>& m) {
  mix(s, 0, 4, 8, 12, m[0], m[1]);
  mix(s, 1, 5, 9, 13, m[2], m[3]);
  mix(s, 2, 6, 10, 14, m[4], m[5]);
  mix(s, 3, 7, 11, 15, m[6], m[7]);
  mix(s, 0, 5, 10, 15, m[8], m[9]);
  mix(s, 1, 6, 11, 12, m[10], m[11]);
  mix(s, 2, 7, 8, 13, m[12], m[13]);
  mix(s, 3, 4, 9, 14, m[14], m[15]);
}

}  // namespace

Words compress(const Words& chaining, const std::uint8_t* block, std::uint32_t block_size,
               std::uint64_t counter, std::uint32_t flags) {
  std::array<std::uint32_t, 16> message{};
  std::memcpy(message.data(), block, block_bytes);  // little-endian hosts only, like the traces
  std::array<std::uint32_t, 16> state = {chaining[0],
                                         chaining[1],
                                         chaining[2],
                                         chaining[3],
                                         chaining[4],
                                         chaining[5],
                                         chaining[6],
                                         chaining[7],
                                         initial_value[0],
                                         initial_value[1],
                                         initial_value[2],
                                         initial_value[3],
                                         static_cast<std::uint32_t>(counter),
                                         static_cast<std::uint32_t>(counter >> 32),
                                         block_size,
                                         flags};
  for (int i = 0; i < 7; ++i) {
    round(state, message);
    std::array<std::uint32_t, 16> permuted{};
    for (std::size_t j = 0; j < 16; ++j) permuted[j] = message[permutation[j]];
    message = permuted;
  }
  Words out{};
  for (std::size_t i = 0; i < 8; ++i) out[i] = state[i] ^ state[i + 8];
  return out;
}

void hash_chunks_portable(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter,
                          Words* out) {
  for (std::size_t i = 0; i < chunks; ++i) {
    Words chaining = initial_value;
    for (std::size_t block = 0; block < chunk_bytes; block += block_bytes) {
      std::uint32_t flags = block == 0 ? chunk_start : 0U;
      if (block + block_bytes == chunk_bytes) flags |= chunk_end;
      chaining =
          compress(chaining, input + i * chunk_bytes + block, block_bytes, counter + i, flags);
    }
    out[i] = chaining;
  }
}

}  // namespace blake3_detail

namespace {

using namespace blake3_detail;

/// The input of a hash: a short header followed by a body, as one sequence of bytes.
class Input {
 public:
  Input(ByteView header, ByteView body) : header_(header), body_(body) {}
  [[nodiscard]] std::size_t size() const { return header_.size() + body_.size(); }
  void copy(std::size_t offset, std::size_t count, std::uint8_t* out) const {
    if (offset < header_.size()) {
      const std::size_t head = std::min(count, header_.size() - offset);
      std::memcpy(out, header_.data() + offset, head);
      offset += head;
      out += head;
      count -= head;
    }
    if (count != 0) std::memcpy(out, body_.data() + (offset - header_.size()), count);
  }
  /// Pointer to bytes [offset, ...) if they lie in the body, else nullptr.
  [[nodiscard]] const std::uint8_t* in_body(std::size_t offset) const {
    return offset >= header_.size() ? body_.data() + (offset - header_.size()) : nullptr;
  }

 private:
  ByteView header_;
  ByteView body_;
};

/// The last chunk may be short (or empty, for empty input) and may be the root.
Words hash_last_chunk(const Input& input, std::size_t offset, std::uint64_t counter, bool is_root) {
  const std::size_t size = input.size() - offset;
  Words chaining = initial_value;
  std::size_t done = 0;
  do {
    std::array<std::uint8_t, block_bytes> block{};
    const std::size_t count = std::min(block_bytes, size - done);
    input.copy(offset + done, count, block.data());
    std::uint32_t flags = done == 0 ? chunk_start : 0U;
    if (done + count == size) flags |= chunk_end | (is_root ? root : 0U);
    chaining = compress(chaining, block.data(), static_cast<std::uint32_t>(count), counter, flags);
    done += count;
  } while (done < size);
  return chaining;
}

Words hash_parent(const Words& left, const Words& right, bool is_root) {
  std::array<std::uint8_t, block_bytes> block{};
  std::memcpy(block.data(), left.data(), 32);
  std::memcpy(block.data() + 32, right.data(), 32);
  return compress(initial_value, block.data(), block_bytes, 0, parent | (is_root ? root : 0U));
}

/// Chaining values of all chunks but the last, in batches that SIMD kernels like.
void hash_whole_chunks(const Input& input, std::size_t chunks, HashChunks kernel,
                       std::vector<Words>& out) {
  constexpr std::size_t batch = 64;
  out.resize(chunks);
  std::vector<std::uint8_t> joined;
  for (std::size_t first = 0; first < chunks; first += batch) {
    const std::size_t count = std::min(batch, chunks - first);
    const std::uint8_t* bytes = input.in_body(first * chunk_bytes);
    if (bytes == nullptr) {
      joined.resize(count * chunk_bytes);
      input.copy(first * chunk_bytes, joined.size(), joined.data());
      bytes = joined.data();
    }
    kernel(bytes, count, first, out.data() + first);
  }
}

/// Folds chaining values pairwise, level by level; an odd one rises unchanged, which is BLAKE3's
/// left-full tree.
Words fold(std::vector<Words> level) {
  while (level.size() > 1) {
    const bool last_level = level.size() == 2;
    std::size_t next = 0;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      level[next++] =
          i + 1 < level.size() ? hash_parent(level[i], level[i + 1], last_level) : level[i];
    }
    level.resize(next);
  }
  return level.front();
}

Digest hash(const Input& input, HashChunks kernel) {
  const std::size_t size = input.size();
  const std::size_t whole = size == 0 ? 0 : (size - 1) / chunk_bytes;
  std::vector<Words> values;
  hash_whole_chunks(input, whole, kernel, values);
  values.push_back(hash_last_chunk(input, whole * chunk_bytes, whole, whole == 0));
  const Words out = fold(std::move(values));
  Digest digest;
  std::memcpy(digest.bytes.data(), out.data(), digest.bytes.size());
  return digest;
}

HashChunks function_of(Blake3Kernel kernel) {
  ISOTRACE_CHECK(kernel == Blake3Kernel::portable);
  return hash_chunks_portable;
}

}  // namespace

std::string_view blake3_kernel_name(Blake3Kernel kernel) {
  static constexpr std::array<std::string_view, 3> names = {"portable", "avx2", "avx512"};
  return names.at(static_cast<std::size_t>(kernel));
}

std::span<const Blake3Kernel> blake3_kernels() {
  static constexpr std::array kernels = {Blake3Kernel::portable};
  return kernels;
}

Digest blake3(ByteView bytes, Blake3Kernel kernel) {
  return hash(Input({}, bytes), function_of(kernel));
}
Digest blake3(ByteView bytes) { return blake3(bytes, blake3_kernels().back()); }
Digest blake3(ByteView header, ByteView body) {
  ISOTRACE_CHECK(header.size() < chunk_bytes, header.size());
  return hash(Input(header, body), function_of(blake3_kernels().back()));
}

}  // namespace isotrace::core
