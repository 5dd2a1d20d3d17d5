// BLAKE3 of a tensor in the memory of a device (core/blake3.hpp): one thread per chunk of 1,024
// bytes, then one per pair of chaining values, level by level. The header of a tensor's digest
// stands before its bytes, so chunks begin anywhere in them.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

inline constexpr std::uint32_t hash_words = 8;  ///< of a chaining value
inline constexpr std::uint32_t hash_header_max = 2 + 8 * 16;
inline constexpr std::uint64_t hash_chunk = 1024;

ISOTRACE_LANES_TABLE std::uint32_t hash_start[hash_words] = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
/// The order of the message's words in a round, from that of the round before.
ISOTRACE_LANES_TABLE std::uint8_t hash_order[16] = {2, 6,  3,  10, 7, 0,  4,  13,
                                                    1, 11, 12, 5,  9, 14, 15, 8};

inline constexpr std::uint32_t hash_chunk_start = 1;
inline constexpr std::uint32_t hash_chunk_end = 2;
inline constexpr std::uint32_t hash_parent = 4;
inline constexpr std::uint32_t hash_root = 8;

ISOTRACE_KERNEL_CODE std::uint32_t rotate_right(std::uint32_t x, std::uint32_t by) {
  return x >> by | x << (32 - by);
}

struct HashBlock {
  std::uint32_t state[16];
  std::uint32_t message[16];

  ISOTRACE_KERNEL_CODE void mix(std::uint32_t i, std::uint32_t j, std::uint32_t k, std::uint32_t l,
                                std::uint32_t x, std::uint32_t y) {
    std::uint32_t a = state[i];
    std::uint32_t b = state[j];
    std::uint32_t c = state[k];
    std::uint32_t d = state[l];
    a += b + x;
    d = rotate_right(d ^ a, 16);
    c += d;
    b = rotate_right(b ^ c, 12);
    a += b + y;
    d = rotate_right(d ^ a, 8);
    c += d;
    b = rotate_right(b ^ c, 7);
    state[i] = a;
    state[j] = b;
    state[k] = c;
    state[l] = d;
  }

  ISOTRACE_KERNEL_CODE void permute() {
    std::uint32_t moved[16];
    ISOTRACE_UNROLL(16)
    for (std::uint32_t i = 0; i < 16; ++i) moved[i] = message[hash_order[i]];
    ISOTRACE_UNROLL(16)
    for (std::uint32_t i = 0; i < 16; ++i) message[i] = moved[i];
  }

  /// Replaces the chaining value by that of the block whose words are in `message`.
  ISOTRACE_KERNEL_CODE void compress(std::uint32_t (&chaining)[hash_words], std::uint64_t counter,
                                     std::uint32_t bytes, std::uint32_t flags) {
    for (std::uint32_t i = 0; i < 8; ++i) state[i] = chaining[i];
    for (std::uint32_t i = 0; i < 4; ++i) state[8 + i] = hash_start[i];
    state[12] = static_cast<std::uint32_t>(counter);
    state[13] = static_cast<std::uint32_t>(counter >> 32);
    state[14] = bytes;
    state[15] = flags;
    ISOTRACE_UNROLL(7)
    for (std::uint32_t round = 0; round < 7; ++round) {
      mix(0, 4, 8, 12, message[0], message[1]);
      mix(1, 5, 9, 13, message[2], message[3]);
      mix(2, 6, 10, 14, message[4], message[5]);
      mix(3, 7, 11, 15, message[6], message[7]);
      mix(0, 5, 10, 15, message[8], message[9]);
      mix(1, 6, 11, 12, message[10], message[11]);
      mix(2, 7, 8, 13, message[12], message[13]);
      mix(3, 4, 9, 14, message[14], message[15]);
      permute();
    }
    for (std::uint32_t i = 0; i < 8; ++i) chaining[i] = state[i] ^ state[i + 8];
  }
};

/// out[i] = the chaining value of chunk i; of the only chunk, the hash.
struct HashChunks {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t size;  ///< header and body together
    const std::uint8_t* body;
    std::uint32_t* out;
    std::uint32_t header_size;
    std::uint8_t header[hash_header_max];
  };
  /// The bytes from `at` on as a word, 0 beyond the end. Memory is read in whole words.
  ISOTRACE_KERNEL_CODE static std::uint32_t word_at(const Arguments& a, std::uint64_t at) {
    if (at >= a.header_size && at + 8 <= a.size) {
      const std::uint64_t place = at - a.header_size;
      const auto* words = reinterpret_cast<const std::uint32_t*>(a.body) + place / 4;
      const std::uint32_t shift = 8 * static_cast<std::uint32_t>(place % 4);
      return shift == 0 ? words[0] : words[0] >> shift | words[1] << (32 - shift);
    }
    std::uint32_t word = 0;
    for (std::uint32_t i = 0; i < 4 && at + i < a.size; ++i) {
      const std::uint64_t place = at + i;
      const std::uint32_t byte =
          place < a.header_size ? a.header[place] : a.body[place - a.header_size];
      word |= byte << 8 * i;
    }
    return word;
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    std::uint32_t chaining[hash_words];
    for (std::uint32_t w = 0; w < hash_words; ++w) chaining[w] = hash_start[w];
    const std::uint64_t begin = i * hash_chunk;
    const std::uint64_t end = a.size - begin < hash_chunk ? a.size : begin + hash_chunk;
    std::uint64_t at = begin;
    do {
      const std::uint64_t bytes = end - at < 64 ? end - at : 64;
      HashBlock block;
      for (std::uint32_t w = 0; w < 16; ++w) block.message[w] = word_at(a, at + 4 * w);
      std::uint32_t flags = at == begin ? hash_chunk_start : 0;
      if (at + bytes == end) flags |= hash_chunk_end | (a.count == 1 ? hash_root : 0);
      block.compress(chaining, i, static_cast<std::uint32_t>(bytes), flags);
      at += bytes;
    } while (at < end);
    for (std::uint32_t w = 0; w < hash_words; ++w) a.out[i * hash_words + w] = chaining[w];
  }
};

/// out[i] = the parent of children 2i and 2i + 1; the last of an odd number rises as it is. Of two
/// children it is the hash.
struct HashParents {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t children_count;
    const std::uint32_t* children;
    std::uint32_t* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint32_t* pair = a.children + 2 * i * hash_words;
    std::uint32_t chaining[hash_words];
    if (2 * i + 1 == a.children_count) {
      for (std::uint32_t w = 0; w < hash_words; ++w) chaining[w] = pair[w];
    } else {
      for (std::uint32_t w = 0; w < hash_words; ++w) chaining[w] = hash_start[w];
      HashBlock block;
      for (std::uint32_t w = 0; w < 16; ++w) block.message[w] = pair[w];
      block.compress(chaining, 0, 64, hash_parent | (a.children_count == 2 ? hash_root : 0));
    }
    for (std::uint32_t w = 0; w < hash_words; ++w) a.out[i * hash_words + w] = chaining[w];
  }
};

}  // namespace isotrace::backends::gpu
