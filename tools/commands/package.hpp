// Packages: an archive whose manifest says what it holds. Spec: docs/formats/package.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <isotrace/signing/archive.hpp>

namespace isotrace::tools {

inline constexpr std::string_view package_manifest_name = "package.json";

/// Options of `pack` and the folder that each fills.
inline constexpr std::string_view package_roles[] = {
    "certificate", "log-proof", "model", "policy", "proof", "property", "timestamp", "trace"};

/// The manifest of files in ascending order of their paths, without itself: their digests, and what
/// certificates say, unverified. Refuses archive_malformed (a file in no role's folder) and
/// certificate_malformed.
core::Result<std::string> make_package_manifest(std::span<const signing::ArchiveFile> files);

/// Whether the bytes begin like an archive.
bool looks_like_package(core::ByteView bytes);

/// The manifest first, then the other files, as views into the archive. Refuses what parse_archive
/// refuses, and archive_malformed unless the manifest is the one that make_package_manifest writes
/// for the other files.
core::Result<std::vector<signing::ArchiveFile>> parse_package(core::ByteView bytes);

}  // namespace isotrace::tools
