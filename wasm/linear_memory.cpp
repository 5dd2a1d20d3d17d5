#include <isotrace/wasm/linear_memory.hpp>

#include <cstring>
#include <new>

#include <sys/mman.h>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {

LinearMemory::~LinearMemory() {
  if (data_ != nullptr) ::munmap(data_ - marks_distance, marks_distance + size());
}

void LinearMemory::grow_to(std::uint32_t pages) {
  ISOTRACE_CHECK(pages >= pages_, pages, pages_);
  if (pages == pages_) return;
  const std::uint64_t bytes = marks_distance + pages * page_bytes;
  void* place = data_ == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                 : ::mremap(data_ - marks_distance, marks_distance + size(), bytes,
                                            MREMAP_MAYMOVE);
  if (place == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(place) + marks_distance;
  pages_ = pages;
}

std::uint8_t* LinearMemory::nowhere() {
  static void* const marks = ::mmap(nullptr, marks_distance, PROT_READ,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (marks == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(marks) + marks_distance;
}

std::vector<std::uint32_t> LinearMemory::take_marks() {
  constexpr std::size_t marks_of_page = page_bytes >> chunk_shift;
  static constexpr std::uint8_t none[marks_of_page] = {};
  std::vector<std::uint32_t> marked;
  const std::span<std::uint8_t> all = marks();
  for (std::size_t page = 0; page < all.size(); page += marks_of_page) {
    if (std::memcmp(&all[page], none, marks_of_page) == 0) continue;
    for (std::size_t chunk = page; chunk < page + marks_of_page; ++chunk) {
      if (all[chunk] != 0) marked.push_back(static_cast<std::uint32_t>(chunk));
    }
    std::memset(&all[page], 0, marks_of_page);
  }
  return marked;
}

}  // namespace isotrace::wasm
