// Canonical bytes: every digest of ours is over fields written by ByteWriter (little-endian, fixed
// width, length-prefixed), never over another library's encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::core {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u16(std::uint16_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  ByteWriter& i64(std::int64_t value) { return u64(static_cast<std::uint64_t>(value)); }
  /// The bits of the value.
  ByteWriter& f32(float value);
  ByteWriter& f64(double value);
  /// Bytes as they are, without a length.
  ByteWriter& raw(ByteView bytes);
  /// u64 length, then the bytes.
  ByteWriter& block(ByteView bytes);
  ByteWriter& text(std::string_view value) { return block(as_bytes(value)); }

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Reads what ByteWriter wrote. Refuses bytes_truncated with the offset; never reads past the end
/// and never allocates more than the bytes that are there.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  Result<std::int64_t> i64();
  Result<float> f32();
  Result<double> f64();
  Result<ByteView> raw(std::size_t size);
  Result<ByteView> block();
  /// A block of at most size_max bytes (limit_exceeded otherwise).
  Result<std::string> text(std::size_t size_max);
  /// A u64 that counts elements of at least element_bytes each: refuses counts that cannot fit.
  Result<std::size_t> count(std::size_t element_bytes, std::size_t count_max);
  /// Refuses bytes_trailing unless everything was read.
  Result<Done> end() const;

  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  ByteView bytes_;
  std::size_t offset_ = 0;
};

std::string to_hex(ByteView bytes);
/// Lower-case hex only, even length; nothing otherwise.
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace isotrace::core
