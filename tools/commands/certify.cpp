#include <filesystem>

#include <isotrace/certificates/certify.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
namespace {

core::Result<certificates::SigningKey> load_signing_key(const Context& context,
                                                        const std::string& path) {
  ISOTRACE_TRY(const core::Bytes pem, context.read(path, core::limits::key_bytes_max));
  auto key = certificates::parse_private_key(pem);
  if (!key) return core::refuse_within(path, std::move(key).error());
  return key;
}

/// The claim about the property, if a property or a proof was given. A counterexample is executed
/// again.
core::Result<std::optional<certificates::ClaimInput>> claim_of(const EvidenceFiles& files) {
  if (!files.property && !files.proof) return std::optional<certificates::ClaimInput>();
  certificates::ClaimInput claim;
  if (files.property) claim.property = *files.property;
  if (files.proof) {
    claim.proof = *files.proof;
    ISOTRACE_TRY(const proofs::Proof proof, proofs::parse_proof(*files.proof));
    if (proof.outcome == proofs::Proof::Outcome::violated) {
      ISOTRACE_TRY(claim.rerun, rerun_counterexample(proof));
    }
  }
  return std::optional(claim);
}

core::Result<std::optional<certificates::ReplayInput>> replay_of(const EvidenceFiles& files) {
  if (!files.trace) return std::optional<certificates::ReplayInput>();
  ISOTRACE_TRY(const trace::Trace trace, trace::parse_trace(*files.trace));
  // The device is left out: a replay on the reference is the same everywhere, and so is the
  // certificate.
  return std::optional(certificates::ReplayInput{replay_on_reference(trace), "reference", "any"});
}

core::Result<core::Bytes> certificate_of(const Arguments& arguments, const EvidenceFiles& files,
                                         const certificates::SigningKey& key) {
  const auto folder = executor::ModelFolder::of_model(arguments.value("--model"));
  ISOTRACE_TRY(const core::Program program,
               executor::import_onnx(*files.model, {.folder = &folder, .weights = {}}));
  ISOTRACE_TRY(const auto claim, claim_of(files));
  ISOTRACE_TRY(const auto replay, replay_of(files));
  certificates::CertifyInput input;
  input.model_name = std::filesystem::path(arguments.value("--model")).filename().string();
  input.model = *files.model;
  input.identity = certificates::model_identity(program);
  if (claim) input.claims.push_back(*claim);
  if (files.trace) input.trace = *files.trace;
  input.replay = replay;
  input.toolchain = {"isotrace", ISOTRACE_VERSION};
  return certificates::make_certificate(input, key);
}

}  // namespace

int certify_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::SigningKey key,
                     load_signing_key(context, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, const core::Bytes certificate, certificate_of(arguments, files, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), certificate));
  const std::string digest = core::sha256(certificate).hex();
  if (context.json) {
    context.print({{"certificate", arguments.value("--out")},
                   {"sha256", digest},
                   {"bytes", certificate.size()},
                   {"keyid", key.public_key().keyid().hex()}});
  } else {
    context.out << "certificate " << digest << ", " << certificate.size() << " bytes, signed by "
                << key.public_key().keyid().hex() << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
