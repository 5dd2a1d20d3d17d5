// Archives for transfer: POSIX ustar with one spelling, so that equal files give equal bytes and
// any tar lists them, while reading accepts nothing else: regular files with safe relative names,
// each once, in order. Spec: POSIX.1-2001 pax, ustar; docs/formats/package.md.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>

namespace isotrace::signing {

struct ArchiveFile {
  std::string path;  ///< at most 100 bytes
  core::ByteView bytes;
};

/// Whether the path is relative, of printable ASCII components without backslash, none of them "."
/// or ".." or beginning or ending with a space or ending with a dot, and at most 100 bytes long.
bool is_safe_path(std::string_view path);

/// Sorts by path. Refuses manifest_name_unsafe, limit_exceeded, archive_malformed (a path twice, or
/// one that is a folder of another).
core::Result<core::Bytes> write_archive(std::vector<ArchiveFile> files);

/// The files, as views into the archive. Refuses archive_malformed for whatever write_archive does
/// not write - links, devices, absolute or climbing paths, duplicates, other modes and times,
/// padding that is not zero, trailing bytes - and limit_exceeded.
core::Result<std::vector<ArchiveFile>> parse_archive(core::ByteView bytes);

}  // namespace isotrace::signing
