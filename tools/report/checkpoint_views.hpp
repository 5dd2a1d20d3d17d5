// Where a recorded run of WebAssembly was at its checkpoints: found by executing it again, since
// records have only digests of what they cover.
#pragma once

#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::tools::page {

struct CheckpointView {
  /// Functions that had not returned, outermost first, by index in the module; nothing where the
  /// execution came to other frames than the record's, or was not made.
  std::optional<std::vector<std::uint32_t>> stack;
  /// From here to the next checkpoint, or the end.
  std::uint64_t nanoseconds = 0;
};

/// One for each checkpoint of the trace. Refuses what open_recorded refuses.
core::Result<std::vector<CheckpointView>> view_checkpoints(const trace::Trace& trace,
                                                           const wasm::RunRequest& request,
                                                           const wasm::EngineFactory& engine);

}  // namespace isotrace::tools::page
