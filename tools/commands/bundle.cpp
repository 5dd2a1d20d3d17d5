// `isotrace bundle`: puts log proof and time stamp into a certificate, so that it is one file for
// Sigstore's clients as well; several certificates over one payload become one envelope with all
// their signatures. `isotrace timestamp`: what to ask a time stamping authority.
#include <isotrace/certificates/log_proof.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/envelopes.hpp>
#include <isotrace/tools/commands/certificate_files.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {
namespace {

using certificates::Bundle;
using core::Done;
using core::Result;

/// All signatures over the payload of the first; refuses evidence_inconsistent for other payloads.
Result<core::Bytes> join_signatures(const Context& context, const Arguments& arguments) {
  certificates::Envelope envelope;
  std::map<core::Digest, core::Bytes> signatures;
  for (const std::string& path : arguments.operands()) {
    ISOTRACE_TRY(Bundle bundle, load_bundle(context, path));
    if (!signatures.empty() && bundle.payload != envelope.payload) {
      return core::refuse(core::RefusalCode::evidence_inconsistent, path,
                          "another payload than the first");
    }
    envelope.payload = std::move(bundle.payload);
    signatures.insert_or_assign(bundle.keyid, std::move(bundle.signature));
  }
  for (auto& [keyid, signature] : signatures) {
    envelope.signatures.push_back({keyid, std::move(signature)});
  }
  return certificates::write_signatures(envelope);
}

Result<Done> add_log(const Context& context, const Arguments& arguments, Bundle& bundle) {
  ISOTRACE_TRY(const core::Bytes text,
               context.read(arguments.value("--log-proof"), core::limits::certificate_bytes_max));
  ISOTRACE_TRY(certificates::LogProof proof, certificates::parse_log_proof(core::as_text(text)));
  ISOTRACE_TRY(const auto signers, load_signers(context, {arguments.value("--signer")}));
  ISOTRACE_TRY(const certificates::PublicKey log,
               load_public_key(context, arguments.value("--log-key")));
  ISOTRACE_TRY(const std::string entry, entry_of(bundle, signers, arguments.operand(0)));
  ISOTRACE_TRY(const auto checkpoint, certificates::parse_checkpoint(proof.checkpoint.text));
  ISOTRACE_TRY_DONE(certificates::check_log_proof(proof, core::merkle_leaf(core::as_bytes(entry)),
                                                  checkpoint.origin, log));
  bundle.log = certificates::BundleLog{std::move(proof), core::Bytes(entry.begin(), entry.end()),
                                       certificates::note_key_digest(checkpoint.origin, log)};
  return Done{};
}

Result<core::Bytes> complete_bundle(const Context& context, const Arguments& arguments) {
  ISOTRACE_TRY(Bundle bundle, load_bundle(context, arguments.operand(0)));
  if (arguments.has("--log-proof")) ISOTRACE_TRY_DONE(add_log(context, arguments, bundle));
  if (arguments.has("--timestamp")) {
    ISOTRACE_TRY(bundle.timestamp,
                 context.read(arguments.value("--timestamp"), core::limits::certificate_bytes_max));
  }
  core::Bytes bytes = certificates::write_bundle(bundle);
  ISOTRACE_TRY_DONE(certificates::parse_bundle(bytes));
  return bytes;
}

}  // namespace

int bundle_command(const Context& context, const Arguments& arguments) {
  const bool log = arguments.has("--log-proof");
  if (log != arguments.has("--signer") || log != arguments.has("--log-key")) {
    return report_usage(context, "bundle: --log-proof, --log-key and --signer go together");
  }
  const bool completes = log || arguments.has("--timestamp");
  const std::size_t files = arguments.operands().size();
  if (completes ? files != 1 : files < 2) {
    return report_usage(context,
                        "bundle: one certificate with --log-proof or --timestamp, or "
                        "several certificates over the same payload");
  }
  ISOTRACE_OR_REPORT(
      context, const core::Bytes bytes,
      completes ? complete_bundle(context, arguments) : join_signatures(context, arguments));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done done,
                     context.write(arguments.value("--out"), bytes));
  if (context.json) {
    context.print({{"certificate", arguments.value("--out")}, {"bytes", bytes.size()}});
  } else {
    context.out << arguments.value("--out") << ": " << bytes.size() << " bytes\n";
  }
  return exit_yes;
}

int timestamp_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const Bundle bundle, load_bundle(context, arguments.operand(0)));
  const core::Bytes request = signing::make_timestamp_request(bundle.signature);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done done,
                     context.write(arguments.value("--out"), request));
  if (context.json) {
    context.print(
        {{"request", arguments.value("--out")}, {"sha256", core::sha256(bundle.signature).hex()}});
  } else {
    context.out << "request for a time stamp over signature sha256:"
                << core::sha256(bundle.signature).hex() << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
