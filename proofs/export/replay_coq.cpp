#include <isotrace/proofs/export/replay_coq.hpp>

#include <unistd.h>
#include <algorithm>
#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_library.hpp>

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

/// coqc on one file, with the library in `core` and generated files in `gen`.
Result<ChildOutcome> compile(const ReplayOptions& options, const std::string& core,
                             const std::string& gen, const std::string& file) {
  const ChildLimits limits{options.seconds_max, options.memory_bytes_max, std::size_t{1} << 16};
  std::vector<std::string> arguments = {options.coqc, "-q", "-Q", core, "Isotrace.Core"};
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
  return axioms;
}

/// What one run of coqc on a proof file says about its theorem.
ObligationReplay judge(const std::string& id, const ChildOutcome& outcome) {
  if (outcome.timed_out) return {id, ReplayStatus::timeout, "coqc ran out of time", {}};
  if (outcome.exit_status != 0) return {id, ReplayStatus::rejected, failure_of(outcome), {}};
  const std::vector<std::string> axioms = axioms_in(outcome.output);
  if (outcome.output != std::string(closed) + "\n") {
    return {id, ReplayStatus::axiom_violation, outcome.output.substr(0, 2000), axioms};
  }
  return {id, ReplayStatus::replayed, {}, {}};
}

/// The files of the bundle that are not what its proof gives, and what that means.
class Comparison {
 public:
  Comparison(const std::string& directory, const Bundle& regenerated) {
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
  [[nodiscard]] std::optional<ObligationReplay> judge(const std::string& id) const {
    std::optional<ObligationReplay> worst;
    for (const Difference& difference : differences_) {
      const bool of_a_case = difference.path.find("_case") != std::string::npos;
      if (of_a_case && !difference.path.ends_with("_" + id + ".v")) continue;
      const bool states = difference.path.starts_with("coq/gen/Spec_") ||
                          difference.path.starts_with("coq/gen/Net_") ||
                          difference.path == bundle_manifest_path;
      ReplayStatus status = states ? ReplayStatus::statement_mismatch : ReplayStatus::rejected;
      std::string detail = difference.path + " " + difference.what;
      if (difference.word) {
        status = ReplayStatus::axiom_violation;
        detail += "; contains " + *difference.word;
      }
      if (!worst || worst->status < status) worst = ObligationReplay{id, status, detail, {}};
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
  std::vector<Difference> differences_;
};

/// Compiles the obligations of a regenerated bundle that lies in `folder`.
class Replay {
 public:
  Replay(const ReplayOptions& options, std::string core, std::string gen)
      : options_(options), core_(std::move(core)), gen_(std::move(gen)) {}

  /// Compiles the network once; later obligations share its fate.
  Result<Done> compile_network(const Bundle& bundle) {
    for (const BundleFile& file : bundle.files) {
      if (!file.path.starts_with("coq/gen/Net_")) continue;
      ISOTRACE_TRY(network_, compile(options_, core_, gen_,
                                     gen_ + "/" + fs::path(file.path).filename().string()));
    }
    return Done{};
  }

  Result<ObligationReplay> replay(const std::string& id) {
    ChildOutcome outcome = network_;
    for (const char* part : {"Spec_", "Cert_", "Proof_"}) {
      if (outcome.timed_out || outcome.exit_status != 0) break;
      ISOTRACE_TRY(outcome, compile(options_, core_, gen_, gen_ + "/" + part + id + ".v"));
    }
    return judge(id, outcome);
  }

 private:
  const ReplayOptions& options_;
  std::string core_;
  std::string gen_;
  ChildOutcome network_;
};

Result<Proof> read_bundle_proof(const std::string& directory) {
  const std::string path = directory + "/" + std::string(bundle_proof_path);
  ISOTRACE_TRY(const core::Bytes bytes,
               core::PosixFiles().read(path, core::limits::proof_bytes_max));
  auto proof = parse_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  return proof;
}

Result<Done> replay_open_obligations(const Bundle& bundle, const ReplayOptions& options,
                                     std::vector<ObligationReplay*> open) {
  ISOTRACE_TRY(const std::unique_ptr<FreshFolder> folder,
               FreshFolder::make(options.work_directory));
  ISOTRACE_TRY_DONE(write_bundle(bundle, folder->path()));
  std::string library = options.compiled_library;
  if (library.empty()) {
    library = folder->path() + "/library";
    ISOTRACE_TRY_DONE(compile_coq_library(library, options));
  }
  Replay replay(options, library, folder->path() + "/coq/gen");
  ISOTRACE_TRY_DONE(replay.compile_network(bundle));
  for (ObligationReplay* obligation : open) {
    ISOTRACE_TRY(*obligation, replay.replay(obligation->id));
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
  }
  return "rejected";
}

bool ReconcileReport::all_replayed() const {
  return !obligations.empty() &&
         std::all_of(obligations.begin(), obligations.end(),
                     [](const ObligationReplay& o) { return o.status == ReplayStatus::replayed; });
}

Result<Done> compile_coq_library(const std::string& directory, const ReplayOptions& options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return core::refuse(RefusalCode::file_write_failed, directory, error.message());
  for (const CoqFile& file : coq_library()) {
    const std::string path = directory + "/" + std::string(file.name);
    ISOTRACE_TRY_DONE(core::PosixFiles().write(path, core::as_bytes(file.text)));
    ISOTRACE_TRY(const ChildOutcome outcome, compile(options, directory, "", path));
    if (outcome.timed_out || outcome.exit_status != 0) {
      return core::refuse(RefusalCode::solver_failed, path, failure_of(outcome));
    }
  }
  return Done{};
}

Result<ReconcileReport> reconcile_coq(const std::string& directory, const Proof* expected,
                                      const ReplayOptions& options) {
  ISOTRACE_TRY(const Proof proof, read_bundle_proof(directory));
  ISOTRACE_TRY(const Bundle bundle, export_coq(proof));
  if (access(options.coqc.c_str(), X_OK) != 0) {
    return core::refuse(RefusalCode::assistant_absent, options.coqc, "install the package coq");
  }
  const Comparison comparison(directory, bundle);
  const bool other_proof = expected != nullptr && proof_digest(*expected) != bundle.subjects.proof;
  ReconcileReport report{bundle.subjects, bundle.obligations[0].semantics, {}};
  std::vector<std::size_t> open;
  for (const Obligation& obligation : bundle.obligations) {
    auto verdict = comparison.judge(obligation.id);
    if (other_proof)
      verdict = {obligation.id, ReplayStatus::statement_mismatch, "another proof was expected", {}};
    if (!verdict) open.push_back(report.obligations.size());
    report.obligations.push_back(verdict ? *std::move(verdict)
                                         : ObligationReplay{obligation.id, {}, {}, {}});
  }
  if (open.empty()) return report;
  std::vector<ObligationReplay*> pending;
  for (const std::size_t i : open) pending.push_back(&report.obligations[i]);
  ISOTRACE_TRY_DONE(replay_open_obligations(bundle, options, std::move(pending)));
  return report;
}

}  // namespace isotrace::proofs
