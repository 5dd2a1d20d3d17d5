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

// Simd provides: Vector, lanes, groups (of lanes whose states fit the registers), set(u32),
// load(const u32*), add, add_word(vector, word of a message), exclusive_or, rotate<n>, store_words
// (8 vectors to lanes rows of 8 words), load_block(lane to its block, bytes from there to what to
// prefetch, 16 vectors).
template <class Simd>
struct Lanes {
  using Vector = typename Simd::Vector;

  /// Groups of lanes that are hashed together. Every step waits for the one before it: those of
  /// several inputs in turns leave the processor something to do.
  template <std::size_t groups>
  using State = Vector[groups][16];

  template <int first, int second, std::size_t groups>
  static inline __attribute__((always_inline)) void mix(State<groups>& s, const State<groups>& m,
                                                        const std::uint8_t* at, std::size_t turn) {
    const auto row = [&](std::size_t n, std::size_t i) -> Vector& {
      return s[i / 4][4 * n + (i + n * turn) % 4];
    };
    // With 16 registers it is better to have one after the other.
    constexpr std::size_t together = Simd::groups == 1 ? 1 : 4 * groups;
#pragma GCC unroll 8
    for (std::size_t from = 0; from < 4 * groups; from += together) {
#pragma GCC unroll 8
      for (std::size_t i = from; i < from + together; ++i) {
        row(0, i) = Simd::add(Simd::add_word(row(0, i), m[i / 4][at[i % 4 * 2]]), row(1, i));
      }
#pragma GCC unroll 8
      for (std::size_t i = from; i < from + together; ++i) {
        row(3, i) = Simd::template rotate<first>(Simd::exclusive_or(row(3, i), row(0, i)));
      }
#pragma GCC unroll 8
      for (std::size_t i = from; i < from + together; ++i) {
        row(2, i) = Simd::add(row(2, i), row(3, i));
      }
#pragma GCC unroll 8
      for (std::size_t i = from; i < from + together; ++i) {
        row(1, i) = Simd::template rotate<second>(Simd::exclusive_or(row(1, i), row(2, i)));
      }
    }
  }

  template <std::size_t r, std::size_t groups>
  static inline __attribute__((always_inline)) void round(State<groups>& s,
                                                          const State<groups>& m) {
    constexpr const std::uint8_t* at = schedule[r];
    mix<16, 12, groups>(s, m, at, 0);
    mix<8, 7, groups>(s, m, at + 1, 0);
    mix<16, 12, groups>(s, m, at + 8, 1);
    mix<8, 7, groups>(s, m, at + 9, 1);
  }

  /// The first 8 vectors of each state are what is chained; the others are set here.
  template <std::size_t groups>
  static inline __attribute__((always_inline)) void compress(State<groups>& chaining,
                                                             const State<groups>& message,
                                                             const Vector (&counters)[groups][2],
                                                             std::uint32_t flags) {
    State<groups> s;
#pragma GCC unroll 2
    for (std::size_t g = 0; g < groups; ++g) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) s[g][i] = chaining[g][i];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) s[g][8 + i] = Simd::set(initial_value_words[i]);
      s[g][12] = counters[g][0];
      s[g][13] = counters[g][1];
      s[g][14] = Simd::set(block_bytes);
      s[g][15] = Simd::set(flags);
    }
    round<0, groups>(s, message);
    round<1, groups>(s, message);
    round<2, groups>(s, message);
    round<3, groups>(s, message);
    round<4, groups>(s, message);
    round<5, groups>(s, message);
    round<6, groups>(s, message);
#pragma GCC unroll 2
    for (std::size_t g = 0; g < groups; ++g) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) {
        chaining[g][i] = Simd::exclusive_or(s[g][i], s[g][i + 8]);
      }
    }
  }

  /// Hashes inputs [first, first + valid); lanes beyond repeat the last input. `plain`: none are
  /// beyond, and inputs are chunks one after the other, whose addresses need no table.
  template <std::size_t groups, bool plain>
  static void hash_groups(const Inputs& in, std::size_t first, std::size_t valid,
                          std::uint32_t* out) {
    const std::uint8_t* inputs[groups][Simd::lanes];
    std::uint32_t words[groups][2][Simd::lanes];
    for (std::size_t at = 0; at < groups * Simd::lanes; ++at) {
      const std::size_t i = first + (at < valid ? at : valid - 1);
      const std::size_t number = in.indices == nullptr ? i : in.indices[i];
      const std::uint64_t counter = in.counter + number * in.counter_step;
      inputs[at / Simd::lanes][at % Simd::lanes] = in.bytes + number * in.stride;
      words[at / Simd::lanes][0][at % Simd::lanes] = static_cast<std::uint32_t>(counter);
      words[at / Simd::lanes][1][at % Simd::lanes] = static_cast<std::uint32_t>(counter >> 32);
    }
    Vector counters[groups][2];
    State<groups> chaining;
    for (std::size_t g = 0; g < groups; ++g) {
      for (std::size_t i = 0; i < 2; ++i) counters[g][i] = Simd::load(words[g][i]);
      for (std::size_t i = 0; i < 8; ++i) chaining[g][i] = Simd::set(initial_value_words[i]);
    }
    for (std::size_t block = 0; block < in.blocks; ++block) {
      // Four blocks ahead; near the end of an input in the one that this lane will hash next.
      constexpr std::size_t near = 4;
      const std::size_t next_input = (groups * Simd::lanes - 1) * in.stride;
      const std::size_t ahead = near * block_bytes + (block + near < in.blocks ? 0 : next_input);
      State<groups> message;
      for (std::size_t g = 0; g < groups; ++g) {
        const std::uint8_t* from = inputs[g][0] + block * block_bytes;
        const auto block_of = [&](std::size_t lane) {
          return plain ? from + lane * chunk_bytes : inputs[g][lane] + block * block_bytes;
        };
        Simd::load_block(block_of, ahead, message[g]);
      }
      const std::uint32_t flags = in.flags | (block == 0 ? in.first_flags : 0U) |
                                  (block + 1 == in.blocks ? in.last_flags : 0U);
      compress<groups>(chaining, message, counters, flags);
    }
    std::uint32_t rows[groups * Simd::lanes][8];
    for (std::size_t g = 0; g < groups; ++g) {
      Simd::store_words(chaining[g], rows[g * Simd::lanes]);
    }
    __builtin_memcpy(out + first * 8, rows, valid * 32);
  }

  /// Hashes as many of `count` inputs as pay in lanes and returns how many those were: a group
  /// costs about as much as one or two inputs one by one.
  static std::size_t hash(const Inputs& in, std::size_t count, Words* out) {
    auto* words = reinterpret_cast<std::uint32_t*>(out);
    constexpr std::size_t most = Simd::groups * Simd::lanes;
    const bool plain = in.indices == nullptr && in.stride == chunk_bytes;
    std::size_t first = 0;
    for (; first + most <= count; first += most) {
      (plain ? hash_groups<Simd::groups, true> : hash_groups<Simd::groups, false>)(in, first, most,
                                                                                   words);
    }
    const std::size_t rest = count - first;
    if (rest < 2) return first;
    (rest > Simd::lanes ? hash_groups<Simd::groups, false> : hash_groups<1, false>)(in, first, rest,
                                                                                    words);
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
