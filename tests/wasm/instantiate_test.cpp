// Linking: which import fits, and what is written when a segment does not.
#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;

/// Nothing if the import links against `spectest`; the refusal's detail otherwise.
std::string link(const std::string& name, ExternKind kind, const Bytes& type) {
  Store store;
  Namespaces names;
  names["spectest"] = *make_spectest(store);
  ModuleBuilder builder;
  builder.add_type({{i32}, {}});
  const auto module =
      load_module(builder.add_import("spectest", name, kind, type).bytes(), Edition::v2);
  EXPECT_TRUE(module.has_value());
  const auto imports = resolve_imports(store, *module, names);
  if (imports) return "";
  EXPECT_EQ(imports.error().code, RefusalCode::wasm_unlinkable);
  return imports.error().detail;
}

TEST(WasmInstantiate, imports_have_name_kind_and_type) {
  const std::string wrong = "incompatible import type of ";
  EXPECT_EQ(link("print_i32", ExternKind::function, {0}), "");
  EXPECT_EQ(link("print_i64", ExternKind::function, {0}), wrong + "function spectest.print_i64");
  EXPECT_EQ(link("memory", ExternKind::function, {0}), wrong + "function spectest.memory");
  EXPECT_EQ(link("nothing", ExternKind::function, {0}), "unknown import spectest.nothing");
  EXPECT_EQ(link("global_i32", ExternKind::global, {0x7F, 0}), "");
  EXPECT_EQ(link("global_i32", ExternKind::global, {0x7F, 1}),
            wrong + "global spectest.global_i32");
  EXPECT_EQ(link("global_i32", ExternKind::global, {0x7E, 0}),
            wrong + "global spectest.global_i32");
  // The table has 10 of at most 20, the memory 1 of at most 2.
  EXPECT_EQ(link("table", ExternKind::table, {0x70, 1, 10, 20}), "");
  EXPECT_EQ(link("table", ExternKind::table, {0x70, 0, 5}), "");
  EXPECT_EQ(link("table", ExternKind::table, {0x70, 1, 5, 30}), "");
  EXPECT_EQ(link("table", ExternKind::table, {0x70, 0, 11}), wrong + "table spectest.table");
  EXPECT_EQ(link("table", ExternKind::table, {0x70, 1, 10, 19}), wrong + "table spectest.table");
  EXPECT_EQ(link("table", ExternKind::table, {0x6F, 0, 10}), wrong + "table spectest.table");
  EXPECT_EQ(link("memory", ExternKind::memory, {1, 1, 2}), "");
  EXPECT_EQ(link("memory", ExternKind::memory, {0, 2}), wrong + "memory spectest.memory");
}

TEST(WasmInstantiate, sizes_over_the_profile_are_refused) {
  const auto refusal = [](const ModuleBuilder& builder) {
    Store store;
    auto module = load_module(builder.bytes(), Edition::v2);
    EXPECT_TRUE(module.has_value());
    const auto made = instantiate(store, std::make_shared<const Module>(*std::move(module)), {});
    EXPECT_FALSE(made.has_value());
    return made.error().code;
  };
  EXPECT_EQ(refusal(ModuleBuilder().add_memory(65536)), RefusalCode::limit_exceeded);
  EXPECT_EQ(refusal(ModuleBuilder().add_table(funcref, 0xFFFFFFFF)), RefusalCode::limit_exceeded);
}

/// Two data segments into an imported page: the first fits, the second does not.
Bytes two_segments() {
  ModuleBuilder builder;
  builder.add_import("spectest", "memory", ExternKind::memory, {0, 1});
  builder.add(data_section, Bytes{0} + push_i32(3) + close_block() + Bytes{1, 7});
  builder.add(data_section, Bytes{0} + push_i32(65535) + close_block() + Bytes{2, 8, 9});
  return builder.bytes();
}

TEST(WasmInstantiate, version_2_writes_segments_until_one_traps) {
  Machine machine(two_segments());
  EXPECT_EQ(machine.trap, Trap::out_of_bounds_memory_access);
  const auto bytes = machine.store.memories[0].data.bytes();
  EXPECT_EQ(bytes[3], 7);
  EXPECT_EQ(bytes[65535], 0);
}

TEST(WasmInstantiate, version_1_writes_all_segments_or_none) {
  Machine machine(header());
  auto module = load_module(two_segments(), Edition::mvp);
  ASSERT_TRUE(module.has_value());
  const auto imports = resolve_imports(machine.store, *module, machine.names);
  ASSERT_TRUE(imports.has_value());
  const auto made =
      instantiate(machine.store, std::make_shared<const Module>(*std::move(module)), *imports);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, RefusalCode::wasm_unlinkable);
  EXPECT_EQ(made.error().detail, "data segment does not fit");
  EXPECT_EQ(machine.store.memories[0].data.bytes()[3], 0);
}

TEST(WasmInstantiate, instances_share_what_they_import) {
  Machine machine(
      ModuleBuilder().add_memory(1).add_export("memory", ExternKind::memory, 0).bytes());
  machine.names["first"] = exports_of(machine.store, machine.instance);
  ModuleBuilder second;
  second.add_import("first", "memory", ExternKind::memory, {0, 1});
  second.add(data_section, Bytes{0} + push_i32(0) + close_block() + Bytes{1, 42});
  const Address other = machine.add(second.bytes());
  const Address shared = machine.store.instances[other].memories[0];
  EXPECT_EQ(shared, machine.store.instances[machine.instance].memories[0]);
  EXPECT_EQ(machine.store.memories[shared].data.bytes()[0], 42);
}

TEST(WasmInstantiate, the_start_function_is_named_and_not_run) {
  auto module = load_module(sample_module(), Edition::v2);
  ASSERT_TRUE(module.has_value());
  Machine machine(header());
  const auto imports = resolve_imports(machine.store, *module, machine.names);
  const auto made =
      instantiate(machine.store, std::make_shared<const Module>(*std::move(module)), *imports);
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(made->start.has_value());
  EXPECT_EQ(*made->start, machine.store.instances[made->instance].functions[5]);
  EXPECT_EQ(machine.stepper.state().steps, 0U);
}

}  // namespace
}  // namespace isotrace::wasm::tests
