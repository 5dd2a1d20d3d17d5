// Shared between the BLAKE3 kernels: constants and the interface of a kernel. Internal to core/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace isotrace::core::blake3_detail {

inline constexpr std::size_t chunk_bytes = 1024;
inline constexpr std::size_t block_bytes = 64;

using Words = std::array<std::uint32_t, 8>;

inline constexpr Words initial_value = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                        0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

inline constexpr std::uint32_t chunk_start = 1;
inline constexpr std::uint32_t chunk_end = 2;
inline constexpr std::uint32_t parent = 4;
inline constexpr std::uint32_t root = 8;

/// Hashes `chunks` whole chunks (1,024 bytes each, consecutive at `input`), chunk i with counter
/// `counter + i`, none of them the root; writes one chaining value per chunk.
using HashChunks = void (*)(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter,
                            Words* out);

void hash_chunks_portable(const std::uint8_t* input, std::size_t chunks, std::uint64_t counter,
                          Words* out);

/// The compression function, first 8 words of the output.
Words compress(const Words& chaining, const std::uint8_t* block, std::uint32_t block_size,
               std::uint64_t counter, std::uint32_t flags);

}  // namespace isotrace::core::blake3_detail
