#include <isotrace/signing/archive.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::signing {
namespace {

using core::RefusalCode;
using core::Result;

constexpr std::size_t block_bytes = 512;
constexpr std::size_t name_bytes = 100;
constexpr std::size_t size_at = 124;
constexpr std::size_t size_digits = 11;
constexpr std::size_t checksum_at = 148;
using Header = std::array<std::uint8_t, block_bytes>;

tl::unexpected<core::Refusal> malformed(std::string where, std::string detail) {
  return core::refuse(RefusalCode::archive_malformed, std::move(where), std::move(detail));
}

void put(Header& header, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<long>(at));
}

std::string octal(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  return text;
}

/// The only header that a file of this name and size has.
Header make_header(std::string_view path, std::uint64_t size) {
  Header header{};
  put(header, 0, path);
  put(header, 100, octal(0644, 7));
  put(header, 108, octal(0, 7));  // owner and group
  put(header, 116, octal(0, 7));
  put(header, size_at, octal(size, size_digits));
  put(header, 136, octal(0, 11));  // time
  put(header, checksum_at, "        ");
  header[156] = '0';  // regular file
  put(header, 257, std::string_view("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const std::uint8_t byte : header) sum += byte;
  put(header, checksum_at, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

std::uint64_t padded(std::uint64_t size) {
  return (size + block_bytes - 1) / block_bytes * block_bytes;
}

/// Sorted by path: each once, and no file where another needs a folder.
Result<core::Done> check_place(std::span<const ArchiveFile> before, std::string_view path) {
  if (!before.empty() && before.back().path >= path) {
    return malformed(certificates::quote(path), "out of order or twice");
  }
  for (auto end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
    if (std::ranges::binary_search(before, path.substr(0, end), {}, &ArchiveFile::path)) {
      return malformed(certificates::quote(path), "below a file");
    }
  }
  return core::Done{};
}

bool all_zero(core::ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_safe_component(std::string_view name) {
  return !name.empty() && certificates::is_plain(name) &&
         name.find('\\') == std::string_view::npos && name.front() != ' ' && name.back() != ' ' &&
         name.back() != '.';
}

/// What a header says of name and size; that it says nothing else shows when it is made again.
Result<ArchiveFile> parse_header(core::ByteView block, core::ByteView rest,
                                 const std::string& where) {
  const std::string_view text = core::as_text(block);
  const std::string_view path = text.substr(0, std::min(text.find('\0'), name_bytes));
  if (!is_safe_path(path)) return malformed(where, "the name " + certificates::quote(path));
  std::uint64_t size = 0;
  for (const char c : text.substr(size_at, size_digits)) {
    if (c < '0' || c > '7') return malformed(where, "the size is not an octal number");
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  const Header header = make_header(path, size);
  if (!std::equal(header.begin(), header.end(), block.begin())) {
    return malformed(where, "not the header of a regular file as `isotrace pack` writes it");
  }
  if (rest.size() < padded(size)) return malformed(where, "the file is cut off");
  if (!all_zero(rest.subspan(size, padded(size) - size))) {
    return malformed(where, "the padding is not zero");
  }
  return ArchiveFile{std::string(path), rest.first(size)};
}

}  // namespace

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > name_bytes) return false;
  while (true) {
    const auto end = path.find('/');
    if (!is_safe_component(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

Result<core::Bytes> write_archive(std::vector<ArchiveFile> files) {
  if (files.size() > core::limits::archive_files_max) {
    return core::refuse(RefusalCode::limit_exceeded, "archive", "too many files");
  }
  std::ranges::sort(files, {}, &ArchiveFile::path);
  std::uint64_t total = 2 * block_bytes;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ArchiveFile& file = files[i];
    if (!is_safe_path(file.path)) {
      return core::refuse(RefusalCode::manifest_name_unsafe, certificates::quote(file.path));
    }
    ISOTRACE_TRY_DONE(check_place(std::span(files).first(i), file.path));
    constexpr std::uint64_t size_max = (UINT64_C(1) << (3 * size_digits)) - 1;
    total += block_bytes + padded(file.bytes.size());
    if (file.bytes.size() > size_max || total > core::limits::archive_bytes_max) {
      return core::refuse(RefusalCode::limit_exceeded, file.path, "too large");
    }
  }
  core::Bytes bytes;
  bytes.reserve(total);
  for (const ArchiveFile& file : files) {
    const Header header = make_header(file.path, file.bytes.size());
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), file.bytes.begin(), file.bytes.end());
    bytes.resize(padded(bytes.size()));
  }
  bytes.resize(total);
  return bytes;
}

Result<std::vector<ArchiveFile>> parse_archive(core::ByteView bytes) {
  std::vector<ArchiveFile> files;
  core::ByteView rest = bytes;
  while (true) {
    const std::string where = "byte " + std::to_string(bytes.size() - rest.size());
    if (rest.size() < 2 * block_bytes) return malformed(where, "the archive is cut off");
    if (all_zero(rest.first(block_bytes))) {
      if (rest.size() != 2 * block_bytes || !all_zero(rest)) {
        return malformed(where, "bytes behind the end");
      }
      return files;
    }
    if (files.size() == core::limits::archive_files_max) {
      return core::refuse(RefusalCode::limit_exceeded, where, "too many files");
    }
    ISOTRACE_TRY(ArchiveFile file,
                 parse_header(rest.first(block_bytes), rest.subspan(block_bytes), where));
    ISOTRACE_TRY_DONE(check_place(files, file.path));
    rest = rest.subspan(block_bytes + padded(file.bytes.size()));
    files.push_back(std::move(file));
  }
}

}  // namespace isotrace::signing
