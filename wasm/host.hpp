// Calls of host functions: what one is given, how it changes the instance that calls, and the log
// that a replay needs instead of the host.
#pragma once

#include <functional>
#include <span>

#include <isotrace/core/bytes.hpp>
#include <isotrace/trace/machine_record.hpp>
#include <isotrace/wasm/numeric/trap.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

struct Store;
class LinearMemory;

/// An index into a list of the store.
using Address = std::uint32_t;

class HostCall {
 public:
  /// `memory`: of the instance that calls, nullptr if it has none.
  HostCall(std::span<const Slot> arguments, std::span<Slot> results, LinearMemory* memory)
      : arguments_(arguments), results_(results), memory_(memory) {}

  /// One for each parameter, as the function's type says.
  [[nodiscard]] std::span<const Slot> arguments() const { return arguments_; }
  [[nodiscard]] std::uint32_t u32(std::size_t argument) const {
    return static_cast<std::uint32_t>(arguments_[argument]);
  }
  [[nodiscard]] std::uint64_t u64(std::size_t argument) const { return arguments_[argument]; }
  /// One for each result, zero at first.
  [[nodiscard]] std::span<Slot> results() const { return results_; }

  /// Memory of the instance that calls; nothing if not all of it is in bounds.
  [[nodiscard]] std::optional<core::ByteView> read(std::uint64_t address, std::uint64_t size) const;
  /// Writes all or, if not all of it is in bounds, nothing (false). The log keeps it.
  [[nodiscard]] bool write(std::uint64_t address, core::ByteView bytes);

  [[nodiscard]] std::vector<trace::HostWrite> take_writes() { return std::move(writes_); }

 private:
  std::span<const Slot> arguments_;
  std::span<Slot> results_;
  LinearMemory* memory_;
  std::vector<trace::HostWrite> writes_;
};

/// Trap::none: the results are set. Trap::exit: the program has ended itself. Trap::host_refused:
/// the host cannot answer; it knows why, and there is no verdict on the run.
using HostFunction = std::function<Trap(HostCall& call)>;

/// Sees every call when it has been made.
using HostObserver = std::function<void(const trace::HostCallRecord& call)>;

/// All calls so far, in one digest.
struct HostLog {
  std::uint64_t calls = 0;
  core::Digest digest;
  HostObserver observer;
};

/// Calls a host function of the store for an instance, and logs the call unless it was refused.
Trap call_host(Store& store, Address instance, Address function, std::span<const Slot> arguments,
               std::span<Slot> results);

}  // namespace isotrace::wasm
