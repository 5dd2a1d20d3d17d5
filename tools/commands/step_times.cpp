#include <isotrace/tools/commands/step_times.hpp>

#include <algorithm>
#include <chrono>

#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t nanoseconds_since(Clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
}

/// Another backend, with a watch around every operation. Chains are left out: steps have times.
class TimedBackend final : public backends::Backend {
 public:
  explicit TimedBackend(backends::Backend& backend) : backend_(backend) {}

  [[nodiscard]] backends::BackendInfo info() const override { return backend_.info(); }
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override {
    return backend_.supports(node, operand_dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    const Clock::time_point begin = Clock::now();
    auto results = backend_.run(node, operands);
    spent_ += nanoseconds_since(begin);
    return results;
  }
  void hold_constants(std::span<const core::Tensor> constants) override {
    backend_.hold_constants(constants);
  }
  void release_constants(std::span<const core::Tensor> constants) override {
    backend_.release_constants(constants);
  }

  /// Since the last call.
  std::uint64_t take_spent() { return std::exchange(spent_, 0); }

 private:
  backends::Backend& backend_;
  std::uint64_t spent_ = 0;
};

}  // namespace

core::Result<page::StepTimes> measure_steps(const Context& context, const Arguments& arguments,
                                            const trace::Trace& trace) {
  ISOTRACE_TRY(const executor::EmbeddedRun run, load_run(context, arguments, trace));
  if (core::program_digest(run.program) != trace.identity.program) {
    return core::refuse(core::RefusalCode::trace_digest_mismatch, "--program",
                        "it is not the program of the trace");
  }
  ISOTRACE_TRY(const auto backend, load_backend(arguments));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  TimedBackend timed(*backend);
  const backends::ConstantsHold hold(timed, run.program.constants);
  const backends::BackendInfo info = backend->info();
  page::StepTimes times{info.name, info.device, timed_runs,
                        std::vector<std::uint64_t>(trace.steps.size(), UINT64_MAX)};
  for (unsigned i = 0; i < timed_runs; ++i) {
    std::uint64_t executed = 0;
    const auto observer = [&](const executor::StepView& step) -> core::Result<core::Done> {
      const std::uint64_t spent = timed.take_spent();
      // An unfinished recording has fewer steps than its program.
      if (step.index < times.nanoseconds.size()) {
        times.nanoseconds[step.index] = std::min(times.nanoseconds[step.index], spent);
      }
      ++executed;
      return core::Done{};
    };
    ISOTRACE_TRY([[maybe_unused]] const auto outputs,
                 executor::execute(run.program, run.inputs, timed, observer, limits));
    if (executed < trace.steps.size()) {
      return core::refuse(core::RefusalCode::trace_digest_mismatch, "steps",
                          "the program makes " + std::to_string(executed) + ", the trace has " +
                              std::to_string(trace.steps.size()));
    }
  }
  return times;
}

}  // namespace isotrace::tools
