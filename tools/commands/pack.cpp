// `isotrace pack` and `unpack`: everything that a verification needs in one file, for transfer to
// machines without a network. Spec: docs/formats/package.md.
#include <algorithm>
#include <filesystem>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/manifest.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/signing/archive.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;
using certificates::Json;
using core::Bytes;
using core::RefusalCode;
using core::Result;
using signing::ArchiveFile;

constexpr std::string_view manifest_name = "package.json";
constexpr std::string_view package_schema = "https://isotrace.dev/package/v1";

/// Options of `pack` and the folder that each fills.
constexpr std::string_view roles[] = {"certificate", "log-proof", "model",     "policy",
                                      "proof",       "property",  "timestamp", "trace"};

struct PackedFile {
  std::string path;
  std::string role;
  Bytes bytes;
};

tl::unexpected<core::Refusal> malformed(std::string detail) {
  return core::refuse(RefusalCode::archive_malformed, std::string(manifest_name),
                      std::move(detail));
}

/// A file, or every file of a folder, without following links.
Result<core::Done> add_path(const Context& context, const std::string& role,
                            const std::string& path, std::vector<PackedFile>& files) {
  const std::string name = fs::path(path).filename().string();
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) {
    ISOTRACE_TRY(Bytes bytes, context.read(path, core::limits::archive_bytes_max));
    files.push_back({role + "/" + name, role, std::move(bytes)});
    return core::Done{};
  }
  // The manifest walks the folder and refuses links; what is read must be what it has seen.
  ISOTRACE_TRY(const Bytes manifest, certificates::make_manifest(path));
  const Json json = Json::parse(manifest.begin(), manifest.end());
  for (const Json& entry : json["files"]) {
    const std::string inner = entry["path"];
    ISOTRACE_TRY(Bytes bytes, context.read(path + "/" + inner, core::limits::archive_bytes_max));
    if (core::sha256(bytes).hex() != entry["sha256"]) {
      return core::refuse(RefusalCode::file_read_failed, path + "/" + inner,
                          "it changed while it was read");
    }
    files.push_back({role + "/" + name + "/" + inner, role, std::move(bytes)});
  }
  return core::Done{};
}

/// What certificates in the package say, unverified: whoever unpacks sees what to verify.
Json declared_by(const PackedFile& file) {
  const auto parsed = certificates::parse_certificate_file(file.bytes);
  if (!parsed) return nullptr;
  const Bytes& payload = parsed->sealed ? parsed->sealed->payload : parsed->bundles[0].payload;
  const auto statement = certificates::parse_statement(payload);
  if (!statement) return nullptr;
  Json claims = Json::array();
  for (const certificates::Claim& claim : statement->claims) {
    claims.push_back({{"assurance", name_of(claim.assurance)},
                      {"id", claim.id},
                      {"result", name_of(claim.result)}});
  }
  return {{"claims", std::move(claims)},
          {"path", file.path},
          {"semantics", statement->semantics},
          {"subject", {{"name", statement->subject}, {"sha256", statement->model.sha256.hex()}}},
          {"verdict", name_of(certificates::verdict_of(statement->claims))}};
}

Result<std::string> make_package_manifest(std::span<const PackedFile> files) {
  Json list = Json::array();
  Json declared = Json::array();
  for (const PackedFile& file : files) {
    list.push_back({{"path", file.path},
                    {"role", file.role},
                    {"sha256", core::sha256(file.bytes).hex()},
                    {"size", file.bytes.size()}});
    if (file.role != "certificate") continue;
    Json statement = declared_by(file);
    if (statement.is_null()) {
      return core::refuse(RefusalCode::certificate_malformed, file.path, "not a certificate");
    }
    declared.push_back(std::move(statement));
  }
  return certificates::write_json(
      {{"declared", std::move(declared)}, {"files", std::move(list)}, {"schema", package_schema}});
}

/// An entry of the manifest and the file that it names.
void check_packed(const certificates::JsonField& entry, std::span<const ArchiveFile> files) {
  const auto [name, role, sha256, size] = entry.members("path", "role", "sha256", "size");
  const std::string_view path = name.name(core::limits::name_bytes_max);
  const core::Digest digest = sha256.digest();
  const std::uint64_t bytes = size.count();
  const auto file = std::ranges::find(files, path, &ArchiveFile::path);
  if (file == files.end() || file->bytes.size() != bytes || core::sha256(file->bytes) != digest) {
    entry.refuse("the file is missing or another");
  }
}

/// The manifest must name exactly the other files, with their digests.
Result<core::Done> check_package(std::span<const ArchiveFile> files) {
  const auto manifest = std::ranges::find(files, std::string(manifest_name), &ArchiveFile::path);
  if (manifest == files.end()) return malformed("there is none");
  constexpr auto code = RefusalCode::archive_malformed;
  ISOTRACE_TRY(
      const certificates::JsonDocument json,
      certificates::parse_strict_json(manifest->bytes, {code, core::limits::property_bytes_max}));
  return certificates::read_shape(json, code, [&](const certificates::JsonField& root) {
    const auto [declared, listed, schema] = root.members("declared", "files", "schema");
    schema.expect_text(package_schema);
    const auto fields = listed.elements(core::limits::archive_files_max);
    if (fields.size() + 1 != files.size()) listed.refuse("names another number of files");
    for (const certificates::JsonField& field : fields) check_packed(field, files);
    return core::Done{};
  });
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
  for (const std::string_view role : roles) {
    for (const std::string& path : arguments.values("--" + std::string(role))) {
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                         add_path(context, std::string(role), path, files));
    }
  }
  if (files.empty()) return report_usage(context, "pack: name at least one file");
  std::ranges::sort(files, {}, &PackedFile::path);
  ISOTRACE_OR_REPORT(context, const std::string manifest, make_package_manifest(files));
  std::vector<ArchiveFile> contents = {{std::string(manifest_name), core::as_bytes(manifest)}};
  for (const PackedFile& file : files) contents.push_back({file.path, file.bytes});
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
  ISOTRACE_OR_REPORT(context, const auto files, signing::parse_archive(bytes));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done whole, check_package(files));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     write_folder(context, folder, files));
  if (context.json) {
    tools::Json names = tools::Json::array();
    for (const ArchiveFile& file : files) names.push_back(file.path);
    context.print({{"folder", folder}, {"files", std::move(names)}});
  } else {
    context.out << "unpacked " << files.size() << " files into " << folder
                << "; nothing in them is verified yet\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
