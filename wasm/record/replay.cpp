#include <isotrace/wasm/record/replay.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include <isotrace/wasm/record/logged_host.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {
namespace {

using core::Result;
using core::Verdict;
using trace::CheckpointRecord;
using trace::StateRecord;

/// From a snapshot, or the beginning, to the next one, or the end.
struct Segment {
  std::optional<std::size_t> snapshot;  ///< nothing: from the beginning
  std::size_t first = 0;                ///< checkpoint judged first
  std::size_t end = 0;                  ///< one past the checkpoint judged last
  bool last = false;                    ///< the end of the run is judged, too
};

std::uint64_t steps_at(const trace::MachineTrace& trace, std::size_t checkpoint) {
  return checkpoint < trace.checkpoints.size() ? trace.checkpoints[checkpoint].state.steps
                                               : trace.state->steps;
}

/// All segments that have a step of the window.
std::vector<Segment> find_segments(const trace::MachineTrace& trace, const ReplayOptions& options) {
  std::vector<Segment> segments;
  Segment segment;
  const auto add = [&] {
    const std::uint64_t begin = segment.first == 0 ? 0 : steps_at(trace, segment.first - 1);
    if (begin > options.to) return;
    // No further than to the first checkpoint behind the window.
    for (std::size_t k = segment.first; k + 1 < segment.end; ++k) {
      if (steps_at(trace, k) <= options.to) continue;
      segment.end = k + 1;
      segment.last = false;
    }
    const std::uint64_t end =
        steps_at(trace, segment.last ? trace.checkpoints.size() : segment.end - 1);
    if (end >= options.from) segments.push_back(segment);
  };
  for (std::size_t i = 0; i < trace.snapshots.size(); ++i) {
    segment.end = trace.snapshots[i].checkpoint + 1;
    add();
    segment = Segment{.snapshot = i, .first = trace.snapshots[i].checkpoint + 1};
  }
  segment.end = trace.checkpoints.size();
  segment.last = true;
  add();
  return segments;
}

/// Judges one segment with a machine of its own.
class SegmentReplay {
 public:
  SegmentReplay(const trace::Trace& trace, const Segment& segment)
      : trace_(trace),
        machine_trace_(trace.machine),
        segment_(segment),
        first_call_(segment.first == 0
                        ? 0
                        : machine_trace_.checkpoints[segment.first - 1].state.host_calls.size),
        host_(std::span(machine_trace_.host_calls).subspan(first_call_), first_call_) {}

  Result<RunVerdict> judge(const RunRequest& request, const EngineFactory& engine) {
    ISOTRACE_TRY(machine_, ModuleRun::make(request, host_.link(), engine));
    if (segment_.snapshot) {
      const auto restored = restore_snapshot(*machine_, trace_, *segment_.snapshot);
      if (!restored) return reject(segment_.first - 1, restored.error().detail, {});
      result_.steps = machine_->engine().steps();
    }
    const std::uint64_t begin = result_.steps;
    auto judged = judge_states();
    judged.steps = machine_->engine().steps() - begin;
    return judged;
  }

 private:
  RunVerdict judge_states() {
    for (std::size_t k = segment_.first; k < segment_.end || segment_.last; ++k) {
      const std::uint64_t recorded = steps_at(machine_trace_, k);
      const ModuleRun::Stop stop =
          machine_->run_to_checkpoint(recorded == UINT64_MAX ? recorded : recorded + 1);
      if (host_.difference()) return reject(k, *host_.difference(), {});
      const bool ended = stop == ModuleRun::Stop::ended;
      const bool end_recorded = k == machine_trace_.checkpoints.size();
      if (stop == ModuleRun::Stop::halted || ended != end_recorded) {
        return reject(k, ended ? "the run ends before" : "the run goes on", {});
      }
      const StateRecord& state =
          end_recorded ? *machine_trace_.state : machine_trace_.checkpoints[k].state;
      const std::vector<std::string> parts = different_parts(state, machine_->record());
      if (!parts.empty()) return reject(k, parts.front() + " differ" + name_chunk(k), parts);
      if (!end_recorded && machine_trace_.checkpoints[k].call != machine_->call()) {
        return reject(k, "it is of another call", {});
      }
      if (end_recorded) break;
    }
    result_.verdict = Verdict::accept();
    return result_;
  }

  /// The first chunk of a memory that is not as a snapshot there says; nothing without one.
  [[nodiscard]] std::string name_chunk(std::size_t checkpoint) {
    for (const trace::Snapshot& snapshot : machine_trace_.snapshots) {
      if (snapshot.checkpoint != checkpoint) continue;
      for (std::size_t i = 0; i < machine_->store().memories.size(); ++i) {
        if (i >= snapshot.memories.size()) return {};
        const auto& [chunks, bytes] = snapshot.memories[i];
        const auto memory = std::as_const(machine_->store().memories[i].data).bytes();
        for (std::size_t c = 0; c < chunks.size(); ++c) {
          const auto recorded = std::span(bytes).subspan(c * trace::MemoryChange::chunk_bytes,
                                                         trace::MemoryChange::chunk_bytes);
          const std::size_t address = chunks[c] * trace::MemoryChange::chunk_bytes;
          if (address + recorded.size() <= memory.size() &&
              std::ranges::equal(recorded, memory.subspan(address, recorded.size()))) {
            continue;
          }
          return " (memory " + std::to_string(i) + ", the 1024 bytes at " +
                 std::to_string(address) + ")";
        }
      }
    }
    return {};
  }

  RunVerdict reject(std::size_t checkpoint, const std::string& why,
                    std::vector<std::string> parts) {
    const bool end = checkpoint == machine_trace_.checkpoints.size();
    result_.verdict = Verdict::reject(
        (end ? std::string("the last state") : "checkpoint " + std::to_string(checkpoint)) + ": " +
        why);
    result_.divergence =
        StateDivergence{checkpoint, steps_at(machine_trace_, checkpoint), std::move(parts)};
    return result_;
  }

  const trace::Trace& trace_;
  const trace::MachineTrace& machine_trace_;
  const Segment& segment_;
  std::uint64_t first_call_;
  LoggedHost host_;
  std::unique_ptr<ModuleRun> machine_;
  RunVerdict result_;
};

/// Judges segments on several threads, in order until one is not accepted.
class Workers {
 public:
  Workers(const trace::Trace& trace, const RunRequest& request, const EngineFactory& engine,
          const std::vector<Segment>& segments)
      : trace_(trace),
        request_(request),
        engine_(engine),
        segments_(segments),
        answers_(segments.size()),
        first_bad_(segments.size()) {}

  /// The answers up to the first one that is not accepted.
  Result<RunVerdict> run(unsigned threads) {
    const auto count = std::min<std::size_t>(std::max(threads, 1U), segments_.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < count; ++i) others.emplace_back([this] { work(); });
      work();
    }
    RunVerdict all;
    all.verdict = Verdict::accept();
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (failures_.size() > i && failures_[i]) std::rethrow_exception(failures_[i]);
      Result<RunVerdict>& answer = *answers_[i];
      if (!answer) return std::move(answer);
      all.steps += answer->steps;
      if (answer->verdict.accepted()) continue;
      all.verdict = answer->verdict;
      all.divergence = answer->divergence;
      break;
    }
    return all;
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < segments_.size(); i = next_++) {
      if (i > first_bad_) return;
      try {
        answers_[i] = SegmentReplay(trace_, segments_[i]).judge(request_, engine_);
      } catch (...) {
        failures_[i] = std::current_exception();
      }
      const bool fine = answers_[i] && *answers_[i] && (*answers_[i])->verdict.accepted();
      if (fine) continue;
      for (std::size_t bad = first_bad_; i < bad && !first_bad_.compare_exchange_weak(bad, i);) {
      }
    }
  }

  const trace::Trace& trace_;
  const RunRequest& request_;
  const EngineFactory& engine_;
  const std::vector<Segment>& segments_;
  std::vector<std::optional<Result<RunVerdict>>> answers_;
  std::vector<std::exception_ptr> failures_ = std::vector<std::exception_ptr>(segments_.size());
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> first_bad_;
};

}  // namespace

std::vector<std::string> different_parts(const StateRecord& a, const StateRecord& b) {
  std::vector<std::string> parts;
  const auto judge = [&](bool same, std::string part) {
    if (!same) parts.push_back(std::move(part));
  };
  const auto judge_list = [&](const auto& one, const auto& other, const std::string& name) {
    for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
      const bool both = i < one.size() && i < other.size();
      judge(both && one[i] == other[i], name + " " + std::to_string(i));
    }
  };
  judge(a.program == b.program, "program");
  judge(a.steps == b.steps, "steps");
  judge(a.status == b.status && a.trap == b.trap, "status");
  judge(a.frames == b.frames, "frames");
  judge(a.slots == b.slots, "slots");
  judge(a.globals == b.globals, "globals");
  judge_list(a.tables, b.tables, "table");
  judge_list(a.memories, b.memories, "memory");
  judge(a.segments == b.segments, "segments");
  judge(a.host_calls == b.host_calls, "host calls");
  return parts;
}

Result<RunVerdict> replay_run(const trace::Trace& trace, const RunRequest& request,
                              const EngineFactory& engine, const ReplayOptions& options) {
  if (options.from > options.to || options.from > trace.machine.state->steps) {
    return core::refuse(core::RefusalCode::trace_step_unknown,
                        "steps from " + std::to_string(options.from),
                        "the run has " + std::to_string(trace.machine.state->steps) + " steps");
  }
  const std::vector<Segment> segments = find_segments(trace.machine, options);
  return Workers(trace, request, engine, segments).run(options.threads);
}

}  // namespace isotrace::wasm
