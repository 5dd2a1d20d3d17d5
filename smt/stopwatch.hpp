// How long solvers take, for telemetry. Times decide nothing but the watchdog's limits.
#pragma once

#include <chrono>

namespace isotrace::smt {

class Stopwatch {
 public:
  [[nodiscard]] double milliseconds() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace isotrace::smt
