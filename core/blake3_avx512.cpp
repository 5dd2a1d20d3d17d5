// BLAKE3, sixteen inputs at a time. Compiled with -mavx512f and called only where the processor has
// it.
#include <immintrin.h>

#include <isotrace/core/blake3_lanes.hpp>

namespace isotrace::core::blake3_detail {
namespace {

struct Avx512 {
  using Vector = __m512i;
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t groups = 2;

  static Vector set(std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }
  static Vector load(const void* words) { return _mm512_loadu_si512(words); }
  /// By name: states fill the registers, and a word loaded into one would cost a store.
  static Vector add_word(Vector a, const Vector& word) {
    __asm__("vpaddd %1, %0, %0" : "+v"(a) : "m"(word));
    return a;
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static Vector exclusive_or(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
  template <int n>
  static Vector rotate(Vector x) {
    return _mm512_ror_epi32(x, n);
  }

  /// Rows of 16 words become columns: 4x4 blocks of words first, then the blocks.
  static void transpose(Vector* v) {
    Vector t[16];
    for (int i = 0; i < 16; i += 2) {
      t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
    }
    Vector u[16];
    for (int i = 0; i < 16; i += 4) {
      u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
      u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
      u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
      u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; ++i) {
      const Vector a = _mm512_shuffle_i32x4(u[i], u[i + 4], 0x88);
      const Vector b = _mm512_shuffle_i32x4(u[i], u[i + 4], 0xDD);
      const Vector c = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0x88);
      const Vector d = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0xDD);
      v[i] = _mm512_shuffle_i32x4(a, c, 0x88);
      v[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
      v[i + 8] = _mm512_shuffle_i32x4(a, c, 0xDD);
      v[i + 12] = _mm512_shuffle_i32x4(b, d, 0xDD);
    }
  }

  template <class BlockOf>
  static void load_block(const BlockOf& block_of, std::size_t ahead, Vector* message) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::uint8_t* block = block_of(lane);
      message[lane] = load(block);
      __builtin_prefetch(block + ahead);
    }
    transpose(message);
  }

  static void store_words(const Vector* chaining, std::uint32_t* rows) {
    Vector v[16];
    for (int i = 0; i < 8; ++i) v[i] = chaining[i];
    for (int i = 8; i < 16; ++i) v[i] = _mm512_setzero_si512();
    transpose(v);
    for (int i = 0; i < 16; ++i) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows + 8 * i), _mm512_castsi512_si256(v[i]));
    }
  }
};

}  // namespace

const Kernel avx512_kernel = {Lanes<Avx512>::hash_chunks, Lanes<Avx512>::hash_parents,
                              Lanes<Avx512>::hash_chunks_at, Lanes<Avx512>::hash_parents_at};

}  // namespace isotrace::core::blake3_detail
