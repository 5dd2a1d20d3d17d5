// A sandboxed child that is running: its output is collected, its end and its limits are watched.
// Several can be watched at once. The watchdog here is what reads a clock to decide something.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

#include <isotrace/core/result.hpp>
#include <isotrace/smt/sandbox.hpp>

namespace isotrace::smt {

/// Dropping a child that runs ends it.
class SandboxedChild {
 public:
  /// Takes over a process and the descriptor that it writes to.
  SandboxedChild(pid_t pid, int output, const SandboxLimits& limits);
  ~SandboxedChild();
  SandboxedChild(const SandboxedChild&) = delete;
  SandboxedChild& operator=(const SandboxedChild&) = delete;

  [[nodiscard]] bool has_ended() const { return pid_ < 0; }
  /// Until the child reported that every limit is in force.
  [[nodiscard]] double start_milliseconds() const { return start_milliseconds_; }
  /// Ends it now; the outcome is `stopped`.
  void stop() { end_by_force(SandboxOutcome::End::stopped); }
  /// From now on others get the processor first.
  void give_way() const;
  /// Call once, after it has ended. Refuses sandbox_failed if not every limit could be put in
  /// force: the child then has done nothing.
  core::Result<SandboxOutcome> take_outcome();

  /// Returns when at least one of the children has ended, or after this time.
  static void wait_for_one(const std::vector<SandboxedChild*>& children,
                           std::chrono::milliseconds at_most = std::chrono::hours(24));

 private:
  using Clock = std::chrono::steady_clock;

  void advance();
  void read_output();
  void reap();
  void end_by_force(SandboxOutcome::End end);
  void close_output();

  pid_t pid_;  // -1: has ended
  int output_;
  std::size_t output_bytes_max_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point deadline_;
  double start_milliseconds_ = 0;
  bool is_ready_ = false;
  SandboxOutcome outcome_{SandboxOutcome::End::finished, 0, {}};
};

}  // namespace isotrace::smt
