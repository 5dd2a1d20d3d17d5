// What every engine must do: what a step is, where it can stop, and the limits of the profile.
#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/fast/engine.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

template <class AnyEngine>
struct WasmEngine : testing::Test {};
using Engines = testing::Types<Stepper, FastEngine>;
TYPED_TEST_SUITE(WasmEngine, Engines);

/// f(n) = n < 2 ? n : f(n - 1) + f(n - 2).
Bytes fibonacci() {
  const Bytes n = op(local_get, 0);
  return one_function({{i32}, {i32}}, n + push_i32(2) + op(i32_lt_s) + open_block(if_, 0x7F) + n +
                                          op(else_) + n + push_i32(1) + op(i32_sub) + op(call, 0) +
                                          n + push_i32(2) + op(i32_sub) + op(call, 0) +
                                          op(i32_add) + close_block());
}

TYPED_TEST(WasmEngine, counts_every_opcode_but_block_loop_else_end_nop) {
  MachineWith<TypeParam> machine(fibonacci());
  EXPECT_EQ(machine.call("f", {1}), std::vector<Slot>{1});
  EXPECT_EQ(machine.engine.state().steps, 5U);  // get const lt if get
  EXPECT_EQ(machine.call("f", {10}), std::vector<Slot>{55});
  // 89 leaves of 5 steps, 88 inner calls of 4 + 9: counted by hand.
  EXPECT_EQ(machine.engine.state().steps - 5, 89U * 5 + 88U * 13);
  const Bytes markers = op(nop) + open_block(Opcode::block) + open_block(loop) + op(nop) +
                        close_block() + close_block();
  MachineWith<TypeParam> empty(one_function({}, markers));
  empty.call("f");
  EXPECT_EQ(empty.engine.state().steps, 0U);
}

TYPED_TEST(WasmEngine, suspends_at_loops_and_at_functions_only) {
  const Bytes code = op(nop) + push_i32(1) + op(drop) + open_block(loop) + op(local_get, 0) +
                     push_i32(1) + op(i32_sub) + op(local_tee, 0) + op(br_if, 0) + close_block() +
                     push_i32(2) + op(drop);
  MachineWith<TypeParam> machine(one_function({{i32}, {}}, code));
  std::vector<std::uint64_t> steps;
  machine.begin("f", {3});
  for (std::uint64_t least = 0; !machine.engine.run_to_suspend_point(least);) {
    steps.push_back(machine.engine.steps());
    least = steps.back() + 1;
  }
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{0, 2, 7, 12}));
  EXPECT_EQ(machine.engine.steps(), 19U);
}

TYPED_TEST(WasmEngine, branches_take_their_operands_along) {
  // Several values through a block: (a b) -> (b a), with rubbish in between.
  ModuleBuilder swap;
  const std::uint32_t pair = swap.add_type({{}, {i32, i64}});
  swap.add_function({{}, {i32, i64}}, op(Opcode::block, pair) + push_i32(77) + push_i32(1) +
                                          push_i64(2) + op(br, 0) + close_block());
  swap.add_export("f", ExternKind::function, 0);
  EXPECT_EQ(MachineWith<TypeParam>(swap.bytes()).call("f"), (std::vector<Slot>{1, 2}));
  const Bytes table = open_block(Opcode::block) + open_block(Opcode::block) +
                      open_block(Opcode::block) + op(local_get, 0) + op(br_table) +
                      Bytes{2, 0, 1, 2} + close_block() + push_i32(10) + op(return_) +
                      close_block() + push_i32(11) + op(return_) + close_block() + push_i32(12);
  MachineWith<TypeParam> choose(one_function({{i32}, {i32}}, table));
  for (const auto& [index, result] :
       std::vector<std::pair<Slot, Slot>>{{0, 10}, {1, 11}, {2, 12}, {3, 12}, {0xFFFFFFFF, 12}}) {
    EXPECT_EQ(choose.call("f", {index}), std::vector<Slot>{result}) << index;
  }
}

TYPED_TEST(WasmEngine, traps_keep_place_and_count) {
  const Bytes code = push_i32(1) + push_i32(0) + op(i32_div_u);
  const Bytes bytes = one_function({{}, {i32}}, code);
  MachineWith<TypeParam> machine(bytes);
  EXPECT_TRUE(machine.call("f").empty());
  const Execution& state = machine.engine.state();
  EXPECT_EQ(state.status, Status::trapped);
  EXPECT_EQ(state.trap, Trap::integer_divide_by_zero);
  EXPECT_EQ(state.steps, 3U);
  EXPECT_EQ(bytes[state.frames[0].pc], static_cast<std::uint8_t>(i32_div_u));
  EXPECT_TRUE(state.slots.empty());
  EXPECT_EQ(trap_text(state.trap), "integer divide by zero");
}

TYPED_TEST(WasmEngine, call_depth_is_counted_in_frames) {
  // f(n) = n == 0 ? 0 : f(n - 1): n + 1 frames.
  const Bytes n = op(local_get, 0);
  const Bytes bytes =
      one_function({{i32}, {i32}}, n + op(i32_eqz) + open_block(if_) + push_i32(0) + op(return_) +
                                       close_block() + n + push_i32(1) + op(i32_sub) + op(call, 0));
  MachineWith<TypeParam> machine(bytes);
  const Slot frames = core::limits::wasm_frames_max;
  EXPECT_EQ(machine.call("f", {frames - 1}), std::vector<Slot>{0});
  EXPECT_TRUE(machine.call("f", {frames}).empty());
  EXPECT_EQ(machine.engine.state().trap, Trap::call_stack_exhausted);
  EXPECT_EQ(machine.engine.state().frames.size(), frames);
}

TYPED_TEST(WasmEngine, slots_are_counted_before_a_call_is_entered) {
  // f holds 1 parameter, 9 locals and at most 2 operands. Called from f, the argument is one of
  // the operands of the caller, so frame k begins at 10 k: 10 k + 12 <= 32 for k = 0, 1, 2.
  const Bytes n = op(local_get, 0);
  const Bytes code = n + push_i32(1) + op(i32_sub) + op(call, 0);
  const Bytes bytes = one_function({{i32}, {i32}}, code, {{9, i32}});
  MachineWith<TypeParam> machine(bytes, {.slots_max = 32});
  EXPECT_TRUE(machine.call("f", {1}).empty());
  EXPECT_EQ(machine.engine.state().trap, Trap::call_stack_exhausted);
  EXPECT_EQ(machine.engine.state().frames.size(), 3U);
  MachineWith<TypeParam> smaller(bytes, {.slots_max = 31});
  smaller.call("f", {1});
  EXPECT_EQ(smaller.engine.state().frames.size(), 2U);
  MachineWith<TypeParam> none(bytes, {.slots_max = 11});
  none.call("f", {1});
  EXPECT_EQ(none.engine.state().trap, Trap::call_stack_exhausted);
  EXPECT_TRUE(none.engine.state().frames.empty());
}

TYPED_TEST(WasmEngine, memory_grows_within_its_maximum_and_the_profile) {
  const Bytes code = op(local_get, 0) + op(memory_grow, 0);
  MachineWith<TypeParam> machine(one_function({{i32}, {i32}}, code));  // 1 page of at most 3
  EXPECT_EQ(machine.call("f", {0}), std::vector<Slot>{1});
  EXPECT_EQ(machine.call("f", {2}), std::vector<Slot>{1});
  EXPECT_EQ(machine.call("f", {1}), std::vector<Slot>{0xFFFFFFFF});
  EXPECT_EQ(machine.call("f", {0xFFFFFFFF}), std::vector<Slot>{0xFFFFFFFF});
  MachineWith<TypeParam> profile(one_function({{i32}, {i32}}, code), {.memory_pages_max = 2});
  EXPECT_EQ(profile.call("f", {2}), std::vector<Slot>{0xFFFFFFFF});
  EXPECT_EQ(profile.call("f", {1}), std::vector<Slot>{1});
  const Bytes whole = ModuleBuilder()
                          .add_function({{i32}, {i32}}, code)
                          .add_memory(0)
                          .add_export("f", ExternKind::function, 0)
                          .bytes();
  MachineWith<TypeParam> largest(whole);
  const Slot pages = core::limits::wasm_memory_pages_max;
  EXPECT_EQ(largest.call("f", {pages + 1}), std::vector<Slot>{0xFFFFFFFF});
  EXPECT_EQ(largest.call("f", {pages}), std::vector<Slot>{0});
}

TYPED_TEST(WasmEngine, accesses_end_with_the_memory) {
  const auto load = [](std::uint32_t offset) {
    return one_function({{i32}, {i64}}, op(local_get, 0) + op(i64_load, 0, offset));
  };
  MachineWith<TypeParam> plain(load(0));
  EXPECT_EQ(plain.call("f", {65528}), std::vector<Slot>{0});
  EXPECT_TRUE(plain.call("f", {65529}).empty());
  EXPECT_EQ(plain.engine.state().trap, Trap::out_of_bounds_memory_access);
  MachineWith<TypeParam> far(load(0xFFFFFFFF));  // the address does not wrap around
  EXPECT_TRUE(far.call("f", {1}).empty());
  EXPECT_TRUE(far.call("f", {0xFFFFFFFF}).empty());
}

template <class TypeParam>
std::vector<std::uint8_t> memory_after(const Bytes& code, std::size_t count) {
  // 1 2 3 4 5 6 7 8 at address 0.
  const Bytes fill = push_i32(0) + push_i64(0x0807060504030201) + op(i64_store, 0, 0);
  MachineWith<TypeParam> machine(one_function({}, fill + code));
  machine.call("f");
  const auto bytes = machine.store.memories.back().data.bytes();
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

TYPED_TEST(WasmEngine, copies_overlap_as_if_through_a_buffer) {
  const auto copy = [](int target, int source, int count) {
    return push_i32(target) + push_i32(source) + push_i32(count) + op(memory_copy, 0, 0);
  };
  using Memory = std::vector<std::uint8_t>;
  EXPECT_EQ(memory_after<TypeParam>(copy(2, 0, 6), 8), (Memory{1, 2, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(memory_after<TypeParam>(copy(0, 2, 6), 8), (Memory{3, 4, 5, 6, 7, 8, 7, 8}));
  EXPECT_EQ(memory_after<TypeParam>(copy(65537, 0, 0), 8),
            (Memory{1, 2, 3, 4, 5, 6, 7, 8}));  // traps
  // A fill that does not fit writes nothing.
  EXPECT_EQ(
      memory_after<TypeParam>(push_i32(4) + push_i32(9) + push_i32(65533) + op(memory_fill, 0), 8),
      (Memory{1, 2, 3, 4, 5, 6, 7, 8}));
}

TYPED_TEST(WasmEngine, table_copies_overlap_as_if_through_a_buffer) {
  // Table of 4: copies three references to functions 0, 1, 2 up by one, then asks who is where.
  ModuleBuilder builder;
  const std::uint32_t type = builder.add_type({{}, {i32}});
  for (int i = 0; i < 3; ++i) builder.add_function({{}, {i32}}, push_i32(i));
  const auto move = [](int target, int source) {
    return push_i32(target) + push_i32(source) + push_i32(3) + op(table_copy, 0, 0);
  };
  const Bytes ask = op(local_get, 0) + op(call_indirect, type, 0);
  builder.add_function({{i32}, {i32}}, move(1, 0) + ask);
  builder.add_function({{i32}, {i32}}, move(0, 1) + ask);
  builder.add_table(funcref, 4)
      .add(element_section, Bytes{0} + push_i32(0) + close_block() + Bytes{3, 0, 1, 2});
  builder.add_export("up", ExternKind::function, 3).add_export("down", ExternKind::function, 4);
  const Bytes bytes = builder.bytes();
  const std::vector<Slot> up = {0, 0, 1, 2};
  for (Slot i = 0; i < 4; ++i) {
    EXPECT_EQ(MachineWith<TypeParam>(bytes).call("up", {i}), std::vector<Slot>{up[i]}) << i;
  }
  MachineWith<TypeParam> down(bytes);
  EXPECT_EQ(down.call("down", {0}), std::vector<Slot>{1});
  EXPECT_TRUE(down.call("down", {3}).empty());
  EXPECT_EQ(down.engine.state().trap, Trap::uninitialized_element);
  EXPECT_TRUE(down.call("down", {4}).empty());
  EXPECT_EQ(down.engine.state().trap, Trap::undefined_element);
}

TYPED_TEST(WasmEngine, indirect_calls_compare_types_by_structure) {
  ModuleBuilder builder;
  const std::uint32_t equal = builder.add_type({{i32}, {i32}});
  const std::uint32_t other = builder.add_type({{i64}, {i32}});
  builder.add_function({{i32}, {i32}}, op(local_get, 0));  // its own, equal type
  builder.add_function({{}, {i32}}, push_i32(5) + push_i32(0) + op(call_indirect, equal, 0));
  builder.add_function({{}, {i32}}, push_i64(5) + push_i32(0) + op(call_indirect, other, 0));
  builder.add_table(funcref, 1)
      .add(element_section, Bytes{0} + push_i32(0) + close_block() + Bytes{1, 0});
  builder.add_export("equal", ExternKind::function, 1);
  builder.add_export("other", ExternKind::function, 2);
  MachineWith<TypeParam> machine(builder.bytes());
  EXPECT_EQ(machine.call("equal"), std::vector<Slot>{5});
  EXPECT_TRUE(machine.call("other").empty());
  EXPECT_EQ(machine.engine.state().trap, Trap::indirect_call_type_mismatch);
}

TYPED_TEST(WasmEngine, arguments_must_be_as_many_as_parameters) {
  MachineWith<TypeParam> machine(fibonacci());
  const Address function = exports_of(machine.store, machine.instance).at("f").address;
  const auto begun = machine.engine.begin(function, {});
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().code, core::RefusalCode::wasm_arguments_mismatch);
}

TYPED_TEST(WasmEngine, the_sample_runs) {
  MachineWith<TypeParam> machine(sample_module());
  EXPECT_EQ(machine.call("factorial", {10}), std::vector<Slot>{3628800});
  EXPECT_EQ(machine.call("pair"), (std::vector<Slot>{1, 2}));
  EXPECT_EQ(machine.call("data").size(), 1U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
