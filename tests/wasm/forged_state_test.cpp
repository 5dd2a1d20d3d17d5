// States from files that are no states of any run: refused before an engine sees them, or such that
// engines keep within their bounds.
#include <isotrace/core/blake3.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

#include "tests/support/mutate.hpp"
#include "tests/wasm/recorded_run.hpp"

namespace isotrace::wasm::tests {
namespace {

/// Makes all digests of the state fit the snapshot.
void seal(const trace::Snapshot& snapshot, trace::StateRecord& state) {
  state.frames = {snapshot.frames.size() / 16, core::blake3(snapshot.frames)};
  state.slots = {snapshot.slots.size() / 8, core::blake3(snapshot.slots)};
  state.globals = {snapshot.globals.size() / 8, core::blake3(snapshot.globals)};
}

TEST(WasmMutation, forged_states_are_refused_or_can_be_gone_on_from) {
  const trace::Trace original =
      read(record(request_for(busy_module(), {150}), counting_host()).file);
  const auto request = request_of(original);
  ASSERT_TRUE(request.has_value());
  const std::size_t index = original.machine.snapshots.size() / 2;
  core::PhiloxStream random(11);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count() / 4; ++i) {
    trace::Trace trace = original;
    trace::Snapshot& snapshot = trace.machine.snapshots[index];
    core::Bytes* parts[] = {&snapshot.frames, &snapshot.slots, &snapshot.globals};
    core::Bytes& part = *parts[random.next_below(3)];
    part = isotrace::tests::mutate(part, random);
    seal(snapshot, trace.machine.checkpoints[snapshot.checkpoint].state);
    LoggedHost host(trace.machine.host_calls, 0);
    const auto run = *ModuleRun::make(*request, host.link(), make_fastest_engine);
    if (!restore_snapshot(*run, trace, index)) continue;
    ++taken;
    auto stop = ModuleRun::Stop::checkpoint;
    for (int k = 0; k < 20 && stop == ModuleRun::Stop::checkpoint; ++k) {
      stop = run->run_to_checkpoint();
    }
  }
  EXPECT_GT(taken, 0U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
