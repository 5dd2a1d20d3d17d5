// The reference engine alone: single steps, and the state between any two of them.
#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

/// f(n) = n < 2 ? n : f(n - 1) + f(n - 2).
Bytes fibonacci() {
  const Bytes n = op(local_get, 0);
  return one_function({{i32}, {i32}}, n + push_i32(2) + op(i32_lt_s) + open_block(if_, 0x7F) + n +
                                          op(else_) + n + push_i32(1) + op(i32_sub) + op(call, 0) +
                                          n + push_i32(2) + op(i32_sub) + op(call, 0) +
                                          op(i32_add) + close_block());
}

TEST(WasmStepper, single_steps_and_runs_reach_the_same_states) {
  Machine whole(fibonacci());
  Machine single(fibonacci());
  whole.begin("f", {7});
  single.begin("f", {7});
  while (single.stepper.state().status == Status::running) {
    const std::uint64_t before = single.stepper.state().steps;
    single.stepper.step();
    EXPECT_LE(single.stepper.state().steps, before + 1);
    // A run stops at once when it has its steps; markers behind it are part of the next one.
    if (single.stepper.state().steps == before) continue;
    whole.stepper.run(single.stepper.state().steps);
    EXPECT_EQ(whole.stepper.state(), single.stepper.state());
  }
  EXPECT_TRUE(whole.stepper.run(UINT64_MAX));
  EXPECT_EQ(whole.stepper.state(), single.stepper.state());
}

TEST(WasmStepper, the_state_is_the_literal_one) {
  const Bytes code =
      op(local_get, 0) + open_block(loop) + op(local_get, 1) + op(drop) + close_block();
  const Bytes bytes = one_function({{i32}, {i32}}, code, {{1, i64}});
  Machine machine(bytes);
  const auto body =
      static_cast<std::uint32_t>(load_module(bytes, Edition::v2)->functions[0].body.begin);
  machine.begin("f", {9});
  const Execution& state = machine.stepper.state();
  EXPECT_EQ(state.frames[0].pc, body);
  EXPECT_EQ(state.slots, (std::vector<Slot>{9, 0}));  // parameter, local
  machine.stepper.step();
  EXPECT_EQ(state.slots, (std::vector<Slot>{9, 0, 9}));
  EXPECT_EQ(state.frames[0].pc, body + 2);
  machine.stepper.step();
  machine.stepper.step();
  EXPECT_EQ(state.slots.size(), 4U);
  machine.stepper.step();
  machine.stepper.step();
  machine.stepper.step();
  EXPECT_EQ(state.status, Status::finished);
  EXPECT_EQ(state.slots, std::vector<Slot>{9});
}

TEST(WasmStepper, goes_on_from_any_state_of_another) {
  // Calls, an if with results, and a loop that carries a value.
  const Bytes n = op(local_get, 0);
  ModuleBuilder builder;
  const std::uint32_t carries = builder.add_type({{i32}, {i32}});
  builder.add_function({{i32}, {i32}}, n + op(Opcode::loop, carries) + push_i32(1) + op(i32_sub) +
                                           op(local_tee, 0) + n + op(br_if, 0) + close_block());
  builder.add_function({{i32}, {i32}}, push_i32(7) + n + open_block(if_, 0x7F) + n + op(call, 0) +
                                           op(else_) + push_i32(3) + close_block() + op(i32_add));
  const Bytes bytes = builder.add_export("f", ExternKind::function, 1).bytes();
  Machine whole(bytes);
  EXPECT_EQ(whole.call("f", {5}), std::vector<Slot>{7});
  Machine first(bytes);
  for (first.begin("f", {5}); first.stepper.state().status == Status::running;) {
    first.stepper.step();
    Machine second(bytes);
    second.stepper.restore(first.stepper.state());
    second.stepper.run(UINT64_MAX);
    EXPECT_EQ(second.stepper.state(), whole.stepper.state());
  }
}

TEST(WasmStepper, an_endless_loop_stops_where_it_is_told_to) {
  Machine machine(one_function({}, open_block(loop) + op(br, 0) + close_block()));
  machine.begin("f");
  EXPECT_FALSE(machine.stepper.run(1000));
  EXPECT_EQ(machine.stepper.state().steps, 1000U);
  EXPECT_FALSE(machine.stepper.run(1001));
  EXPECT_EQ(machine.stepper.state().steps, 1001U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
