// The fast engine against the reference: the same states wherever both can stop.
#include <algorithm>

#include "tests/support/data.hpp"
#include "tests/wasm/lockstep.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

struct Kernel {
  const char* name;
  Slot argument;  ///< small: the reference takes part
};

constexpr Kernel kernels[] = {{"fib", 17},  {"lcg64", 4000}, {"matmul_f32", 1}, {"matmul_i32", 1},
                              {"qsort", 1}, {"sha256", 1},   {"sieve", 1},      {"sudoku", 1}};

TEST(WasmFast, kernels_have_the_same_roots_as_on_the_reference) {
  for (const Kernel& kernel : kernels) {
    ISOTRACE_NEEDS_DATA(path, std::string("wasm-kernels/") + kernel.name + ".wasm");
    const Bytes bytes = isotrace::tests::read_file(path);
    SCOPED_TRACE(kernel.name);
    EXPECT_GT(compare_engines(bytes, "run", {kernel.argument}, 9'973, 3'000'000), 1U);
  }
}

TEST(WasmFast, any_engine_goes_on_from_the_states_of_the_other) {
  for (const Kernel& kernel : {kernels[0], kernels[5], kernels[7]}) {
    ISOTRACE_NEEDS_DATA(path, std::string("wasm-kernels/") + kernel.name + ".wasm");
    const Bytes bytes = isotrace::tests::read_file(path);
    SCOPED_TRACE(kernel.name);
    const std::uint64_t interval = kernel.name == std::string("fib") ? 997 : 499'979;
    const std::vector<Slot> arguments = {kernel.argument};
    EXPECT_GT((compare_with_relay<FastEngine, FastEngine>(bytes, "run", arguments, interval)), 3U);
    EXPECT_GT((compare_with_relay<FastEngine, Stepper>(bytes, "run", arguments, interval)), 3U);
  }
}

/// Function "f" of one type, compared at every suspend point.
void compare_code(const FunctionType& type, const Bytes& code, const std::vector<Slot>& arguments,
                  const std::vector<std::pair<std::uint32_t, ValueType>>& locals = {}) {
  compare_engines(one_function(type, code, locals), "f", arguments, 1);
}

TEST(WasmFast, what_was_read_from_a_local_keeps_its_value) {
  // x, then x += 1 while x waits on the stack: x - (x + 1), below a loop that flushes it.
  const Bytes x = op(local_get, 0);
  const Bytes increment = x + push_i32(1) + op(i32_add);
  compare_code({{i32}, {i32}}, x + increment + op(local_set, 0) + x + op(i32_sub), {7});
  compare_code({{i32}, {i32}},
               x + increment + op(local_tee, 0) + open_block(loop) + x + push_i32(50) +
                   op(i32_lt_u) + open_block(if_) + increment + op(local_set, 0) + op(br, 1) +
                   close_block() + close_block() + op(i32_sub),
               {7});
}

TEST(WasmFast, a_float_has_zeros_above_it_wherever_it_comes_from) {
  // Singles made where doubles were before: returned, and kept in a global.
  const Bytes x = op(local_get, 0);
  const Bytes product = x + op(local_get, 1) + op(f64_mul);
  const Bytes single = product + op(f32_demote_f64) + op(local_get, 2) + op(f32_add);
  const std::vector<Slot> arguments = {0x4009'21FB'5444'2D18, 0x4005'BF0A'8B14'5769, 0x3F80'0001};
  compare_code({{f64, f64, f32}, {f32}}, single, arguments);
  compare_code({{f64, f64, f32}, {f32}}, product + op(f32_demote_f64) + op(f32_neg), arguments);
  ModuleBuilder builder;
  builder.add_function({{f64, f64, f32}, {f64}},
                       single + op(global_set, 0) + product + op(global_set, 1) + product);
  builder.add(global_section, Bytes{0x7D, 1} + push_f32(0) + close_block());
  builder.add(global_section, Bytes{0x7C, 1} + push_f64(0) + close_block());
  builder.add_export("f", ExternKind::function, 0);
  compare_engines(builder.bytes(), "f", arguments, 1);
}

TEST(WasmFast, a_store_in_a_marked_chunk_ends_with_the_memory) {
  // A store marks the last chunk, the next one leads out of it, or nowhere near; and as much where
  // there is no memory at all. The address comes from a local, a sum and a constant.
  const Bytes last = push_i32(65'528) + push_i64(1) + op(i64_store, 3, 0);
  const Bytes x = op(local_get, 0);
  const Bytes sum = x + op(local_get, 1) + op(i32_add);
  for (const std::uint32_t pages : {0U, 1U}) {
    for (const Bytes& before : {Bytes{}, last}) {
      for (const Slot offset : {0U, 1U, 8U, 65'535U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
        for (const Slot base : {65'528U, 65'529U, 65'532U, 65'536U, 0x8000'0000U, 0xFFFF'FFFFU}) {
          const auto address = static_cast<std::int32_t>(static_cast<std::uint32_t>(base));
          for (const Bytes& from : {x, sum, push_i32(address)}) {
            ModuleBuilder builder;
            builder.add_memory(pages);
            builder.add_function({{i32, i32}, {}},
                                 before + from + push_i64(-1) +
                                     op(i64_store, 0, static_cast<std::uint32_t>(offset)) + x +
                                     push_i32(5) +
                                     op(i32_store8, 0, static_cast<std::uint32_t>(offset)));
            builder.add_export("f", ExternKind::function, 0);
            compare_engines(builder.bytes(), "f", {base, 0}, 1);
          }
        }
      }
    }
  }
}

TEST(WasmFast, two_operations_in_one_are_the_two) {
  // Every pair, with operands that are locals, results and constants, in both orders.
  for (const Opcode base : {i32_add, i64_add}) {
    const bool narrow = base == i32_add;
    const ValueType type = narrow ? i32 : i64;
    const auto opcode = [&](int i) { return op(static_cast<Opcode>(static_cast<int>(base) + i)); };
    const auto number = [&](int value) { return narrow ? push_i32(value) : push_i64(value); };
    const Bytes x = op(local_get, 0);
    const Bytes y = op(local_get, 1);
    const Bytes z = op(local_get, 2);
    const Bytes made = z + number(-7) + opcode(9);  // by an operation: xor
    const std::vector<Slot> arguments = {0x8765'4321, 0xFFFF'FFF3, 21};
    for (int first = 0; first < 15; ++first) {
      for (int second = 0; second < 15; ++second) {
        Bytes code;
        for (const Bytes& a : {x, made}) {
          for (const Bytes& b : {y, number(13), made}) {
            const Bytes inner = a + b + opcode(first);
            code = code + inner + z + opcode(second) + op(drop);
            code = code + inner + number(5) + opcode(second) + op(global_set, 0);
            code = code + y + inner + opcode(9) + op(local_set, 0) + y + x + opcode(second) +
                   op(local_set, 0) + y + inner + opcode(second) + op(local_set, 0);
          }
        }
        ModuleBuilder builder;
        builder.add_function({{type, type, type}, {type}}, code + x);
        builder.add(global_section,
                    Bytes{static_cast<std::uint8_t>(type), 1} + number(0) + close_block());
        builder.add_export("f", ExternKind::function, 0);
        SCOPED_TRACE(std::to_string(first) + " then " + std::to_string(second));
        compare_engines(builder.bytes(), "f", arguments, 1);
      }
    }
  }
}

TEST(WasmFast, more_operands_may_wait_than_are_deferred) {
  Bytes code;
  for (int i = 0; i < 300; ++i) code = code + (i % 3 == 0 ? op(local_get, 0) : push_i32(i));
  code = code + push_i32(5) + op(local_set, 0);
  for (int i = 0; i < 299; ++i) code = code + op(i % 2 == 0 ? i32_add : i32_xor);
  compare_code({{i32}, {i32}}, code, {1234});
}

TEST(WasmFast, straight_code_may_be_longer_than_a_count_of_steps) {
  Bytes code = op(local_get, 0);
  for (int i = 0; i < 50'000; ++i) {
    const Bytes more = push_i32(i) + op(i32_add);
    code.insert(code.end(), more.begin(), more.end());
  }
  // Both sides of an if join owing different counts; then a trap in the middle.
  const Bytes joined = op(local_get, 0) + open_block(if_, 0x7F) + code + op(else_) + push_i32(3) +
                       close_block() + op(local_get, 0) + op(i32_div_u);
  compare_code({{i32}, {i32}}, joined, {1});
  compare_code({{i32}, {i32}}, joined, {0});
}

TEST(WasmFast, branch_tables_carry_values_to_blocks_and_loops) {
  ModuleBuilder builder;
  const std::uint32_t pair = builder.add_type({{i32, i32}, {i32, i32}});
  // (a b) through a loop and two blocks of different heights; the index comes from b.
  const Bytes body = op(local_get, 0) + op(local_get, 1) + op(Opcode::loop, pair) + push_i32(9) +
                     op(local_get, 0) + op(local_get, 1) + op(Opcode::block, pair) + push_i32(8) +
                     op(local_get, 1) + push_i32(1) + op(i32_sub) + op(local_tee, 1) +
                     op(local_get, 0) + op(local_get, 1) + push_i32(3) + op(i32_rem_u) +
                     op(br_table) + Bytes{3, 0, 1, 2, 0} + close_block() + op(i32_add) +
                     op(i32_add) + op(i32_add) + close_block();
  builder.add_function({{i32, i32}, {i32, i32}}, body);
  builder.add_export("f", ExternKind::function, 0);
  for (Slot start = 1; start < 12; ++start) {
    EXPECT_GT(compare_engines(builder.bytes(), "f", {5, start}, 1), 1U);
  }
}

TEST(WasmFast, a_function_may_have_more_slots_than_fields_can_name) {
  // "wide" pushes 20,000 operands beside 50,000 locals, calls "narrow", which loops.
  ModuleBuilder builder;
  builder.add_function({{i32}, {i32}}, open_block(loop) + op(local_get, 0) + push_i32(1) +
                                           op(i32_sub) + op(local_tee, 0) + op(br_if, 0) +
                                           close_block() + push_i32(6));
  Bytes code;
  for (int i = 0; i < 20'000; ++i) {
    const Bytes more = op(local_get, 0);
    code.insert(code.end(), more.begin(), more.end());
  }
  code = code + op(call, 0) + op(local_set, 49'999);
  for (int i = 0; i < 19'998; ++i) code.push_back(static_cast<std::uint8_t>(i32_add));
  builder.add_function({{i32}, {i32}}, code + op(local_get, 49'999) + op(i32_sub), {{49'999, i32}});
  builder.add_function({{i32}, {i32}}, op(local_get, 0) + op(call, 1) + op(call, 0));
  builder.add_export("f", ExternKind::function, 2).add_export("wide", ExternKind::function, 1);
  EXPECT_GT(compare_engines(builder.bytes(), "f", {5}, 1), 10U);
  EXPECT_GT(compare_engines(builder.bytes(), "wide", {5}, 1), 5U);
  MachineWith<FastEngine> again(builder.bytes());
  again.call("f", {5});
  const std::uint64_t steps = again.engine.steps();
  again.call("f", {5});
  EXPECT_EQ(again.engine.steps(), 2 * steps);
}

/// The most and least address of the native stack that a host function sees.
struct StackRange {
  std::uintptr_t least = UINTPTR_MAX;
  std::uintptr_t most = 0;
};

TEST(WasmFast, the_native_stack_stays_as_it_is) {
  // A hundred million operations, calls among them, between two looks at the stack.
#ifdef __OPTIMIZE__
  constexpr Slot rounds = 20'000'000;
#else
  constexpr Slot rounds = 200'000;
#endif
  const Bytes n = op(local_get, 0);
  ModuleBuilder builder;
  const std::uint32_t none = builder.add_type({});
  builder.add_import("host", "look", ExternKind::function, unsigned_leb(none));
  builder.add_function({{i32}, {i32}}, n + push_i32(3) + op(i32_mul));
  builder.add_function({{i32}, {i32}}, op(call, 0) + open_block(loop) + n + op(call, 1) + op(drop) +
                                           n + push_i32(1) + op(i32_sub) + op(local_tee, 0) +
                                           op(br_if, 0) + close_block() + op(call, 0) + n);
  builder.add_export("f", ExternKind::function, 2);
  auto loaded = load_module(builder.bytes(), Edition::v2);
  ASSERT_TRUE(loaded.has_value()) << core::describe(loaded.error());
  Store store;
  StackRange range;
  const Address look = store.add_function({}, [&](HostCall&) {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    range = {std::min(range.least, here), std::max(range.most, here)};
    return Trap::none;
  });
  const std::vector<ExternValue> imports = {{ExternKind::function, look}};
  const auto made = instantiate(store, std::make_shared<const Module>(*std::move(loaded)), imports);
  ASSERT_TRUE(made.has_value());
  FastEngine engine(store);
  const std::vector<Slot> arguments = {rounds};
  ASSERT_TRUE(engine.begin(exports_of(store, made->instance).at("f").address, arguments));
  EXPECT_TRUE(engine.run_to_suspend_point(UINT64_MAX));
  EXPECT_EQ(engine.state().status, Status::finished);
  EXPECT_EQ(store.host_log.calls, 2U);
  EXPECT_EQ(range.least, range.most);
}

}  // namespace
}  // namespace isotrace::wasm::tests
