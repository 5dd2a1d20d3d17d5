// Where a tensor lies in a file of shared memory: its bytes end at the end of a page, as far as
// alignment permits, so that whoever reads or writes past them meets the page behind, which the
// plugin's process leaves empty.
#pragma once

#include <algorithm>
#include <cstdint>

namespace isotrace::backends::plugin {

inline constexpr std::uint64_t page_bytes = 4096;
inline constexpr std::uint64_t alignment_bytes = 64;

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

struct Placement {
  std::uint64_t begin;  ///< of its pages, in the file
  std::uint64_t size;   ///< of its pages; at least one
  std::uint64_t data;   ///< of its bytes, in the file

  [[nodiscard]] std::uint64_t end() const { return begin + size; }
};

/// `begin` is a multiple of page_bytes.
constexpr Placement place(std::uint64_t begin, std::uint64_t bytes) {
  const std::uint64_t used = round_up(bytes, alignment_bytes);
  const std::uint64_t size = std::max(page_bytes, round_up(used, page_bytes));
  return {begin, size, begin + size - used};
}

}  // namespace isotrace::backends::plugin
