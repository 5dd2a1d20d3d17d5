// Replay of bundles with Coq. A bundle is treated as hostile: the proof inside is the only thing
// read from it; every Coq file is regenerated and compared byte for byte, only our own text is
// compiled, in a fresh folder, and no compiled file of the bundle is ever used. What counts is what
// coqc says.
#pragma once

#include <optional>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

enum class ReplayStatus : std::uint8_t {
  replayed,            ///< coqc accepted the theorem, and it depends on its tier's axioms exactly
  replayed_native,     ///< as lean did, but its tier believes compiled code
  rejected,            ///< coqc did not accept it, or a file is not what the proof gives
  axiom_violation,     ///< it depends on others, or a file contains a command that could add some
  statement_mismatch,  ///< the bundle states something else than its proof (or the expected one)
  timeout,
  unsupported,  ///< it needs Flocq, which is not installed
  emitted,      ///< as its proof gives it, but there is no assistant to replay it (Lean)
};
std::string_view replay_status_name(ReplayStatus status);

struct ObligationReplay {
  std::string id;
  ReplayStatus status = ReplayStatus::rejected;
  std::string detail;               ///< empty if replayed
  std::vector<std::string> axioms;  ///< as Print Assumptions names them, sorted
  std::string tier;                 ///< of the obligation
};

struct ReconcileReport {
  BundleSubjects subjects;  ///< what the theorems speak of; for the caller to compare
  std::string semantics;    ///< of the first: "fp32-any-order" or "real"
  std::vector<ObligationReplay> obligations;
  std::vector<Omission> omitted;  ///< theorems that the bundle does not have, or was not asked for
  /// Compiled files that lie in the bundle, some of many. Nothing here read them, but whoever
  /// compiles the bundle by hand would: nothing says that they come from the sources beside them.
  std::vector<std::string> unread = {};

  /// Every obligation (there is at least one) is replayed.
  [[nodiscard]] bool all_replayed() const;
};

struct ReplayOptions {
  std::string coqc = "/usr/bin/coqc";
  std::string work_directory = "/tmp";  ///< a fresh folder is made below it and removed afterwards
  double seconds_max = 3600;            ///< per coqc run
  std::uint64_t memory_bytes_max = std::uint64_t{16} << 30;
  /// A folder that compile_coq_library filled and nobody else can write to; empty: compile anew.
  std::string compiled_library;
  /// Theorems of tiers with more axioms than this one are left out: "closed", "primint" or
  /// "reals".
  std::string tier = "reals";
};

/// The parts of the library: each kind of bundle needs one.
enum class CoqPart : std::uint8_t { functions, networks, traces };

/// Compiles our library, or parts of it, into `directory` (made if absent); what is about floats
/// only if Flocq is installed. Refuses assistant_absent, file_write_failed, solver_failed (coqc
/// does not accept the library).
core::Result<core::Done> compile_coq_library(
    const std::string& directory, const ReplayOptions& options,
    const std::vector<CoqPart>& parts = {CoqPart::functions, CoqPart::networks, CoqPart::traces});

/// Replays the bundle in `directory`. With `expected`, its proof must have that proof_digest or
/// function_proof_digest (a bundle about a step of a trace has none). Refuses assistant_absent,
/// file_* (no bundle there), proof_* and whatever export_coq and export_coq_function refuse.
core::Result<ReconcileReport> reconcile_coq(const std::string& directory,
                                            const std::optional<core::Digest>& expected,
                                            const ReplayOptions& options);

}  // namespace isotrace::proofs
