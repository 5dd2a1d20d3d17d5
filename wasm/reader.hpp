// Reads the binary format's primitives: bytes, LEB128 integers, names, counts. Every refusal names
// the offset of the byte at fault, counted from the module's first byte.
#pragma once

#include <string>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

/// A refusal of the module at a byte of it.
tl::unexpected<core::Refusal> refuse_at(core::RefusalCode code, std::uint64_t offset,
                                        std::string detail);
tl::unexpected<core::Refusal> refuse_malformed(std::uint64_t offset, std::string detail);

/// Refuses wasm_malformed where the format is broken. Never reads outside [offset, end).
class Reader {
 public:
  /// The bytes of a module, from `begin` up to and not including `end`.
  Reader(core::ByteView module, std::size_t begin, std::size_t end)
      : module_(module), offset_(begin), end_(end) {}

  core::Result<std::uint8_t> byte() {
    if (at_end()) [[unlikely]]
      return refuse_end();
    return module_[offset_++];
  }
  /// LEB128 of at most ceil(N/7) bytes whose unused bits are zeros, or copies of the sign. Most
  /// have one byte.
  core::Result<std::uint32_t> u32() {
    if (!at_end() && module_[offset_] < 0x80) [[likely]]
      return module_[offset_++];
    return long_u32();
  }
  core::Result<std::int32_t> s32() {
    if (!at_end() && module_[offset_] < 0x80) [[likely]]
      return (module_[offset_++] ^ 0x40) - 0x40;
    return long_s32();
  }
  core::Result<std::int64_t> s33();
  core::Result<std::int64_t> s64();
  /// Little-endian.
  core::Result<std::uint64_t> fixed(unsigned size);
  /// A byte that must be `expected`.
  core::Result<core::Done> expect(std::uint8_t expected, const char* what);
  /// A u32 that counts things of at least one byte each: refuses what cannot be there, and
  /// limit_exceeded for more than `most`.
  core::Result<std::uint32_t> count(std::size_t most);
  /// Well-formed UTF-8 behind its length; at most name_bytes_max bytes.
  core::Result<std::string> name();
  core::Result<ValueType> value_type(bool references);
  core::Result<core::ByteView> raw(std::size_t size);
  /// The next `size` bytes as a reader of their own; they are skipped here.
  core::Result<Reader> part(std::size_t size);

  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(offset_); }
  [[nodiscard]] std::size_t left() const { return end_ - offset_; }
  [[nodiscard]] bool at_end() const { return offset_ == end_; }

 private:
  core::Result<std::uint64_t> leb(unsigned bits, bool is_signed);
  core::Result<std::uint32_t> long_u32();
  core::Result<std::int32_t> long_s32();
  [[nodiscard]] tl::unexpected<core::Refusal> refuse_end() const;

  core::ByteView module_;
  std::size_t offset_;
  std::size_t end_;
};

}  // namespace isotrace::wasm
