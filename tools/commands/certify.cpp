#include <algorithm>
#include <filesystem>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/signing/certify.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>
#include <isotrace/tools/commands/proof_files.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/commands/subject.hpp>

namespace isotrace::tools {
namespace {

/// One claim for each property and proof; the first property is that of the first proof and so on.
/// Counterexamples are executed again; a proof about no input at all is nothing to vouch for.
core::Result<std::vector<signing::ClaimInput>> claims_of(const EvidenceFiles& files) {
  std::vector<signing::ClaimInput> claims(std::max(files.properties.size(), files.proofs.size()));
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (i < files.properties.size()) claims[i].property = files.properties[i];
    if (i >= files.proofs.size()) continue;
    claims[i].proof = files.proofs[i];
    ISOTRACE_TRY(const proofs::Proof proof, proofs::parse_proof(files.proofs[i]));
    if (is_vacuous(proof)) {
      return core::refuse(core::RefusalCode::evidence_inconsistent,
                          "proof " + std::to_string(i + 1), std::string(vacuous_text));
    }
    if (proof.outcome == proofs::Proof::Outcome::violated) {
      ISOTRACE_TRY(claims[i].rerun, rerun_counterexample(proof));
    }
  }
  return claims;
}

/// What else is bound, by digest.
core::Result<std::vector<certificates::EvidenceReference>> load_references(
    const Context& context, const Arguments& arguments) {
  std::vector<certificates::EvidenceReference> references;
  for (const std::string& text : arguments.values("--evidence")) {
    const auto split = text.find('=');
    ISOTRACE_TRY(const core::Bytes bytes,
                 context.read(text.substr(split + 1), core::limits::archive_bytes_max));
    references.push_back({text.substr(0, split), "application/octet-stream", core::sha256(bytes)});
  }
  return references;
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

/// The last component, also where a folder's path ends with a slash.
std::string name_of_path(const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(text).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

core::Result<core::Bytes> certificate_of(const Context& context, const Arguments& arguments,
                                         const EvidenceFiles& files,
                                         const signing::SigningKey& key) {
  signing::CertifyInput input;
  ISOTRACE_TRY(input.identity, identify_subject(context, arguments.value("--model"), files));
  ISOTRACE_TRY(input.claims, claims_of(files));
  ISOTRACE_TRY(input.evidence, load_references(context, arguments));
  ISOTRACE_TRY(const auto replay, replay_of(arguments, files));
  input.model_name = name_of_path(arguments.value("--model"));
  input.model_kind = files.model_kind;
  input.model = *files.model;
  if (files.trace) input.trace = *files.trace;
  input.replay = replay;
  input.toolchain = {"isotrace", ISOTRACE_VERSION};
  if (arguments.has("--challenge")) input.challenge = {"nonce", arguments.value("--challenge")};
  return signing::make_certificate(input, key);
}

/// What the certificate says of its claims together: a replay that failed is signed too.
core::Result<std::string> verdict_of(core::ByteView certificate) {
  ISOTRACE_TRY(const certificates::Bundle bundle, certificates::parse_bundle(certificate));
  ISOTRACE_TRY(const certificates::Statement statement,
               certificates::parse_statement(bundle.payload));
  return std::string(certificates::name_of(certificates::verdict_of(statement.claims)));
}

}  // namespace

int certify_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--sample") && !(arguments.has("--trace") && arguments.has("--challenge"))) {
    return report_usage(context, "certify: --sample needs --trace and --challenge");
  }
  for (const std::string& text : arguments.values("--evidence")) {
    if (text.find('=') == std::string::npos) {
      return report_usage(context, "certify: --evidence wants NAME=FILE");
    }
  }
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments, false));
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, const core::Bytes certificate,
                     certificate_of(context, arguments, files, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), certificate));
  ISOTRACE_OR_REPORT(context, const std::string verdict, verdict_of(certificate));
  const std::string digest = core::sha256(certificate).hex();
  if (context.json) {
    context.print({{"certificate", arguments.value("--out")},
                   {"sha256", digest},
                   {"verdict", verdict},
                   {"bytes", certificate.size()},
                   {"keyid", key.public_key().keyid().hex()}});
  } else {
    context.out << "certificate " << digest << ", verdict " << verdict << ", " << certificate.size()
                << " bytes, signed by " << key.public_key().keyid().hex() << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
