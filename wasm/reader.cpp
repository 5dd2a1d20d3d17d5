#include <isotrace/wasm/reader.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::wasm {
namespace {

using core::RefusalCode;

/// Length of the well-formed UTF-8 sequence at the front (Unicode, table 3-7), 0 if there is none.
std::size_t sequence_length(core::ByteView text) {
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && text[i] >= low && text[i] <= high;
  };
  const unsigned first = text[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;  // continuation, overlong, above 10FFFF
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (!within(1, low, high)) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (std::size_t i = 2; i < length; ++i) {
    if (!within(i, 0x80, 0xBF)) return 0;
  }
  return length;
}

bool is_utf8(core::ByteView text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text = text.subspan(length);
  }
  return true;
}

}  // namespace

tl::unexpected<core::Refusal> refuse_at(RefusalCode code, std::uint64_t offset,
                                        std::string detail) {
  return core::refuse(code, "byte " + std::to_string(offset), std::move(detail));
}

tl::unexpected<core::Refusal> refuse_malformed(std::uint64_t offset, std::string detail) {
  return refuse_at(RefusalCode::wasm_malformed, offset, std::move(detail));
}

tl::unexpected<core::Refusal> Reader::refuse_end() const {
  return refuse_malformed(offset_, "unexpected end");
}

core::Result<std::uint64_t> Reader::leb(unsigned bits, bool is_signed) {
  const std::size_t begin = offset_;
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (shift >= bits) return refuse_malformed(begin, "integer representation too long");
    ISOTRACE_TRY(const std::uint8_t next, byte());
    const std::uint64_t payload = next & 0x7FU;
    value |= payload << shift;
    const unsigned used = bits - shift;  // bits of this byte that the value has room for
    if (used < 7) {
      const std::uint64_t surplus = is_signed ? payload >> (used - 1) : payload >> used;
      const std::uint64_t ones = 0x7FU >> (used - 1);
      const bool fits = surplus == 0 || (is_signed && surplus == ones);
      if (!fits) {
        return refuse_malformed(
            begin, (next & 0x80U) != 0 ? "integer representation too long" : "integer too large");
      }
    }
    if ((next & 0x80U) != 0) continue;
    if (is_signed && shift + 7 < 64 && (payload & 0x40U) != 0) value |= ~0ULL << (shift + 7);
    return value;
  }
}

core::Result<std::uint32_t> Reader::long_u32() {
  ISOTRACE_TRY(const std::uint64_t value, leb(32, false));
  return static_cast<std::uint32_t>(value);
}

core::Result<std::int32_t> Reader::long_s32() {
  ISOTRACE_TRY(const std::uint64_t value, leb(32, true));
  return static_cast<std::int32_t>(value);
}

core::Result<std::int64_t> Reader::s33() {
  ISOTRACE_TRY(const std::uint64_t value, leb(33, true));
  return static_cast<std::int64_t>(value);
}

core::Result<std::int64_t> Reader::s64() {
  ISOTRACE_TRY(const std::uint64_t value, leb(64, true));
  return static_cast<std::int64_t>(value);
}

core::Result<std::uint64_t> Reader::fixed(unsigned size) {
  ISOTRACE_TRY(const core::ByteView bytes, raw(size));
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

core::Result<core::Done> Reader::expect(std::uint8_t expected, const char* what) {
  const std::size_t begin = offset_;
  ISOTRACE_TRY(const std::uint8_t found, byte());
  if (found != expected) return refuse_malformed(begin, what);
  return core::Done{};
}

core::Result<std::uint32_t> Reader::count(std::size_t most) {
  const std::size_t begin = offset_;
  ISOTRACE_TRY(const std::uint32_t value, u32());
  if (value > left()) {
    return refuse_malformed(begin, "unexpected end: " + std::to_string(value) + " announced, " +
                                       std::to_string(left()) + " bytes left");
  }
  if (value > most) {
    return refuse_at(RefusalCode::limit_exceeded, begin,
                     std::to_string(value) + " of at most " + std::to_string(most));
  }
  return value;
}

core::Result<std::string> Reader::name() {
  ISOTRACE_TRY(const std::uint32_t size, count(core::limits::name_bytes_max));
  const std::size_t begin = offset_;
  ISOTRACE_TRY(const core::ByteView bytes, raw(size));
  if (!is_utf8(bytes)) return refuse_malformed(begin, "malformed UTF-8 encoding");
  return std::string(core::as_text(bytes));
}

core::Result<ValueType> Reader::value_type(bool references) {
  const std::size_t begin = offset_;
  ISOTRACE_TRY(const std::uint8_t found, byte());
  const auto type = static_cast<ValueType>(found);
  switch (type) {
    case ValueType::i32:
    case ValueType::i64:
    case ValueType::f32:
    case ValueType::f64: return type;
    case ValueType::funcref:
    case ValueType::externref:
      if (references) return type;
      return refuse_at(RefusalCode::wasm_unsupported, begin, "a reference type in WebAssembly 1.0");
  }
  const auto unsupported = [&](const char* proposal) {
    return refuse_at(RefusalCode::wasm_unsupported, begin, proposal);
  };
  if (found == 0x7B) return unsupported("a vector type: SIMD");
  if (found == 0x69 || found == 0x74) return unsupported("a type of exceptions");
  if (found == 0x63 || found == 0x64) return unsupported("a typed function reference");
  if (found >= 0x6A && found <= 0x73) return unsupported("a type of garbage collection");
  return refuse_malformed(begin, "no value type: " + std::to_string(found));
}

core::Result<core::ByteView> Reader::raw(std::size_t size) {
  if (size > left()) {
    return refuse_malformed(offset_, "unexpected end: " + std::to_string(size) + " announced, " +
                                         std::to_string(left()) + " bytes left");
  }
  const core::ByteView bytes = module_.subspan(offset_, size);
  offset_ += size;
  return bytes;
}

core::Result<Reader> Reader::part(std::size_t size) {
  const std::size_t begin = offset_;
  ISOTRACE_TRY_DONE(raw(size));
  return Reader(module_, begin, begin + size);
}

}  // namespace isotrace::wasm
