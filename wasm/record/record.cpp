#include <isotrace/wasm/record/record.hpp>

#include <algorithm>

#include <isotrace/trace/writer.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

/// When the next snapshot is due: follows from those before alone, so that an interrupted recording
/// goes on as it would have.
class SnapshotPlan {
 public:
  explicit SnapshotPlan(const RecordOptions& options) : options_(options) {}

  void add(std::uint64_t steps, std::uint64_t bytes) {
    last_ = steps;
    bytes_ += bytes;
  }
  [[nodiscard]] bool due(std::uint64_t steps) const {
    const std::uint64_t unit = std::max<std::uint64_t>(options_.snapshot_bytes, 1);
    if (bytes_ / unit > steps >> 30U) return false;
    const std::uint64_t doublings = bytes_ / unit / 8;
    if (doublings >= 63 || options_.snapshot_interval > UINT64_MAX >> doublings) return false;
    return steps - last_ >= options_.snapshot_interval << doublings;
  }

 private:
  const RecordOptions& options_;
  std::uint64_t last_ = 0;   // steps of the latest
  std::uint64_t bytes_ = 0;  // of all
};

class Recorder {
 public:
  Recorder(ModuleRun& machine, trace::TraceWriter& writer, const RecordOptions& options)
      : machine_(machine), writer_(writer), options_(options), plan_(options) {
    machine_.store().host_log.observer = [this](const trace::HostCallRecord& call) {
      // The run cannot be stopped from here; the first failure is told at the next checkpoint.
      if (written_) written_ = write_checkpoint();
      if (written_) written_ = writer_.append(call);
    };
    machine_.hash_in_background();
    if (options_.tensor_steps == nullptr) return;
    options_.tensor_steps->take = [this](const trace::StepRecord& step) {
      if (written_) written_ = write_checkpoint();
      if (written_) written_ = writer_.append(step);
      return written_;
    };
  }
  ~Recorder() {
    machine_.store().host_log.observer = nullptr;
    if (options_.tensor_steps != nullptr) options_.tensor_steps->take = nullptr;
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// A snapshot that is in the file already.
  void know(const trace::Snapshot& snapshot, std::uint64_t steps) {
    plan_.add(steps, written_bytes(snapshot));
  }

  Result<std::optional<Recording>> run() {
    ModuleRun::Stop stop = machine_.run_to_checkpoint(options_.steps_max);
    for (; stop == ModuleRun::Stop::checkpoint;
         stop = machine_.run_to_checkpoint(options_.steps_max)) {
      ISOTRACE_TRY_DONE(written_);
      if (refused()) break;
      ISOTRACE_TRY_DONE(add_checkpoint());
    }
    ISOTRACE_TRY_DONE(written_);
    if (refused()) return std::nullopt;
    return end(stop == ModuleRun::Stop::ended);
  }

 private:
  [[nodiscard]] bool refused() { return machine_.engine().state().trap == Trap::host_refused; }

  /// Starts on the record of this state, and writes it when the next thing is to be written.
  Result<Done> add_checkpoint() {
    ISOTRACE_TRY_DONE(write_checkpoint());
    machine_.begin_record();
    hashed_ = machine_.call();
    changes_.add(machine_.changed());
    const std::uint64_t steps = machine_.engine().steps();
    const bool running = machine_.engine().state().status == Status::running;
    if (!running || !plan_.due(steps)) return Done{};
    ISOTRACE_TRY_DONE(write_checkpoint());
    const trace::Snapshot snapshot =
        take_snapshot(machine_.store(), machine_.engine().state(), changes_);
    changes_.clear();
    know(snapshot, steps);
    return writer_.append(snapshot);
  }

  /// The one that is being hashed, if there is one.
  Result<Done> write_checkpoint() {
    if (!hashed_) return Done{};
    const std::uint8_t call = *hashed_;
    hashed_.reset();
    return writer_.append(trace::CheckpointRecord{machine_.take_record(), call});
  }

  Result<std::optional<Recording>> end(bool complete) {
    ISOTRACE_TRY_DONE(write_checkpoint());
    machine_.begin_record();
    Recording recording{complete, {}, machine_.take_record(), machine_.engine().state()};
    if (!complete) {
      ISOTRACE_TRY_DONE(writer_.leave_unfinished());
      return recording;
    }
    ISOTRACE_TRY(recording.root, writer_.finish(recording.state, recording.end.slots));
    return recording;
  }

  ModuleRun& machine_;
  trace::TraceWriter& writer_;
  const RecordOptions& options_;
  SnapshotPlan plan_;
  ChunkChanges changes_;                // since the snapshot before
  std::optional<std::uint8_t> hashed_;  // which call the checkpoint is of whose state is hashed
  Result<Done> written_ = Done{};
};

}  // namespace

Result<std::optional<Recording>> record_run(ModuleRun& machine, const RunRequest& request,
                                            core::Files& files, const RecordOptions& options) {
  std::vector<core::ByteView> program;
  if (options.embed_module) program.emplace_back(request.module->bytes);
  ISOTRACE_TRY(trace::TraceWriter writer,
               trace::TraceWriter::begin(files, options.path, identity_of(request),
                                         options.provenance, program));
  return Recorder(machine, writer, options).run();
}

Result<Interrupted> find_interruption(core::ByteView bytes, core::ByteView module) {
  ISOTRACE_TRY(const trace::RecoveredTrace all, trace::recover_trace(bytes));
  if (all.complete) {
    return core::refuse(core::RefusalCode::trace_malformed, "trace", "it is closed already");
  }
  const core::ByteView written = bytes.first(all.resumable_bytes);
  ISOTRACE_TRY(trace::RecoveredTrace before, trace::recover_trace(written));
  ISOTRACE_TRY(RunRequest request, request_of(before.trace, module));
  const auto& calls = all.trace.machine.host_calls;
  const auto kept = static_cast<std::ptrdiff_t>(before.trace.machine.host_calls.size());
  return Interrupted{std::move(request),
                     std::move(before.trace),
                     {written.begin(), written.end()},
                     {calls.begin() + kept, calls.end()}};
}

Result<std::optional<Recording>> resume_run(ModuleRun& machine, const Interrupted& interrupted,
                                            core::Files& files, const RecordOptions& options) {
  const auto& snapshots = interrupted.trace.machine.snapshots;
  if (!snapshots.empty()) {
    ISOTRACE_TRY_DONE(restore_snapshot(machine, interrupted.trace, snapshots.size() - 1));
  }
  ISOTRACE_TRY(trace::TraceWriter writer,
               trace::TraceWriter::resume(files, options.path, interrupted.written));
  Recorder recorder(machine, writer, options);
  for (const trace::Snapshot& snapshot : snapshots) {
    recorder.know(snapshot, interrupted.trace.machine.checkpoints[snapshot.checkpoint].state.steps);
  }
  return recorder.run();
}

}  // namespace isotrace::wasm
