// ZIP (PKWARE APPNOTE 6.3.3, sections 4.3 and 4.5.3). The directory at the end of the file is what
// counts; local headers must agree with it.
#include <isotrace/executor/zip.hpp>

#include <algorithm>
#include <limits>
#include <set>

#include <zlib.h>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

using core::ByteReader;
using core::Bytes;
using core::ByteView;
using core::ByteWriter;
using core::RefusalCode;
using core::refuse;
using core::Result;

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t entry_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator_signature = 0x07064b50;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t entry_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end64_bytes = 56;
constexpr std::size_t locator_bytes = 20;
constexpr std::uint16_t extra64 = 0x0001;  // extra field with 64-bit sizes
constexpr std::uint16_t version64 = 45;
constexpr std::uint16_t earliest_date = 0x21;  // 1980-01-01 in MS-DOS form
constexpr std::uint32_t in_extra = 0xFFFFFFFF;
constexpr std::uint16_t in_extra_16 = 0xFFFF;
// A deflate stream gives at most 258 bytes for two bits.
constexpr std::uint64_t inflation_max = 1032;

auto malformed(std::string where, std::string detail) {
  return refuse(RefusalCode::tensor_file_malformed, std::move(where), std::move(detail));
}

std::uint32_t crc32_of(ByteView bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

struct Directory {
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint64_t members;
};

/// The 64-bit record that `end` (offset of the last record) is preceded by.
Result<Directory> read_end64(ByteView bytes, std::uint64_t end) {
  if (end < locator_bytes + end64_bytes) return malformed("zip", "no room for 64-bit sizes");
  ByteReader locator(bytes.subspan(end - locator_bytes, locator_bytes));
  ISOTRACE_TRY(const std::uint32_t signature, locator.u32());
  ISOTRACE_TRY(const std::uint32_t disk, locator.u32());
  ISOTRACE_TRY(const std::uint64_t place, locator.u64());
  ISOTRACE_TRY(const std::uint32_t disks, locator.u32());
  if (signature != locator_signature || disk != 0 || disks != 1 ||
      place != end - locator_bytes - end64_bytes) {
    return malformed("zip", "no 64-bit end record before the last one");
  }
  ByteReader in(bytes.subspan(place, end64_bytes));
  ISOTRACE_TRY(const std::uint32_t record, in.u32());
  ISOTRACE_TRY(const std::uint64_t rest, in.u64());
  ISOTRACE_TRY([[maybe_unused]] const std::uint32_t versions, in.u32());
  ISOTRACE_TRY(const std::uint64_t disk_numbers, in.u64());
  ISOTRACE_TRY(const std::uint64_t here, in.u64());
  Directory directory{};
  ISOTRACE_TRY(directory.members, in.u64());
  ISOTRACE_TRY(directory.bytes, in.u64());
  ISOTRACE_TRY(directory.offset, in.u64());
  if (record != end64_signature || rest != end64_bytes - 12 || disk_numbers != 0 ||
      here != directory.members || directory.offset > place ||
      directory.bytes != place - directory.offset) {
    return malformed("zip", "the 64-bit end record does not fit the file");
  }
  return directory;
}

Result<Directory> read_end(ByteView bytes) {
  if (bytes.size() < end_bytes) return malformed("zip", "shorter than its last record");
  const std::uint64_t end = bytes.size() - end_bytes;
  ByteReader in(bytes.subspan(end));
  ISOTRACE_TRY(const std::uint32_t signature, in.u32());
  ISOTRACE_TRY(const std::uint32_t disks, in.u32());
  ISOTRACE_TRY(const std::uint16_t here, in.u16());
  ISOTRACE_TRY(const std::uint16_t members, in.u16());
  ISOTRACE_TRY(const std::uint32_t size, in.u32());
  ISOTRACE_TRY(const std::uint32_t offset, in.u32());
  ISOTRACE_TRY(const std::uint16_t comment, in.u16());
  if (signature != end_signature || comment != 0 || here != members) {
    return malformed("zip", "does not end with the record of a single file without comment");
  }
  if (members == in_extra_16 || size == in_extra || offset == in_extra) {
    return read_end64(bytes, end);
  }
  if (disks != 0 || offset > end || size != end - offset) {
    return malformed("zip", "the last record does not fit the file");
  }
  return Directory{offset, size, members};
}

/// One entry of the directory as it stands there.
struct Entry {
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // of the local header
  std::string name;
};

/// Replaces the fields that say so by the 64-bit ones of the extra fields.
Result<core::Done> read_extra64(Entry& entry, ByteView extra) {
  ByteReader in(extra);
  while (in.offset() < extra.size()) {
    ISOTRACE_TRY(const std::uint16_t kind, in.u16());
    ISOTRACE_TRY(const std::uint16_t size, in.u16());
    ISOTRACE_TRY(const ByteView data, in.raw(size));
    if (kind != extra64) continue;
    ByteReader fields(data);
    for (std::uint64_t* field : {&entry.bytes, &entry.stored_bytes, &entry.offset}) {
      if (*field != in_extra) continue;
      ISOTRACE_TRY(*field, fields.u64());
    }
  }
  return core::Done{};
}

Result<Entry> read_entry(ByteReader& in) {
  Entry entry;
  ISOTRACE_TRY(const std::uint32_t signature, in.u32());
  if (signature != entry_signature) return malformed("zip", "no directory entry where one is due");
  ISOTRACE_TRY([[maybe_unused]] const std::uint32_t versions, in.u32());
  ISOTRACE_TRY(entry.flags, in.u16());
  ISOTRACE_TRY(entry.method, in.u16());
  ISOTRACE_TRY([[maybe_unused]] const std::uint32_t time, in.u32());
  ISOTRACE_TRY(entry.crc32, in.u32());
  ISOTRACE_TRY(entry.stored_bytes, in.u32());
  ISOTRACE_TRY(entry.bytes, in.u32());
  ISOTRACE_TRY(const std::uint16_t name_bytes, in.u16());
  ISOTRACE_TRY(const std::uint16_t extra_bytes, in.u16());
  ISOTRACE_TRY(const std::uint16_t comment_bytes, in.u16());
  ISOTRACE_TRY(const std::uint16_t disk, in.u16());
  ISOTRACE_TRY([[maybe_unused]] const ByteView attributes, in.raw(6));
  ISOTRACE_TRY(entry.offset, in.u32());
  ISOTRACE_TRY(const ByteView name, in.raw(name_bytes));
  ISOTRACE_TRY(const ByteView extra, in.raw(extra_bytes));
  entry.name = core::as_text(name);
  if (comment_bytes != 0 || disk != 0) return malformed(entry.name, "a comment or another disk");
  // Bit 0: encrypted; bit 13: the directory is masked.
  if ((entry.flags & 0x2001) != 0) return malformed(entry.name, "encrypted");
  if (entry.method != 0 && entry.method != Z_DEFLATED) {
    return malformed(entry.name, "compression method " + std::to_string(entry.method));
  }
  ISOTRACE_TRY_DONE(read_extra64(entry, extra));
  return entry;
}

/// The member that an entry speaks of: local header, name, extra fields, contents, all before
/// `limit`.
Result<ZipMember> find_member(ByteView bytes, const Entry& entry, std::uint64_t limit) {
  if (entry.offset > limit || limit - entry.offset < local_bytes) {
    return malformed(entry.name, "its header lies outside the file");
  }
  ByteReader in(bytes.subspan(entry.offset, limit - entry.offset));
  ISOTRACE_TRY(const std::uint32_t signature, in.u32());
  ISOTRACE_TRY([[maybe_unused]] const std::uint16_t version, in.u16());
  ISOTRACE_TRY(const std::uint16_t flags, in.u16());
  ISOTRACE_TRY(const std::uint16_t method, in.u16());
  // Time, CRC-32 and sizes stand here too, or behind the contents of files written as streams.
  ISOTRACE_TRY([[maybe_unused]] const ByteView skipped, in.raw(16));
  ISOTRACE_TRY(const std::uint16_t name_bytes, in.u16());
  ISOTRACE_TRY(const std::uint16_t extra_bytes, in.u16());
  ISOTRACE_TRY(const ByteView name, in.raw(name_bytes));
  ISOTRACE_TRY([[maybe_unused]] const ByteView extra, in.raw(extra_bytes));
  if (signature != local_signature || flags != entry.flags || method != entry.method ||
      core::as_text(name) != entry.name) {
    return malformed(entry.name, "its header contradicts the directory");
  }
  ISOTRACE_TRY(const ByteView stored, in.raw(entry.stored_bytes));
  const bool deflated = entry.method == Z_DEFLATED;
  if (!deflated && entry.bytes != stored.size()) return malformed(entry.name, "two sizes");
  return ZipMember{entry.name, stored, deflated, entry.bytes, entry.crc32};
}

/// What a reader that trusts local headers would see must be what the directory shows.
Result<core::Done> check_apart(const std::vector<ZipMember>& members) {
  std::vector<const ZipMember*> by_place;
  std::set<std::string_view> names;
  for (const ZipMember& member : members) {
    if (!names.insert(member.name).second) return malformed(member.name, "a name used twice");
    by_place.push_back(&member);
  }
  std::sort(by_place.begin(), by_place.end(),
            [](const auto* a, const auto* b) { return a->stored.data() < b->stored.data(); });
  for (std::size_t i = 1; i < by_place.size(); ++i) {
    const ByteView before = by_place[i - 1]->stored;
    const std::size_t header = local_bytes + by_place[i]->name.size();
    if (before.data() + before.size() + header > by_place[i]->stored.data()) {
      return malformed(by_place[i]->name, "overlaps another member");
    }
  }
  return core::Done{};
}

Result<std::vector<ZipMember>> read_members(ByteView bytes) {
  ISOTRACE_TRY(const Directory directory, read_end(bytes));
  if (directory.members > directory.bytes / entry_bytes) {
    return malformed("zip", "more members than the directory has room for");
  }
  ByteReader in(bytes.subspan(directory.offset, directory.bytes));
  std::vector<ZipMember> members;
  for (std::uint64_t i = 0; i < directory.members; ++i) {
    ISOTRACE_TRY(const Entry entry, read_entry(in));
    ISOTRACE_TRY(ZipMember member, find_member(bytes, entry, directory.offset));
    members.push_back(std::move(member));
  }
  ISOTRACE_TRY_DONE(in.end());
  ISOTRACE_TRY_DONE(check_apart(members));
  return members;
}

Result<Bytes> inflate_member(const ZipMember& member) {
  Bytes contents(member.bytes);
  z_stream stream{};
  ISOTRACE_CHECK(::inflateInit2(&stream, -MAX_WBITS) == Z_OK, member.name);
  std::size_t taken = 0;
  std::size_t made = 0;
  int status = Z_OK;
  constexpr std::size_t step_max = std::numeric_limits<uInt>::max();
  while (status == Z_OK) {
    const std::size_t in = std::min(member.stored.size() - taken, step_max);
    const std::size_t out = std::min(contents.size() - made, step_max);
    stream.next_in = const_cast<Bytef*>(member.stored.data() + taken);  // zlib only reads it
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = contents.data() + made;
    stream.avail_out = static_cast<uInt>(out);
    status = ::inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += out - stream.avail_out;
    if (status == Z_OK && stream.avail_in == in && stream.avail_out == out) break;
  }
  ::inflateEnd(&stream);
  if (status != Z_STREAM_END || taken != member.stored.size() || made != contents.size()) {
    return malformed(member.name, "its deflated bytes do not give the size announced");
  }
  return contents;
}

}  // namespace

bool is_zip(ByteView bytes) {
  const std::string_view text = core::as_text(bytes);
  return text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06") ||
         text.starts_with("PK\x06\x06");  // without members: an end record at once
}

Result<std::vector<ZipMember>> parse_zip(ByteView bytes) {
  auto members = read_members(bytes);
  if (members || members.error().code == RefusalCode::tensor_file_malformed) return members;
  return malformed(members.error().where, members.error().detail);
}

Result<Bytes> read_zip_member(const ZipMember& member) {
  if (member.bytes > core::limits::tensor_bytes_max) {
    return refuse(RefusalCode::limit_exceeded, member.name,
                  std::to_string(member.bytes) + " bytes");
  }
  if (member.deflated && member.bytes / inflation_max > member.stored.size()) {
    return malformed(member.name, "announces more than its deflated bytes can hold");
  }
  Bytes contents;
  try {
    if (member.deflated) {
      ISOTRACE_TRY(contents, inflate_member(member));
    } else {
      contents.assign(member.stored.begin(), member.stored.end());
    }
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, member.name, "more than the memory has");
  }
  if (crc32_of(contents) != member.crc32) return malformed(member.name, "its CRC-32 differs");
  return contents;
}

void ZipWriter::add(std::string_view name, ByteView contents) {
  ISOTRACE_CHECK(name.size() < in_extra_16, name.size());
  const std::uint64_t offset = file_.bytes().size();
  const auto common = [&](ByteWriter& out, std::uint16_t extra_bytes) {
    constexpr std::uint16_t utf8 = 0x0800;
    out.u16(version64).u16(utf8).u16(0).u16(0).u16(earliest_date);
    out.u32(crc32_of(contents)).u32(in_extra).u32(in_extra);
    out.u16(static_cast<std::uint16_t>(name.size())).u16(extra_bytes);
  };
  file_.u32(local_signature);
  common(file_, 20);
  file_.raw(core::as_bytes(name)).u16(extra64).u16(16).u64(contents.size()).u64(contents.size());
  file_.raw(contents);
  directory_.u32(entry_signature).u16(version64);
  common(directory_, 28);
  directory_.u16(0).u16(0).u16(0).u32(0).u32(in_extra).raw(core::as_bytes(name));
  directory_.u16(extra64).u16(24).u64(contents.size()).u64(contents.size()).u64(offset);
  ++members_;
}

Bytes ZipWriter::finish() && {
  const std::uint64_t offset = file_.bytes().size();
  const std::uint64_t end = offset + directory_.bytes().size();
  file_.raw(directory_.bytes());
  file_.u32(end64_signature).u64(end64_bytes - 12).u16(version64).u16(version64).u32(0).u32(0);
  file_.u64(members_).u64(members_).u64(end - offset).u64(offset);
  file_.u32(locator_signature).u32(0).u64(end).u32(1);
  file_.u32(end_signature).u16(0).u16(0).u16(in_extra_16).u16(in_extra_16);
  file_.u32(in_extra).u32(in_extra).u16(0);
  return file_.take();
}

}  // namespace isotrace::executor
