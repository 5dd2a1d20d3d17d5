// BLAKE3, eight inputs at a time. Compiled with -mavx2 and called only where the processor has it.
#include <immintrin.h>

#include <isotrace/core/blake3_lanes.hpp>

namespace isotrace::core::blake3_detail {
namespace {

struct Avx2 {
  using Vector = __m256i;
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t groups = 1;

  static Vector set(std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }
  static Vector load(const void* words) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(words));
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static Vector add_word(Vector a, Vector word) { return add(a, word); }
  static Vector exclusive_or(Vector a, Vector b) { return _mm256_xor_si256(a, b); }

  template <int n>
  static Vector rotate(Vector x) {
    if constexpr (n == 16) {
      return _mm256_shuffle_epi8(
          x, _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2, 13, 12, 15, 14,
                             9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2));
    } else if constexpr (n == 8) {
      return _mm256_shuffle_epi8(
          x, _mm256_set_epi8(12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1, 12, 15, 14, 13,
                             8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1));
    } else {
      return _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - n));
    }
  }

  /// Rows of 8 words become columns.
  static void transpose(Vector* v) {
    Vector t[8];
    for (int i = 0; i < 4; ++i) {
      t[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
      t[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    Vector u[8];
    for (int i = 0; i < 2; ++i) {
      u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
      u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
      u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
      u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
      v[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
  }

  template <class BlockOf>
  static void load_block(const BlockOf& block_of, std::size_t ahead, Vector* message) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::uint8_t* block = block_of(lane);
      message[lane] = load(block);
      message[lane + 8] = load(block + 32);
      __builtin_prefetch(block + ahead);
    }
    transpose(message);
    transpose(message + 8);
  }

  static void store_words(Vector* chaining, std::uint32_t* rows) {
    transpose(chaining);
    for (int i = 0; i < 8; ++i) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows + 8 * i), chaining[i]);
    }
  }
};

}  // namespace

const Kernel avx2_kernel = {Lanes<Avx2>::hash_chunks, Lanes<Avx2>::hash_parents,
                            Lanes<Avx2>::hash_chunks_at, Lanes<Avx2>::hash_parents_at};

}  // namespace isotrace::core::blake3_detail
