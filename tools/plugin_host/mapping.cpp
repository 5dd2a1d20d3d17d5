#include <isotrace/tools/plugin_host/mapping.hpp>

#include <sys/mman.h>

#include <algorithm>

namespace isotrace::tools {

using backends::plugin::page_bytes;
using backends::plugin::Placement;

namespace {

/// Unlikely as an element of any type, and not what fresh memory holds.
constexpr std::uint8_t mark = 0xA5;

}  // namespace

std::optional<Mapping> Mapping::map(int file, const Placement& at, MappingUse use) {
  void* const reserved = ::mmap(nullptr, at.size + 2 * page_bytes, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return std::nullopt;
  Mapping mapping(static_cast<std::uint8_t*>(reserved), at);
  const int protection = use == MappingUse::write ? PROT_READ | PROT_WRITE : PROT_READ;
  const void* const mapped = ::mmap(mapping.pages(), at.size, protection, MAP_SHARED | MAP_FIXED,
                                    file, static_cast<off_t>(at.begin));
  if (mapped == MAP_FAILED) return std::nullopt;
  return mapping;
}

Mapping::~Mapping() {
  if (reserved_ != nullptr) ::munmap(reserved_, at_.size + 2 * page_bytes);
}

std::uint8_t* Mapping::data() const { return pages() + (at_.data - at_.begin); }

void Mapping::mark_surroundings(std::uint64_t bytes) {
  std::fill(pages(), data(), mark);
  std::fill(data() + bytes, pages() + at_.size, mark);
}

bool Mapping::surroundings_intact(std::uint64_t bytes) const {
  const auto is_mark = [](std::uint8_t byte) { return byte == mark; };
  return std::all_of(pages(), data(), is_mark) &&
         std::all_of(data() + bytes, pages() + at_.size, is_mark);
}

}  // namespace isotrace::tools
