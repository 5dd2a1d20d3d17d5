// A host that answers calls from a recording. What the program asks otherwise than it did when it
// was recorded has no answer.
#pragma once

#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

/// One host for one execution. Answers are checked before they reach the program, so that a forged
/// recording cannot break an engine.
class LoggedHost {
 public:
  /// `calls` are those that the program will make; the first one is number `first` of the whole
  /// run. They must outlive the host.
  LoggedHost(std::span<const trace::HostCallRecord> calls, std::uint64_t first)
      : calls_(calls), first_(first) {}
  LoggedHost(const LoggedHost&) = delete;
  LoggedHost& operator=(const LoggedHost&) = delete;

  /// The host must outlive the store. With `live`, calls behind the recorded ones are its own.
  Link link(Link live = {});

  /// Why a call ended as Trap::host_refused.
  [[nodiscard]] const std::optional<std::string>& difference() const { return difference_; }

 private:
  Trap answer(const Store& store, Address function, HostCall& call, const HostFunction& live);
  Trap refuse(const std::string& why);

  std::span<const trace::HostCallRecord> calls_;
  std::uint64_t first_;
  std::size_t answered_ = 0;
  std::optional<std::string> difference_;
};

}  // namespace isotrace::wasm
