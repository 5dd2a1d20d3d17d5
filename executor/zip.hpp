// The part of ZIP that .npz is made of (internal to the tensor files): stored and deflated members,
// 64-bit sizes, no encryption, no comment, one disk. Everything that a reader could understand in
// two ways is refused: names twice, members that overlap, headers that contradict each other.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>

namespace isotrace::executor {

struct ZipMember {
  std::string name;
  core::ByteView stored;  ///< as it stands in the file
  bool deflated = false;
  std::uint64_t bytes = 0;  ///< when inflated
  std::uint32_t crc32 = 0;
};

bool is_zip(core::ByteView bytes);
/// The members in the order of the directory, views of `bytes`. Refuses tensor_file_malformed.
core::Result<std::vector<ZipMember>> parse_zip(core::ByteView bytes);
/// A member's contents; refuses a wrong size or CRC-32 (tensor_file_malformed) and more than
/// limits::tensor_bytes_max (limit_exceeded). Never allocates more than deflate can reach.
core::Result<core::Bytes> read_zip_member(const ZipMember& member);

/// Stored members with 64-bit sizes and the earliest time stamp there is, so that the same contents
/// give the same file.
class ZipWriter {
 public:
  void add(std::string_view name, core::ByteView contents);
  core::Bytes finish() &&;

 private:
  core::ByteWriter file_;
  core::ByteWriter directory_;
  std::uint64_t members_ = 0;
};

}  // namespace isotrace::executor
