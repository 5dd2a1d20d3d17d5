#include <isotrace/proofs/export/replay_coq.hpp>

#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/coq_library.hpp>
#include <isotrace/proofs/export/trace_calls.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "bundle_comparison.hpp"
#include "child_process.hpp"
#include "coq_lint.hpp"
#include "fresh_folder.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
namespace fs = std::filesystem;

constexpr std::string_view closed = "Closed under the global context";

constexpr std::string_view flocq_absent = "Flocq is not installed (Debian: libcoq-flocq)";

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}
/// Whether compile_coq_library could compile the part about floats.
bool has_floats(const std::string& library) { return is_file(library + "/float/Certified.vo"); }

/// coqc on one file, with the library in `library` and generated files in `gen`.
Result<ChildOutcome> compile(const ReplayOptions& options, const std::string& library,
                             const std::string& gen, const std::string& file) {
  const ChildLimits limits{options.seconds_max, options.memory_bytes_max, std::size_t{1} << 16};
  std::vector<std::string> arguments = {options.coqc, "-q"};
  constexpr std::pair<const char*, const char*> parts[] = {{"/bits", "Isotrace.Bits"},
                                                           {"/core", "Isotrace.Core"},
                                                           {"/primint", "Isotrace.Primint"},
                                                           {"/float", "Isotrace.Float"},
                                                           {"/trace", "Isotrace.Trace"}};
  for (const auto& [folder, name] : parts) {
    std::error_code error;
    if (fs::is_directory(library + folder, error))
      arguments.insert(arguments.end(), {"-Q", library + folder, name});
  }
  if (!gen.empty()) arguments.insert(arguments.end(), {"-Q", gen, "Isotrace.Gen"});
  arguments.push_back(file);
  return run_child(arguments, fs::path(file).parent_path().string(), limits);
}

std::string failure_of(const ChildOutcome& outcome) {
  return "exit " + std::to_string(outcome.exit_status) + ": " + outcome.output.substr(0, 2000);
}

/// The names that Print Assumptions lists: the first word of each line that is not indented.
std::vector<std::string> axioms_in(const std::string& output) {
  std::vector<std::string> axioms;
  bool listing = false;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("Axioms:")) {
      listing = true;
    } else if (listing && !line.empty() && line[0] != ' ') {
      axioms.push_back(line.substr(0, line.find_first_of(" :")));
    }
  }
  std::sort(axioms.begin(), axioms.end());
  return axioms;
}

/// What one run of coqc on a proof file says about its theorem.
ObligationReplay judge(const Obligation& of, const ChildOutcome& outcome) {
  ObligationReplay verdict{of.id, ReplayStatus::rejected, {}, {}, of.tier};
  if (outcome.timed_out) {
    verdict.status = ReplayStatus::timeout;
    verdict.detail = "coqc ran out of time";
    return verdict;
  }
  if (outcome.exit_status != 0) {
    verdict.detail = failure_of(outcome);
    return verdict;
  }
  verdict.axioms = axioms_in(outcome.output);
  const bool as_expected =
      of.axioms.empty() ? outcome.output == std::string(closed) + "\n"
                        : outcome.output.starts_with("Axioms:\n") && verdict.axioms == of.axioms;
  verdict.status = as_expected ? ReplayStatus::replayed : ReplayStatus::axiom_violation;
  if (!as_expected) verdict.detail = outcome.output.substr(0, 2000);
  return verdict;
}

/// Compiles the obligations of a regenerated bundle that lies in `folder`, each file once.
class Replay {
 public:
  Replay(const ReplayOptions& options, std::string library, std::string folder)
      : options_(options), library_(std::move(library)), folder_(std::move(folder)) {}

  Result<ObligationReplay> replay(const Obligation& of) {
    if (tier_needs_flocq(of.tier) && !has_floats(library_)) {
      return ObligationReplay{
          of.id, ReplayStatus::unsupported, std::string(flocq_absent), {}, of.tier};
    }
    const ChildOutcome* outcome = nullptr;
    for (const std::string& part : of.parts) {
      if (!compiled_.contains(part)) {
        ISOTRACE_TRY(compiled_[part],
                     compile(options_, library_, folder_ + "/coq/gen", folder_ + "/" + part));
      }
      outcome = &compiled_.at(part);
      if (outcome->timed_out || outcome->exit_status != 0) break;
    }
    return judge(of, *outcome);
  }

 private:
  const ReplayOptions& options_;
  std::string library_;
  std::string folder_;
  std::map<std::string, ChildOutcome> compiled_;
};

Result<core::Bytes> read_subject(const std::string& directory, std::string_view name) {
  return core::PosixFiles().read(directory + "/" + std::string(name),
                                 core::limits::proof_bytes_max);
}

/// The tier that the bundle says it is of.
Result<CoqTier> read_tier(const std::string& directory) {
  const std::string path = directory + "/" + std::string(bundle_tier_path);
  if (!is_file(path)) return CoqTier::closed;
  ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_tier_path));
  std::string_view name = core::as_text(bytes);
  if (name.ends_with('\n')) name.remove_suffix(1);
  const auto tier = parse_coq_tier(name);
  if (!tier || tier == CoqTier::closed)
    return core::refuse(RefusalCode::bundle_malformed, path, "no tier of a bundle");
  return *tier;
}

/// The bundle that the subject inside `directory` gives.
Result<Bundle> regenerate(const std::string& directory) {
  const std::string step = directory + "/" + std::string(bundle_step_path);
  if (is_file(step)) {
    ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_step_path));
    auto fact = parse_step_fact(bytes);
    if (!fact) return core::refuse_within(step, std::move(fact).error());
    return export_coq_step(*fact);
  }
  const std::string calls = directory + "/" + std::string(bundle_calls_path);
  if (is_file(calls)) {
    ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_calls_path));
    auto fact = parse_calls_fact(bytes);
    if (!fact) return core::refuse_within(calls, std::move(fact).error());
    return export_coq_calls(*fact);
  }
  const std::string function = directory + "/" + std::string(bundle_function_path);
  if (is_file(function)) {
    ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_function_path));
    ISOTRACE_TRY(const core::Bytes refutation, read_subject(directory, bundle_refutation_path));
    auto proof = parse_function_proof(bytes);
    if (!proof) return core::refuse_within(function, std::move(proof).error());
    return export_coq_function(*proof, refutation);
  }
  const std::string path = directory + "/" + std::string(bundle_proof_path);
  std::error_code error;
  if (fs::is_directory(directory, error) && !is_file(path)) {
    return core::refuse(
        RefusalCode::bundle_malformed, directory,
        "neither " + std::string(bundle_proof_path) + " nor " + std::string(bundle_function_path) +
            " nor " + std::string(bundle_step_path) + " nor " + std::string(bundle_calls_path));
  }
  ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_proof_path));
  auto proof = parse_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  ISOTRACE_TRY(const CoqTier tier, read_tier(directory));
  return export_coq(*proof, tier);
}

using Folders = std::set<std::string_view>;

Folders folders_of(CoqPart part) {
  switch (part) {
    case CoqPart::functions: return {"bits"};
    case CoqPart::networks: return {"core", "primint", "float"};
    case CoqPart::traces: return {"trace"};
  }
  return {};
}

/// The folders of the library that a bundle's theorems need.
Folders folders_for(const Bundle& bundle) {
  if (bundle.subjects.root) return {"trace"};
  if (bundle.obligations[0].kind == "bv.circuit") return {"bits"};
  if (bundle.find(std::string(bundle_tier_path)) == nullptr) return {"core", "float"};
  return {"core", "float", "primint"};
}

/// The named folders of the library.
Result<Done> compile_library(const std::string& directory, const ReplayOptions& options,
                             const Folders& folders) {
  const auto add = [&](const std::string& path, std::string_view text) -> Result<ChildOutcome> {
    std::error_code error;
    const std::string folder = fs::path(path).parent_path().string();
    fs::create_directories(folder, error);
    if (error) return core::refuse(RefusalCode::file_write_failed, folder, error.message());
    ISOTRACE_TRY_DONE(core::PosixFiles().write(path, core::as_bytes(text)));
    return compile(options, directory, "", path);
  };
  std::string_view folder;
  for (const CoqFile& file : coq_library()) {
    if (!folders.contains(file.folder)) continue;
    if (file.folder == "float" && folder != "float") {
      ISOTRACE_TRY(const ChildOutcome probe, add(directory + "/probe/Probe.v",
                                                 "From Flocq Require Import BinarySingleNaN.\n"));
      if (probe.output.find("Cannot find a physical path") != std::string::npos) return Done{};
      if (probe.timed_out || probe.exit_status != 0) {
        return core::refuse(RefusalCode::solver_failed, "Flocq", failure_of(probe));
      }
    }
    folder = file.folder;
    const std::string path = directory + "/" + std::string(folder) + "/" + std::string(file.name);
    ISOTRACE_TRY(const ChildOutcome outcome, add(path, file.text));
    if (outcome.timed_out || outcome.exit_status != 0) {
      return core::refuse(RefusalCode::solver_failed, path, failure_of(outcome));
    }
  }
  return Done{};
}

using Open = std::vector<std::pair<const Obligation*, ObligationReplay*>>;

Result<Done> replay_open_obligations(const Bundle& bundle, const ReplayOptions& options,
                                     const Open& open) {
  ISOTRACE_TRY(const std::unique_ptr<FreshFolder> folder,
               FreshFolder::make(options.work_directory));
  ISOTRACE_TRY_DONE(write_bundle(bundle, folder->path()));
  std::string library = options.compiled_library;
  if (library.empty()) {
    library = folder->path() + "/library";
    ISOTRACE_TRY_DONE(compile_library(library, options, folders_for(bundle)));
  }
  Replay replay(options, library, folder->path());
  for (const auto& [obligation, verdict] : open) {
    ISOTRACE_TRY(*verdict, replay.replay(*obligation));
  }
  return Done{};
}

}  // namespace

std::string_view replay_status_name(ReplayStatus status) {
  switch (status) {
    case ReplayStatus::replayed: return "replayed";
    case ReplayStatus::replayed_native: return "replayed_native";
    case ReplayStatus::rejected: return "rejected";
    case ReplayStatus::axiom_violation: return "axiom_violation";
    case ReplayStatus::statement_mismatch: return "statement_mismatch";
    case ReplayStatus::timeout: return "timeout";
    case ReplayStatus::unsupported: return "unsupported";
    case ReplayStatus::emitted: return "emitted";
  }
  return "rejected";
}

bool ReconcileReport::all_replayed() const {
  return !obligations.empty() &&
         std::all_of(obligations.begin(), obligations.end(), [](const ObligationReplay& o) {
           return o.status == ReplayStatus::replayed || o.status == ReplayStatus::replayed_native;
         });
}

Result<Done> compile_coq_library(const std::string& directory, const ReplayOptions& options,
                                 const std::vector<CoqPart>& parts) {
  for (const CoqPart part : parts) {
    ISOTRACE_TRY_DONE(compile_library(directory, options, folders_of(part)));
  }
  return Done{};
}

Result<ReconcileReport> reconcile_coq(const std::string& directory,
                                      const std::optional<core::Digest>& expected,
                                      const ReplayOptions& options) {
  ISOTRACE_TRY(const Bundle bundle, regenerate(directory));
  if (access(options.coqc.c_str(), X_OK) != 0) {
    return core::refuse(RefusalCode::assistant_absent, options.coqc, "install the package coq");
  }
  const BundleComparison comparison(
      directory, bundle,
      {"coq/gen/", {"Spec_", "Net_", "Float_"}, find_forbidden_word, is_compiled_coq});
  const bool other_proof = expected && *expected != bundle.subjects.proof;
  ReconcileReport report{
      bundle.subjects, bundle.obligations[0].semantics, {}, bundle.omitted, comparison.compiled()};
  std::vector<const Obligation*> asked;
  for (const Obligation& obligation : bundle.obligations) {
    if (tier_within(obligation.tier, options.tier)) {
      asked.push_back(&obligation);
    } else {
      report.omitted.push_back({obligation.id, "tier " + obligation.tier + " was not asked for"});
    }
  }
  report.obligations.resize(asked.size());
  Open open;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto verdict = comparison.judge(*asked[i]);
    if (other_proof)
      verdict = {asked[i]->id,
                 ReplayStatus::statement_mismatch,
                 "another proof was expected",
                 {},
                 asked[i]->tier};
    if (verdict) {
      report.obligations[i] = *std::move(verdict);
    } else {
      open.emplace_back(asked[i], &report.obligations[i]);
    }
  }
  if (!open.empty()) ISOTRACE_TRY_DONE(replay_open_obligations(bundle, options, open));
  return report;
}

}  // namespace isotrace::proofs
