// Keeps a thread off the processor that another one executes on. A scheduler that finds no idle
// processor wakes a thread where it slept, and there it may interrupt the one it works for.
#pragma once

#include <sched.h>

namespace isotrace::wasm {

/// Of the thread that makes it. Where there is one processor only, or the system lets nobody
/// choose, nothing happens.
class OtherProcessor {
 public:
  OtherProcessor();
  /// Moves this thread to another processor, of those that it was allowed, if it is on this one.
  /// A number below 0 is none.
  void leave(int processor) const;

  /// The processor that the calling thread is on, or below 0. Costs some nanoseconds.
  static int current() { return ::sched_getcpu(); }

 private:
  cpu_set_t allowed_;
};

}  // namespace isotrace::wasm
