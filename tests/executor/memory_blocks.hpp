// A file in memory, to be read at any place.
#pragma once

#include <algorithm>

#include <isotrace/executor/message_walk.hpp>

namespace isotrace::executor {

class MemoryBlocks final : public BlockSource {
 public:
  explicit MemoryBlocks(const core::Bytes& bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return true;
  }

 private:
  const core::Bytes& bytes_;
};

}  // namespace isotrace::executor
