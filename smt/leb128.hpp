// Unsigned LEB128 numbers, as proofs about clauses are written. Trust: none.
#pragma once

#include <cstdint>
#include <optional>

#include <isotrace/core/bytes.hpp>

namespace isotrace::smt {

inline void append_leb128(core::Bytes& bytes, std::uint64_t value) {
  for (; value >= 128; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 128));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

class Leb128Reader {
 public:
  explicit Leb128Reader(core::ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  /// The next byte; not at the end.
  std::uint8_t byte() { return bytes_[at_++]; }
  /// Nothing if the bytes end or the number has more than 63 bits.
  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && !at_end(); shift += 7) {
      const std::uint64_t part = byte();
      value |= (part & 127) << shift;
      if (part < 128) return value;
    }
    return std::nullopt;
  }
  /// Up to and with the next 0; false if there is none.
  bool skip_numbers() {
    auto next = number();
    while (next && *next != 0) next = number();
    return next.has_value();
  }

 private:
  core::ByteView bytes_;
  std::size_t at_ = 0;
};

}  // namespace isotrace::smt
