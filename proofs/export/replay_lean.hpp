// Replay of bundles with Lean 4. As with Coq, a bundle is treated as hostile: the proof inside is
// the only thing read from it; every Lean file is regenerated and compared byte for byte, only our
// own text is compiled, in a fresh folder, and no compiled file of the bundle is ever used. What
// counts is what lean says.
#pragma once

#include <isotrace/proofs/export/lean_tier.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>

namespace isotrace::proofs {

struct LeanOptions {
  std::string lean;                      ///< path of the compiler; empty: there is none
  std::vector<std::string> environment;  ///< NAME=VALUE that the compiler needs to find itself
  std::string work_directory = "/tmp";   ///< a fresh folder is made below it and removed afterwards
  double seconds_max = 3600;             ///< per run of lean
  std::uint64_t memory_bytes_max = std::uint64_t{16} << 30;
  /// A theorem of tier `native` is left out unless it is asked for.
  LeanTier tier = LeanTier::closed;
};

/// Whether the folder looks like a bundle for Lean. Says nothing about what it is worth.
bool is_lean_bundle(const std::string& directory);

/// Replays the bundle in `directory`. With `expected`, its proof must have that proof_digest.
/// Without a compiler every file is compared, and theorems whose files are as they should be have
/// the status `emitted`. Refuses file_* (no bundle there), proof_*, solver_failed (lean does not
/// accept the library) and whatever export_lean refuses.
core::Result<ReconcileReport> reconcile_lean(const std::string& directory,
                                             const std::optional<core::Digest>& expected,
                                             const LeanOptions& options);

}  // namespace isotrace::proofs
