// Kernels of WebAssembly, here and in other interpreters. Others run in processes of their own,
// whose time of starting is taken away: that of the same module with a function that does nothing.
#include <algorithm>
#include <fstream>
#include <iomanip>
#include <sstream>

#include <isotrace/core/check.hpp>
#include <isotrace/tools/bench/child.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/bench/temporary_folder.hpp>
#include <isotrace/tools/bench/wasm_entry.hpp>
#include <isotrace/tools/bench/wasm_kernels.hpp>
#include <isotrace/wasm/background_hasher.hpp>
#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Result;

constexpr std::uint64_t checkpoint_steps = std::uint64_t{1} << 22;
/// How many times as fast as wabt wasm3 is on these kernels (docs/performance.md).
constexpr double wasm3_over_wabt = 17.0;

std::unique_ptr<wasm::Engine> make_engine(wasm::Store& store) {
  return std::make_unique<wasm::FastEngine>(store);
}

/// A run of a kernel in this process, from its instantiation on.
class KernelRun {
 public:
  template <class MakeEngine>
  KernelRun(const Kernel& kernel, const MakeEngine& make) : program_(kernel.program) {
    const auto made = wasm::instantiate(store_, kernel.module, {});
    ISOTRACE_CHECK(made.has_value());
    engine_ = make(store_);
    const wasm::Address function = store_.instances[made->instance].functions[kernel.function];
    ISOTRACE_CHECK(engine_->begin(function, {&kernel.argument, 1}).has_value());
  }

  void run() { engine_->run_to_suspend_point(UINT64_MAX); }

  /// With a checkpoint every 2^22 steps, whose root a thread makes, as in a recording.
  void run_traced() {
    wasm::BackgroundHasher hasher(program_, store_);
    std::uint64_t next = 0;
    while (!engine_->run_to_suspend_point(next)) {
      if (next != 0) roots_.push_back(trace::state_root(hasher.take()));
      hasher.begin(engine_->state());
      next = (engine_->steps() / checkpoint_steps + 1) * checkpoint_steps;
    }
    roots_.push_back(trace::state_root(hasher.take()));
  }

  [[nodiscard]] const std::vector<core::Digest>& roots() const { return roots_; }
  [[nodiscard]] const wasm::Execution& state() { return engine_->state(); }
  trace::StateRecord record() { return wasm::state_record(store_, engine_->state(), program_); }

 private:
  wasm::Store store_;
  std::unique_ptr<wasm::Engine> engine_;
  core::Digest program_;
  std::vector<core::Digest> roots_;
};

Result<core::Done> write_file(const std::string& path, const core::Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return core::Done{};
  return core::refuse(core::RefusalCode::file_write_failed, path);
}

/// Whether the last number of the text is the i32, with or without a sign.
bool ends_with_number(const std::string& text, wasm::Slot number) {
  const auto last = text.find_last_of("0123456789");
  if (last == std::string::npos) return false;
  const auto before = text.find_last_not_of("-0123456789", last);
  const std::string digits = text.substr(before + 1, last - before);
  const auto word = static_cast<std::uint32_t>(number);
  return digits == std::to_string(word) ||
         digits == std::to_string(static_cast<std::int32_t>(word));
}

/// Another interpreter: its words before and behind the module's path.
struct Peer {
  std::vector<std::string> before;
  std::vector<std::string> behind;

  [[nodiscard]] std::optional<ChildRun> run(const std::string& path) const {
    if (before.empty()) return std::nullopt;
    std::vector<std::string> words = before;
    words.push_back(path);
    words.insert(words.end(), behind.begin(), behind.end());
    return run_child(words);
  }
};

/// The modules that peers run, and what they must say.
struct PeerTask {
  std::string whole;
  std::string empty;
  wasm::Slot result = 0;
  bool all_right = true;  ///< no peer has given another result

  /// Seconds of the call alone; nothing if the peer is absent or too fast to be told from starting.
  std::optional<double> measure(const Peer& peer) {
    const auto all = peer.run(whole);
    const auto start = peer.run(empty);
    if (all && !ends_with_number(all->output, result)) all_right = false;
    if (!all || !start || all->seconds <= start->seconds) return std::nullopt;
    return all->seconds - start->seconds;
  }
};

/// Times one run of a fresh instance.
Contender timed_run(const Kernel& kernel, void (KernelRun::*run)()) {
  return [&kernel, run] {
    KernelRun fresh(kernel, make_engine);
    return timed(1, [&] { (fresh.*run)(); })();
  };
}

/// Our runs reach the states of the reference, the traced one at every checkpoint.
bool is_identical(const Kernel& kernel, KernelRun& reference) {
  KernelRun untraced(kernel, make_engine);
  untraced.run();
  KernelRun traced(kernel, make_engine);
  traced.run_traced();
  return reference.roots() == traced.roots() && reference.state() == untraced.state() &&
         reference.record() == untraced.record();
}

Result<BenchRow> bench_kernel(const Kernel& kernel, const std::vector<Peer>& peers,
                              const BenchOptions& options) {
  ISOTRACE_TRY(const auto folder, TemporaryFolder::make());
  KernelRun reference(kernel, [](auto& store) { return std::make_unique<wasm::Stepper>(store); });
  reference.run_traced();
  const wasm::Execution& end = reference.state();
  if (end.status != wasm::Status::finished) {
    return core::refuse(core::RefusalCode::wasm_suite_malformed, kernel.name, "the kernel traps");
  }
  PeerTask task{folder->path() + "/whole.wasm", folder->path() + "/empty.wasm", end.slots[0]};
  const core::Bytes whole = call_with(*kernel.module, kernel.function, {&kernel.argument, 1});
  ISOTRACE_TRY_DONE(write_file(task.whole, whole));
  ISOTRACE_TRY_DONE(write_file(task.empty, call_nothing(*kernel.module)));

  std::vector<Contender> contenders = {timed_run(kernel, &KernelRun::run),
                                       timed_run(kernel, &KernelRun::run_traced)};
  for (const Peer& peer : peers) contenders.push_back([&] { return task.measure(peer); });
  const auto medians = median_of(contenders, options.rounds);
  BenchRow row{kernel.name, {}, is_identical(kernel, reference) && task.all_right};
  for (const auto& seconds : medians) {
    const double millions = 1e-6 * static_cast<double>(end.steps);
    row.speeds.push_back(seconds ? Speed(millions / *seconds) : std::nullopt);
  }
  return row;
}

std::string derived_note(const BenchTable& table, std::size_t wabt) {
  const auto mean = mean_ratio(table, wabt);
  if (!mean) return "no ratio to wasm3 can be derived";
  std::ostringstream text;
  text << std::fixed << std::setprecision(2)
       << "derived: ours / wasm3 = " << *mean / wasm3_over_wabt
       << " where wasm3 has 17 times the speed of wabt";
  return text.str();
}

}  // namespace

Result<std::vector<BenchTable>> bench_wasm(const BenchOptions& options) {
  ISOTRACE_TRY(const auto kernels, load_kernels(options.kernels));
  BenchTable table{"wasm", "M instructions/s", {"ours", "ours, traced", "wabt", "wasm3"}, {}, {}};
  const std::vector<Peer> peers = {
      {{options.wabt}, {"--run-all-exports"}},
      options.wasm3.empty() ? Peer{} : Peer{{options.wasm3, "--func", "run"}, {}}};
  for (const Kernel& kernel : kernels) {
    ISOTRACE_TRY(BenchRow row, bench_kernel(kernel, peers, options));
    table.rows.push_back(std::move(row));
  }
  table.notes.push_back("thread CPU time, median of " + std::to_string(options.rounds) +
                        " rounds; traced: a root every 2^22 steps");
  table.notes.push_back(derived_note(table, 2));
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
