#include <isotrace/tools/commands/package.hpp>

#include <algorithm>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/certificates/strict_json.hpp>

namespace isotrace::tools {
namespace {

using certificates::Json;
using core::RefusalCode;
using core::Result;
using signing::ArchiveFile;

constexpr std::string_view package_schema = "https://isotrace.dev/package/v1";

std::string_view role_of(const ArchiveFile& file) {
  return std::string_view(file.path).substr(0, file.path.find('/'));
}

/// What a certificate in the package says, unverified: whoever unpacks sees what to verify.
Json declared_by(const ArchiveFile& file) {
  const auto parsed = certificates::parse_certificate_file(file.bytes);
  if (!parsed) return nullptr;
  const core::Bytes& payload =
      parsed->sealed ? parsed->sealed->payload : parsed->bundles[0].payload;
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

}  // namespace

Result<std::string> make_package_manifest(std::span<const ArchiveFile> files) {
  Json list = Json::array();
  Json declared = Json::array();
  for (const ArchiveFile& file : files) {
    const std::string_view role = role_of(file);
    if (role.size() == file.path.size() ||
        std::ranges::find(package_roles, role) == std::end(package_roles)) {
      return core::refuse(RefusalCode::archive_malformed, file.path, "no file of a package");
    }
    list.push_back({{"path", file.path},
                    {"role", role},
                    {"sha256", core::sha256(file.bytes).hex()},
                    {"size", file.bytes.size()}});
    if (role != "certificate") continue;
    Json statement = declared_by(file);
    if (statement.is_null()) {
      return core::refuse(RefusalCode::certificate_malformed, file.path, "not a certificate");
    }
    declared.push_back(std::move(statement));
  }
  return certificates::write_json(
      {{"declared", std::move(declared)}, {"files", std::move(list)}, {"schema", package_schema}});
}

bool looks_like_package(core::ByteView bytes) {
  constexpr std::size_t magic = 257;
  return core::as_text(bytes).substr(std::min(magic, bytes.size())).starts_with("ustar");
}

Result<std::vector<ArchiveFile>> parse_package(core::ByteView bytes) {
  ISOTRACE_TRY(std::vector<ArchiveFile> files, signing::parse_archive(bytes));
  const auto manifest =
      std::ranges::find(files, std::string(package_manifest_name), &ArchiveFile::path);
  if (manifest == files.end()) {
    return core::refuse(RefusalCode::archive_malformed, std::string(package_manifest_name),
                        "there is none");
  }
  std::rotate(files.begin(), manifest, manifest + 1);
  // Made again rather than read: there is nothing then that it could say of them wrongly.
  ISOTRACE_TRY(const std::string expected, make_package_manifest(std::span(files).subspan(1)));
  if (core::as_text(files[0].bytes) != expected) {
    return core::refuse(RefusalCode::archive_malformed, files[0].path,
                        "does not say what the other files are");
  }
  return files;
}

}  // namespace isotrace::tools
