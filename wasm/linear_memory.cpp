#include <isotrace/wasm/linear_memory.hpp>

#include <cstring>
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
  marks_.resize(bytes >> chunk_shift);
}

std::vector<std::uint32_t> LinearMemory::take_marks() {
  std::vector<std::uint32_t> marked;
  for (std::size_t i = 0; i < marks_.size(); i += 8) {  // a page has 64 of them
    std::uint64_t eight = 0;
    std::memcpy(&eight, &marks_[i], sizeof eight);
    if (eight == 0) continue;
    for (std::size_t j = i; j < i + 8; ++j) {
      if (marks_[j] != 0) marked.push_back(static_cast<std::uint32_t>(j));
    }
    std::memset(&marks_[i], 0, sizeof eight);
  }
  return marked;
}

}  // namespace isotrace::wasm
