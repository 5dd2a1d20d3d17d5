// Snapshots of machines: made from a state, and put back into a machine that has just been made.
#pragma once

#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

/// Chunks of every memory that were written since some moment.
class ChunkChanges {
 public:
  /// By memory, as StateHasher::changed() has them.
  void add(const std::vector<std::vector<std::uint32_t>>& changed);
  /// Ascending.
  [[nodiscard]] std::vector<std::uint32_t> of(std::size_t memory) const;
  void clear() { written_.clear(); }

 private:
  std::vector<std::vector<bool>> written_;
};

trace::Snapshot take_snapshot(const Store& store, const Execution& execution,
                              const ChunkChanges& changes);

/// How many bytes trace::write_snapshot makes of it.
std::uint64_t written_bytes(const trace::Snapshot& snapshot);

/// Puts snapshot `index` of the trace into a machine of its run that has not begun. The state's
/// record, computed from what is there, must be the checkpoint's: refuses trace_malformed for
/// states that no run can be in, trace_digest_mismatch for others than the checkpoint's.
core::Result<core::Done> restore_snapshot(ModuleRun& machine, const trace::Trace& trace,
                                          std::size_t index);

/// The latest snapshot with at most that many steps; nothing if there is none.
std::optional<std::size_t> find_snapshot(const trace::Trace& trace, std::uint64_t steps);

}  // namespace isotrace::wasm
