// Two engines side by side, each with a store of its own, compared where both can stop.
#pragma once

#include <functional>

#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/state.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {

/// The same call on the reference and on the fast engine; stops every `interval` steps, for the
/// last time after `steps_max`. How often they stopped; the test fails where roots or states
/// differ.
inline std::size_t compare_engines(const Bytes& bytes, const std::string& name,
                                   const std::vector<Slot>& arguments, std::uint64_t interval,
                                   std::uint64_t steps_max = UINT64_MAX) {
  MachineWith<Stepper> reference(bytes);
  MachineWith<FastEngine> fast(bytes);
  StateHasher reference_hasher{core::Digest()};
  StateHasher fast_hasher{core::Digest()};
  reference.begin(name, arguments);
  fast.begin(name, arguments);
  std::size_t stops = 0;
  for (bool ended = false; !ended && reference.engine.steps() < steps_max; ++stops) {
    const std::uint64_t next = stops == 0 ? 0 : reference.engine.steps() + interval;
    ended = reference.engine.run_to_suspend_point(next);
    EXPECT_EQ(fast.engine.run_to_suspend_point(next), ended);
    EXPECT_EQ(fast.engine.steps(), reference.engine.steps());
    EXPECT_EQ(fast.engine.state(), reference.engine.state());
    const auto expected = reference_hasher.record(reference.store, reference.engine.state());
    const auto found = fast_hasher.record(fast.store, fast.engine.state());
    EXPECT_EQ(trace::state_root(found), trace::state_root(expected));
    if (testing::Test::HasFailure()) break;
  }
  return stops;
}

/// At every `interval` steps the state goes over to a new engine of the other kind and back. The
/// end must be that of one engine alone. How often it went over.
template <class First, class Second>
std::size_t compare_with_relay(const Bytes& bytes, const std::string& name,
                               const std::vector<Slot>& arguments, std::uint64_t interval) {
  MachineWith<First> alone(bytes);
  alone.call(name, arguments);
  MachineWith<First> relay(bytes);
  relay.begin(name, arguments);
  std::size_t turns = 0;
  for (; !relay.engine.run_to_suspend_point(relay.engine.steps() + interval); ++turns) {
    Second second(relay.store);
    second.restore(relay.engine.state());
    EXPECT_EQ(second.state(), relay.engine.state());
    EXPECT_EQ(second.steps(), relay.engine.steps());
    second.run_to_suspend_point(second.steps() + interval);
    relay.engine.restore(second.state());
  }
  EXPECT_EQ(relay.engine.state(), alone.engine.state());
  return turns;
}

}  // namespace isotrace::wasm::tests
