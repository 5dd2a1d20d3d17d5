// The tables of a program: what a step can look up without the module, and what changes the digest.
#include <isotrace/wasm/code_walk.hpp>
#include <isotrace/wasm/program_digest.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum Opcode;

Module module_of(const Bytes& bytes) { return *load_module(bytes, Edition::v2); }

const CodeRecord& record_of(const ProgramTables& tables, Opcode opcode, std::size_t which = 0) {
  for (const CodeRecord& record : tables.instructions) {
    if (record.opcode == static_cast<std::uint32_t>(opcode) && which-- == 0) return record;
  }
  throw std::runtime_error("no such record");
}

TEST(WasmProgram, has_one_record_for_each_instruction_that_can_be_executed) {
  const Module module = module_of(sample_module());
  const ProgramTables tables = make_program_tables(module);
  std::size_t reached = 0;
  for (const Function& function : module.functions) {
    if (function.body.begin == 0) continue;
    CodeWalk walk(module, function);
    while (walk.next()) {
      if (!walk.reached()) continue;
      const CodeRecord& record = tables.instructions.at(reached++);
      EXPECT_EQ(record.offset, walk.now().offset);
      EXPECT_EQ(record.next, walk.next_offset());
      EXPECT_EQ(record.opcode, static_cast<std::uint32_t>(walk.now().opcode));
    }
  }
  EXPECT_EQ(reached, tables.instructions.size());
  const Bytes dead = op(Opcode::return_) + push_i32(1) + op(drop);
  const ProgramTables short_tables = make_program_tables(module_of(one_function({}, dead)));
  EXPECT_EQ(short_tables.instructions.size(), 1U);
}

TEST(WasmProgram, says_where_branches_lead) {
  // Slots: the parameter, a constant, then the operands of the block.
  const Bytes code = push_i32(7) + open_block(Opcode::block, 0x7F) + push_i32(1) +
                     op(local_get, 0) + op(br_if, 0) + op(local_get, 0) + op(br_table) +
                     Bytes{1, 0, 1} + close_block() + op(i32_add);
  const Module module = module_of(one_function({{i32}, {i32}}, code));
  const ProgramTables tables = make_program_tables(module);
  const CodeRecord& branch = record_of(tables, br_if);
  EXPECT_EQ(branch.a, record_of(tables, i32_add).offset);
  EXPECT_EQ(branch.b, 1U);
  EXPECT_EQ(branch.c, 2U);
  const CodeRecord& table = record_of(tables, br_table);
  EXPECT_EQ(table.a, 0U);
  EXPECT_EQ(table.b, 2U);
  EXPECT_EQ(tables.targets.at(0).pc, branch.a);
  EXPECT_EQ(tables.targets.at(1).pc, 0U);  // out of the function
  EXPECT_EQ(tables.targets.at(1).arity, 1U);
  const CodeRecord& last = tables.instructions.back();
  EXPECT_EQ(last.opcode, static_cast<std::uint32_t>(end));
  EXPECT_EQ(last.a, 0U);
  EXPECT_EQ(last.b, 1U);
}

TEST(WasmProgram, names_types_by_the_first_equal_one) {
  ModuleBuilder builder;
  const std::uint32_t first = builder.add_type({{i32}, {}});
  builder.add_type({});
  builder.add_function({{i32}, {}}, {});  // its own entry, equal to the first
  const ProgramTables tables = make_program_tables(module_of(builder.bytes()));
  EXPECT_EQ(tables.functions.at(0).type, first);
  EXPECT_EQ(tables.functions.at(0).parameters, 1U);
}

TEST(WasmProgram, keeps_references_of_elements_and_globals) {
  const Module module = module_of(sample_module());
  const ProgramTables tables = make_program_tables(module);
  EXPECT_EQ(tables.references, (std::vector<std::uint64_t>{2, 4, 4, 3, 2, null_reference}));
  ASSERT_EQ(tables.segments.size(), 6U);
  EXPECT_EQ(tables.segments[1], 2U);
  EXPECT_EQ(module.bytes[tables.segments[5]], 'w');
  ModuleBuilder builder;
  builder.add_import("host", "g", ExternKind::global, {0x70, 0});
  builder.add(element_section, Bytes{5, 0x70, 1} + op(global_get, 0) + close_block());
  EXPECT_EQ(make_program_tables(module_of(builder.bytes())).references,
            std::vector<std::uint64_t>{reference_of_global});
}

TEST(WasmProgram, digest_depends_on_every_byte_and_limit) {
  const Module module = module_of(sample_module());
  const core::Digest digest = program_digest(module);
  EXPECT_EQ(digest, program_digest(module_of(sample_module())));
  Module other = module;
  other.bytes.back() ^= 1;  // a byte of data
  EXPECT_NE(digest, program_digest(other));
  EXPECT_NE(digest, program_digest(module, {.frames_max = 7}));
  EXPECT_NE(digest, program_digest(module, {.slots_max = 7}));
  Program program = describe_program(module, make_program_tables(module), {});
  for (trace::Contents& contents : program.strings) {
    contents.size += 1;
    EXPECT_NE(digest, program_digest(program));
    contents.size -= 1;
  }
  program.edition = Edition::mvp;
  EXPECT_NE(digest, program_digest(program));
}

core::RefusalCode refusal_of(const Store& store) {
  const auto checked = check_addresses(store);
  return checked ? core::RefusalCode{} : checked.error().code;
}

TEST(WasmProgram, refuses_stores_whose_addresses_are_not_indices) {
  Machine machine(one_function({}, {}));  // beside all of spectest
  EXPECT_EQ(refusal_of(machine.store), core::RefusalCode::wasm_store_unsupported);
  Store store;
  EXPECT_EQ(refusal_of(store), core::RefusalCode::wasm_store_unsupported);
  ModuleBuilder builder;
  builder.add_import("host", "m", ExternKind::memory, {1, 1, 5});
  const auto module = std::make_shared<const Module>(module_of(builder.bytes()));
  const ExternValue memory = {ExternKind::memory, *store.add_memory({{1, 5, 0}})};
  ASSERT_TRUE(instantiate(store, module, std::span(&memory, 1)).has_value());
  EXPECT_TRUE(check_addresses(store).has_value());
  store.memories[0].type.limits.most = 4;  // an import may be smaller than the module says
  EXPECT_EQ(refusal_of(store), core::RefusalCode::wasm_store_unsupported);
}

}  // namespace
}  // namespace isotrace::wasm::tests
