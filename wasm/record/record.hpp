// Records a run: identity, checkpoints, host calls and snapshots into a trace, and takes up a
// recording that was interrupted.
#pragma once

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

/// The way from a host that computes tensors to the recording: while a run is recorded, its steps
/// are taken into the trace; else they go nowhere.
struct TensorStepSink {
  std::function<core::Result<core::Done>(const trace::StepRecord& step)> take;
};

struct RecordOptions {
  std::string path;  ///< of the trace
  bool embed_module = true;
  trace::Provenance provenance = {};
  /// The run halts at the first suspend point with that many steps.
  std::uint64_t steps_max = UINT64_MAX;
  /// Steps between snapshots, which begin at the first checkpoint behind that many.
  std::uint64_t snapshot_interval = std::uint64_t{1} << 26;
  /// Snapshots wait while they have taken more than this many bytes, and as many again for every
  /// 2^30 steps. Each time that they have taken eight times as many, the interval doubles.
  std::uint64_t snapshot_bytes = std::uint64_t{64} << 20;
  /// Where the host of the run puts tensor steps; nullptr: it has none.
  TensorStepSink* tensor_steps = nullptr;
};

struct Recording {
  bool complete = false;  ///< false: halted by steps_max, and the trace is PATH.incomplete
  core::Digest root;      ///< complete ones
  trace::StateRecord state;
  Execution end;  ///< results or trap, or where the run halted
};

/// `machine` has not begun and is of the run; its host calls are recorded as they happen. Nothing
/// if the host refused a call: it knows why, and no file is left. Refuses what TraceWriter refuses.
core::Result<std::optional<Recording>> record_run(ModuleRun& machine, const RunRequest& request,
                                                  core::Files& files, const RecordOptions& options);

/// What an interrupted recording is taken up from.
struct Interrupted {
  RunRequest request;
  trace::Trace trace;  ///< up to its last snapshot
  core::Bytes written;
  /// Calls that were recorded behind the snapshot: they are to be answered from here.
  std::vector<trace::HostCallRecord> later_calls;
};

/// `bytes`: a recording that was never closed; `module` as in request_of. Refuses what
/// recover_trace and request_of refuse, and trace_malformed for closed traces.
core::Result<Interrupted> find_interruption(core::ByteView bytes, core::ByteView module = {});

/// Goes on to the end: the file is the one that an uninterrupted recording would have written,
/// given the same options. `machine` has not begun. Refuses what restore_snapshot refuses.
core::Result<std::optional<Recording>> resume_run(ModuleRun& machine,
                                                  const Interrupted& interrupted,
                                                  core::Files& files, const RecordOptions& options);

}  // namespace isotrace::wasm
