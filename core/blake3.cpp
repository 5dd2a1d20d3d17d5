#include <isotrace/core/blake3.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include <isotrace/core/blake3_core.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace blake3_detail {
namespace {

constexpr Words initial_value = std::to_array(initial_value_words);

void mix(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d, std::uint32_t x,
         std::uint32_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 12);
  a += b + y;
  d = std::rotr(d ^ a, 8);
  c += d;
  b = std::rotr(b ^ c, 7);
}

template <std::size_t r>
void round(std::uint32_t* s, const std::uint32_t* m) {
  constexpr const std::uint8_t* at = schedule[r];
  mix(s[0], s[4], s[8], s[12], m[at[0]], m[at[1]]);
  mix(s[1], s[5], s[9], s[13], m[at[2]], m[at[3]]);
  mix(s[2], s[6], s[10], s[14], m[at[4]], m[at[5]]);
  mix(s[3], s[7], s[11], s[15], m[at[6]], m[at[7]]);
  mix(s[0], s[5], s[10], s[15], m[at[8]], m[at[9]]);
  mix(s[1], s[6], s[11], s[12], m[at[10]], m[at[11]]);
  mix(s[2], s[7], s[8], s[13], m[at[12]], m[at[13]]);
  mix(s[3], s[4], s[9], s[14], m[at[14]], m[at[15]]);
}

}  // namespace

Words compress(const Words& chaining, const std::uint8_t* block, std::uint32_t block_size,
               std::uint64_t counter, std::uint32_t flags) {
  std::uint32_t message[16];
  std::memcpy(message, block, block_bytes);  // little-endian hosts only, like the traces
  std::uint32_t state[16];
  std::memcpy(state, chaining.data(), 32);
  std::memcpy(state + 8, initial_value_words, 16);
  state[12] = static_cast<std::uint32_t>(counter);
  state[13] = static_cast<std::uint32_t>(counter >> 32);
  state[14] = block_size;
  state[15] = flags;
  [&]<std::size_t... r>(std::index_sequence<r...>) { (round<r>(state, message), ...); }
  (std::make_index_sequence<7>{});
  Words out{};
  for (std::size_t i = 0; i < 8; ++i) out[i] = state[i] ^ state[i + 8];
  return out;
}

Words hash_parent(const Words* children, bool is_root) {
  std::array<std::uint8_t, block_bytes> block{};
  std::memcpy(block.data(), children, block_bytes);
  return compress(initial_value, block.data(), block_bytes, 0, parent | (is_root ? root : 0U));
}

Words hash_chunk(const std::uint8_t* chunk, std::size_t size, std::uint64_t counter, bool is_root) {
  Words chaining = initial_value;
  std::size_t done = 0;
  do {
    std::array<std::uint8_t, block_bytes> block{};
    const std::size_t count = std::min(block_bytes, size - done);
    std::copy_n(chunk + done, count, block.begin());
    std::uint32_t flags = done == 0 ? chunk_start : 0U;
    if (done + count == size) flags |= chunk_end | (is_root ? root : 0U);
    chaining = compress(chaining, block.data(), static_cast<std::uint32_t>(count), counter, flags);
    done += count;
  } while (done < size);
  return chaining;
}

namespace {

void hash_chunks(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter, Words* out) {
  for (std::size_t i = 0; i < chunks; ++i) {
    out[i] = hash_chunk(input + i * chunk_bytes, chunk_bytes, counter + i, false);
  }
}

void hash_parents(const Words* children, std::size_t pairs, Words* out) {
  for (std::size_t i = 0; i < pairs; ++i) out[i] = hash_parent(children + 2 * i, false);
}

void hash_chunks_at(const std::uint8_t* input, const std::uint32_t* indices, std::size_t count,
                    Words* out) {
  for (std::size_t i = 0; i < count; ++i) {
    hash_chunks(input + indices[i] * chunk_bytes, 1, indices[i], out + i);
  }
}

void hash_parents_at(const Words* children, const std::uint32_t* indices, std::size_t count,
                     Words* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = hash_parent(children + 2 * std::size_t{indices[i]}, false);
  }
}

}  // namespace

const Kernel portable_kernel = {hash_chunks, hash_parents, hash_chunks_at, hash_parents_at};

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
  std::array<std::uint8_t, chunk_bytes> chunk;
  const std::size_t size = input.size() - offset;
  input.copy(offset, size, chunk.data());
  return hash_chunk(chunk.data(), size, counter, is_root);
}

/// Subtrees are hashed in pieces of this many chunks: enough for SIMD, small enough for the cache.
constexpr std::size_t batch = 256;
constexpr std::size_t joined = 32;
using Level = std::array<Words, batch>;

/// Chaining values of `count` whole chunks from chunk `first` on.
void hash_whole_chunks(const Input& input, std::size_t first, std::size_t count,
                       const Kernel& kernel, Words* out) {
  if (input.in_body(first * chunk_bytes) == nullptr) {
    // The header moves few chunks, as many as fill the lanes: more would be copied for nothing.
    std::array<std::uint8_t, joined * chunk_bytes> bytes;
    const std::size_t head = std::min(count, joined);
    input.copy(first * chunk_bytes, head * chunk_bytes, bytes.data());
    kernel.hash_chunks(bytes.data(), head, first, out);
    first += head;
    count -= head;
    out += head;
  }
  if (count != 0) kernel.hash_chunks(input.in_body(first * chunk_bytes), count, first, out);
}

/// Folds `count` chaining values pairwise, level by level; an odd one rises unchanged, which is
/// BLAKE3's left-full tree.
Words fold(Level& level, std::size_t count, bool is_root, const Kernel& kernel) {
  while (count > 2) {
    kernel.hash_parents(level.data(), count / 2, level.data());
    if (count % 2 == 1) level[count / 2] = level[count - 1];
    count = (count + 1) / 2;
  }
  return count == 2 ? hash_parent(level.data(), is_root) : level[0];
}

/// Adds the subtree of full batch number `index` to the roots of the full subtrees before it, as in
/// a binary counter. More input follows, so none of these is the root.
void push_batch(std::vector<Words>& peaks, std::size_t index, Words value) {
  for (; index % 2 == 1; index /= 2) {
    const std::array<Words, 2> pair = {peaks.back(), value};
    value = hash_parent(pair.data(), false);
    peaks.pop_back();
  }
  peaks.push_back(value);
}

Digest hash(const Input& input, const Kernel& kernel) {
  const std::size_t size = input.size();
  const std::size_t whole = size == 0 ? 0 : (size - 1) / chunk_bytes;  // chunks before the last one
  Level level;
  std::vector<Words> peaks;
  std::size_t first = 0;
  for (; whole - first >= batch; first += batch) {
    hash_whole_chunks(input, first, batch, kernel, level.data());
    push_batch(peaks, first / batch, fold(level, batch, false, kernel));
  }
  const std::size_t rest = whole - first;
  // A last chunk that is whole and not the root is like the others.
  const bool alike = whole != 0 && size % chunk_bytes == 0;
  if (rest + alike != 0) hash_whole_chunks(input, first, rest + alike, kernel, level.data());
  if (!alike) level[rest] = hash_last_chunk(input, whole * chunk_bytes, whole, whole == 0);
  Words out = fold(level, rest + 1, peaks.empty(), kernel);
  for (; !peaks.empty(); peaks.pop_back()) {
    const std::array<Words, 2> pair = {peaks.back(), out};
    out = hash_parent(pair.data(), peaks.size() == 1);
  }
  Digest digest;
  std::memcpy(digest.bytes.data(), out.data(), digest.bytes.size());
  return digest;
}

const Kernel& kernel_of(Blake3Kernel kernel) {
  const auto kernels = blake3_kernels();
  ISOTRACE_CHECK(std::find(kernels.begin(), kernels.end(), kernel) != kernels.end(),
                 blake3_kernel_name(kernel));
  static constexpr std::array<const Kernel*, 3> table = {&portable_kernel, &avx2_kernel,
                                                         &avx512_kernel};
  return *table.at(static_cast<std::size_t>(kernel));
}

}  // namespace

const Kernel& blake3_detail::best_kernel() {
  static const Kernel& best = kernel_of(blake3_kernels().back());
  return best;
}

std::string_view blake3_kernel_name(Blake3Kernel kernel) {
  static constexpr std::array<std::string_view, 3> names = {"portable", "avx2", "avx512"};
  return names.at(static_cast<std::size_t>(kernel));
}

std::span<const Blake3Kernel> blake3_kernels() {
  static constexpr std::array all = {Blake3Kernel::portable, Blake3Kernel::avx2,
                                     Blake3Kernel::avx512};
  // Both builtins also ask whether the operating system saves the registers.
  if (__builtin_cpu_supports("avx2") == 0) return std::span(all).first(1);
  if (__builtin_cpu_supports("avx512f") == 0) return std::span(all).first(2);
  return all;
}

Digest blake3(ByteView bytes, Blake3Kernel kernel) {
  return hash(Input({}, bytes), kernel_of(kernel));
}
Digest blake3(ByteView bytes) { return hash(Input({}, bytes), best_kernel()); }
Digest blake3(ByteView header, ByteView body) {
  ISOTRACE_CHECK(header.size() < chunk_bytes, header.size());
  return hash(Input(header, body), best_kernel());
}

}  // namespace isotrace::core
