// A file of which only parts are read.
#pragma once

#include <cstdint>
#include <span>

#include <isotrace/core/result.hpp>

namespace isotrace::wasm {

class RandomAccess {
 public:
  virtual ~RandomAccess() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The bytes from `offset` on, as many as there is room for. Refuses file_read_failed, also where
  /// the file has become shorter than it was.
  virtual core::Result<core::Done> read(std::uint64_t offset, std::span<std::uint8_t> to) = 0;
};

}  // namespace isotrace::wasm
