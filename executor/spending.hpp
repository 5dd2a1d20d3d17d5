// What one execution has spent of its limits (internal to the executor). Only the thread that
// executes touches it.
#pragma once

#include <functional>

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

/// What the runs of one execution share: the backend, and what has been spent.
struct Spending {
  backends::Backend& backend;
  ExecuteLimits limits;
  std::uint64_t bytes = 0;  ///< of tensors alive
  std::uint64_t work = 0;
  std::uint64_t steps = 0;
  std::vector<std::uint64_t> fallback_steps = {};  ///< as Backend::fell_back says
  /// Whether results may stay with the backend: nobody who watches the steps looks at elements
  /// without RunValue::fetch.
  bool keeps_remote = false;
  /// Lets go of tensors that are kept for their records alone. Asked before memory is refused, so
  /// that a limit does not depend on how far that work has come.
  std::function<void()> reclaim = {};

  /// Refuse limit_exceeded.
  core::Result<core::Done> spend_work(std::uint64_t amount);
  core::Result<core::Done> check_bytes(std::uint64_t amount);
  core::Result<core::Done> take_bytes(std::uint64_t amount);
  void return_bytes(std::uint64_t amount) { bytes -= amount; }
};

}  // namespace isotrace::executor
