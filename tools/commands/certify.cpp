#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/signing/certify.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
namespace {

/// The claim about the property, if a property or a proof was given. A counterexample is executed
/// again.
core::Result<std::optional<signing::ClaimInput>> claim_of(const EvidenceFiles& files) {
  if (!files.property && !files.proof) return std::optional<signing::ClaimInput>();
  signing::ClaimInput claim;
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

/// All steps, or with --sample as many as it says, which the challenge chooses.
core::Result<std::optional<signing::ReplayInput>> replay_of(const Arguments& arguments,
                                                            const EvidenceFiles& files) {
  if (!files.trace) return std::optional<signing::ReplayInput>();
  ISOTRACE_TRY(const trace::Trace trace, trace::parse_trace(*files.trace));
  // The device is left out: a replay on the reference is the same everywhere, and so is the
  // certificate.
  signing::ReplayInput replay{core::Verdict::accept(), "reference", "any"};
  if (!arguments.has("--sample")) {
    replay.verdict = replay_on_reference(trace);
    return std::optional(std::move(replay));
  }
  const auto count = parse_count(arguments.value("--sample"));
  const std::uint64_t total = trace::step_count(trace);
  if (!count || *count == 0 || *count > total) {
    return core::refuse(core::RefusalCode::value_out_of_range, "--sample",
                        "must be 1 to the trace's " + std::to_string(total) + " steps");
  }
  replay.sample = *count;
  replay.verdict = replay_steps_on_reference(
      trace, certificates::sample_steps(trace.root, arguments.value("--challenge"), *count, total));
  return std::optional(std::move(replay));
}

core::Result<core::Bytes> certificate_of(const Arguments& arguments, const EvidenceFiles& files,
                                         const signing::SigningKey& key) {
  const auto folder = executor::ModelFolder::of_model(arguments.value("--model"));
  ISOTRACE_TRY(const core::Program program,
               executor::import_onnx(*files.model, {.folder = &folder, .weights = {}}));
  ISOTRACE_TRY(const auto claim, claim_of(files));
  ISOTRACE_TRY(const auto replay, replay_of(arguments, files));
  signing::CertifyInput input;
  input.model_name = std::filesystem::path(arguments.value("--model")).filename().string();
  input.model = *files.model;
  input.identity = certificates::model_identity(program);
  if (claim) input.claims.push_back(*claim);
  if (files.trace) input.trace = *files.trace;
  input.replay = replay;
  input.toolchain = {"isotrace", ISOTRACE_VERSION};
  if (arguments.has("--challenge")) input.challenge = {"nonce", arguments.value("--challenge")};
  return signing::make_certificate(input, key);
}

}  // namespace

int certify_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--sample") && !(arguments.has("--trace") && arguments.has("--challenge"))) {
    return report_usage(context, "certify: --sample needs --trace and --challenge");
  }
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
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
