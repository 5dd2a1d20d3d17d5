// Roots of states: what they cover, and that hashing what changed gives what hashing all gives.
#include <algorithm>

#include <isotrace/core/blake3.hpp>
#include <isotrace/wasm/background_hasher.hpp>
#include <isotrace/wasm/bulk.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

constexpr core::Digest program{{1, 2, 3}};

/// f(n): writes n at n * 517, for n down to 1; grows the memory at 2.
Bytes writer() {
  const Bytes n = op(local_get, 0);
  const Bytes grow = n + push_i32(2) + op(i32_eq) + open_block(if_) + push_i32(1) +
                     op(memory_grow, 0) + op(drop) + close_block();
  return one_function({{i32}, {}}, open_block(loop) + n + push_i32(517) + op(i32_mul) + n +
                                       op(i32_store, 0, 0) + grow + n + push_i32(1) + op(i32_sub) +
                                       op(local_tee, 0) + op(br_if, 0) + close_block());
}

TEST(WasmState, hashing_what_changed_gives_the_record_of_everything) {
  Machine machine(writer());
  Machine other(writer());
  StateHasher hasher(program);
  BackgroundHasher background(program, other.store);
  machine.begin("f", {100});
  other.begin("f", {100});
  bool running = true;
  for (std::uint64_t steps = 0; running; steps += 37) {
    running = !machine.stepper.run(steps);
    other.stepper.run(steps);
    const Execution& state = machine.stepper.state();
    const trace::StateRecord expected = state_record(machine.store, state, program);
    EXPECT_EQ(hasher.record(machine.store, state), expected);
    background.begin(other.stepper.state());
    EXPECT_EQ(background.take(), expected);
  }
  EXPECT_EQ(machine.store.memories.back().data.pages(), 2U);
}

TEST(WasmState, a_record_has_nothing_of_what_is_written_while_it_is_made) {
  Machine machine(writer());
  machine.begin("f", {1});
  LinearMemory& memory = machine.store.memories.back().data;
  memory.grow_to(40);
  BackgroundHasher background(program, machine.store);
  for (std::uint8_t round = 0; round < 20; ++round) {
    fill_memory(memory, 0, round, memory.size() / 2);
    const Execution& state = machine.stepper.state();
    const trace::StateRecord expected = state_record(machine.store, state, program);
    background.begin(state);
    fill_memory(memory, memory.size() / 4, 255,
                memory.size() / 2);  // some of it not for the first time
    memory.mark(0, 1);
    memory.bytes()[0] = 7;
    if (round % 8 == 7) memory.grow_to(memory.pages() + 1);
    EXPECT_EQ(background.take(), expected) << static_cast<int>(round);
  }
}

TEST(WasmState, a_hasher_may_end_with_a_record_not_taken) {
  Machine machine(writer());
  machine.begin("f", {1});
  BackgroundHasher background(program, machine.store);
  background.begin(machine.stepper.state());
}

TEST(WasmState, memories_are_hashed_as_files_are) {
  Machine machine(writer());
  machine.call("f", {3});
  const trace::StateRecord record = state_record(machine.store, machine.stepper.state(), program);
  const LinearMemory& memory = machine.store.memories.back().data;
  EXPECT_EQ(record.memories.back(), (trace::Contents{2, core::blake3(memory.bytes())}));
}

TEST(WasmState, the_root_covers_every_part) {
  const auto base = [] {
    trace::StateRecord record;
    record.tables.resize(1);
    record.memories.resize(1);
    return record;
  };
  const auto root_with = [&](const auto& change) {
    trace::StateRecord record = base();
    change(record);
    return trace::state_root(record);
  };
  using Record = trace::StateRecord;
  std::vector<core::Digest> roots = {trace::state_root(base())};
  roots.push_back(root_with([](Record& r) { r.program.bytes[31] = 1; }));
  roots.push_back(root_with([](Record& r) { r.steps = 1; }));
  roots.push_back(root_with([](Record& r) { r.status = 1; }));
  roots.push_back(root_with([](Record& r) { r.trap = 1; }));
  roots.push_back(root_with([](Record& r) { r.tables.emplace_back(); }));
  roots.push_back(root_with([](Record& r) { r.memories.emplace_back(); }));
  const auto add_both = [&](const auto& part) {
    roots.push_back(root_with([&](Record& r) { part(r).size = 1; }));
    roots.push_back(root_with([&](Record& r) { part(r).digest.bytes[0] = 1; }));
  };
  add_both([](Record& r) -> trace::Contents& { return r.frames; });
  add_both([](Record& r) -> trace::Contents& { return r.slots; });
  add_both([](Record& r) -> trace::Contents& { return r.globals; });
  add_both([](Record& r) -> trace::Contents& { return r.tables[0]; });
  add_both([](Record& r) -> trace::Contents& { return r.memories[0]; });
  add_both([](Record& r) -> trace::Contents& { return r.segments; });
  add_both([](Record& r) -> trace::Contents& { return r.host_calls; });
  std::ranges::sort(roots);
  EXPECT_EQ(std::ranges::adjacent_find(roots), roots.end());
}

TEST(WasmState, a_memory_keeps_bytes_and_marks_while_it_grows) {
  LinearMemory memory;
  std::vector<std::uint32_t> written;  // pages whose last byte was, too
  for (const std::uint32_t pages : {1U, 2U, 31U, 32U, 33U, 63U, 64U, 65U, 200U}) {
    const std::uint64_t before = memory.size();
    memory.grow_to(pages);
    ASSERT_EQ(memory.size(), pages * page_bytes);
    ASSERT_EQ(memory.marks().size(), memory.size() >> LinearMemory::chunk_shift);
    const auto fresh = memory.bytes().subspan(before);
    EXPECT_TRUE(std::ranges::all_of(fresh, [](std::uint8_t byte) { return byte == 0; }));
    for (const std::uint32_t page : written) EXPECT_EQ(memory.bytes()[page * page_bytes - 1], page);
    memory.mark(memory.size() - 1, 1);
    memory.bytes()[memory.size() - 1] = static_cast<std::uint8_t>(pages);
    written.push_back(pages);
  }
  constexpr std::uint32_t chunks_of_page = page_bytes >> LinearMemory::chunk_shift;
  std::vector<std::uint32_t> chunks;
  for (const std::uint32_t page : written) chunks.push_back(page * chunks_of_page - 1);
  EXPECT_EQ(memory.take_marks(), chunks);
}

TEST(WasmState, host_calls_write_mark_and_are_logged) {
  ModuleBuilder builder;
  builder.add_type({{i32}, {i32}});
  builder.add_import("host", "f", ExternKind::function, {0});
  builder.add_function({{i32}, {i32}}, op(local_get, 0) + op(call, 0));
  builder.add_memory(1).add_export("g", ExternKind::function, 1);
  const auto module = std::make_shared<const Module>(*load_module(builder.bytes(), Edition::v2));
  Store store;
  std::vector<trace::HostCallRecord> seen;
  store.host_log.observer = [&](const trace::HostCallRecord& call) { seen.push_back(call); };
  const auto host = [](HostCall& call) {
    EXPECT_FALSE(call.write(65535, Bytes{1, 2}));
    EXPECT_FALSE(call.read(65536, 1).has_value());
    EXPECT_TRUE(call.write(call.u32(0), Bytes{7, 8}));
    EXPECT_EQ((*call.read(call.u32(0), 2))[1], 8);
    call.results()[0] = 5;
    return Trap::none;
  };
  const std::vector<ExternValue> imports = {
      {ExternKind::function, store.add_function({{i32}, {i32}}, host)}};
  const auto made = instantiate(store, module, imports);
  ASSERT_TRUE(made.has_value());
  static_cast<void>(store.memories[0].data.take_marks());
  Stepper stepper(store);
  const Address g = exports_of(store, made->instance).at("g").address;
  ASSERT_TRUE(stepper.begin(g, std::vector<Slot>{2047}).has_value());
  EXPECT_TRUE(stepper.run(UINT64_MAX));
  EXPECT_EQ(stepper.state().slots, std::vector<Slot>{5});
  EXPECT_EQ(store.memories[0].data.take_marks(), (std::vector<std::uint32_t>{1, 2}));
  const trace::HostCallRecord expected{0, {2047}, {5}, 0, {{2047, {7, 8}}}};
  EXPECT_EQ(seen, std::vector{expected});
  EXPECT_EQ(store.host_log.calls, 1U);
  EXPECT_EQ(store.host_log.digest, trace::extend_host_log({}, expected));
}

}  // namespace
}  // namespace isotrace::wasm::tests
