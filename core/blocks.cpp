#include <isotrace/core/blocks.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>

namespace isotrace::core {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t kept_bytes_min = std::size_t{64} << 10;  // smaller blocks are cheap to get

std::align_val_t alignment_of(std::size_t bytes) {
  return bytes < huge_page ? alignment : std::align_val_t{huge_page};
}

MemoryBlock new_block(std::size_t bytes) {
  void* data = ::operator new(bytes, alignment_of(bytes));
  // Reading a matrix through small pages takes twice as long. Only whole pages, so that no more
  // memory is taken, and only advice: may have no effect.
  if (bytes >= huge_page) madvise(data, bytes / huge_page * huge_page, MADV_HUGEPAGE);
  return {static_cast<std::uint8_t*>(data), bytes};
}

void delete_block(MemoryBlock block) {
  ::operator delete(block.data, alignment_of(block.capacity));
}

class KeptBlocks {
 public:
  /// A block that is not much too large, or none (data is nullptr).
  MemoryBlock take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    std::size_t best = count_;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t capacity = blocks_[i].capacity;
      if (capacity < bytes || capacity > bytes + bytes / 4) continue;
      if (best == count_ || capacity < blocks_[best].capacity) best = i;
    }
    return best == count_ ? MemoryBlock{} : remove(best);
  }

  /// Keeps the block; those kept longest make room for it.
  void give(MemoryBlock block) {
    const std::lock_guard lock(mutex_);
    while (count_ == blocks_.size() || bytes_ + block.capacity > kept_blocks_bytes_max) {
      delete_block(remove(0));
    }
    bytes_ += block.capacity;
    blocks_[count_++] = block;
  }

  void drop_all() {
    const std::lock_guard lock(mutex_);
    while (count_ != 0) delete_block(remove(count_ - 1));
  }

 private:
  MemoryBlock remove(std::size_t index) {
    const auto at = blocks_.begin() + static_cast<std::ptrdiff_t>(index);
    const MemoryBlock block = *at;
    std::move(at + 1, blocks_.begin() + static_cast<std::ptrdiff_t>(count_), at);
    --count_;
    bytes_ -= block.capacity;
    return block;
  }

  std::mutex mutex_;
  std::array<MemoryBlock, 512> blocks_{};  // the first count_, kept longest first
  std::size_t count_ = 0;
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
