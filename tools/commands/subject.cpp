#include <isotrace/tools/commands/subject.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/signing/companions.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::tools {
namespace {

using certificates::ModelIdentity;
using core::Result;

/// A module has no weights apart from its program.
Result<ModelIdentity> identify_module(core::ByteView bytes) {
  ISOTRACE_TRY(const wasm::Module module,
               wasm::load_module(core::Bytes(bytes.begin(), bytes.end()), wasm::Edition::v2));
  return ModelIdentity{wasm::program_digest(module), core::merkle_root({}), 0};
}

Result<ModelIdentity> identify_file(core::ByteView bytes, const executor::ModelFolder& folder) {
  if (begins_like_module(bytes)) return identify_module(bytes);
  ISOTRACE_TRY(const core::Program program,
               executor::import_onnx(bytes, {.folder = &folder, .weights = {}}));
  return certificates::model_identity(program);
}

bool is_program(const std::string& path) {
  const bool at_top = path.find('/') == std::string::npos;
  return at_top && (path.ends_with(".onnx") || path.ends_with(".wasm"));
}

/// Reads the folder's program; it must be what the manifest has seen.
Result<core::Bytes> load_program_file(const Context& context, const std::string& folder,
                                      core::ByteView manifest) {
  ISOTRACE_TRY(const auto listed, signing::files_of_manifest(manifest));
  const signing::ModelFile* found = nullptr;
  for (const signing::ModelFile& file : listed) {
    if (!is_program(file.path)) continue;
    if (found != nullptr) {
      return core::refuse(
          core::RefusalCode::evidence_inconsistent, folder,
          "more than one .onnx or .wasm at its top: " + found->path + ", " + file.path);
    }
    found = &file;
  }
  if (found == nullptr) {
    return core::refuse(core::RefusalCode::evidence_missing, folder,
                        "no file at its top ends with .onnx or .wasm");
  }
  const std::string path = folder + "/" + found->path;
  ISOTRACE_TRY(core::Bytes bytes, context.read(path, core::limits::model_bytes_max));
  if (core::sha256(bytes) != found->sha256) {
    return core::refuse(core::RefusalCode::file_read_failed, path, "it changed while it was read");
  }
  return bytes;
}

}  // namespace

Result<ModelIdentity> identify_subject(const Context& context, const std::string& path,
                                       const EvidenceFiles& files) {
  if (files.model_kind == certificates::ModelKind::file) {
    return identify_file(*files.model, executor::ModelFolder::of_model(path));
  }
  ISOTRACE_TRY(const core::Bytes bytes, load_program_file(context, path, *files.model));
  return identify_file(bytes, executor::ModelFolder(path));
}

}  // namespace isotrace::tools
