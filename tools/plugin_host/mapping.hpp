// A tensor of a file of shared memory, mapped alone: the page before it and the page behind it are
// not there.
#pragma once

#include <optional>
#include <utility>

#include <isotrace/backends/plugin/placement.hpp>

namespace isotrace::tools {

enum class MappingUse : std::uint8_t { read, write };

class Mapping {
 public:
  /// Nothing where the kernel has no memory for it.
  static std::optional<Mapping> map(int file, const backends::plugin::Placement& at,
                                    MappingUse use);
  ~Mapping();
  Mapping(Mapping&& other) noexcept
      : reserved_(std::exchange(other.reserved_, nullptr)), at_(other.at_) {}
  Mapping& operator=(Mapping&&) = delete;

  [[nodiscard]] std::uint8_t* data() const;
  /// Marks what is around `bytes` of data within the pages.
  void mark_surroundings(std::uint64_t bytes);
  /// Whether the marks are all there.
  [[nodiscard]] bool surroundings_intact(std::uint64_t bytes) const;

 private:
  Mapping(std::uint8_t* reserved, const backends::plugin::Placement& at)
      : reserved_(reserved), at_(at) {}
  [[nodiscard]] std::uint8_t* pages() const { return reserved_ + backends::plugin::page_bytes; }

  std::uint8_t* reserved_;  // the page before the tensor's
  backends::plugin::Placement at_;
};

}  // namespace isotrace::tools
