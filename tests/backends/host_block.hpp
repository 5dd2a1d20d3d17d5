// One block of a kernel on the host, phase by phase, all its threads one after the other, and what
// that order hides from the results: threads that meet in a word of shared memory within a phase,
// reads of words that nobody wrote, and numbers of phases that differ within a block (a barrier
// that some threads never reach). Racecheck, initcheck and synccheck of kernels.hpp, without a
// device.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <isotrace/backends/gpu/kernels/kernel.hpp>
#include <tests/backends/host_device.hpp>

namespace isotrace::backends::gpu {

/// What memory holds before anybody writes: NaN as a float, and no offset that lies anywhere.
inline constexpr int never_written = 0xFF;

/// Who touches shared memory now, and the first that should not have.
struct Watch {
  std::uint32_t phase = 0;  ///< over all blocks
  std::uint32_t thread = 0;
  std::string problem;  ///< empty if there is none
};
inline thread_local Watch watch;

/// A number in shared memory that knows who touched it. Its marks are those of memory that is
/// never_written until it is.
template <class Number>
class WatchedCell {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): it stands where a number stands
  [[gnu::noinline]] operator Number() const {
    const Watch& now = watch;
    if (written_ == never) report("reads what nobody wrote");
    if (written_ == now.phase && writer_ != now.thread) report("reads what another one writes");
    reader_ = read_ == now.phase && reader_ != now.thread ? several : now.thread;
    read_ = now.phase;
    return value_;
  }
  [[gnu::noinline]] WatchedCell& operator=(Number value) {
    const Watch& now = watch;
    if (written_ == now.phase && writer_ != now.thread) report("writes what another one writes");
    if (read_ == now.phase && reader_ != now.thread) report("writes what another one reads");
    written_ = now.phase;
    writer_ = now.thread;
    value_ = value;
    return *this;
  }
  WatchedCell& operator=(const WatchedCell& other) { return *this = static_cast<Number>(other); }

 private:
  static constexpr std::uint32_t never = 0xFFFFFFFF;
  static constexpr std::uint32_t several = never;

  [[gnu::noinline, gnu::cold]] static void report(const char* what) {
    if (watch.problem.empty())
      watch.problem = "thread " + std::to_string(watch.thread) + " " + what;
  }

  Number value_;
  std::uint32_t written_;  ///< phases
  std::uint32_t writer_;
  mutable std::uint32_t read_;
  mutable std::uint32_t reader_;
};

/// Runs block `at`; returns what is wrong with it, "" for nothing.
template <class Kernel>
std::string run_block(const typename Kernel::Arguments& arguments, At at, HostOrder order) {
  using Memory = typename Kernel::template Shared<WatchedCell>;
  std::vector<std::uint64_t> words((sizeof(Memory) + 7) / 8);
  std::memset(words.data(), never_written, words.size() * sizeof(words[0]));
  auto& shared = *reinterpret_cast<Memory*>(words.data());
  std::vector<typename Kernel::Own> own(Kernel::threads);
  std::memset(static_cast<void*>(own.data()), never_written, own.size() * sizeof(own[0]));
  watch.problem.clear();
  const std::uint32_t phases = Kernel::phases(arguments, at);
  for (at.thread = 1; at.thread < Kernel::threads; ++at.thread) {
    if (Kernel::phases(arguments, at) != phases) return "phases differ within the block";
  }
  for (std::uint32_t phase = 0; phase < phases; ++phase) {
    ++watch.phase;
    for (std::uint32_t i = 0; i < Kernel::threads; ++i) {
      at.thread = order == HostOrder::forwards ? i : Kernel::threads - 1 - i;
      watch.thread = at.thread;
      Kernel::run(arguments, at, phase, shared, own[at.thread]);
    }
    if (!watch.problem.empty()) return "phase " + std::to_string(phase) + ": " + watch.problem;
  }
  return {};
}

}  // namespace isotrace::backends::gpu
