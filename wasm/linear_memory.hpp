// The bytes of one memory, and marks on the chunks of 1 KiB that were written. Pages that nobody
// wrote cost nothing; growing may move them. Marks lie at a fixed distance in front of the bytes,
// so that whoever knows where those are needs no other place for them.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

class LinearMemory {
 public:
  static constexpr unsigned chunk_shift = 10;  ///< chunks are those of BLAKE3
  /// From the mark of chunk 0 to byte 0: those of all addresses fit in between that an instruction
  /// can name, base and offset together. Where there is no memory they are 0.
  static constexpr std::uint64_t marks_distance = (std::uint64_t{1} << 33) >> chunk_shift;

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
  /// Who writes marks first what it is about to write.
  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data_, size()}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size()}; }

  /// [address, address + size) is about to be written; it is in bounds.
  void mark(std::uint64_t address, std::uint64_t size) {
    if (size == 0) return;
    const std::uint64_t last = (address + size - 1) >> chunk_shift;
    for (std::uint64_t chunk = address >> chunk_shift; chunk <= last; ++chunk) marks()[chunk] = 1;
  }
  /// One byte for each chunk, 1 if it was written; for engines that look for themselves whether
  /// there is anything to mark.
  [[nodiscard]] std::span<std::uint8_t> marks() {
    if (data_ == nullptr) return {};
    return {data_ - marks_distance, size() >> chunk_shift};
  }
  /// The place of byte 0 of a memory without pages: in front of it are marks, all 0, and no bytes.
  [[nodiscard]] static std::uint8_t* nowhere();
  /// The marked chunks in ascending order; clears the marks.
  [[nodiscard]] std::vector<std::uint32_t> take_marks();

 private:
  std::uint8_t* data_ = nullptr;
  std::uint32_t pages_ = 0;
};

}  // namespace isotrace::wasm
