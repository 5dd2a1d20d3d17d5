#include <cstdlib>
#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/lean.hpp>
#include <isotrace/proofs/export/lean_function.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>
#include <isotrace/proofs/export/replay_lean.hpp>
#include <isotrace/proofs/export/smtlib.hpp>
#include <isotrace/proofs/export/solver_proof.hpp>
#include <isotrace/proofs/export/trace_calls.hpp>
#include <isotrace/proofs/export/trace_step.hpp>
#include <isotrace/proofs/export/vnncomp.hpp>
#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/find_program.hpp>
#include <isotrace/tools/commands/proof_files.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

/// A bundle goes into a new folder: files left there by somebody else would look like part of it.
core::Result<core::Done> check_is_new(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return core::Done{};
  if (std::filesystem::is_directory(folder, error) && std::filesystem::is_empty(folder, error)) {
    return core::Done{};
  }
  return core::refuse(core::RefusalCode::file_write_failed, folder,
                      "exists and is not an empty folder");
}

core::Result<double> load_timeout(const Arguments& arguments) {
  const auto seconds = parse_count(arguments.value("--timeout"));
  if (!seconds) {
    return core::refuse(core::RefusalCode::text_not_number, "--timeout",
                        arguments.value("--timeout"));
  }
  return static_cast<double>(*seconds);
}

/// The folder for temporary files that the environment names, in which a replay makes its own.
core::Result<std::string> temporary_folder() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (!error) return folder.string();
  return core::refuse(core::RefusalCode::file_not_found, "folder for temporary files",
                      error.message() + "; the variable TMPDIR names it");
}

core::Result<proofs::ReplayOptions> load_options(const Arguments& arguments) {
  proofs::ReplayOptions options;
  ISOTRACE_TRY(options.seconds_max, load_timeout(arguments));
  const std::string name = arguments.value("--coqc");
  const auto path = find_program(name);
  if (!path)
    return core::refuse(core::RefusalCode::assistant_absent, name, "install Debian's package coq");
  options.coqc = *path;
  if (arguments.has("--tier")) options.tier = arguments.value("--tier");
  ISOTRACE_TRY(options.work_directory, temporary_folder());
  return options;
}

/// Without --lean, a lean that is not there is no error.
core::Result<proofs::LeanOptions> load_lean_options(const Arguments& arguments) {
  proofs::LeanOptions options;
  ISOTRACE_TRY(options.seconds_max, load_timeout(arguments));
  const std::string name = arguments.has("--lean") ? arguments.value("--lean") : "lean";
  const auto path = find_program(name);
  if (!path && arguments.has("--lean")) {
    return core::refuse(core::RefusalCode::assistant_absent, name,
                        "install " + std::string(proofs::lean_toolchain));
  }
  if (path) options.lean = std::filesystem::absolute(*path).string();
  if (arguments.has("--tier")) options.tier = *proofs::parse_lean_tier(arguments.value("--tier"));
  // If lean is elan's, it looks for its toolchains there.
  const char* home = std::getenv("HOME");
  const char* elan = std::getenv("ELAN_HOME");
  if (elan != nullptr) {
    options.environment.push_back("ELAN_HOME=" + std::string(elan));
  } else if (home != nullptr) {
    options.environment.push_back("ELAN_HOME=" + std::string(home) + "/.elan");
  }
  ISOTRACE_TRY(options.work_directory, temporary_folder());
  return options;
}

Json obligations_json(const std::vector<proofs::ObligationReplay>& obligations) {
  Json out = Json::array();
  for (const proofs::ObligationReplay& obligation : obligations) {
    Json row = {{"id", obligation.id},
                {"status", proofs::replay_status_name(obligation.status)},
                {"tier", obligation.tier},
                {"axioms", obligation.axioms}};
    if (!obligation.detail.empty()) row["detail"] = obligation.detail;
    out.push_back(std::move(row));
  }
  return out;
}

Json omitted_json(const std::vector<proofs::Omission>& omitted) {
  Json out = Json::array();
  for (const proofs::Omission& omission : omitted)
    out.push_back({{"id", omission.id}, {"reason", omission.reason}});
  return out;
}

void print_omitted(const Context& context, const std::vector<proofs::Omission>& omitted) {
  for (const proofs::Omission& omission : omitted)
    context.out << "  " << omission.id << " left out: " << omission.reason << "\n";
}

/// As the assistant puts it if there are none, or the axioms.
std::string axioms_text(const proofs::ObligationReplay& obligation, bool lean) {
  if (obligation.axioms.empty())
    return lean ? "does not depend on any axioms" : "Closed under the global context";
  std::string text = "tier " + obligation.tier + ":";
  for (const std::string& axiom : obligation.axioms) text += " " + axiom;
  return text;
}

/// What is in a bundle for the target of --to.
std::string_view things_of(const std::string& target) {
  if (target == "smtlib") return "script(s)";
  return target == "vnncomp" ? "instance(s)" : "theorem(s)";
}

/// The solver's time for a function's circuit.
constexpr std::uint64_t refute_seconds = 600;

proofs::CoqTier tier_of(const Arguments& arguments) {
  return arguments.has("--tier") ? *proofs::parse_coq_tier(arguments.value("--tier"))
                                 : proofs::CoqTier::closed;
}

core::Result<proofs::Bundle> make_function_bundle(const std::string& path, core::ByteView bytes,
                                                  std::optional<proofs::LeanTier> lean) {
  auto proof = proofs::parse_function_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  if (lean) {
    ISOTRACE_TRY(const core::Bytes refutation,
                 proofs::refute_lean_function(*proof, refute_seconds));
    return proofs::export_lean_function(*proof, refutation, *lean);
  }
  ISOTRACE_TRY(const core::Bytes refutation, proofs::refute_function(*proof, refute_seconds));
  return proofs::export_coq_function(*proof, refutation);
}

/// The tier of a bundle for Lean.
proofs::LeanTier lean_tier_of(const Arguments& arguments) {
  return arguments.has("--tier") ? *proofs::parse_lean_tier(arguments.value("--tier"))
                                 : proofs::LeanTier::closed;
}

core::Result<std::uint64_t> count_of(const Arguments& arguments, const std::string& option) {
  const auto count = parse_count(arguments.value(option));
  if (!count)
    return core::refuse(core::RefusalCode::text_not_number, option, arguments.value(option));
  return *count;
}

bool is_of_trace(const Arguments& arguments) {
  return arguments.has("--step") || arguments.has("--calls");
}

/// The queries of a proof, with the proofs that cvc5 has for them if these are wanted.
core::Result<proofs::Bundle> make_queries(const proofs::Proof& proof, const Arguments& arguments) {
  ISOTRACE_TRY(proofs::Bundle bundle, proofs::export_smtlib(proof));
  if (!arguments.has("--solver-proofs")) return bundle;
  proofs::SolverProofOptions options;
  options.cvc5 = find_program("cvc5").value_or("cvc5");
  options.format = arguments.value("--solver-proofs");
  ISOTRACE_TRY(options.work_directory, temporary_folder());
  ISOTRACE_TRY_DONE(proofs::add_solver_proofs(bundle, options));
  return bundle;
}

/// Of a proof, or of the step --step or the last --calls of a trace.
core::Result<proofs::Bundle> make_bundle(const Context& context, const Arguments& arguments) {
  if (!is_of_trace(arguments)) {
    const std::string path = arguments.operand(0);
    const std::string target = arguments.value("--to");
    ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::proof_bytes_max));
    if (proofs::is_function_proof(bytes)) {
      if (target == "lean") return make_function_bundle(path, bytes, lean_tier_of(arguments));
      if (target == "coq" && tier_of(arguments) == proofs::CoqTier::closed)
        return make_function_bundle(path, bytes, std::nullopt);
      return core::refuse(core::RefusalCode::export_unsupported, path,
                          "proofs about functions are exported to coq, tier closed, and lean only");
    }
    ISOTRACE_TRY(const proofs::Proof proof, load_proof(context, path));
    if (target == "lean") {
      if (lean_tier_of(arguments) == proofs::LeanTier::closed) return proofs::export_lean(proof);
      return core::refuse(core::RefusalCode::export_unsupported, path,
                          "tier native is for proofs about functions");
    }
    if (target == "smtlib") return make_queries(proof, arguments);
    if (target == "coq") return proofs::export_coq(proof, tier_of(arguments));
    ISOTRACE_TRY(const core::Bytes model,
                 context.read(arguments.value("--model"), core::limits::model_bytes_max));
    return proofs::export_vnncomp(proof, model);
  }
  const bool calls = arguments.has("--calls");
  ISOTRACE_TRY(const std::uint64_t count, count_of(arguments, calls ? "--calls" : "--step"));
  ISOTRACE_TRY(const trace::Trace trace, load_trace(context, arguments.operand(0)));
  if (calls) {
    ISOTRACE_TRY(const proofs::CallsFact fact, proofs::make_calls_fact(trace, count));
    return proofs::export_coq_calls(fact);
  }
  ISOTRACE_TRY(const proofs::StepFact fact, proofs::make_step_fact(trace, count));
  return proofs::export_coq_step(fact);
}

/// proof_digest or function_proof_digest of the file --proof; nothing: there is no such option.
core::Result<std::optional<core::Digest>> load_expected(const Context& context,
                                                        const Arguments& arguments) {
  if (!arguments.has("--proof")) return std::nullopt;
  const std::string path = arguments.value("--proof");
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::proof_bytes_max));
  if (proofs::is_function_proof(bytes)) {
    auto proof = proofs::parse_function_proof(bytes);
    if (!proof) return core::refuse_within(path, std::move(proof).error());
    return proofs::function_proof_digest(*proof);
  }
  ISOTRACE_TRY(const proofs::Proof proof, load_proof(context, path));
  return proofs::proof_digest(proof);
}

/// What the theorems speak of.
std::string subject_text(const proofs::ReconcileReport& report) {
  if (report.subjects.root) return "trace " + report.subjects.root->hex();
  if (report.semantics == "wasm") return "module " + report.subjects.program.hex();
  return "program " + report.subjects.program.hex();
}

/// Whether the assistant that --to names has the tier.
bool tier_applies(const Arguments& arguments) {
  const std::string target = arguments.value("--to");
  const std::string tier = arguments.value("--tier");
  if (target == "lean") return proofs::parse_lean_tier(tier).has_value();
  return target == "coq" && proofs::parse_coq_tier(tier).has_value();
}

}  // namespace

int export_command(const Context& context, const Arguments& arguments) {
  const std::string folder = arguments.value("--out");
  if (arguments.value("--to") != "coq" && is_of_trace(arguments))
    return report_usage(context, "export: --step and --calls need --to coq");
  if (arguments.has("--step") && arguments.has("--calls"))
    return report_usage(context, "export: --step or --calls, not both");
  if (arguments.has("--tier") && (is_of_trace(arguments) || !tier_applies(arguments)))
    return report_usage(context,
                        "export: --tier is primint of proofs that go to coq, native of "
                        "those that go to lean, or closed of either");
  if (arguments.has("--model") != (arguments.value("--to") == "vnncomp"))
    return report_usage(context, "export: --to vnncomp needs --model, and nothing else does");
  if (arguments.has("--solver-proofs") && arguments.value("--to") != "smtlib")
    return report_usage(context, "export: --solver-proofs is about --to smtlib");
  ISOTRACE_OR_REPORT(context, const proofs::Bundle bundle, make_bundle(context, arguments));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done is_new, check_is_new(folder));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     proofs::write_bundle(bundle, folder));
  Json obligations = Json::array();
  for (const proofs::Obligation& obligation : bundle.obligations) {
    obligations.push_back({{"id", obligation.id},
                           {"status", "emitted"},
                           {"kind", obligation.kind},
                           {"semantics", obligation.semantics},
                           {"tier", obligation.tier},
                           {"theorem", obligation.theorem},
                           {"statement", obligation.statement.hex()}});
  }
  if (context.json) {
    context.print({{"bundle", folder},
                   {"files", bundle.files.size()},
                   {"obligations", std::move(obligations)},
                   {"omitted", omitted_json(bundle.omitted)}});
  } else {
    const std::string_view things = things_of(arguments.value("--to"));
    context.out << "emitted: " << bundle.obligations.size() << " " << things << ", "
                << bundle.files.size() << " files in " << folder;
    if (things == "theorem(s)")
      context.out << "; replay with `isotrace reconcile " << folder << "`";
    context.out << "\n";
    print_omitted(context, bundle.omitted);
  }
  return exit_yes;
}

namespace {

/// Options that a bundle for the other assistant would need; empty if there are none.
std::string option_that_does_not_apply(const Arguments& arguments, bool lean) {
  const std::initializer_list<const char*> for_coq = {"--coqc", "--root"};
  const std::initializer_list<const char*> for_lean = {"--lean"};
  const bool native = arguments.value("--tier") == "native";
  if (lean ? arguments.has("--tier") && !native && arguments.value("--tier") != "closed" : native)
    return "--tier " + arguments.value("--tier");
  for (const char* option : lean ? for_coq : for_lean) {
    if (arguments.has(option)) return option;
  }
  return {};
}

core::Result<proofs::ReconcileReport> replay_bundle(const Arguments& arguments, bool lean,
                                                    const std::optional<core::Digest>& expected) {
  const std::string folder = arguments.operand(0);
  if (lean) {
    ISOTRACE_TRY(const proofs::LeanOptions options, load_lean_options(arguments));
    return proofs::reconcile_lean(folder, expected, options);
  }
  ISOTRACE_TRY(const proofs::ReplayOptions options, load_options(arguments));
  return proofs::reconcile_coq(folder, expected, options);
}

/// Undecided: nothing is wrong, but not everything was replayed for want of an assistant.
int outcome_of(const proofs::ReconcileReport& report, bool right_trace) {
  using proofs::ReplayStatus;
  if (!right_trace || report.obligations.empty()) return exit_no;
  if (report.all_replayed()) return exit_yes;
  for (const proofs::ObligationReplay& of : report.obligations) {
    if (of.status != ReplayStatus::replayed && of.status != ReplayStatus::replayed_native &&
        of.status != ReplayStatus::emitted)
      return exit_no;
  }
  return exit_undecided;
}

std::string_view verdict_name(int outcome) {
  if (outcome == exit_undecided) return "undecided";
  return outcome == exit_yes ? "accepted" : "rejected";
}

}  // namespace

int reconcile_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const std::optional<core::Digest> expected,
                     load_expected(context, arguments));
  const bool lean = proofs::is_lean_bundle(arguments.operand(0));
  const std::string other = option_that_does_not_apply(arguments, lean);
  if (!other.empty())
    return report_usage(
        context, "reconcile: " + other + " is not for bundles for " + (lean ? "Lean" : "Coq"));
  ISOTRACE_OR_REPORT(context, const proofs::ReconcileReport report,
                     replay_bundle(arguments, lean, expected));
  const bool right_trace =
      !arguments.has("--root") ||
      (report.subjects.root && report.subjects.root->hex() == arguments.value("--root"));
  const int outcome = outcome_of(report, right_trace);
  if (context.json) {
    Json out = {{"verdict", verdict_name(outcome)}, {"semantics", report.semantics}};
    if (report.subjects.root) {
      out["traceRoot"] = report.subjects.root->hex();
    } else {
      out["programDigest"] = report.subjects.program.hex();
      out["propertyDigest"] = report.subjects.property.hex();
    }
    out["obligations"] = obligations_json(report.obligations);
    out["omitted"] = omitted_json(report.omitted);
    out["unread"] = report.unread;
    context.print(out);
    return outcome;
  }
  context.out << verdict_name(outcome) << ": " << report.obligations.size() << " theorem(s) about "
              << subject_text(report) << " (" << report.semantics << ")\n";
  for (const proofs::ObligationReplay& obligation : report.obligations) {
    context.out << "  " << obligation.id << " " << proofs::replay_status_name(obligation.status);
    if (obligation.status == proofs::ReplayStatus::replayed ||
        obligation.status == proofs::ReplayStatus::replayed_native)
      context.out << ": " << axioms_text(obligation, lean);
    if (!obligation.detail.empty()) context.out << ": " << printable(obligation.detail);
    context.out << "\n";
  }
  print_omitted(context, report.omitted);
  if (!report.unread.empty()) {
    context.out << "  not read: compiled files in the bundle, such as "
                << printable(report.unread[0])
                << "; who compiles it by hand removes them first (make clean; rm -r lean/.lake)\n";
  }
  if (!right_trace) context.out << "  the root is not " << arguments.value("--root") << "\n";
  return outcome;
}

}  // namespace isotrace::tools
