// The bytes of one memory. Pages that nobody wrote cost nothing; growing may move them.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

class LinearMemory {
 public:
  LinearMemory() = default;
  ~LinearMemory();
  LinearMemory(LinearMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), pages_(std::exchange(other.pages_, 0)) {}
  LinearMemory& operator=(LinearMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(pages_, other.pages_);
    return *this;
  }

  /// New pages are zero. Throws std::bad_alloc where the machine has no room: a run that the host
  /// cannot hold has no result, and never one that depends on the host.
  void grow_to(std::uint32_t pages);

  [[nodiscard]] std::uint32_t pages() const { return pages_; }
  [[nodiscard]] std::uint64_t size() const { return pages_ * page_bytes; }
  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data_, size()}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size()}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::uint32_t pages_ = 0;
};

}  // namespace isotrace::wasm
