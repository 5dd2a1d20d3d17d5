// Every class of validation rule: what passes, and what is refused, where and in which words.
#include <gtest/gtest.h>

#include <isotrace/wasm/validate.hpp>

#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;
using enum Opcode;

std::string refusal_of(const Bytes& bytes, Edition edition = Edition::v2) {
  const auto module = load_module(bytes, edition);
  if (module) return "";
  EXPECT_EQ(module.error().code, RefusalCode::wasm_invalid) << core::describe(module.error());
  EXPECT_EQ(module.error().where.rfind("byte ", 0), 0U);
  return module.error().detail;
}

/// A module with something of everything, and this function: 2 locals (i32, i64), in its type 0
/// (i32) -> (i32). Function 0 is itself, table 0 of funcref, 1 of externref.
ModuleBuilder surroundings() {
  ModuleBuilder builder;
  builder.add_table(funcref, 1).add_table(externref, 1).add_memory(1);
  builder.add(global_section, Bytes{0x7F, 0} + push_i32(1) + close_block());
  builder.add(global_section, Bytes{0x7E, 1} + push_i64(1) + close_block());
  builder.add(element_section, Bytes{1, 0, 1, 0});
  builder.set(data_count_section, {1});
  builder.add(data_section, {1, 0});
  return builder;
}

std::string body_refusal(const Bytes& code, Edition edition = Edition::v2) {
  return refusal_of(surroundings().add_function({{i32}, {i32}}, code, {{1, i64}}).bytes(), edition);
}

struct Rule {
  const char* name;
  Bytes code;
  const char* refusal;  // the beginning; "": valid
};

void check(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    const std::string found = body_refusal(rule.code);
    EXPECT_EQ(found.substr(0, std::string_view(rule.refusal).size()), rule.refusal) << rule.name;
    EXPECT_EQ(found.empty(), std::string_view(rule.refusal).empty()) << rule.name << ": " << found;
  }
}

const Bytes get = op(local_get, 0);

TEST(WasmValidate, the_sample_is_valid) { EXPECT_EQ(refusal_of(sample_module()), ""); }

TEST(WasmValidate, operands) {
  check({{"result", get, ""},
         {"result missing", {}, "type mismatch: an operand is missing"},
         {"result too many", get + get, "type mismatch: 1 operands left"},
         {"result of another type", op(local_get, 1), "type mismatch: i32 expected, i64 found"},
         {"arithmetic", get + get + op(i32_add), ""},
         {"arithmetic of two types", get + op(local_get, 1) + op(i32_add), "type mismatch"},
         {"arithmetic without operand", get + op(i32_add), "type mismatch"},
         {"drop nothing", get + op(drop) + op(drop), "type mismatch"},
         {"select", get + get + get + op(select), ""},
         {"select of two types", get + op(local_get, 1) + get + op(select), "type mismatch"},
         {"select of references", op(ref_func, 0) + op(ref_func, 0) + get + op(select) + op(drop),
          "type mismatch: select of references"},
         {"typed select",
          op(ref_func, 0) + op(ref_func, 0) + get + op(select_typed) + Bytes{1, 0x70} +
              op(ref_is_null),
          ""},
         {"typed select of another type", get + get + get + op(select_typed) + Bytes{1, 0x7E},
          "type mismatch"},
         {"typed select of two", get + get + get + op(select_typed) + Bytes{2, 0x7F, 0x7F},
          "invalid result arity"}});
}

TEST(WasmValidate, variables) {
  check({{"set", get + op(local_set, 0) + get, ""},
         {"tee", get + op(local_tee, 0), ""},
         {"set of another type", get + op(local_set, 1) + get, "type mismatch"},
         {"unknown local", op(local_get, 2), "unknown local 2"},
         {"global", op(global_get, 0), ""},
         {"set global", push_i64(3) + op(global_set, 1) + get, ""},
         {"set constant global", get + op(global_set, 0) + get, "global is immutable"},
         {"unknown global", op(global_get, 2), "unknown global 2"}});
}

TEST(WasmValidate, blocks_and_branches) {
  const Bytes if_i32 = open_block(if_, 0x7F);
  check(
      {{"block", open_block(Opcode::block, 0x7F) + get + close_block(), ""},
       {"block without its result", open_block(Opcode::block, 0x7F) + close_block(),
        "type mismatch"},
       {"block sees no operand outside",
        get + open_block(Opcode::block) + op(drop) + close_block() + get, "type mismatch"},
       {"block with parameters", get + op(Opcode::block, 0) + close_block(), ""},
       {"block of unknown type", get + op(Opcode::block, 9) + close_block(), "unknown type 9"},
       {"a loop's label takes its parameters",
        get + op(loop, 0) + op(drop) + op(br, 0) + close_block(), "type mismatch"},
       {"loop", open_block(loop) + op(br, 0) + close_block() + get, ""},
       {"if else", get + if_i32 + get + op(else_) + get + close_block(), ""},
       {"if without else", get + if_i32 + get + close_block(), "type mismatch: an if without else"},
       {"if with parameters, without else", get + get + op(if_, 0) + close_block(), ""},
       {"else of another type", get + if_i32 + get + op(else_) + op(local_get, 1) + close_block(),
        "type mismatch"},
       {"br with result", get + op(br, 0), ""},
       {"br without result", op(br, 0), "type mismatch"},
       {"br_if keeps its operand", get + get + op(br_if, 0), ""},
       {"unknown label", get + op(br, 1), "unknown label 1"},
       {"br_table", get + get + op(br_table) + Bytes{1, 0, 0}, ""},
       {"br_table of two arities",
        open_block(Opcode::block) + get + get + op(br_table) + Bytes{1, 0, 1} + close_block() + get,
        "type mismatch: labels of br_table"},
       {"return", get + op(return_), ""},
       {"return without result", op(return_), "type mismatch"}});
}

TEST(WasmValidate, code_that_is_not_reached) {
  check({{"anything may be popped", op(unreachable) + op(i32_add), ""},
         {"but not of a wrong type", op(unreachable) + op(local_get, 1) + op(i32_add),
          "type mismatch"},
         {"select of unknowns", op(unreachable) + op(select), ""},
         {"is_null of an unknown", op(unreachable) + op(ref_is_null), ""},
         {"nothing may be left", op(unreachable) + get + get, "type mismatch"},
         {"a block inside starts anew",
          op(unreachable) + open_block(Opcode::block) + op(drop) + close_block(), "type mismatch"},
         {"br_table to labels of two types",
          open_block(Opcode::block, 0x7D) + open_block(Opcode::block, 0x7E) + op(unreachable) +
              op(br_table) + Bytes{1, 0, 1} + close_block() + op(drop) + op(unreachable) +
              close_block() + op(drop) + get,
          ""}});
}

TEST(WasmValidate, calls) {
  check({{"call", get + op(call, 0), ""},
         {"call without argument", op(call, 0), "type mismatch"},
         {"unknown function", get + op(call, 1), "unknown function 1"},
         {"indirect", get + get + op(call_indirect, 0, 0), ""},
         {"indirect of unknown type", get + get + op(call_indirect, 1, 0), "unknown type 1"},
         {"indirect through unknown table", get + get + op(call_indirect, 0, 2), "unknown table 2"},
         {"indirect through externref", get + get + op(call_indirect, 0, 1),
          "type mismatch: call_indirect"}});
}

TEST(WasmValidate, memory) {
  const Bytes three = get + get + get;
  check({{"load", get + op(i32_load, 2, 0), ""},
         {"load aligned too far", get + op(i32_load, 3, 0), "alignment must not be larger"},
         {"narrow load aligned too far", get + op(i64_load8_u, 1, 0) + op(i32_wrap_i64),
          "alignment must not be larger"},
         {"store", get + get + op(i32_store16, 1, 9) + get, ""},
         {"store of another type", get + get + op(i64_store, 3, 0) + get, "type mismatch"},
         {"grow", get + op(memory_grow, 0), ""},
         {"copy", three + op(memory_copy, 0, 0) + get, ""},
         {"init", three + op(memory_init, 0, 0) + get, ""},
         {"init from unknown data", three + op(memory_init, 1, 0) + get, "unknown data segment 1"},
         {"drop unknown data", op(data_drop, 1) + get, "unknown data segment 1"}});
  const auto without = [](const Bytes& code) {
    return refusal_of(ModuleBuilder().add_function({{}, {i32}}, code).bytes());
  };
  EXPECT_EQ(without(op(memory_size, 0)), "unknown memory 0");
  EXPECT_EQ(without(push_i32(0) + op(i32_load, 0, 0)), "unknown memory 0");
}

TEST(WasmValidate, tables_and_references) {
  const Bytes three = get + get + get;
  check({{"get", get + op(table_get, 1) + op(ref_is_null), ""},
         {"set", get + op(ref_func, 0) + op(table_set, 0) + get, ""},
         {"set of another type", get + op(ref_func, 0) + op(table_set, 1) + get, "type mismatch"},
         {"unknown table", get + op(table_get, 2), "unknown table 2"},
         {"grow", op(ref_func, 0) + get + op(table_grow, 0), ""},
         {"fill", get + op(ref_func, 0) + get + op(table_fill, 0) + get, ""},
         {"init", three + op(table_init, 0, 0) + get, ""},
         {"init of another type", three + op(table_init, 0, 1) + get, "type mismatch"},
         {"init from unknown segment", three + op(table_init, 1, 0) + get, "unknown elem segment"},
         {"drop unknown segment", op(elem_drop, 1) + get, "unknown elem segment 1"},
         {"copy", three + op(table_copy, 0, 0) + get, ""},
         {"copy of another type", three + op(table_copy, 0, 1) + get, "type mismatch"},
         {"is_null of a number", get + op(ref_is_null), "type mismatch: a reference"},
         {"undeclared", op(ref_func, 0) + op(ref_is_null), ""}});
  ModuleBuilder undeclared;
  undeclared.add_function({{}, {i32}}, op(ref_func, 0) + op(ref_is_null));
  EXPECT_EQ(refusal_of(undeclared.bytes()), "undeclared function reference 0");
  undeclared.add_export("f", ExternKind::function, 0);
  EXPECT_EQ(refusal_of(undeclared.bytes()), "");
}

std::string global_refusal(const Bytes& value) {
  ModuleBuilder builder;
  builder.add_import("spectest", "constant", ExternKind::global, {0x7F, 0});
  builder.add_import("spectest", "variable", ExternKind::global, {0x7F, 1});
  builder.add(global_section, Bytes{0x7F, 0} + push_i32(1) + close_block());
  return refusal_of(builder.add(global_section, Bytes{0x7F, 0} + value + close_block()).bytes());
}

TEST(WasmValidate, constants) {
  EXPECT_EQ(global_refusal(push_i32(1)), "");
  EXPECT_EQ(global_refusal(op(global_get, 0)), "");
  EXPECT_EQ(global_refusal(op(global_get, 1)),
            "constant expression required: the global is mutable");
  EXPECT_EQ(global_refusal(op(global_get, 2)), "unknown global");
  EXPECT_EQ(global_refusal(op(nop)), "constant expression required");
  const std::string one = "type mismatch: one constant of type i32 expected";
  EXPECT_EQ(global_refusal({}), one);
  EXPECT_EQ(global_refusal(push_i64(1)), one);
  EXPECT_EQ(global_refusal(push_i32(1) + push_i32(1)), one);
}

TEST(WasmValidate, the_module_around_functions) {
  const auto refusal = [](const ModuleBuilder& builder) { return refusal_of(builder.bytes()); };
  ModuleBuilder base;
  base.add_function({{i32}, {}}, {}).add_memory(1);
  EXPECT_EQ(refusal(ModuleBuilder(base).set(start_section, {0})), "start function: (i32) -> ()");
  EXPECT_EQ(refusal(ModuleBuilder(base).set(start_section, {1})), "unknown function 1");
  EXPECT_EQ(refusal(ModuleBuilder(base).add_memory(1)), "multiple memories");
  EXPECT_EQ(refusal(ModuleBuilder().add_memory(2, 1)),
            "size minimum must not be greater than maximum");
  EXPECT_EQ(refusal(ModuleBuilder().add_memory(65537)),
            "memory size must be at most 65536 pages (4 GiB)");
  ModuleBuilder twice(base);
  twice.add_export("a", ExternKind::memory, 0).add_export("a", ExternKind::function, 0);
  EXPECT_EQ(refusal(twice), "duplicate export name");
  EXPECT_EQ(refusal(ModuleBuilder(base).add_export("t", ExternKind::table, 0)), "unknown table 0");
  EXPECT_EQ(refusal(ModuleBuilder(base).add(function_section, {9}).add(code_section, {2, 0, 0x0B})),
            "unknown type 9");
  EXPECT_EQ(refusal(ModuleBuilder(base).add(element_section,
                                            Bytes{0} + push_i32(0) + close_block() + Bytes{1, 0})),
            "unknown table 0");
  EXPECT_EQ(refusal(ModuleBuilder(base).add(data_section,
                                            Bytes{2, 1} + push_i32(0) + close_block() + Bytes{0})),
            "unknown memory 1");
  EXPECT_EQ(
      refusal(ModuleBuilder(base)
                  .add_table(externref, 1)
                  .add(element_section, Bytes{0} + push_i32(0) + close_block() + Bytes{1, 0})),
      "type mismatch: the table holds another type");
}

TEST(WasmValidate, one_table_and_equal_labels_in_1_0) {
  const ModuleBuilder tables = ModuleBuilder().add_table(funcref, 0).add_table(funcref, 0);
  EXPECT_EQ(refusal_of(tables.bytes(), Edition::mvp), "multiple tables");
  EXPECT_EQ(refusal_of(tables.bytes(), Edition::v2), "");
  const Bytes labels = open_block(Opcode::block, 0x7D) + open_block(Opcode::block, 0x7E) +
                       op(unreachable) + op(br_table) + Bytes{1, 0, 1} + close_block() + op(drop) +
                       op(unreachable) + close_block() + op(drop);
  const Bytes module = ModuleBuilder().add_function({}, labels).bytes();
  EXPECT_EQ(refusal_of(module, Edition::mvp), "type mismatch: labels of br_table");
  EXPECT_EQ(refusal_of(module, Edition::v2), "");
}

TEST(WasmValidate, the_byte_is_that_of_the_instruction) {
  const Bytes code = get + op(nop) + op(i64_eqz);
  const Bytes bytes = ModuleBuilder().add_function({{i32}, {i32}}, code).bytes();
  const auto module = load_module(bytes, Edition::v2);
  ASSERT_FALSE(module.has_value());
  const std::size_t offset = bytes.size() - 2;  // before the function's end
  EXPECT_EQ(module.error().where, "byte " + std::to_string(offset));
}

TEST(WasmValidate, operands_max_is_the_most_that_validation_holds) {
  const auto most = [](const Bytes& code) {
    const auto module =
        load_module(ModuleBuilder().add_function({{i32}, {i32}}, code).bytes(), Edition::v2);
    EXPECT_TRUE(module.has_value());
    return module->functions[0].operands_max;
  };
  EXPECT_EQ(most(get), 1U);
  EXPECT_EQ(most(get + get + get + op(i32_add) + op(i32_add)), 3U);
  EXPECT_EQ(
      most(get + get + op(Opcode::block, 0) + get + op(i32_add) + close_block() + op(i32_add)), 3U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
