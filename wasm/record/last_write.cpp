#include <isotrace/wasm/record/last_write.hpp>

#include <algorithm>

#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {
namespace {

using core::Result;

/// Steps from `begin` up to but not including `end`.
struct Interval {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Between two looks at the mark of a chunk.
constexpr std::uint64_t stride = std::uint64_t{1} << 16;

class LastWriteSearch {
 public:
  LastWriteSearch(const trace::Trace& trace, const RunRequest& request, const EngineFactory& engine,
                  std::uint64_t address)
      : trace_(trace),
        request_(request),
        engine_(engine),
        address_(address),
        chunk_(address >> LinearMemory::chunk_shift),
        code_(*request.module) {}

  /// Segments between snapshots, the latest first.
  Result<std::optional<StepEffect>> run(std::uint64_t before) {
    const auto& snapshots = trace_.machine.snapshots;
    const auto latest = find_snapshot(trace_, before);
    std::uint64_t end = before;
    for (std::size_t next = latest ? *latest + 1 : 0;; --next) {
      const std::optional<std::size_t> base = next == 0 ? std::nullopt : std::optional(next - 1);
      if (next >= snapshots.size() || is_written(snapshots[next])) {
        ISOTRACE_TRY(auto found, search(base, end));
        if (found) return found;
      }
      if (!base) return std::nullopt;
      end = trace_.machine.checkpoints[snapshots[*base].checkpoint].state.steps;
    }
  }

 private:
  [[nodiscard]] bool is_written(const trace::Snapshot& snapshot) const {
    return !snapshot.memories.empty() &&
           std::ranges::binary_search(snapshot.memories[0].chunks, chunk_);
  }

  Result<std::optional<StepEffect>> search(std::optional<std::size_t> base, std::uint64_t end) {
    ISOTRACE_TRY(const std::vector<Interval> intervals, find_intervals(base, end));
    for (std::size_t i = intervals.size(); i-- > 0;) {
      ISOTRACE_TRY(auto found, search_steps(intervals[i]));
      if (found) return found;
    }
    return std::nullopt;
  }

  /// Where the byte's chunk was written.
  Result<std::vector<Interval>> find_intervals(std::optional<std::size_t> base,
                                               std::uint64_t end) const {
    std::vector<Interval> intervals;
    ISOTRACE_TRY(const RecordedRun opened, open_recorded(trace_, request_, engine_, base));
    Store& store = opened.run->store();
    if (store.memories.empty()) return intervals;
    std::uint64_t begin = opened.run->engine().steps();
    ModuleRun::Stop stop = ModuleRun::Stop::halted;
    while (begin < end && stop != ModuleRun::Stop::ended) {
      stop = opened.run->run_to_checkpoint(std::min(begin + stride, end));
      const std::uint64_t now = opened.run->engine().steps();
      const std::span<std::uint8_t> marks = store.memories[0].data.marks();
      if (chunk_ < marks.size() && std::exchange(marks[chunk_], 0) != 0) {
        intervals.push_back({begin, std::min(now, end)});
      }
      begin = now;
    }
    return intervals;
  }

  Result<std::optional<StepEffect>> search_steps(const Interval& interval) const {
    ISOTRACE_TRY(const auto position, Position::find(trace_, request_, engine_, interval.begin));
    StepWatch watch(position->run().store(), position->stepper(), code_);
    std::optional<StepEffect> found;
    while (position->settle() && position->stepper().steps() < interval.end) {
      const auto effect = watch.step();
      if (effect && writes(*effect)) found = effect;
    }
    return found;
  }

  [[nodiscard]] bool writes(const StepEffect& effect) const {
    return std::ranges::any_of(effect.writes, [&](const trace::HostWrite& write) {
      return address_ >= write.address && address_ - write.address < write.bytes.size();
    });
  }

  const trace::Trace& trace_;
  const RunRequest& request_;
  const EngineFactory& engine_;
  std::uint64_t address_;
  std::uint64_t chunk_;
  CodeTable code_;
};

}  // namespace

Result<std::optional<StepEffect>> find_last_write(const trace::Trace& trace,
                                                  const RunRequest& request,
                                                  const EngineFactory& engine,
                                                  std::uint64_t address, std::uint64_t before) {
  return LastWriteSearch(trace, request, engine, address).run(before);
}

}  // namespace isotrace::wasm
