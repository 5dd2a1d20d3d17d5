#include <isotrace/wasm/record/run_again.hpp>

#include <algorithm>

#include <isotrace/wasm/record/logged_host.hpp>

namespace isotrace::wasm {

core::Result<trace::Trace> run_again(const trace::Trace& trace, const RunRequest& request,
                                     const EngineFactory& engine) {
  const trace::MachineTrace& recorded = trace.machine;
  LoggedHost host(recorded.host_calls, 0);
  ISOTRACE_TRY(const auto run, ModuleRun::make(request, host.link(), engine));
  trace::Trace again;
  again.identity = trace.identity;
  again.steps = trace.steps;
  trace::MachineTrace& machine = again.machine;
  machine.host_calls = recorded.host_calls;
  for (bool same = true; same;) {
    const bool ended = run->run_to_checkpoint() == ModuleRun::Stop::ended;
    machine.state = run->record();
    const std::size_t k = machine.checkpoints.size();
    if (ended) {
      machine.results = run->engine().state().slots;
      same = k == recorded.checkpoints.size() && machine.state == recorded.state;
      if (same) again.root = trace.root;
      break;
    }
    machine.checkpoints.push_back({*machine.state, run->call()});
    same = k < recorded.checkpoints.size() && machine.checkpoints[k] == recorded.checkpoints[k];
  }
  // Snapshots before the difference are this run's, too.
  for (const trace::Snapshot& snapshot : recorded.snapshots) {
    if (snapshot.checkpoint + 1 < machine.checkpoints.size()) machine.snapshots.push_back(snapshot);
  }
  return again;
}

}  // namespace isotrace::wasm
