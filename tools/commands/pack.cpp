// `isotrace pack` and `unpack`: everything that a verification needs in one file, for transfer to
// machines without a network. Spec: docs/formats/package.md.
#include <algorithm>
#include <filesystem>

#include <isotrace/certificates/manifest.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/package.hpp>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;
using core::Bytes;
using core::RefusalCode;
using core::Result;
using signing::ArchiveFile;

struct PackedFile {
  std::string path;
  Bytes bytes;
};

/// A file, or every file of a folder, without following links.
Result<core::Done> add_path(const Context& context, const std::string& role,
                            const std::string& path, std::vector<PackedFile>& files) {
  const std::string name = fs::path(path).filename().string();
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) {
    ISOTRACE_TRY(Bytes bytes, context.read(path, core::limits::archive_bytes_max));
    files.push_back({role + "/" + name, std::move(bytes)});
    return core::Done{};
  }
  // The manifest walks the folder and refuses links; what is read must be what it has seen.
  ISOTRACE_TRY(const Bytes manifest, certificates::make_manifest(path));
  const certificates::Json json = certificates::Json::parse(manifest.begin(), manifest.end());
  for (const certificates::Json& entry : json["files"]) {
    const std::string inner = entry["path"];
    ISOTRACE_TRY(Bytes bytes, context.read(path + "/" + inner, core::limits::archive_bytes_max));
    if (core::sha256(bytes).hex() != entry["sha256"]) {
      return core::refuse(RefusalCode::file_read_failed, path + "/" + inner,
                          "it changed while it was read");
    }
    files.push_back({role + "/" + name + "/" + inner, std::move(bytes)});
  }
  return core::Done{};
}

/// Everything into a new folder, which appears when it is complete.
Result<core::Done> write_folder(const Context& context, const std::string& folder,
                                std::span<const ArchiveFile> files) {
  const fs::path incomplete = core::incomplete_path(folder);
  std::error_code error;
  fs::remove_all(incomplete, error);
  for (const ArchiveFile& file : files) {
    const fs::path path = incomplete / file.path;
    fs::create_directories(path.parent_path(), error);
    if (error) return core::refuse(RefusalCode::file_write_failed, path.string(), error.message());
    ISOTRACE_TRY_DONE(context.files.write(path.string(), file.bytes));
  }
  fs::rename(incomplete, folder, error);
  if (error) return core::refuse(RefusalCode::file_write_failed, folder, error.message());
  return core::Done{};
}

}  // namespace

int pack_command(const Context& context, const Arguments& arguments) {
  std::vector<PackedFile> files;
  for (const std::string_view role : package_roles) {
    for (const std::string& path : arguments.values("--" + std::string(role))) {
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                         add_path(context, std::string(role), path, files));
    }
  }
  if (files.empty()) return report_usage(context, "pack: name at least one file");
  std::ranges::sort(files, {}, &PackedFile::path);
  std::vector<ArchiveFile> contents;
  for (const PackedFile& file : files) contents.push_back({file.path, file.bytes});
  ISOTRACE_OR_REPORT(context, const std::string manifest, make_package_manifest(contents));
  contents.push_back({std::string(package_manifest_name), core::as_bytes(manifest)});
  ISOTRACE_OR_REPORT(context, const Bytes archive, signing::write_archive(std::move(contents)));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), archive));
  const std::string digest = core::sha256(archive).hex();
  if (context.json) {
    context.print({{"archive", arguments.value("--out")},
                   {"sha256", digest},
                   {"files", files.size()},
                   {"bytes", archive.size()}});
  } else {
    context.out << "packed " << files.size() << " files, " << archive.size()
                << " bytes, sha256:" << digest << "\n";
  }
  return exit_yes;
}

int unpack_command(const Context& context, const Arguments& arguments) {
  std::string folder = arguments.value("--out");
  // "received/" would be built as the folder received/.incomplete and could not be renamed.
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    return report(context, core::refuse(RefusalCode::file_write_failed, folder,
                                        "it exists; unpack into a new folder")
                               .value());
  }
  ISOTRACE_OR_REPORT(context, const Bytes bytes,
                     context.read(arguments.operand(0), core::limits::archive_bytes_max));
  ISOTRACE_OR_REPORT(context, const auto files, parse_package(bytes));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     write_folder(context, folder, files));
  if (context.json) {
    Json names = tools::Json::array();
    for (const ArchiveFile& file : files) names.push_back(file.path);
    context.print({{"folder", folder}, {"files", std::move(names)}});
  } else {
    context.out << "unpacked " << files.size() << " files into " << folder
                << "; nothing in them is verified yet\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
