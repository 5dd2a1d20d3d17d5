// `isotrace seal`: one signature for many certificates.
#include <filesystem>
#include <set>

#include <isotrace/certificates/statement.hpp>
#include <isotrace/signing/envelopes.hpp>
#include <isotrace/tools/commands/certificate_files.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {
namespace {

/// NAME.sealed in the folder, without the ending that certificates have.
std::string sealed_path(const std::string& folder, const std::string& certificate) {
  std::string name = std::filesystem::path(certificate).filename().string();
  constexpr std::string_view ending = ".cert.sigstore.json";
  if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  return folder + "/" + name + ".sealed";
}

core::Result<std::vector<core::Bytes>> load_payloads(const Context& context,
                                                     const Arguments& arguments,
                                                     const certificates::PublicKey& key) {
  std::vector<core::Bytes> payloads;
  for (const std::string& path : arguments.operands()) {
    ISOTRACE_TRY(certificates::Bundle bundle, load_bundle(context, path));
    // Nobody's statement but the signer's own is sealed, and only if verifiers can read it.
    ISOTRACE_TRY_DONE(entry_of(bundle, {&key, 1}, path));
    ISOTRACE_TRY_DONE(certificates::parse_statement(bundle.payload));
    payloads.push_back(std::move(bundle.payload));
  }
  return payloads;
}

}  // namespace

int seal_command(const Context& context, const Arguments& arguments) {
  const std::string folder = arguments.value("--out");
  std::set<std::string> names;
  for (const std::string& path : arguments.operands()) {
    if (!names.insert(sealed_path(folder, path)).second) {
      return report_usage(context, "seal: two certificates have the same name: " + path);
    }
  }
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, const auto payloads,
                     load_payloads(context, arguments, key.public_key()));
  ISOTRACE_OR_REPORT(context, const auto sealed, signing::seal_payloads(payloads, key));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       context.write(sealed_path(folder, arguments.operand(i)), sealed[i]));
  }
  if (context.json) {
    context.print({{"sealed", sealed.size()}, {"keyid", key.public_key().keyid().hex()}});
  } else {
    context.out << "sealed " << sealed.size() << " certificates with one signature by "
                << key.public_key().keyid().hex() << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
