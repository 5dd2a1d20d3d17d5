// What one does with traces of WebAssembly: their size, and the time of recording, replay, going to
// a step, finding where two runs part, and logging effects. One run of each kernel is looked at;
// longer ones take other arguments in params.txt.
#include <isotrace/tools/bench/wasm_traces_section.hpp>

#include <algorithm>
#include <thread>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/temporary_folder.hpp>
#include <isotrace/tools/bench/wasm_kernels.hpp>
#include <isotrace/tools/commands/discard_files.hpp>
#include <isotrace/wasm/record/compare.hpp>
#include <isotrace/wasm/record/effect_digest.hpp>
#include <isotrace/wasm/record/effect_log.hpp>
#include <isotrace/wasm/record/position.hpp>
#include <isotrace/wasm/record/record.hpp>
#include <isotrace/wasm/record/replay.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Result;

/// Seeks of each kernel in a round.
constexpr std::size_t seeks = 8;
/// Steps whose effects are logged: the log has some 20 bytes for each.
constexpr std::uint64_t logged_steps = std::uint64_t{1} << 22;

/// The fast engine going wrong once, at the first suspend point with that many steps: it flips a
/// bit of the last byte of memory 0, which most programs leave alone.
class WrongEngine final : public wasm::Engine {
 public:
  WrongEngine(wasm::Store& store, std::uint64_t step)
      : store_(store), engine_(wasm::make_fastest_engine(store)), step_(step) {}

  Result<core::Done> begin(wasm::Address function, std::span<const wasm::Slot> slots) override {
    return engine_->begin(function, slots);
  }
  bool run_to_suspend_point(std::uint64_t steps_min) override {
    if (!wrong_) {
      if (engine_->run_to_suspend_point(std::min(steps_min, step_))) return true;
      if (engine_->steps() < step_) return false;
      wasm::LinearMemory& memory = store_.memories[0].data;
      memory.mark(memory.size() - 1, 1);
      memory.bytes().back() ^= 1;
      wrong_ = true;
    }
    return engine_->run_to_suspend_point(steps_min);
  }
  [[nodiscard]] const wasm::Execution& state() override { return engine_->state(); }
  [[nodiscard]] std::uint64_t steps() const override { return engine_->steps(); }
  void restore(const wasm::Execution& state) override {
    engine_->restore(state);
    wrong_ = state.steps >= step_;
  }

 private:
  wasm::Store& store_;
  std::unique_ptr<wasm::Engine> engine_;
  std::uint64_t step_;
  bool wrong_ = false;
};

/// A run of a kernel, and what was measured of it.
class Traced {
 public:
  Traced(const Kernel& kernel, const BenchOptions& options)
      : request_{.module = kernel.module,
                 .program = kernel.program,
                 .invoke = "run",
                 .arguments = {kernel.argument}},
        rounds_(options.rounds) {}

  /// Records the run; everything else is about this recording.
  Result<core::Done> record(const std::string& path) {
    ISOTRACE_TRY_DONE(record(files_, path, fastest_));
    ISOTRACE_TRY(const core::Bytes bytes, files_.read(path, core::limits::trace_bytes_max));
    bytes_ = bytes.size();
    ISOTRACE_TRY(trace_, trace::parse_trace(bytes));
    return core::Done{};
  }

  /// Bytes of the trace for each 1,000 steps, without module and snapshots; of snapshots alone.
  [[nodiscard]] std::vector<Speed> sizes() const {
    std::size_t snapshots = 0;
    for (const trace::Snapshot& one : trace_.machine.snapshots) {
      snapshots += trace::write_snapshot(one).size();
    }
    const double thousands = 1e-3 * static_cast<double>(steps());
    return {static_cast<double>(bytes_ - snapshots) / thousands,
            static_cast<double>(snapshots) / thousands};
  }

  /// Milliseconds: the median and the longest of the ways to steps anywhere in the run.
  Result<std::vector<Speed>> seek() {
    core::PhiloxStream random(1);
    std::vector<double> times;
    for (std::size_t i = 0; i < seeks * rounds_; ++i) {
      const std::uint64_t step = random.next_below(steps());
      Result<std::unique_ptr<wasm::Position>> found = nullptr;
      times.push_back(1e3 * *timed(1, [&] {
                        found = wasm::Position::find(trace_, request_, fastest_, step);
                      })());
      ISOTRACE_TRY(const auto position, std::move(found));
      expect(position->state().steps == step && leads_on(*position));
    }
    std::ranges::sort(times);
    return std::vector<Speed>{times[times.size() / 2], times.back()};
  }

  /// Milliseconds of finding where a run that goes wrong on its way parts from this one; absent
  /// where there is no memory to go wrong in, or the program itself mends it.
  Result<Speed> bisect(const std::string& path) {
    const auto& memories = request_.module->memories;
    if (memories.empty() || memories[0].limits.least == 0) return Speed{};
    const std::uint64_t step = steps() / 5 * 3;
    const wasm::EngineFactory wrong = [step](wasm::Store& store) {
      return std::make_unique<WrongEngine>(store, step);
    };
    ISOTRACE_TRY_DONE(record(files_, path, wrong));
    ISOTRACE_TRY(const core::Bytes bytes, files_.read(path, core::limits::trace_bytes_max));
    ISOTRACE_TRY(const trace::Trace other, trace::parse_trace(bytes));
    std::vector<double> times;
    for (std::size_t round = 0; round < rounds_; ++round) {
      Result<std::optional<wasm::RunDifference>> found = std::nullopt;
      times.push_back(
          1e3 * *timed(1, [&] {
            found = wasm::compare_runs({trace_, request_, fastest_}, {other, request_, wrong});
          })());
      ISOTRACE_TRY(const auto difference, std::move(found));
      if (!difference) return Speed{};
      expect(difference->a_agrees && !difference->b_agrees && difference->begin &&
             *difference->begin <= difference->end && difference->end >= step);
    }
    std::ranges::sort(times);
    return Speed{times[times.size() / 2]};
  }

  /// Millions of steps a second: recorded, verified on one thread, on all, effects logged.
  Result<std::vector<Speed>> speeds(unsigned threads) {
    const Contender contenders[] = {
        timed(1, [&] { expect(record(nowhere_, "-", fastest_).has_value()); }),
        timed(1, [&] { verify(1); }), timed(threads, [&] { verify(threads); })};
    std::vector<Speed> speeds;
    for (const auto& seconds : median_of(contenders, rounds_)) {
      speeds.push_back(1e-6 * static_cast<double>(steps()) / *seconds);
    }
    ISOTRACE_TRY(speeds.emplace_back(), log_effects());
    speeds.push_back(digest_effects());
    return speeds;
  }

  [[nodiscard]] bool right() const { return right_; }
  [[nodiscard]] std::uint64_t steps() const { return trace_.machine.state->steps; }

 private:
  void expect(bool fine) { right_ = right_ && fine; }

  Result<core::Done> record(core::Files& files, const std::string& path,
                            const wasm::EngineFactory& engine) const {
    ISOTRACE_TRY(const auto machine, wasm::ModuleRun::make(request_, wasm::link_nothing, engine));
    const wasm::RecordOptions options{.path = path, .embed_module = false};
    ISOTRACE_TRY_DONE(wasm::record_run(*machine, request_, files, options));
    return core::Done{};
  }

  void verify(unsigned threads) {
    const auto judged = wasm::replay_run(trace_, request_, fastest_, {.threads = threads});
    expect(judged && judged->verdict.accepted());
  }

  /// Whether the run goes on from there to the next checkpoint, or to its end.
  bool leads_on(wasm::Position& position) const {
    const auto& checkpoints = trace_.machine.checkpoints;
    const auto next = std::ranges::find_if(checkpoints, [&](const auto& checkpoint) {
      return checkpoint.state.steps > position.state().steps;
    });
    position.run().run_to_checkpoint();
    const trace::StateRecord& state =
        next == checkpoints.end() ? *trace_.machine.state : next->state;
    return position.run().record() == state;
  }

  /// Of the first steps alone.
  Result<double> log_effects() {
    std::vector<double> seconds;
    std::uint64_t logged = 0;
    for (std::size_t round = 0; round < rounds_; ++round) {
      ISOTRACE_TRY(wasm::EffectLog log, wasm::EffectLog::begin(nowhere_, "-", request_.program));
      wasm::EffectSink sink;
      sink.take = [&](wasm::EffectBytes& steps) {
        log.append(steps);
        steps.clear();
      };
      const wasm::CodeTable code(*request_.module);
      ISOTRACE_TRY(const auto machine, wasm::ModuleRun::make(request_, wasm::link_nothing,
                                                             wasm::logging_engine(sink, code)));
      seconds.push_back(*timed(1, [&] {
        while (machine->run_to_checkpoint(logged_steps) == wasm::ModuleRun::Stop::checkpoint &&
               machine->engine().steps() < logged_steps) {
        }
        sink.take(sink.steps);
      })());
      ISOTRACE_TRY(const wasm::EffectLog::Summary summary, log.finish());
      logged = summary.steps;
    }
    std::ranges::sort(seconds);
    return 1e-6 * static_cast<double>(logged) / seconds[seconds.size() / 2];
  }

  /// Of the whole run.
  Speed digest_effects() {
    std::vector<core::Digest> digests;
    const Contender contender = timed_pipeline([&] {
      const auto effects =
          wasm::digest_recorded_effects(trace_, request_, wasm::NotingEngine::fastest);
      expect(effects && (digests.empty() || effects->digest == digests[0]));
      if (effects) digests.push_back(effects->digest);
    });
    const auto seconds = median_of({&contender, 1}, rounds_)[0];
    return 1e-6 * static_cast<double>(steps()) / *seconds;
  }

  wasm::RunRequest request_;
  std::size_t rounds_;
  wasm::EngineFactory fastest_ = wasm::make_fastest_engine;
  core::PosixFiles files_;
  mutable DiscardFiles nowhere_;
  trace::Trace trace_;
  std::size_t bytes_ = 0;  ///< of the file
  bool right_ = true;      ///< all that was measured came out as it must
};

struct Tables {
  BenchTable sizes{"wasm traces: size", "bytes per 1,000 steps", {"ours"}, {}, {}, true};
  BenchTable times{"wasm traces: looking into runs", "ms", {"ours"}, {}, {}, true};
  BenchTable speeds{"wasm traces: speed", "M steps/s", {"ours"}, {}, {}, false};
};

Result<core::Done> bench_kernel(const Kernel& kernel, const BenchOptions& options, unsigned threads,
                                Tables& tables) {
  ISOTRACE_TRY(const auto folder, TemporaryFolder::make());
  Traced traced(kernel, options);
  ISOTRACE_TRY_DONE(traced.record(folder->path() + "/a.isotrace"));
  ISOTRACE_TRY(std::vector<Speed> times, traced.seek());
  ISOTRACE_TRY(times.emplace_back(), traced.bisect(folder->path() + "/b.isotrace"));
  ISOTRACE_TRY(const std::vector<Speed> speeds, traced.speeds(threads));
  const auto add = [&](BenchTable& table, const std::vector<Speed>& figures,
                       const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < figures.size(); ++i) {
      table.rows.push_back({kernel.name + ": " + names[i], {figures[i]}, traced.right()});
    }
  };
  add(tables.sizes, traced.sizes(), {"trace", "snapshots"});
  add(tables.times, times, {"seek, median", "seek, worst", "bisect"});
  add(tables.speeds, speeds, {"recorded", "verified", "all cores", "effects", "effects digest"});
  tables.sizes.notes.push_back(kernel.name + ": " + std::to_string(traced.steps()) + " steps");
  return core::Done{};
}

}  // namespace

Result<std::vector<BenchTable>> bench_wasm_traces(const BenchOptions& options) {
  ISOTRACE_TRY(const auto kernels, load_kernels(options.kernels));
  const unsigned threads = std::max(std::thread::hardware_concurrency(), 2U);
  Tables tables;
  tables.times.notes.emplace_back(
      "thread CPU time; bisect: two runs of which one goes wrong on its way");
  tables.speeds.notes.push_back("thread CPU time, without files; all cores: verified by " +
                                std::to_string(threads) + " threads, wall time");
  for (const Kernel& kernel : kernels) {
    ISOTRACE_TRY_DONE(bench_kernel(kernel, options, threads, tables));
  }
  return std::vector{std::move(tables.sizes), std::move(tables.times), std::move(tables.speeds)};
}

}  // namespace isotrace::tools::bench
