// Memory for the elements of tensors. Freed blocks of some size are kept for the next tensor, up to
// a stated sum: pages that the system would take back and clear anew cost as much as arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isotrace::core {

/// The most that freed blocks may hold in all.
inline constexpr std::size_t kept_blocks_bytes_max = std::size_t{64} << 20;

struct MemoryBlock {
  std::uint8_t* data;
  std::size_t capacity;  ///< to be given back with the block
};

/// At least `bytes` bytes at a 64-byte boundary, contents undefined. Throws std::bad_alloc.
MemoryBlock take_block(std::size_t bytes);
void give_block(MemoryBlock block) noexcept;

}  // namespace isotrace::core
