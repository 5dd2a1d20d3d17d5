// `isotrace sign`: signatures over files that other programs check.
#include <filesystem>

#include <isotrace/certificates/manifest.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/signing/companions.hpp>
#include <isotrace/signing/public_formats.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {
namespace {

using core::Result;

/// A model's files with their digests: the folder's, or the one file.
Result<std::vector<signing::ModelFile>> load_model_files(const Context& context,
                                                         const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    ISOTRACE_TRY(const core::Bytes manifest, certificates::make_manifest(path));
    return signing::files_of_manifest(manifest);
  }
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::model_bytes_max));
  return std::vector<signing::ModelFile>{
      {std::filesystem::path(path).filename().string(), core::sha256(bytes)}};
}

Result<core::Bytes> signature_of(const Context& context, const Arguments& arguments,
                                 const signing::SigningKey& key) {
  const std::string& path = arguments.operand(0);
  const std::string format = arguments.value("--format");
  if (format == "oms") {
    ISOTRACE_TRY(auto files, load_model_files(context, path));
    return signing::sign_model(std::filesystem::path(path).filename().string(), std::move(files),
                               key);
  }
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::model_bytes_max));
  ISOTRACE_TRY(const std::string text,
               format == "minisign"
                   ? signing::sign_minisign(bytes, arguments.value("--comment"), key)
                   : signing::sign_ssh(bytes, arguments.value("--namespace"), key));
  return core::Bytes(text.begin(), text.end());
}

}  // namespace

int sign_command(const Context& context, const Arguments& arguments) {
  const std::string format = arguments.value("--format");
  if (arguments.has("--comment") && format != "minisign") {
    return report_usage(context, "sign: --comment is for minisign");
  }
  if (arguments.has("--namespace") != (format == "ssh")) {
    return report_usage(context, "sign: ssh wants --namespace, and nothing else does");
  }
  // The format forbids it: who verifies such a signature refuses it.
  if (format == "ssh" && arguments.value("--namespace").empty()) {
    return report_usage(context, "sign: --namespace is empty");
  }
  if (!certificates::is_plain(arguments.value("--comment"))) {
    return report_usage(context, "sign: --comment must be printable ASCII");
  }
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, const core::Bytes signature, signature_of(context, arguments, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), signature));
  if (context.json) {
    context.print({{"signature", arguments.value("--out")},
                   {"format", format},
                   {"keyid", key.public_key().keyid().hex()}});
  } else {
    context.out << format << " signature by " << key.public_key().keyid().hex() << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
