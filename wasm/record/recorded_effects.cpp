#include <isotrace/wasm/record/recorded_effects.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include <isotrace/wasm/record/open_recorded.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

/// What a thread holds of a stretch until those before are written; then it writes on.
constexpr std::size_t waiting_bytes = std::size_t{32} << 20;
/// The first stretch begins so many steps before the window, or more where no engine can stop
/// there.
constexpr std::uint64_t lead_steps = std::uint64_t{1} << 14;

/// To the first suspend point with that many steps, or to the end.
void go_to(ModuleRun& run, std::uint64_t steps) {
  while (run.engine().steps() < steps &&
         run.run_to_checkpoint(steps) == ModuleRun::Stop::checkpoint) {
  }
}

/// Gives stretches their turns in the log.
class Turns {
 public:
  /// Waits until all stretches before are written. False: writing has been given up.
  bool wait(std::uint64_t stretch) {
    std::unique_lock lock(mutex_);
    signal_.wait(lock, [&] { return next_ == stretch || given_up_; });
    return !given_up_;
  }
  void pass_on() {
    change([this] { ++next_; });
  }
  void give_up() {
    change([this] { given_up_ = true; });
  }

 private:
  template <class Change>
  void change(const Change& make) {
    {
      const std::scoped_lock lock(mutex_);
      make();
    }
    signal_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable signal_;
  std::uint64_t next_ = 0;
  bool given_up_ = false;
};

class WindowLog {
 public:
  WindowLog(const trace::Trace& trace, const RunRequest& request, const EngineFactory& engine,
            const EffectWindow& window, EffectLog& log)
      : trace_(trace),
        request_(request),
        engine_(engine),
        window_(window),
        log_(log),
        code_(*request.module),
        snapshot_(find_snapshot(trace, window.from)) {}

  Result<Done> run() {
    const std::uint64_t steps = trace_.machine.state->steps;
    if (steps == 0 && window_.from == 0) return Done{};  // a run may end before its first step
    if (window_.from >= steps || window_.from > window_.to) {
      return core::refuse(core::RefusalCode::trace_step_unknown,
                          "steps from " + std::to_string(window_.from),
                          "the run has " + std::to_string(steps) + " steps");
    }
    end_ = std::min(window_.to, steps - 1) + 1;
    ISOTRACE_TRY(begin_, find_begin());
    stretches_ = (end_ - begin_ + window_.stretch - 1) / window_.stretch;
    const std::uint64_t threads = std::clamp<std::uint64_t>(window_.threads, 1, stretches_);
    std::vector<Result<Done>> ends(threads, Done{});
    std::vector<std::exception_ptr> failures(threads);
    const auto work = [&](std::uint64_t first) {
      try {
        ends[first] = log_every(first, threads);
      } catch (...) {
        failures[first] = std::current_exception();
      }
      if (failures[first] || !ends[first]) turns_.give_up();
    };
    {
      std::vector<std::jthread> others;
      for (std::uint64_t i = 1; i < threads; ++i) others.emplace_back(work, i);
      work(0);
    }
    for (std::uint64_t i = 0; i < threads; ++i) {
      if (failures[i]) std::rethrow_exception(failures[i]);
      ISOTRACE_TRY_DONE(std::move(ends[i]));
    }
    return Done{};
  }

 private:
  /// Steps of a suspend point at the window's first step or before, near to it if there is one.
  Result<std::uint64_t> find_begin() const {
    for (std::uint64_t lead = lead_steps;; lead *= 16) {
      ISOTRACE_TRY(const RecordedRun opened, open_recorded(trace_, request_, engine_, snapshot_));
      const std::uint64_t first = opened.run->engine().steps();
      if (window_.from - first <= lead) return first;
      go_to(*opened.run, window_.from - lead);
      if (opened.run->engine().steps() <= window_.from) return opened.run->engine().steps();
    }
  }

  /// Stretch number `first` and every one that is a multiple of `threads` behind it.
  Result<Done> log_every(std::uint64_t first, std::uint64_t threads) {
    ISOTRACE_TRY(const RecordedRun opened, open_recorded(trace_, request_, engine_, snapshot_));
    for (std::uint64_t stretch = first; stretch < stretches_; stretch += threads) {
      bool goes_on = true;
      EffectSink sink{.from = window_.from,
                      .to = end_ - 1,
                      .bytes_max = waiting_bytes,
                      .steps = {},
                      .take = [&](auto& steps) {
                        goes_on = goes_on && turns_.wait(stretch);
                        if (goes_on) log_.append(steps);
                        steps.clear();
                      }};
      go_to(*opened.run, begin_ + stretch * window_.stretch);
      opened.run->change_engine(logging_engine(sink, code_));
      go_to(*opened.run, std::min(begin_ + (stretch + 1) * window_.stretch, end_));
      if (opened.host->difference()) {
        return core::refuse(core::RefusalCode::trace_digest_mismatch, "trace",
                            *opened.host->difference());
      }
      sink.take(sink.steps);
      opened.run->change_engine(engine_);
      if (!goes_on) return Done{};
      turns_.pass_on();
    }
    return Done{};
  }

  const trace::Trace& trace_;
  const RunRequest& request_;
  const EngineFactory& engine_;
  EffectWindow window_;
  EffectLog& log_;
  CodeTable code_;
  std::optional<std::size_t> snapshot_;
  std::uint64_t begin_ = 0;  ///< of the first stretch
  std::uint64_t end_ = 0;    ///< behind the window
  std::uint64_t stretches_ = 0;
  Turns turns_;
};

}  // namespace

Result<Done> log_recorded_effects(const trace::Trace& trace, const RunRequest& request,
                                  const EngineFactory& engine, const EffectWindow& window,
                                  EffectLog& log) {
  return WindowLog(trace, request, engine, window, log).run();
}

}  // namespace isotrace::wasm
