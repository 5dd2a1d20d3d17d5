#include <filesystem>

#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>
#include <isotrace/proofs/export/smtlib.hpp>
#include <isotrace/proofs/export/trace_step.hpp>
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

core::Result<proofs::ReplayOptions> load_options(const Arguments& arguments) {
  proofs::ReplayOptions options;
  const auto seconds = parse_count(arguments.value("--timeout"));
  if (!seconds) {
    return core::refuse(core::RefusalCode::text_not_number, "--timeout",
                        arguments.value("--timeout"));
  }
  options.seconds_max = static_cast<double>(*seconds);
  const std::string name = arguments.value("--coqc");
  const auto path = find_program(name);
  if (!path)
    return core::refuse(core::RefusalCode::assistant_absent, name, "install Debian's package coq");
  options.coqc = *path;
  options.tier = arguments.value("--tier");
  options.work_directory = std::filesystem::temp_directory_path().string();
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

/// "Closed under the global context", or the axioms.
std::string axioms_text(const proofs::ObligationReplay& obligation) {
  if (obligation.axioms.empty()) return "Closed under the global context";
  std::string text = "tier " + obligation.tier + ":";
  for (const std::string& axiom : obligation.axioms) text += " " + axiom;
  return text;
}

bool is_smtlib(const Arguments& arguments) { return arguments.value("--to") == "smtlib"; }

/// Of a proof, or of the step --step of a trace.
core::Result<proofs::Bundle> make_bundle(const Context& context, const Arguments& arguments) {
  if (!arguments.has("--step")) {
    ISOTRACE_TRY(const proofs::Proof proof, load_proof(context, arguments.operand(0)));
    return is_smtlib(arguments) ? proofs::export_smtlib(proof) : proofs::export_coq(proof);
  }
  const auto step = parse_count(arguments.value("--step"));
  if (!step)
    return core::refuse(core::RefusalCode::text_not_number, "--step", arguments.value("--step"));
  ISOTRACE_TRY(const trace::Trace trace, load_trace(context, arguments.operand(0)));
  ISOTRACE_TRY(const proofs::StepFact fact, proofs::make_step_fact(trace, *step));
  return proofs::export_coq_step(fact);
}

/// What the theorems speak of.
std::string subject_text(const proofs::ReconcileReport& report) {
  if (report.subjects.root) return "trace " + report.subjects.root->hex();
  return "program " + report.subjects.program.hex();
}

}  // namespace

int export_command(const Context& context, const Arguments& arguments) {
  const std::string folder = arguments.value("--out");
  if (is_smtlib(arguments) && arguments.has("--step"))
    return report_usage(context, "export: --step needs --to coq");
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
    context.out << "emitted: " << bundle.obligations.size()
                << (is_smtlib(arguments) ? " script(s), " : " theorem(s), ") << bundle.files.size()
                << " files in " << folder;
    if (!is_smtlib(arguments)) context.out << "; replay with `isotrace reconcile " << folder << "`";
    context.out << "\n";
    print_omitted(context, bundle.omitted);
  }
  return exit_yes;
}

int reconcile_command(const Context& context, const Arguments& arguments) {
  std::optional<proofs::Proof> expected;
  if (arguments.has("--proof")) {
    ISOTRACE_OR_REPORT(context, expected, load_proof(context, arguments.value("--proof")));
  }
  ISOTRACE_OR_REPORT(context, const proofs::ReplayOptions options, load_options(arguments));
  ISOTRACE_OR_REPORT(
      context, const proofs::ReconcileReport report,
      proofs::reconcile_coq(arguments.operand(0), expected ? &*expected : nullptr, options));
  const bool right_trace =
      !arguments.has("--root") ||
      (report.subjects.root && report.subjects.root->hex() == arguments.value("--root"));
  const bool all = right_trace && report.all_replayed();
  if (context.json) {
    Json out = {{"verdict", all ? "accepted" : "rejected"}, {"semantics", report.semantics}};
    if (report.subjects.root) {
      out["traceRoot"] = report.subjects.root->hex();
    } else {
      out["programDigest"] = report.subjects.program.hex();
      out["propertyDigest"] = report.subjects.property.hex();
    }
    out["obligations"] = obligations_json(report.obligations);
    out["omitted"] = omitted_json(report.omitted);
    context.print(out);
    return all ? exit_yes : exit_no;
  }
  context.out << (all ? "accepted" : "rejected") << ": " << report.obligations.size()
              << " theorem(s) about " << subject_text(report) << " (" << report.semantics << ")\n";
  for (const proofs::ObligationReplay& obligation : report.obligations) {
    context.out << "  " << obligation.id << " " << proofs::replay_status_name(obligation.status);
    if (obligation.status == proofs::ReplayStatus::replayed)
      context.out << ": " << axioms_text(obligation);
    if (!obligation.detail.empty()) context.out << ": " << obligation.detail;
    context.out << "\n";
  }
  print_omitted(context, report.omitted);
  if (!right_trace) context.out << "  the root is not " << arguments.value("--root") << "\n";
  return all ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
