#include <isotrace/proofs/export/bundle.hpp>

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

using Json = nlohmann::ordered_json;

core::Result<core::Done> write_file(const std::string& directory, const BundleFile& file) {
  const std::filesystem::path path = std::filesystem::path(directory) / file.path;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    return core::refuse(core::RefusalCode::file_write_failed, path.parent_path().string(),
                        error.message());
  }
  return core::PosixFiles().write(path.string(), file.bytes);
}

}  // namespace

BundleFile text_file(std::string path, std::string_view text) {
  return {std::move(path), core::Bytes(text.begin(), text.end())};
}

const BundleFile* Bundle::find(const std::string& path) const {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const BundleFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

core::Bytes write_bundle_manifest(const Bundle& bundle) {
  Json manifest;
  manifest["format"] = "isotrace.bundle";
  manifest["version"] = 1;
  manifest["subjects"] = {{"program", bundle.subjects.program.hex()},
                          {"property", bundle.subjects.property.hex()},
                          {"proof", bundle.subjects.proof.hex()}};
  if (bundle.subjects.root) manifest["subjects"] = {{"root", bundle.subjects.root->hex()}};
  manifest["obligations"] = Json::array();
  for (const Obligation& obligation : bundle.obligations) {
    Json row = {{"id", obligation.id},
                {"kind", obligation.kind},
                {"statement", obligation.statement.hex()},
                {"semantics", {{"domain", obligation.semantics}}}};
    if (!obligation.reading.words.empty()) {
      row["words"] = obligation.reading.words;
      row["formula"] = obligation.reading.formula;
    }
    row["theorem"] = obligation.theorem;
    row["file"] = obligation.file;
    row["tier"] = obligation.tier;
    row["expected_axioms"] = obligation.axioms;
    manifest["obligations"].push_back(std::move(row));
  }
  manifest["omitted"] = Json::array();
  for (const Omission& omission : bundle.omitted)
    manifest["omitted"].push_back({{"id", omission.id}, {"reason", omission.reason}});
  manifest["files"] = Json::array();
  for (const BundleFile& file : bundle.files) {
    if (file.path == bundle_manifest_path) continue;
    manifest["files"].push_back({{"path", file.path}, {"sha256", core::sha256(file.bytes).hex()}});
  }
  const std::string text = manifest.dump(2) + "\n";
  return {text.begin(), text.end()};
}

core::Result<core::Done> write_bundle(const Bundle& bundle, const std::string& directory) {
  for (const BundleFile& file : bundle.files) {
    if (file.path == bundle_manifest_path) continue;
    ISOTRACE_TRY_DONE(write_file(directory, file));
  }
  const BundleFile* manifest = bundle.find(std::string(bundle_manifest_path));
  ISOTRACE_CHECK(manifest != nullptr);
  return write_file(directory, *manifest);
}

}  // namespace isotrace::proofs
