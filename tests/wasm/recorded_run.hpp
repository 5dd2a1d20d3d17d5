// Runs to record: a module with a start function, host calls, recursion and memory that grows, and
// one recording of it.
#pragma once

#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/record/logged_host.hpp>
#include <isotrace/wasm/record/record.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {

/// run(n): n rounds, each of which asks the host for a number (env.next), writes it to memory,
/// recurses on it, and keeps a sum in a global; memory grows on the way. Returns the sum.
Bytes busy_module();

RunRequest request_for(const Bytes& module, std::vector<Slot> arguments,
                       const std::string& invoke = "run");

/// env.next: 1, 2, 3, ...; each call also writes its number at address 8. From call `from` on the
/// answers are others.
Link counting_host(std::uint64_t other_from = UINT64_MAX);

/// Options that put a few checkpoints and snapshots into a short run.
RecordOptions short_options();
inline constexpr std::uint64_t short_interval = 100;

struct Recorded {
  core::Bytes file;
  std::optional<Recording> recording;
};
/// The test fails if there is no recording.
Recorded record(const RunRequest& request, const Link& host,
                const EngineFactory& engine = make_reference_engine,
                const RecordOptions& options = short_options());
trace::Trace read(const core::Bytes& file);

/// An engine that goes wrong once: at the first suspend point with that many steps it flips a bit
/// of memory 0.
class FaultyEngine : public Engine {
 public:
  FaultyEngine(Store& store, std::uint64_t step, std::uint64_t address)
      : store_(store), engine_(make_reference_engine(store)), step_(step), address_(address) {}

  core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) override {
    return engine_->begin(function, arguments);
  }
  bool run_to_suspend_point(std::uint64_t steps_min) override;
  [[nodiscard]] const Execution& state() override { return engine_->state(); }
  [[nodiscard]] std::uint64_t steps() const override { return engine_->steps(); }
  void restore(const Execution& state) override;

 private:
  Store& store_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t step_;
  std::uint64_t address_;
  bool done_ = false;
};
EngineFactory faulty_engine(std::uint64_t step, std::uint64_t address);

}  // namespace isotrace::wasm::tests
