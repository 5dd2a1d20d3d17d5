#include <filesystem>

#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/find_program.hpp>
#include <isotrace/tools/commands/proof_files.hpp>

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
  options.work_directory = std::filesystem::temp_directory_path().string();
  return options;
}

Json obligations_json(const std::vector<proofs::ObligationReplay>& obligations) {
  Json out = Json::array();
  for (const proofs::ObligationReplay& obligation : obligations) {
    Json row = {{"id", obligation.id},
                {"status", proofs::replay_status_name(obligation.status)},
                {"axioms", obligation.axioms}};
    if (!obligation.detail.empty()) row["detail"] = obligation.detail;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

int export_command(const Context& context, const Arguments& arguments) {
  const std::string folder = arguments.value("--out");
  ISOTRACE_OR_REPORT(context, const proofs::Proof proof, load_proof(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const proofs::Bundle bundle, proofs::export_coq(proof));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done is_new, check_is_new(folder));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     proofs::write_bundle(bundle, folder));
  Json obligations = Json::array();
  for (const proofs::Obligation& obligation : bundle.obligations) {
    obligations.push_back({{"id", obligation.id},
                           {"status", "emitted"},
                           {"kind", obligation.kind},
                           {"semantics", obligation.semantics},
                           {"theorem", obligation.theorem},
                           {"statement", obligation.statement.hex()}});
  }
  if (context.json) {
    context.print({{"bundle", folder},
                   {"files", bundle.files.size()},
                   {"obligations", std::move(obligations)}});
  } else {
    context.out << "emitted: " << bundle.obligations.size() << " theorem(s), "
                << bundle.files.size() << " files in " << folder
                << "; replay with `isotrace reconcile " << folder << "`\n";
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
  const bool all = report.all_replayed();
  if (context.json) {
    context.print({{"verdict", all ? "accepted" : "rejected"},
                   {"semantics", report.semantics},
                   {"programDigest", report.subjects.program.hex()},
                   {"propertyDigest", report.subjects.property.hex()},
                   {"obligations", obligations_json(report.obligations)}});
    return all ? exit_yes : exit_no;
  }
  context.out << (all ? "accepted" : "rejected") << ": " << report.obligations.size()
              << " theorem(s) about program " << report.subjects.program.hex() << " ("
              << report.semantics << ")\n";
  for (const proofs::ObligationReplay& obligation : report.obligations) {
    context.out << "  " << obligation.id << " " << proofs::replay_status_name(obligation.status);
    if (obligation.status == proofs::ReplayStatus::replayed)
      context.out << ": Closed under the global context";
    if (!obligation.detail.empty()) context.out << ": " << obligation.detail;
    context.out << "\n";
  }
  return all ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
