#include <isotrace/proofs/export/replay_lean.hpp>

#include <algorithm>
#include <filesystem>
#include <map>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/lean.hpp>
#include <isotrace/proofs/export/lean_function.hpp>
#include <isotrace/proofs/export/lean_library.hpp>

#include "bundle_comparison.hpp"
#include "child_process.hpp"
#include "fresh_folder.hpp"
#include "lean_lint.hpp"
#include "lean_output.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
namespace fs = std::filesystem;

bool is_native(const Obligation& of) { return of.tier == lean_tier_name(LeanTier::native); }

/// Compiles files of a regenerated bundle that lies in `folder`, each once.
class LeanReplay {
 public:
  LeanReplay(const LeanOptions& options, std::string folder)
      : options_(options), folder_(std::move(folder)) {}

  Result<Done> compile_library(LeanPart part) {
    for (const LeanFile& file : lean_library(part)) {
      const std::string path = lean_path(std::string(file.module));
      ISOTRACE_TRY(const ChildOutcome* outcome, compile(path));
      if (outcome->timed_out || outcome->exit_status != 0)
        return core::refuse(RefusalCode::solver_failed, path, failure_text(*outcome));
    }
    return Done{};
  }

  Result<ObligationReplay> replay(const Obligation& of) {
    const ChildOutcome* outcome = nullptr;
    for (const std::string& part : of.parts) {
      ISOTRACE_TRY(outcome, compile(part));
      if (outcome->timed_out || outcome->exit_status != 0) break;
    }
    return judge(of, *outcome);
  }

 private:
  Result<const ChildOutcome*> compile(const std::string& file) {
    const auto known = compiled_.find(file);
    if (known != compiled_.end()) return &known->second;
    const std::string path = folder_ + "/" + file;
    const std::string object = path.substr(0, path.size() - 4) + "olean";
    std::vector<std::string> environment = options_.environment;
    environment.push_back("LEAN_PATH=" + folder_ + "/lean");
    const ChildLimits limits{options_.seconds_max, options_.memory_bytes_max, std::size_t{1} << 16};
    ISOTRACE_TRY(ChildOutcome outcome,
                 run_child({options_.lean, "-o", object, path}, folder_, limits, environment));
    return &compiled_.emplace(file, std::move(outcome)).first->second;
  }

  static std::string failure_text(const ChildOutcome& outcome) {
    if (outcome.timed_out) return "lean ran out of time";
    return "exit " + std::to_string(outcome.exit_status) + ": " + outcome.output.substr(0, 2000);
  }

  static ObligationReplay judge(const Obligation& of, const ChildOutcome& outcome) {
    ObligationReplay verdict{of.id, ReplayStatus::rejected, {}, {}, of.tier};
    if (outcome.timed_out) verdict.status = ReplayStatus::timeout;
    if (outcome.timed_out || outcome.exit_status != 0) {
      verdict.detail = failure_text(outcome);
      return verdict;
    }
    const auto axioms = lean_axioms(outcome.output, of.theorem);
    if (axioms) verdict.axioms = *axioms;
    const bool as_expected = axioms && *axioms == of.axioms;
    verdict.status = as_expected ? ReplayStatus::replayed : ReplayStatus::axiom_violation;
    if (as_expected && is_native(of)) verdict.status = ReplayStatus::replayed_native;
    if (!as_expected) verdict.detail = outcome.output.substr(0, 2000);
    return verdict;
  }

  const LeanOptions& options_;
  std::string folder_;
  std::map<std::string, ChildOutcome> compiled_;
};

Result<core::Bytes> read_file(const std::string& path) {
  return core::PosixFiles().read(path, core::limits::proof_bytes_max);
}

/// The tier that the bundle says it is of.
Result<LeanTier> read_tier(const std::string& directory) {
  const std::string path = directory + "/" + std::string(bundle_tier_path);
  std::error_code error;
  if (!fs::exists(path, error)) return LeanTier::closed;
  ISOTRACE_TRY(const core::Bytes bytes, read_file(path));
  std::string_view name = core::as_text(bytes);
  if (name.ends_with('\n')) name.remove_suffix(1);
  const auto tier = parse_lean_tier(name);
  if (!tier || tier == LeanTier::closed)
    return core::refuse(RefusalCode::bundle_malformed, path, "no tier of a bundle");
  return *tier;
}

/// The bundle that the proof inside `directory` gives.
Result<Bundle> regenerate(const std::string& directory) {
  const std::string function = directory + "/" + std::string(bundle_function_path);
  std::error_code error;
  if (fs::is_regular_file(function, error)) {
    ISOTRACE_TRY(const core::Bytes bytes, read_file(function));
    ISOTRACE_TRY(const core::Bytes refutation,
                 read_file(directory + "/" + std::string(bundle_refutation_path)));
    auto proof = parse_function_proof(bytes);
    if (!proof) return core::refuse_within(function, std::move(proof).error());
    ISOTRACE_TRY(const LeanTier tier, read_tier(directory));
    return export_lean_function(*proof, refutation, tier);
  }
  const std::string path = directory + "/" + std::string(bundle_proof_path);
  ISOTRACE_TRY(const core::Bytes bytes, read_file(path));
  auto proof = parse_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  return export_lean(*proof);
}

using Open = std::vector<std::pair<const Obligation*, ObligationReplay*>>;

Result<Done> replay_open(const Bundle& bundle, const LeanOptions& options, const Open& open) {
  ISOTRACE_TRY(const std::unique_ptr<FreshFolder> folder,
               FreshFolder::make(options.work_directory));
  ISOTRACE_TRY_DONE(write_bundle(bundle, folder->path()));
  LeanReplay replay(options, folder->path());
  LeanPart part = LeanPart::networks;
  if (bundle.obligations[0].semantics == "wasm") part = LeanPart::functions;
  if (is_native(bundle.obligations[0])) part = LeanPart::native_functions;
  ISOTRACE_TRY_DONE(replay.compile_library(part));
  for (const auto& [obligation, verdict] : open) {
    ISOTRACE_TRY(*verdict, replay.replay(*obligation));
  }
  return Done{};
}

}  // namespace

bool is_lean_bundle(const std::string& directory) {
  std::error_code error;
  return fs::is_regular_file(directory + "/lean/lean-toolchain", error);
}

Result<ReconcileReport> reconcile_lean(const std::string& directory,
                                       const std::optional<core::Digest>& expected,
                                       const LeanOptions& options) {
  ISOTRACE_TRY(const Bundle bundle, regenerate(directory));
  const BundleComparison comparison(
      directory, bundle,
      {"lean/Isotrace/Gen/", {"Spec_", "Net_"}, find_forbidden_lean_word, is_compiled_lean});
  const bool other_proof = expected && *expected != bundle.subjects.proof;
  ReconcileReport report{
      bundle.subjects, bundle.obligations[0].semantics, {}, bundle.omitted, comparison.compiled()};
  for (const Obligation& of : bundle.obligations) {
    if (!is_native(of) || options.tier == LeanTier::native) continue;
    report.omitted.push_back({of.id, "tier native was not asked for"});
    return report;
  }
  report.obligations.resize(bundle.obligations.size());
  Open open;
  for (std::size_t i = 0; i < bundle.obligations.size(); ++i) {
    const Obligation& of = bundle.obligations[i];
    ObligationReplay& verdict = report.obligations[i];
    const auto difference = comparison.judge(of);
    if (other_proof) {
      verdict = {
          of.id, ReplayStatus::statement_mismatch, "another proof was expected", {}, of.tier};
    } else if (difference) {
      verdict = *difference;
    } else {
      verdict = {of.id, ReplayStatus::emitted, "lean is absent: not replayed", {}, of.tier};
      open.emplace_back(&of, &verdict);
    }
  }
  if (!open.empty() && !options.lean.empty()) ISOTRACE_TRY_DONE(replay_open(bundle, options, open));
  return report;
}

}  // namespace isotrace::proofs
