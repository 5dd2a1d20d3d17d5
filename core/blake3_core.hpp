// Shared between the BLAKE3 kernels: constants and the interface of a kernel. Internal to core/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace isotrace::core::blake3_detail {

inline constexpr std::size_t chunk_bytes = 1024;
inline constexpr std::size_t block_bytes = 64;

using Words = std::array<std::uint32_t, 8>;

// Plain arrays: the SIMD files must not use inline functions, not even std::array's.
inline constexpr std::uint32_t initial_value_words[8] = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

/// Order of the message words in each round: the permutation of the specification, applied again
/// and again.
inline constexpr std::uint8_t schedule[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1},
    {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4},
    {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13}};

inline constexpr std::uint32_t chunk_start = 1;
inline constexpr std::uint32_t chunk_end = 2;
inline constexpr std::uint32_t parent = 4;
inline constexpr std::uint32_t root = 8;

/// What a processor's version of BLAKE3 provides. Neither function makes the root.
struct Kernel {
  /// Hashes `chunks` whole chunks (1,024 bytes each, consecutive at `input`), chunk i with counter
  /// `counter + i`; writes one chaining value per chunk.
  void (*hash_chunks)(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter,
                      Words* out);
  /// out[i] = parent of children[2i] and children[2i + 1] for i < pairs. `out` may be `children`.
  void (*hash_parents)(const Words* children, std::size_t pairs, Words* out);
  /// out[i] = chaining value of chunk indices[i] of the whole chunks at `input`.
  void (*hash_chunks_at)(const std::uint8_t* input, const std::uint32_t* indices, std::size_t count,
                         Words* out);
  /// out[i] = parent of children[2 * indices[i]] and its neighbour. `out` is not `children`.
  void (*hash_parents_at)(const Words* children, const std::uint32_t* indices, std::size_t count,
                          Words* out);
};

extern const Kernel portable_kernel;
extern const Kernel avx2_kernel;
extern const Kernel avx512_kernel;

/// The kernel that hashes fastest on this processor.
const Kernel& best_kernel();

/// The parent of children[0] and children[1].
Words hash_parent(const Words* children, bool is_root);

/// A chunk of up to 1,024 bytes, which may be short (or empty), and may be the root.
Words hash_chunk(const std::uint8_t* chunk, std::size_t size, std::uint64_t counter, bool is_root);

/// The compression function, first 8 words of the output.
Words compress(const Words& chaining, const std::uint8_t* block, std::uint32_t block_size,
               std::uint64_t counter, std::uint32_t flags);

}  // namespace isotrace::core::blake3_detail
