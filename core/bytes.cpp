#include <isotrace/core/bytes.hpp>

#include <bit>

namespace isotrace::core {
namespace {

template <class Unsigned>
void append_little_endian(Bytes& bytes, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

std::uint64_t load_little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

}  // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  bytes_.push_back(value);
  return *this;
}
ByteWriter& ByteWriter::u16(std::uint16_t value) {
  append_little_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::u32(std::uint32_t value) {
  append_little_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::u64(std::uint64_t value) {
  append_little_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::f32(float value) { return u32(std::bit_cast<std::uint32_t>(value)); }
ByteWriter& ByteWriter::f64(double value) { return u64(std::bit_cast<std::uint64_t>(value)); }
ByteWriter& ByteWriter::raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}
ByteWriter& ByteWriter::block(ByteView bytes) {
  u64(bytes.size());
  return raw(bytes);
}

Result<ByteView> ByteReader::raw(std::size_t size) {
  if (size > bytes_.size() - offset_) {
    return refuse(RefusalCode::bytes_truncated, "byte " + std::to_string(offset_),
                  std::to_string(size) + " bytes announced, " +
                      std::to_string(bytes_.size() - offset_) + " left");
  }
  ByteView out = bytes_.subspan(offset_, size);
  offset_ += size;
  return out;
}
Result<std::uint8_t> ByteReader::u8() {
  ISOTRACE_TRY(ByteView bytes, raw(1));
  return bytes[0];
}
Result<std::uint16_t> ByteReader::u16() {
  ISOTRACE_TRY(ByteView bytes, raw(2));
  return static_cast<std::uint16_t>(load_little_endian(bytes));
}
Result<std::uint32_t> ByteReader::u32() {
  ISOTRACE_TRY(ByteView bytes, raw(4));
  return static_cast<std::uint32_t>(load_little_endian(bytes));
}
Result<std::uint64_t> ByteReader::u64() {
  ISOTRACE_TRY(ByteView bytes, raw(8));
  return load_little_endian(bytes);
}
Result<std::int64_t> ByteReader::i64() {
  ISOTRACE_TRY(std::uint64_t value, u64());
  return static_cast<std::int64_t>(value);
}
Result<float> ByteReader::f32() {
  ISOTRACE_TRY(std::uint32_t value, u32());
  return std::bit_cast<float>(value);
}
Result<double> ByteReader::f64() {
  ISOTRACE_TRY(std::uint64_t value, u64());
  return std::bit_cast<double>(value);
}
Result<ByteView> ByteReader::block() {
  ISOTRACE_TRY(std::uint64_t size, u64());
  return raw(size);
}
Result<std::string> ByteReader::text(std::size_t size_max) {
  const std::size_t start = offset_;
  ISOTRACE_TRY(ByteView bytes, block());
  if (bytes.size() > size_max) {
    return refuse(RefusalCode::limit_exceeded, "byte " + std::to_string(start),
                  "text of " + std::to_string(bytes.size()) + " bytes");
  }
  return std::string(as_text(bytes));
}
Result<std::size_t> ByteReader::count(std::size_t element_bytes, std::size_t count_max) {
  const std::size_t start = offset_;
  ISOTRACE_TRY(std::uint64_t value, u64());
  if (value > count_max) {
    return refuse(RefusalCode::limit_exceeded, "byte " + std::to_string(start),
                  "count " + std::to_string(value));
  }
  if (element_bytes != 0 && value > (bytes_.size() - offset_) / element_bytes) {
    return refuse(RefusalCode::bytes_truncated, "byte " + std::to_string(start),
                  "count " + std::to_string(value) + " does not fit the data");
  }
  return static_cast<std::size_t>(value);
}
Result<Done> ByteReader::end() const {
  if (offset_ != bytes_.size()) {
    return refuse(RefusalCode::bytes_trailing, "byte " + std::to_string(offset_),
                  std::to_string(bytes_.size() - offset_) + " bytes too many");
  }
  return Done{};
}

std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(2 * bytes.size(), '\0');
  char* to = text.data();
  for (std::uint8_t byte : bytes) {
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

}  // namespace isotrace::core
