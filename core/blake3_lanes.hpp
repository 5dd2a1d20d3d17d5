// BLAKE3 with one input per SIMD lane, written once for any width. Included by the files that are
// compiled for one instruction set each. Everything here is in an unnamed namespace and uses no
// inline function of the standard library: the linker must never pick a copy compiled for a newer
// processor as the one for all. Internal to core/.
#pragma once

#include <cstddef>
#include <cstdint>

#include <isotrace/core/blake3_core.hpp>

namespace isotrace::core::blake3_detail {
namespace {

/// Inputs that are hashed alike: number n starts at bytes + n * stride and has `blocks` blocks.
/// Input i has the number indices[i], or i where there are no indices.
struct Inputs {
  const std::uint8_t* bytes;
  const std::uint32_t* indices;
  std::size_t stride;
  std::size_t blocks;
  std::uint32_t flags;         // of every block
  std::uint32_t first_flags;   // of the first block, too
  std::uint32_t last_flags;    // of the last block, too
  std::uint64_t counter;       // of number 0
  std::uint64_t counter_step;  // from one number to the next
};

// Simd provides: Vector, lanes, set(u32), load(const u32*), add, exclusive_or, rotate<n>,
// store_words (8 vectors to lanes rows of 8 words), load_block(one input per lane, offset, 16
// vectors).
template <class Simd>
struct Lanes {
  using Vector = typename Simd::Vector;

  static inline __attribute__((always_inline)) void mix(Vector& a, Vector& b, Vector& c, Vector& d,
                                                        Vector x, Vector y) {
    a = Simd::add(Simd::add(a, b), x);
    d = Simd::template rotate<16>(Simd::exclusive_or(d, a));
    c = Simd::add(c, d);
    b = Simd::template rotate<12>(Simd::exclusive_or(b, c));
    a = Simd::add(Simd::add(a, b), y);
    d = Simd::template rotate<8>(Simd::exclusive_or(d, a));
    c = Simd::add(c, d);
    b = Simd::template rotate<7>(Simd::exclusive_or(b, c));
  }

  template <std::size_t r>
  static inline __attribute__((always_inline)) void round(Vector* s, const Vector* m) {
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

  static inline __attribute__((always_inline)) void compress(Vector* chaining,
                                                             const Vector* message, Vector low,
                                                             Vector high, std::uint32_t flags) {
    Vector s[16];
    for (std::size_t i = 0; i < 8; ++i) s[i] = chaining[i];
    for (std::size_t i = 0; i < 4; ++i) s[8 + i] = Simd::set(initial_value_words[i]);
    s[12] = low;
    s[13] = high;
    s[14] = Simd::set(block_bytes);
    s[15] = Simd::set(flags);
    round<0>(s, message);
    round<1>(s, message);
    round<2>(s, message);
    round<3>(s, message);
    round<4>(s, message);
    round<5>(s, message);
    round<6>(s, message);
    for (std::size_t i = 0; i < 8; ++i) chaining[i] = Simd::exclusive_or(s[i], s[i + 8]);
  }

  /// Hashes inputs [first, first + valid), valid <= lanes; lanes beyond repeat the last input.
  static void hash_group(const Inputs& in, std::size_t first, std::size_t valid,
                         std::uint32_t* out) {
    const std::uint8_t* inputs[Simd::lanes];
    std::uint32_t counters[2][Simd::lanes];
    for (std::size_t lane = 0; lane < Simd::lanes; ++lane) {
      const std::size_t i = first + (lane < valid ? lane : valid - 1);
      const std::size_t number = in.indices == nullptr ? i : in.indices[i];
      const std::uint64_t counter = in.counter + number * in.counter_step;
      inputs[lane] = in.bytes + number * in.stride;
      counters[0][lane] = static_cast<std::uint32_t>(counter);
      counters[1][lane] = static_cast<std::uint32_t>(counter >> 32);
    }
    const Vector low = Simd::load(counters[0]);
    const Vector high = Simd::load(counters[1]);
    Vector chaining[8];
    for (std::size_t i = 0; i < 8; ++i) chaining[i] = Simd::set(initial_value_words[i]);
    for (std::size_t block = 0; block < in.blocks; ++block) {
      Vector message[16];
      Simd::load_block(inputs, block * block_bytes, message);
      const std::uint32_t flags = in.flags | (block == 0 ? in.first_flags : 0U) |
                                  (block + 1 == in.blocks ? in.last_flags : 0U);
      compress(chaining, message, low, high, flags);
    }
    std::uint32_t rows[Simd::lanes][8];
    Simd::store_words(chaining, &rows[0][0]);
    __builtin_memcpy(out + first * 8, rows, valid * 32);
  }

  /// Hashes as many of `count` inputs as pay in lanes and returns how many those were: a group
  /// costs about as much as three inputs one by one.
  static std::size_t hash(const Inputs& in, std::size_t count, Words* out) {
    auto* words = reinterpret_cast<std::uint32_t*>(out);
    std::size_t first = 0;
    for (; first + Simd::lanes <= count; first += Simd::lanes) {
      hash_group(in, first, Simd::lanes, words);
    }
    if (count - first < 3) return first;
    hash_group(in, first, count - first, words);
    return count;
  }

  static constexpr std::size_t blocks = chunk_bytes / block_bytes;

  static void hash_chunks(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter,
                          Words* out) {
    const std::size_t done = hash(
        {input, nullptr, chunk_bytes, blocks, 0, chunk_start, chunk_end, counter, 1}, chunks, out);
    portable_kernel.hash_chunks(input + done * chunk_bytes, chunks - done, counter + done,
                                out + done);
  }

  static void hash_chunks_at(const std::uint8_t* input, const std::uint32_t* indices,
                             std::size_t count, Words* out) {
    const std::size_t done =
        hash({input, indices, chunk_bytes, blocks, 0, chunk_start, chunk_end, 0, 1}, count, out);
    portable_kernel.hash_chunks_at(input, indices + done, count - done, out + done);
  }

  // Two chaining values side by side are a parent's block.

  static void hash_parents(const Words* children, std::size_t pairs, Words* out) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(children);
    const std::size_t done = hash({bytes, nullptr, block_bytes, 1, parent, 0, 0, 0, 0}, pairs, out);
    portable_kernel.hash_parents(children + 2 * done, pairs - done, out + done);
  }

  static void hash_parents_at(const Words* children, const std::uint32_t* indices,
                              std::size_t count, Words* out) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(children);
    const std::size_t done = hash({bytes, indices, block_bytes, 1, parent, 0, 0, 0, 0}, count, out);
    portable_kernel.hash_parents_at(children, indices + done, count - done, out + done);
  }
};

}  // namespace
}  // namespace isotrace::core::blake3_detail
