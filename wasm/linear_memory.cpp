#include <isotrace/wasm/linear_memory.hpp>

#include <cstring>
#include <new>

#include <sys/mman.h>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {
namespace {

/// One large page costs less than the hundreds of small ones that it stands for, when it is got,
/// looked up and given back. Where memory is smaller, small ones do.
constexpr std::uint64_t huge_page_bytes = std::uint64_t{1} << 21;

/// Of marks and bytes together; a memory of some size takes whole large pages, so that the system
/// puts it where it can use them.
std::uint64_t mapped_bytes(std::uint64_t bytes, std::uint64_t marks) {
  if (bytes < huge_page_bytes) return marks + bytes;
  return marks + (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
}

}  // namespace

LinearMemory::~LinearMemory() {
  if (data_ != nullptr) ::munmap(data_ - marks_distance, mapped_bytes(size(), marks_distance));
}

void LinearMemory::grow_to(std::uint32_t pages) {
  ISOTRACE_CHECK(pages >= pages_, pages, pages_);
  if (pages == pages_) return;
  const std::uint64_t before = mapped_bytes(size(), marks_distance);
  const std::uint64_t bytes = mapped_bytes(pages * page_bytes, marks_distance);
  if (data_ != nullptr && bytes == before) {  // what is behind the memory is zero
    pages_ = pages;
    return;
  }
  void* place = data_ == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                 : ::mremap(data_ - marks_distance, before, bytes, MREMAP_MAYMOVE);
  if (place == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(place) + marks_distance;
  pages_ = pages;
#ifdef MADV_HUGEPAGE
  // Marks, too: what has been told different things cannot be moved as one.
  if (size() >= huge_page_bytes) static_cast<void>(::madvise(place, bytes, MADV_HUGEPAGE));
#endif
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
