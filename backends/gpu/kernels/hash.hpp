// BLAKE3 of a tensor in the memory of a device (core/blake3.hpp): one thread per chunk of 1,024
// bytes, then trees of 512 chaining values per block. The header of a tensor's digest stands before
// its bytes, so chunks begin anywhere in them. A thread's chunk lies far from its neighbour's:
// warps bring the next 64 bytes of all chunks of a block to shared memory, in vectors side by side.
#pragma once

#include <isotrace/backends/gpu/kernels/copy.hpp>

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
    std::uint64_t size;        ///< header and body together
    const std::uint8_t* body;  ///< a multiple of 16 bytes
    std::uint32_t* out;
    std::uint32_t header_size;
    std::uint8_t header[hash_header_max];
  };
  static constexpr unsigned threads = 128;
  static constexpr std::uint32_t steps = hash_chunk / 64;
  /// Words in which 64 bytes lie that begin off a multiple of 16. Eight lanes that read vectors so
  /// far apart meet in no bank.
  static constexpr std::uint32_t window = 20;
  template <template <class> class Cell>
  struct Shared {
    alignas(16) Cell<std::uint32_t> words[2][threads][window];
  };
  struct Own {
    std::uint32_t chaining[hash_words];
  };

  /// Block p of every chunk is copied in phase p and hashed in phase p + 1.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return steps + 1; }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, At at, std::uint32_t phase,
                                       Memory& shared, Own& own) {
    const std::uint64_t first = std::uint64_t{at.x} * threads;
    if (phase < steps) start_step(a, first, phase, at.thread, shared.words[phase % 2]);
    const std::uint64_t chunk = first + at.thread;
    if (phase != 0 && chunk < a.count) {
      if (phase == 1) {
        for (std::uint32_t w = 0; w < hash_words; ++w) own.chaining[w] = hash_start[w];
      }
      hash_step(a, chunk, phase - 1, shared.words[(phase - 1) % 2][at.thread], own);
      if (phase == steps) {
        Vector<std::uint32_t> halves[2];
        for (std::uint32_t w = 0; w < hash_words; ++w) halves[w / 4].at[w % 4] = own.chaining[w];
        store_vector<false>(a.out + chunk * hash_words, halves[0]);
        store_vector<false>(a.out + chunk * hash_words + 4, halves[1]);
      }
    }
    finish_copies();
  }

 private:
  /// Whether the windows of all blocks of a chunk lie in the body.
  ISOTRACE_KERNEL_CODE static bool is_staged(const Arguments& a, std::uint64_t chunk) {
    const std::uint64_t begin = chunk * hash_chunk;
    return begin >= a.header_size + 16 && begin + hash_chunk + 16 <= a.size;
  }

  template <class Cell>
  ISOTRACE_KERNEL_CODE static void start_step(const Arguments& a, std::uint64_t first,
                                              std::uint32_t step, std::uint32_t thread,
                                              Cell (&words)[threads][window]) {
    constexpr std::uint32_t vectors = window / 4;
    ISOTRACE_UNROLL(5)
    for (std::uint32_t pass = 0; pass < vectors; ++pass) {
      const std::uint32_t item = pass * threads + thread;
      const std::uint64_t chunk = first + item / vectors;
      if (!is_staged(a, chunk)) continue;
      const std::uint64_t place = chunk * hash_chunk + step * 64 - a.header_size;
      start_copy<4>(
          &words[item / vectors][item % vectors * 4],
          reinterpret_cast<const std::uint32_t*>(a.body) + place / 16 * 4 + item % vectors * 4);
    }
  }

  template <class Cell>
  ISOTRACE_KERNEL_CODE static void hash_step(const Arguments& a, std::uint64_t chunk,
                                             std::uint32_t step, const Cell (&words)[window],
                                             Own& own) {
    const std::uint64_t begin = chunk * hash_chunk;
    const std::uint64_t at = begin + step * 64;
    const std::uint64_t end = a.size - begin < hash_chunk ? a.size : begin + hash_chunk;
    if (at >= end && step != 0) return;
    HashBlock block;
    if (is_staged(a, chunk)) {
      take_words(static_cast<std::uint32_t>((at - a.header_size) % 16), words, block);
    } else {
      for (std::uint32_t w = 0; w < 16; ++w) block.message[w] = word_at(a, at + 4 * w);
    }
    const std::uint64_t bytes = end - at < 64 ? end - at : 64;
    std::uint32_t flags = step == 0 ? hash_chunk_start : 0;
    if (at + bytes == end) flags |= hash_chunk_end | (a.count == 1 ? hash_root : 0);
    block.compress(own.chaining, chunk, static_cast<std::uint32_t>(bytes), flags);
  }

  /// The 16 words that begin `offset` bytes behind the window.
  template <class Cell>
  ISOTRACE_KERNEL_CODE static void take_words(std::uint32_t offset, const Cell (&words)[window],
                                              HashBlock& block) {
    std::uint32_t raw[window];
    ISOTRACE_UNROLL(5)
    for (std::uint32_t i = 0; i < window; i += 4) {
      const auto vector = load_vector<std::uint32_t>(words + i);
      for (std::uint32_t j = 0; j < 4; ++j) raw[i + j] = vector.at[j];
    }
    switch (offset / 4) {  // the same for all threads
      case 0: return shift_words<0>(raw, offset % 4 * 8, block);
      case 1: return shift_words<1>(raw, offset % 4 * 8, block);
      case 2: return shift_words<2>(raw, offset % 4 * 8, block);
      default: return shift_words<3>(raw, offset % 4 * 8, block);
    }
  }
  template <std::uint32_t first>
  ISOTRACE_KERNEL_CODE static void shift_words(const std::uint32_t (&raw)[window],
                                               std::uint32_t bits, HashBlock& block) {
    ISOTRACE_UNROLL(16)
    for (std::uint32_t w = 0; w < 16; ++w) {
      const std::uint64_t both = std::uint64_t{raw[first + w + 1]} << 32 | raw[first + w];
      block.message[w] = static_cast<std::uint32_t>(both >> bits);
    }
  }

  /// The bytes from `at` on as a word, 0 beyond the end.
  ISOTRACE_KERNEL_CODE static std::uint32_t word_at(const Arguments& a, std::uint64_t at) {
    std::uint32_t word = 0;
    for (std::uint32_t i = 0; i < 4 && at + i < a.size; ++i) {
      const std::uint64_t place = at + i;
      const std::uint32_t byte =
          place < a.header_size ? a.header[place] : a.body[place - a.header_size];
      word |= byte << 8 * i;
    }
    return word;
  }
};

/// out[b] = the root of the tree over children 512 b to 512 b + 511; the last of an odd number
/// rises as it is. Of all children, it is the hash.
struct HashTrees {
  struct Arguments {
    std::uint64_t count;
    const std::uint32_t* children;
    std::uint32_t* out;
  };
  static constexpr unsigned threads = 256;
  static constexpr std::uint32_t leaves = 2 * threads;
  template <template <class> class Cell>
  struct Shared {
    alignas(16) Cell<std::uint32_t> values[2][threads][hash_words];
  };
  using Own = Nothing;

  ISOTRACE_KERNEL_CODE static std::uint32_t leaves_of(const Arguments& a, At at) {
    const std::uint64_t rest = a.count - std::uint64_t{at.x} * leaves;
    return static_cast<std::uint32_t>(rest < leaves ? rest : leaves);
  }
  /// One per level.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments& a, At at) {
    std::uint32_t levels = 1;
    while (leaves_of(a, at) > 1U << levels) ++levels;
    return levels;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, At at, std::uint32_t phase,
                                       Memory& shared, Own&) {
    const std::uint32_t count = (leaves_of(a, at) + (1U << phase) - 1) >> phase;
    const std::uint32_t i = at.thread;
    if (2 * i >= count) return;
    const bool is_pair = 2 * i + 1 < count;
    HashBlock block;
    if (phase == 0) {
      const std::uint32_t* leaf = a.children + (std::uint64_t{at.x} * leaves + 2 * i) * hash_words;
      take(leaf, is_pair ? leaf + hash_words : leaf, block);
    } else {
      const auto& values = shared.values[(phase - 1) % 2];
      take(values[2 * i], values[2 * i + (is_pair ? 1 : 0)], block);
    }
    std::uint32_t chaining[hash_words];
    for (std::uint32_t w = 0; w < hash_words; ++w) {
      chaining[w] = is_pair ? hash_start[w] : block.message[w];
    }
    if (is_pair) {
      const bool is_root = count == 2 && a.count <= leaves;
      block.compress(chaining, 0, 64, hash_parent | (is_root ? hash_root : 0));
    }
    Vector<std::uint32_t> halves[2];
    for (std::uint32_t w = 0; w < hash_words; ++w) halves[w / 4].at[w % 4] = chaining[w];
    for (std::uint32_t half = 0; half < 2; ++half) {
      if (count <= 2) {
        store_vector<false>(a.out + std::uint64_t{at.x} * hash_words + 4 * half, halves[half]);
      } else {
        store_vector<true>(shared.values[phase % 2][i] + 4 * half, halves[half]);
      }
    }
  }

 private:
  template <class Place>
  ISOTRACE_KERNEL_CODE static void take(const Place* left, const Place* right, HashBlock& block) {
    for (std::uint32_t w = 0; w < hash_words; w += 4) {
      const auto one = load_vector<std::uint32_t>(left + w);
      const auto other = load_vector<std::uint32_t>(right + w);
      for (std::uint32_t j = 0; j < 4; ++j) {
        block.message[w + j] = one.at[j];
        block.message[hash_words + w + j] = other.at[j];
      }
    }
  }
};

}  // namespace isotrace::backends::gpu
