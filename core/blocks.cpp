#include <isotrace/core/blocks.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <utility>

namespace isotrace::core {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t kept_bytes_min = std::size_t{64} << 10;  // smaller blocks are cheap to get

MemoryBlock new_block(std::size_t bytes) {
  return {static_cast<std::uint8_t*>(::operator new(bytes, alignment)), bytes};
}

void delete_block(MemoryBlock block) { ::operator delete(block.data, alignment); }

class KeptBlocks {
 public:
  /// A block that is not much too large, or none (data is nullptr).
  MemoryBlock take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    MemoryBlock* best = nullptr;
    for (MemoryBlock& block : blocks_) {
      if (block.data == nullptr || block.capacity < bytes || block.capacity > bytes + bytes / 4) {
        continue;
      }
      if (best == nullptr || block.capacity < best->capacity) best = &block;
    }
    if (best == nullptr) return {};
    bytes_ -= best->capacity;
    return std::exchange(*best, MemoryBlock{});
  }

  /// Keeps the block; those kept longest make room for it.
  void give(MemoryBlock block) {
    const std::lock_guard lock(mutex_);
    drop(blocks_[next_]);
    for (std::size_t i = 1; bytes_ + block.capacity > kept_blocks_bytes_max; ++i) {
      drop(blocks_[(next_ + i) % blocks_.size()]);
    }
    bytes_ += block.capacity;
    blocks_[next_] = block;
    next_ = (next_ + 1) % blocks_.size();
  }

  void drop_all() {
    const std::lock_guard lock(mutex_);
    for (MemoryBlock& block : blocks_) drop(block);
  }

 private:
  void drop(MemoryBlock& block) {
    if (block.data == nullptr) return;
    bytes_ -= block.capacity;
    delete_block(std::exchange(block, MemoryBlock{}));
  }

  std::mutex mutex_;
  std::array<MemoryBlock, 16> blocks_{};
  std::size_t next_ = 0;  // the oldest, or free
  std::size_t bytes_ = 0;
};

/// Never destroyed: tensors may live as long as the process.
KeptBlocks& kept_blocks() {
  static KeptBlocks& blocks = *new KeptBlocks;
  return blocks;
}

#if defined(__has_feature)
#define ISOTRACE_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ISOTRACE_HAS_FEATURE(feature) 0
#endif

/// Under AddressSanitizer every block is a new one, so that use after free is found.
#if defined(__SANITIZE_ADDRESS__) || ISOTRACE_HAS_FEATURE(address_sanitizer)
constexpr bool keeps_blocks = false;
#else
constexpr bool keeps_blocks = true;
#endif

bool is_kept(std::size_t bytes) {
  return keeps_blocks && bytes >= kept_bytes_min && bytes <= kept_blocks_bytes_max;
}

}  // namespace

MemoryBlock take_block(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 64);
  if (!is_kept(bytes)) return new_block(bytes);
  if (const MemoryBlock kept = kept_blocks().take(bytes); kept.data != nullptr) return kept;
  try {
    return new_block(bytes);
  } catch (const std::bad_alloc&) {
    kept_blocks().drop_all();
    return new_block(bytes);
  }
}

void give_block(MemoryBlock block) noexcept {
  if (block.data == nullptr) return;
  if (is_kept(block.capacity)) {
    kept_blocks().give(block);
  } else {
    delete_block(block);
  }
}

}  // namespace isotrace::core
