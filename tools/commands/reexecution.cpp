#include <isotrace/tools/commands/reexecution.hpp>

#include <algorithm>
#include <bit>

#include <isotrace/executor/replay.hpp>
#include <isotrace/executor/replay_tensors.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/wasm/record/replay.hpp>

namespace isotrace::tools {
namespace {

using core::Verdict;
using proofs::Proof;

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

}  // namespace

core::Result<Verdict> rerun_counterexample(const Proof& proof) {
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  const proofs::Counterexample& example = proof.counterexample;
  ISOTRACE_TRY(const auto backend, backends::make_backend("reference", {}));
  ISOTRACE_TRY(const std::vector<float> outputs,
               proofs::search::run_on_floats(program, example.inputs, *backend));
  if (!same_bits(outputs, example.outputs)) {
    return Verdict::reject("the reference gives other outputs for this input");
  }
  return Verdict::accept();
}

namespace {

Verdict replay_module(const trace::Trace& trace) {
  const auto request = wasm::request_of(trace);
  if (!request) return Verdict::leave_undecided(core::describe(request.error()));
  const auto result = wasm::replay_run(trace, *request, wasm::make_reference_engine, {});
  if (!result) return Verdict::leave_undecided(core::describe(result.error()));
  if (!result->verdict.accepted()) return result->verdict;
  // Models inside the program are executed again as well.
  const auto backend = backends::make_backend("reference", {});
  if (!backend) return Verdict::leave_undecided(core::describe(backend.error()));
  const auto tensors =
      executor::replay_tensors(trace, *request, wasm::make_reference_engine, **backend, {});
  if (!tensors) return Verdict::leave_undecided(core::describe(tensors.error()));
  return *tensors;
}

/// Judges the windows on the embedded run.
Verdict replay_windows(const trace::Trace& trace,
                       std::span<const executor::ReplayOptions> windows) {
  const auto run = executor::embedded_run(trace);
  if (!run) return Verdict::leave_undecided(core::describe(run.error()));
  const auto backend = backends::make_backend("reference", {});
  if (!backend) return Verdict::leave_undecided(core::describe(backend.error()));
  for (const executor::ReplayOptions& window : windows) {
    const auto result = executor::replay(trace, run->program, run->inputs, **backend, window);
    if (!result) return Verdict::leave_undecided(core::describe(result.error()));
    if (!result->verdict.accepted()) return result->verdict;
  }
  return Verdict::accept();
}

}  // namespace

Verdict replay_on_reference(const trace::Trace& trace) {
  if (trace.identity.machine) return replay_module(trace);
  const executor::ReplayOptions whole;
  return replay_windows(trace, {&whole, 1});
}

Verdict replay_steps_on_reference(const trace::Trace& trace,
                                  const std::vector<std::uint64_t>& steps) {
  if (trace.identity.machine) {
    return Verdict::leave_undecided("runs of WebAssembly are replayed as a whole");
  }
  std::vector<executor::ReplayOptions> windows;
  for (const std::uint64_t step : steps) windows.push_back({.from = step, .to = step});
  return replay_windows(trace, windows);
}

}  // namespace isotrace::tools
