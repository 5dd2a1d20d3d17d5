// Witnesses of single steps: for every opcode, every trap and whole programs the judge reaches the
// root of the engine's next state.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <isotrace/wasm/numeric/numeric.hpp>

#include "tests/support/data.hpp"
#include "tests/wasm/step_machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

std::set<Opcode> seen;

void note(const JudgedStep& step) { seen.insert(step.opcode); }

/// Functions called `f` in a module with a memory, two tables, segments, globals and a host.
Bytes rich_module(const FunctionType& type, const Bytes& code,
                  const std::vector<std::pair<std::uint32_t, ValueType>>& locals = {}) {
  ModuleBuilder builder;
  const std::uint32_t host = builder.add_type({{i32, i64}, {i64}});
  builder.add_import("host", "f", ExternKind::function, unsigned_leb(host));
  builder.add_import("host", "g", ExternKind::global, {0x70, 0});
  builder.add_function(type, code, locals);                              // 1
  builder.add_function({{i32}, {i32}}, op(local_get, 0) + op(call, 2));  // 2: for ever
  builder.add_function({{i32}, {i32}}, op(local_get, 0) + op(i32_eqz));  // 3
  builder.add_table(funcref, 200, 210).add_table(externref, 2).add_memory(1, 3);
  builder.add(global_section, Bytes{0x7E, 1} + push_i64(5) + close_block());
  builder.add(element_section, Bytes{0} + push_i32(0) + close_block() + Bytes{3, 1, 2, 3});
  builder.add(element_section, Bytes{1, 0, 3, 3, 2, 1});
  builder.add(element_section, Bytes{5, 0x70, 2} + op(global_get, 0) + close_block() +
                                   op(ref_null) + Bytes{0x70} + close_block());
  builder.add(element_section, Bytes{3, 0, 1, 0});
  builder.set(data_count_section, unsigned_leb(1));
  builder.add(data_section, Bytes{1, 4, 'w', 'x', 'y', 'z'});
  builder.add_export("f", ExternKind::function, 1);
  return builder.bytes();
}

/// Judges every step of f; how it ends.
Execution judge(const MachineParts& parts, const std::vector<Slot>& arguments = {}) {
  StepPair pair(parts);
  pair.begin(pair.exported("f"), arguments);
  pair.run(20'000, note);
  EXPECT_NE(pair.state().status, Status::running);
  return pair.state();
}

std::vector<Slot> results(const FunctionType& type, const Bytes& code,
                          const std::vector<Slot>& arguments = {}) {
  return judge({.module = rich_module(type, code)}, arguments).slots;
}

Trap trap_of(const Bytes& code, const FunctionType& type = {},
             const std::vector<Slot>& arguments = {}) {
  const Execution end = judge({.module = rich_module(type, code)}, arguments);
  EXPECT_EQ(end.status, Status::trapped);
  return end.trap;
}

ValueType type_of_letter(char letter) {
  constexpr std::string_view letters = "iIfF";
  constexpr std::array types = {i32, i64, f32, f64};
  return types[letters.find(letter)];
}

/// Zeros, extremes, halves, infinities and NaN of every type.
std::vector<Slot> samples(ValueType type) {
  switch (type) {
    case i32: return {0, 1, 7, 0x80000000, 0xFFFFFFFF};
    case f32: return {0x80000000, 0x3FC00000, 0xBF000000, 0x7F800000, 0x7FA00001, 0x4F000000};
    case i64: return {0, 3, 65, 0x8000000000000000, ~Slot{0}};
    default:
      return {0x8000000000000000, 0x3FF8000000000000, 0xFFF0000000000000, 0x7FF4000000000001,
              0x43E0000000000000};
  }
}

void judge_numeric(const OpcodeInfo& info) {
  const std::size_t colon = info.signature.find(':');
  FunctionType type;
  Bytes code;
  for (std::uint32_t i = 0; i < colon; ++i) {
    type.parameters.push_back(type_of_letter(info.signature[i]));
    code = code + op(local_get, i);
  }
  type.results.push_back(type_of_letter(info.signature.back()));
  StepPair pair({.module = rich_module(type, code + op(info.opcode))});
  for (const Slot a : samples(type.parameters[0])) {
    for (const Slot b : samples(type.parameters.back())) {
      pair.begin(pair.exported("f"), colon == 1 ? std::vector<Slot>{a} : std::vector<Slot>{a, b});
      pair.run(10, note);
      if (colon == 1) break;
    }
  }
}

Bytes access(Opcode opcode, bool is_store, ValueType type, std::uint32_t place) {
  const Bytes operand = type == i32   ? push_i32(-2)
                        : type == i64 ? push_i64(-2)
                        : type == f32 ? push_f32(0xFFC12345)
                                      : push_f64(0xFFF8000012345678);
  Bytes code = push_i32(static_cast<std::int32_t>(place));
  if (is_store) code = code + operand;
  code = code + op(opcode, 0, 3);
  return is_store ? code : code + op(drop);
}

/// In the middle of a chunk, over the edge of one, at the last bytes, and beyond.
void judge_access(const OpcodeInfo& info) {
  const bool is_store = info.signature.back() == ':';
  const ValueType type = type_of_letter(info.signature[is_store ? 1 : 2]);
  const Bytes filled = push_i32(0) + push_i32(0x9C) + push_i32(0x10000) + op(memory_fill, 0);
  const std::uint32_t size = 1U << info.alignment;
  for (const std::uint32_t place : {8U, 1018U, 0x10000U - 3 - size}) {
    results({}, filled + access(info.opcode, is_store, type, place));
  }
  EXPECT_EQ(trap_of(access(info.opcode, is_store, type, 0x10000U - 2 - size)),
            Trap::out_of_bounds_memory_access);
}

void judge_control() {
  const FunctionType number = {{i32}, {i32}};
  const Bytes n = op(local_get, 0);
  const Bytes sum = op(nop) + open_block(Opcode::block, 0x7F) + open_block(loop) + n + op(i32_eqz) +
                    open_block(if_) + push_i32(77) + push_i32(5) + op(br, 2) + op(else_) + n +
                    push_i32(1) + op(i32_sub) + op(local_set, 0) + close_block() + op(br, 0) +
                    close_block() + op(unreachable) + close_block();
  EXPECT_EQ(results(number, sum, {3}), std::vector<Slot>{5});
  const Bytes two_blocks = open_block(Opcode::block, 0x7F) + open_block(Opcode::block, 0x7F);
  const Bytes table = two_blocks + push_i32(9) + n + op(br_table) + Bytes{2, 0, 1, 2} +
                      close_block() + op(drop) + push_i32(100) + op(return_) + close_block() +
                      op(drop) + push_i32(200);
  for (const Slot index : {0U, 1U, 2U, 99U}) results(number, table, {index});
  const Bytes choice = n + open_block(if_, 0x7F) + n + op(call, 3) + op(else_) + n + close_block();
  for (const Slot condition : {0U, 1U}) results(number, choice, {condition});
  EXPECT_EQ(results(number, n + n + op(br_if, 0) + op(drop) + push_i32(1), {0}),
            std::vector<Slot>{1});
  EXPECT_EQ(results(number, push_i32(4) + n + op(br_if, 0), {6}), std::vector<Slot>{4});
  EXPECT_EQ(results(number, push_i32(4) + push_i32(3) + n + op(select), {0}), std::vector<Slot>{3});
  EXPECT_EQ(results(number, push_i32(4) + push_i32(3) + n + op(select_typed) + Bytes{1, 0x7F}, {1}),
            std::vector<Slot>{4});
  EXPECT_EQ(results(number, n + push_i32(2) + op(call_indirect, 2, 0), {0}), std::vector<Slot>{1});
  EXPECT_EQ(trap_of(op(unreachable)), Trap::unreachable);
  EXPECT_EQ(trap_of(push_i32(1) + push_i32(200) + op(call_indirect, 2, 0), {{}, {i32}}),
            Trap::undefined_element);
  EXPECT_EQ(trap_of(push_i32(1) + push_i32(199) + op(call_indirect, 2, 0), {{}, {i32}}),
            Trap::uninitialized_element);
  EXPECT_EQ(trap_of(push_i32(1) + push_i32(0) + op(call_indirect, 2, 0) + op(drop)),
            Trap::indirect_call_type_mismatch);
}

void judge_tables() {
  const Bytes null = op(ref_null) + Bytes{0x70};
  const Bytes set = push_i32(150) + op(ref_func, 3) + op(table_set, 0);
  const Bytes get = push_i32(150) + op(table_get, 0) + op(ref_is_null);
  const Bytes grow = op(ref_func, 3) + push_i32(9) + op(table_grow, 0);
  EXPECT_EQ(results({{}, {i32}}, set + get), std::vector<Slot>{0});
  EXPECT_EQ(results({{}, {i32, i32}}, grow + op(table_size, 0)), (std::vector<Slot>{200, 209}));
  EXPECT_EQ(results({{}, {i32}}, grow + op(drop) + grow), std::vector<Slot>{0xFFFFFFFF});
  results({}, push_i32(100) + op(ref_func, 1) + push_i32(100) + op(table_fill, 0) + push_i32(50) +
                  push_i32(0) + push_i32(120) + op(table_copy, 0, 0) + push_i32(10) + push_i32(9) +
                  push_i32(100) + op(table_copy, 0, 0));
  for (const std::uint32_t segment : {1U, 2U}) {
    results({}, push_i32(127) + push_i32(0) + push_i32(2) + op(table_init, segment, 0) +
                    op(elem_drop, segment) + push_i32(0) + push_i32(0) + push_i32(0) +
                    op(table_init, segment, 0));
    EXPECT_EQ(trap_of(op(elem_drop, segment) + push_i32(0) + push_i32(0) + push_i32(1) +
                      op(table_init, segment, 0)),
              Trap::out_of_bounds_table_access);
  }
  const Bytes beyond = push_i32(200);
  for (const Bytes& code : {beyond + op(table_get, 0) + op(drop), beyond + null + op(table_set, 0),
                            beyond + null + push_i32(1) + op(table_fill, 0),
                            beyond + push_i32(0) + push_i32(1) + op(table_copy, 0, 0)}) {
    EXPECT_EQ(trap_of(code), Trap::out_of_bounds_table_access);
  }
}

void judge_memory() {
  const Bytes grow = push_i32(1) + op(memory_grow, 0);
  EXPECT_EQ(results({{}, {i32, i32}}, grow + op(memory_size, 0)), (std::vector<Slot>{1, 2}));
  EXPECT_EQ(results({{}, {i32}}, push_i32(3) + op(memory_grow, 0)), std::vector<Slot>{0xFFFFFFFF});
  results({}, push_i32(1022) + push_i32(0) + push_i32(4) + op(memory_init, 0, 0) +
                  op(data_drop, 0) + push_i32(5000) + push_i32(1000) + push_i32(5000) +
                  op(memory_copy, 0, 0) + push_i32(9) + push_i32(10) + push_i32(3000) +
                  op(memory_copy, 0, 0) + push_i32(700) + push_i32(6) + push_i32(40'000) +
                  op(memory_fill, 0));
  const Bytes beyond = push_i32(0x10000) + push_i32(0) + push_i32(1);
  for (const Bytes& code :
       {beyond + op(memory_fill, 0), beyond + op(memory_copy, 0, 0), beyond + op(memory_init, 0, 0),
        op(data_drop, 0) + push_i32(0) + push_i32(0) + push_i32(1) + op(memory_init, 0, 0)}) {
    EXPECT_EQ(trap_of(code), Trap::out_of_bounds_memory_access);
  }
}

TEST(Witness, every_opcode_leads_to_the_state_of_the_engine) {
  seen.clear();
  for (std::uint32_t code = 0; code < 0xFD00; ++code) {
    const OpcodeInfo* info = find_opcode(code);
    if (info == nullptr) continue;
    if (is_numeric(info->opcode)) judge_numeric(*info);
    if (info->immediates == Immediates::memory_access) judge_access(*info);
  }
  judge_control();
  judge_tables();
  judge_memory();
  results({{i32}, {i32}}, op(local_get, 0) + op(local_tee, 0), {4});
  EXPECT_EQ(results({{}, {i64}}, push_i64(8) + op(global_set, 1) + op(global_get, 1)),
            std::vector<Slot>{8});
  for (std::uint32_t code = 0; code < 0xFD00; ++code) {
    if (const OpcodeInfo* info = find_opcode(code)) {
      EXPECT_TRUE(seen.contains(info->opcode)) << info->text;
    }
  }
}

TEST(Witness, calls_of_the_host_carry_what_it_did) {
  const Bytes code = push_i32(1020) + push_i64(0x123456789) + op(call, 0);
  const HostFunction host = [](HostCall& call) {
    EXPECT_TRUE(call.write(call.u32(0), Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_FALSE(call.write(0xFFFF, Bytes{1, 2}));
    call.results()[0] = call.u64(1) + 1;
    return call.u64(1) == 0 ? Trap::exit : Trap::none;
  };
  const MachineParts parts = {.module = rich_module({{}, {i64}}, code), .host = host};
  EXPECT_EQ(judge(parts).slots, std::vector<Slot>{0x12345678A});
  const Bytes leave = push_i32(8) + push_i64(0) + op(call, 0) + op(drop);
  const Execution end = judge({.module = rich_module({}, leave), .host = host});
  EXPECT_EQ(end.trap, Trap::exit);
  const Bytes by_table = push_i32(1) + op(ref_func, 0) + op(table_set, 0) + push_i32(3) +
                         push_i64(4) + push_i32(1) + op(call_indirect, 0, 0) + op(drop);
  EXPECT_EQ(judge({.module = rich_module({}, by_table), .host = host}).status, Status::finished);
}

TEST(Witness, the_next_call_of_the_log_is_taken_only_by_the_opcode_that_makes_it) {
  const Bytes code = push_i32(1) + push_i64(2) + op(call, 0);
  SingleMachine machine({.module = rich_module({{}, {i64}}, code)});
  const auto maker = WitnessMaker::make(machine.store);
  ASSERT_TRUE(maker.has_value());
  const trace::HostCallRecord next = {
      .function = 0, .arguments = {1, 2}, .results = {0}, .trap = 0, .writes = {}};
  ASSERT_TRUE(machine.stepper.begin(machine.exported("f"), {}).has_value());
  for (const bool calls : {false, false, true}) {
    const Witness witness = maker->make_witness(machine.stepper.state(), &next).value();
    EXPECT_EQ(witness.host_call.has_value(), calls);
    EXPECT_TRUE(check_step(witness)->verdict.accepted());
    if (!calls) machine.stepper.step();
  }
  for (const std::size_t argument : {0U, 1U, 2U}) {  // of no call, and of two others
    trace::HostCallRecord other = next;
    if (argument < 2) ++other.arguments[argument];
    const auto refused =
        maker->make_witness(machine.stepper.state(), argument < 2 ? &other : nullptr);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, core::RefusalCode::trace_digest_mismatch);
  }
}

/// Frames, slots, globals and tables of several chunks; ends at each limit.
TEST(Witness, deep_stacks_are_opened_where_they_are_used) {
  const Bytes endless = push_i32(1) + op(call, 2) + op(drop);
  for (const std::size_t frames : {2U, 63U, 64U, 65U, 200U}) {
    const Execution end =
        judge({.module = rich_module({}, endless), .limits = {.frames_max = frames}});
    EXPECT_EQ(end.trap, Trap::call_stack_exhausted);
    EXPECT_EQ(end.frames.size(), frames);
  }
  for (const std::size_t slots : {126U, 127U, 128U, 129U, 130U, 300U}) {
    const Execution end =
        judge({.module = rich_module({}, endless), .limits = {.slots_max = slots}});
    EXPECT_EQ(end.trap, Trap::call_stack_exhausted);
  }
  // f(n) = n == 0 ? 0 : n + f(n - 1), with locals over the edge of a chunk.
  const Bytes n = op(local_get, 0);
  const Bytes sum = n + op(i32_eqz) + open_block(if_, 0x7F) + push_i32(0) + op(else_) + n + n +
                    push_i32(1) + op(i32_sub) + op(call, 1) + op(i32_add) + close_block();
  const Execution end = judge({.module = rich_module({{i32}, {i32}}, sum, {{31, i64}})}, {100});
  EXPECT_EQ(end.slots, std::vector<Slot>{5050});
}

TEST(Witness, blocks_with_many_values_move_them_all) {
  ModuleBuilder builder;
  const FunctionType many = {{}, std::vector<ValueType>(300, i32)};
  const std::uint32_t type = builder.add_type(many);
  Bytes code = push_i32(1) + op(Opcode::block) + unsigned_leb(type) + push_i32(2);
  for (std::int32_t i = 0; i < 300; ++i) code = code + push_i32(i);
  code = code + op(br, 0) + close_block() + op(return_);
  builder.add_function(many, code).add_export("f", ExternKind::function, 0);
  EXPECT_EQ(judge({.module = builder.bytes()}).slots.size(), 300U);
}

TEST(Witness, the_sample_module_is_judged_from_its_start_on) {
  StepPair pair({.module = sample_module()});
  pair.begin(*pair.machine().start);
  pair.run(100, note);
  pair.begin(pair.exported("factorial"), {6});
  pair.run(1000, note);
  EXPECT_EQ(pair.state().slots, std::vector<Slot>{720});
  pair.begin(pair.exported("data"));
  pair.run(1000, note);
  EXPECT_EQ(pair.state().status, Status::finished);
}

/// Of each kernel the first opcodes and some from the middle; sizes go to the log.
TEST(Witness, steps_of_the_kernels_take_a_few_kibibytes) {
  ISOTRACE_NEEDS_DATA(folder, "wasm-kernels");
  std::vector<std::size_t> sizes;
  const auto note_size = [&](const JudgedStep& step) {
    sizes.push_back(write_witness(step.witness).size());
  };
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".wasm") continue;
    const Bytes module = isotrace::tests::read_file(entry.path().string());
    StepPair pair({.module = module, .edition = Edition::mvp});
    pair.begin(pair.exported("run"), {1000});
    pair.run(1500, note_size);
    pair.skip(1'000'000);
    pair.run(1500, note_size);
  }
  ASSERT_FALSE(sizes.empty());
  std::ranges::sort(sizes);
  std::cout << sizes.size() << " witnesses: median " << sizes[sizes.size() / 2] << " bytes, most "
            << sizes.back() << "\n";
  EXPECT_LT(sizes[sizes.size() / 2], 8192U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
