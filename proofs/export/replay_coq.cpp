#include <isotrace/proofs/export/replay_coq.hpp>

#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <map>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_library.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "child_process.hpp"
#include "coq_lint.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
namespace fs = std::filesystem;

constexpr std::string_view closed = "Closed under the global context";

/// A new folder, removed with everything in it at the end.
class FreshFolder {
 public:
  static Result<std::unique_ptr<FreshFolder>> make(const std::string& parent) {
    std::string path = parent + "/isotrace-replay-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return core::refuse(RefusalCode::file_write_failed, parent, "no folder can be made there");
    }
    return std::unique_ptr<FreshFolder>(new FreshFolder(std::move(path)));
  }
  ~FreshFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit FreshFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

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
  constexpr std::pair<const char*, const char*> parts[] = {
      {"/core", "Isotrace.Core"}, {"/float", "Isotrace.Float"}, {"/trace", "Isotrace.Trace"}};
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

/// The files of the bundle that are not what its proof gives, and what that means.
class Comparison {
 public:
  Comparison(const std::string& directory, const Bundle& regenerated) : bundle_(regenerated) {
    for (const BundleFile& file : regenerated.files) {
      const std::string path = directory + "/" + file.path;
      const auto found =
          core::PosixFiles().read(path, std::max<std::uint64_t>(2 * file.bytes.size(), 1 << 20));
      if (found && *found == file.bytes) continue;
      Difference difference{
          file.path, found ? "differs from what the proof gives" : describe(found.error()), {}};
      if (found && file.path.starts_with("coq/gen/"))
        difference.word = find_forbidden_word(core::as_text(*found));
      differences_.push_back(std::move(difference));
    }
  }

  /// The verdict on an obligation without asking Coq; nothing if its files are as they should be.
  [[nodiscard]] std::optional<ObligationReplay> judge(const Obligation& of) const {
    std::optional<ObligationReplay> worst;
    for (const Difference& difference : differences_) {
      if (!concerns(difference.path, of)) continue;
      const bool states = difference.path.starts_with("coq/gen/Spec_") ||
                          difference.path.starts_with("coq/gen/Net_") ||
                          difference.path.starts_with("coq/gen/Float_") ||
                          difference.path == bundle_manifest_path;
      ReplayStatus status = states ? ReplayStatus::statement_mismatch : ReplayStatus::rejected;
      std::string detail = difference.path + " " + difference.what;
      if (difference.word) {
        status = ReplayStatus::axiom_violation;
        detail += "; contains " + *difference.word;
      }
      if (!worst || worst->status < status)
        worst = ObligationReplay{of.id, status, detail, {}, of.tier};
      if (difference.word) return worst;
    }
    return worst;
  }

 private:
  struct Difference {
    std::string path;
    std::string what;
    std::optional<std::string> word;
  };

  /// The obligation's own files, and those that belong to no obligation.
  [[nodiscard]] bool concerns(const std::string& path, const Obligation& of) const {
    const auto owns = [&](const Obligation& obligation) {
      return std::count(obligation.parts.begin(), obligation.parts.end(), path) != 0;
    };
    return owns(of) || std::none_of(bundle_.obligations.begin(), bundle_.obligations.end(), owns);
  }

  const Bundle& bundle_;
  std::vector<Difference> differences_;
};

/// Compiles the obligations of a regenerated bundle that lies in `folder`, each file once.
class Replay {
 public:
  Replay(const ReplayOptions& options, std::string library, std::string folder)
      : options_(options), library_(std::move(library)), folder_(std::move(folder)) {}

  Result<ObligationReplay> replay(const Obligation& of) {
    if (of.tier == "reals" && !has_floats(library_)) {
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

/// The bundle that the subject inside `directory` gives.
Result<Bundle> regenerate(const std::string& directory) {
  const std::string step = directory + "/" + std::string(bundle_step_path);
  if (is_file(step)) {
    ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_step_path));
    auto fact = parse_step_fact(bytes);
    if (!fact) return core::refuse_within(step, std::move(fact).error());
    return export_coq_step(*fact);
  }
  const std::string path = directory + "/" + std::string(bundle_proof_path);
  std::error_code error;
  if (fs::is_directory(directory, error) && !is_file(path)) {
    return core::refuse(
        RefusalCode::bundle_malformed, directory,
        "neither " + std::string(bundle_proof_path) + " nor " + std::string(bundle_step_path));
  }
  ISOTRACE_TRY(const core::Bytes bytes, read_subject(directory, bundle_proof_path));
  auto proof = parse_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  return export_coq(*proof);
}

/// The part of the library for steps of traces, or the part for networks.
Result<Done> compile_library(const std::string& directory, const ReplayOptions& options,
                             bool traces) {
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
    if ((file.folder == "trace") != traces) continue;
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
    ISOTRACE_TRY_DONE(compile_library(library, options, bundle.subjects.root.has_value()));
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
    case ReplayStatus::rejected: return "rejected";
    case ReplayStatus::axiom_violation: return "axiom_violation";
    case ReplayStatus::statement_mismatch: return "statement_mismatch";
    case ReplayStatus::timeout: return "timeout";
    case ReplayStatus::unsupported: return "unsupported";
  }
  return "rejected";
}

bool ReconcileReport::all_replayed() const {
  return !obligations.empty() &&
         std::all_of(obligations.begin(), obligations.end(),
                     [](const ObligationReplay& o) { return o.status == ReplayStatus::replayed; });
}

Result<Done> compile_coq_library(const std::string& directory, const ReplayOptions& options) {
  ISOTRACE_TRY_DONE(compile_library(directory, options, false));
  return compile_library(directory, options, true);
}

Result<ReconcileReport> reconcile_coq(const std::string& directory, const Proof* expected,
                                      const ReplayOptions& options) {
  ISOTRACE_TRY(const Bundle bundle, regenerate(directory));
  if (access(options.coqc.c_str(), X_OK) != 0) {
    return core::refuse(RefusalCode::assistant_absent, options.coqc, "install the package coq");
  }
  const Comparison comparison(directory, bundle);
  const bool other_proof = expected != nullptr && proof_digest(*expected) != bundle.subjects.proof;
  ReconcileReport report{bundle.subjects, bundle.obligations[0].semantics, {}, bundle.omitted};
  std::vector<const Obligation*> asked;
  for (const Obligation& obligation : bundle.obligations) {
    if (obligation.tier == "closed" || options.tier != "closed") {
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
