#include <isotrace/wasm/record/compare.hpp>

#include <algorithm>

#include <isotrace/trace/bisect.hpp>
#include <isotrace/wasm/record/last_write.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;
using trace::StateRecord;

/// How many steps are compared one by one to find the first that takes up a difference in what the
/// runs were given.
constexpr std::uint64_t lock_steps_max = std::uint64_t{1} << 24;
/// Into how many parts an interval is cut each time.
constexpr std::uint64_t cuts = 64;

std::vector<core::Digest> state_roots(const trace::Trace& trace) {
  std::vector<core::Digest> roots;
  for (const auto& checkpoint : trace.machine.checkpoints) {
    roots.push_back(trace::state_root(checkpoint.state));
  }
  roots.push_back(trace::state_root(*trace.machine.state));
  return roots;
}

const StateRecord* find_state(const trace::Trace& trace, std::size_t index) {
  const auto& checkpoints = trace.machine.checkpoints;
  if (index < checkpoints.size()) return &checkpoints[index].state;
  return index == checkpoints.size() ? &*trace.machine.state : nullptr;
}

/// What of two answers of the host differs.
std::string call_difference(const trace::HostCallRecord& a, const trace::HostCallRecord& b) {
  if (a.function != b.function) return "function";
  if (a.arguments != b.arguments) return "arguments";
  if (a.trap != b.trap) return "trap";
  return a.results != b.results ? "results" : "writes";
}

template <class List>
void add_list(std::vector<std::string>& given, const char* name, const List& a, const List& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size() && i < b.size() && a[i] == b[i]) continue;
    given.push_back(std::string(name) + " " + std::to_string(i));
  }
}

std::vector<std::string> find_given(const trace::Trace& a, const trace::Trace& b) {
  const trace::MachineIdentity& one = *a.identity.machine;
  const trace::MachineIdentity& other = *b.identity.machine;
  std::vector<std::string> given;
  if (one.invoke != other.invoke) given.emplace_back("function invoked");
  add_list(given, "argument", one.arguments, other.arguments);
  if (one.limits != other.limits) given.emplace_back("limits");
  if (one.interval != other.interval) given.emplace_back("interval of checkpoints");
  add_list(given, "setting", one.settings, other.settings);
  const auto& calls = a.machine.host_calls;
  const auto& others = b.machine.host_calls;
  const std::size_t both = std::min(calls.size(), others.size());
  const auto parted = std::mismatch(
      calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(both), others.begin());
  const auto index = static_cast<std::size_t>(parted.first - calls.begin());
  if (index < both) {
    given.push_back("host call " + std::to_string(index) + ": " +
                    call_difference(calls[index], others[index]));
  } else if (calls.size() != others.size()) {
    given.push_back("host call " + std::to_string(index) + ": one run makes no more");
  }
  return given;
}

/// Goes to the first suspend point with that many steps, or to the end.
void run_to(ModuleRun& run, std::uint64_t steps) {
  while (run.engine().steps() < steps && run.run_to_checkpoint(steps) != ModuleRun::Stop::ended) {
  }
}

struct Pair {
  RecordedRun a;
  RecordedRun b;
};

class Comparison {
 public:
  Comparison(const RunSide& a, const RunSide& b) : a_(a), b_(b) {}

  Result<std::optional<RunDifference>> run() {
    if (a_.trace.root == b_.trace.root) return std::nullopt;
    if (a_.trace.identity.program != b_.trace.identity.program) {
      found_.same_program = false;
      return found_;
    }
    found_.given = find_given(a_.trace, b_.trace);
    const std::size_t k = trace::find_first_difference(trace::SubtreeRoots(state_roots(a_.trace)),
                                                       trace::SubtreeRoots(state_roots(b_.trace)))
                              .leaf;
    found_.checkpoint = k;
    const StateRecord* one = find_state(a_.trace, k);
    const StateRecord* other = find_state(b_.trace, k);
    // One run cannot be a prefix of the other: its last state has ended.
    if (one == nullptr || other == nullptr) return found_;
    found_.parts = different_parts(*one, *other);
    begin_ = k == 0 ? 0 : find_state(a_.trace, k - 1)->steps;
    ISOTRACE_TRY(found_.a_agrees, agrees(a_));
    ISOTRACE_TRY(found_.b_agrees, agrees(b_));
    if (k == 0) {
      found_.begin = 0;
    } else {
      ISOTRACE_TRY_DONE(narrow(std::max(one->steps, other->steps)));
    }
    if (found_.begin) {
      const bool given = found_.a_agrees && found_.b_agrees;
      ISOTRACE_TRY_DONE(lock_step(found_.end + (given ? lock_steps_max : 0)));
    }
    return found_;
  }

 private:
  /// The side's run at the last common checkpoint or, if those are more, after that many steps.
  Result<RecordedRun> open(const RunSide& side, const EngineFactory& engine,
                           std::uint64_t steps) const {
    std::optional<std::size_t> snapshot;
    std::size_t checkpoint = 0;
    const auto& snapshots = side.trace.machine.snapshots;
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      if (snapshots[i].checkpoint >= found_.checkpoint) break;
      snapshot = i;
      checkpoint = snapshots[i].checkpoint;
    }
    ISOTRACE_TRY(RecordedRun opened, open_recorded(side.trace, side.request, engine, snapshot));
    // Steps do not tell a call that ended without any from the one behind it.
    while (++checkpoint < found_.checkpoint) opened.run->run_to_checkpoint();
    run_to(*opened.run, steps);
    return opened;
  }

  Result<Pair> open_both(std::uint64_t steps) const {
    Pair pair;
    ISOTRACE_TRY(pair.a, open(a_, a_.engine, steps));
    ISOTRACE_TRY(pair.b, open(b_, b_.engine, steps));
    return pair;
  }

  /// The side's run at the last common checkpoint, or at its beginning, on the reference. Its
  /// engine goes there if it comes to the state that is recorded.
  Result<RecordedRun> open_on_reference(const RunSide& side) const {
    ISOTRACE_TRY(RecordedRun opened, open(side, side.engine, 0));
    if (found_.checkpoint != 0 &&
        opened.run->record() != *find_state(side.trace, found_.checkpoint - 1)) {
      return open(side, make_reference_engine, 0);
    }
    opened.run->change_engine(make_reference_engine);
    return opened;
  }

  /// Whether the reference comes from the last common state to the first one that differs.
  Result<bool> agrees(const RunSide& side) const {
    ISOTRACE_TRY(const RecordedRun opened, open_on_reference(side));
    const StateRecord& state = *find_state(side.trace, found_.checkpoint);
    const bool last = found_.checkpoint == side.trace.machine.checkpoints.size();
    if (found_.checkpoint != 0) {
      const auto stop =
          opened.run->run_to_checkpoint(state.steps == UINT64_MAX ? state.steps : state.steps + 1);
      if ((stop == ModuleRun::Stop::ended) != last) return false;
    }
    return opened.run->record() == state;
  }

  /// Finds two suspend points that follow each other, at the first of which the runs, executed
  /// again, are equal, and at the second not.
  Result<Done> narrow(std::uint64_t end) {
    std::uint64_t begin = begin_;
    for (std::uint64_t stride = end - begin;;) {
      stride = std::max<std::uint64_t>(stride / cuts, 1);
      ISOTRACE_TRY(const Pair pair, open_both(begin));
      if (!walk(pair, begin, end, stride)) return Done{};
      found_.begin = begin;
      found_.end = end;
      if (stride > 1) continue;
      if (found_.a_agrees && found_.b_agrees) return Done{};
      return find_byte(pair);
    }
  }

  /// Moves `begin` and `end` to the first stride behind which the runs differ. False: none.
  static bool walk(const Pair& pair, std::uint64_t& begin, std::uint64_t& end,
                   std::uint64_t stride) {
    while (begin < end) {
      run_to(*pair.a.run, begin + stride);
      run_to(*pair.b.run, begin + stride);
      const StateRecord a = pair.a.run->record();
      const StateRecord b = pair.b.run->record();
      if (a != b) {
        end = std::max({a.steps, b.steps, begin + 1});
        return true;
      }
      if (a.steps < begin + stride) return false;  // both have ended
      begin = a.steps;
    }
    return false;
  }

  /// The first byte of memory 0 in which the runs differ.
  Result<Done> find_byte(const Pair& pair) {
    const auto& one = std::as_const(pair.a.run->store().memories);
    const auto& other = std::as_const(pair.b.run->store().memories);
    if (one.empty()) return Done{};
    const std::span<const std::uint8_t> a = one[0].data.bytes();
    const std::span<const std::uint8_t> b = other[0].data.bytes();
    const auto parted = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (parted.first == a.end() || parted.second == b.end()) return Done{};
    const auto address = static_cast<std::uint64_t>(parted.first - a.begin());
    found_.byte = ByteDifference{address, *parted.first, *parted.second, {}};
    const RunSide& right = found_.a_agrees ? a_ : b_;
    ISOTRACE_TRY(found_.byte->writer,
                 find_last_write(right.trace, right.request, right.engine, address, found_.end));
    return Done{};
  }

  /// The first step that the reference makes otherwise in the two runs.
  Result<Done> lock_step(std::uint64_t end) {
    ISOTRACE_TRY(Pair pair, open_both(*found_.begin));
    pair.a.run->change_engine(make_reference_engine);
    pair.b.run->change_engine(make_reference_engine);
    auto& one = static_cast<Stepper&>(pair.a.run->engine());
    auto& other = static_cast<Stepper&>(pair.b.run->engine());
    const CodeTable code(*a_.request.module);
    StepWatch watch_one(pair.a.run->store(), one, code);
    StepWatch watch_other(pair.b.run->store(), other, code);
    for (;;) {
      const bool goes_on = settle(*pair.a.run, one);
      const bool other_goes_on = settle(*pair.b.run, other);
      const auto a = goes_on ? watch_one.step() : std::nullopt;
      const auto b = other_goes_on ? watch_other.step() : std::nullopt;
      if (a != b) {
        found_.a = a;
        found_.b = b;
        return Done{};
      }
      if (!a || a->step >= end) return Done{};
    }
  }

  const RunSide& a_;
  const RunSide& b_;
  RunDifference found_;
  std::uint64_t begin_ = 0;  ///< steps of the last common state
};

}  // namespace

Result<std::optional<RunDifference>> compare_runs(const RunSide& a, const RunSide& b) {
  return Comparison(a, b).run();
}

}  // namespace isotrace::wasm
