#include <isotrace/wasm/linear_memory.hpp>

#include <new>

#include <sys/mman.h>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {

LinearMemory::~LinearMemory() {
  if (data_ != nullptr) ::munmap(data_, size());
}

void LinearMemory::grow_to(std::uint32_t pages) {
  ISOTRACE_CHECK(pages >= pages_, pages, pages_);
  if (pages == pages_) return;
  const std::uint64_t bytes = pages * page_bytes;
  void* place = data_ == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                 : ::mremap(data_, size(), bytes, MREMAP_MAYMOVE);
  if (place == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(place);
  pages_ = pages;
}

}  // namespace isotrace::wasm
