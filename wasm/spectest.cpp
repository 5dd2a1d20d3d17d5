#include <isotrace/wasm/spectest.hpp>

#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm {
namespace {

using enum ValueType;

void add_print(Store& store, Namespace& names, const char* name,
               std::vector<ValueType> parameters) {
  const auto ignore = [](HostCall&) { return Trap::none; };
  names[name] = {ExternKind::function,
                 store.add_function(FunctionType{std::move(parameters), {}}, ignore)};
}

void add_constant(Store& store, Namespace& names, const char* name, ValueType type, Slot value) {
  names[name] = {ExternKind::global, store.add_global({type, false}, value)};
}

}  // namespace

core::Result<Namespace> make_spectest(Store& store) {
  Namespace names;
  add_print(store, names, "print", {});
  add_print(store, names, "print_i32", {i32});
  add_print(store, names, "print_i64", {i64});
  add_print(store, names, "print_f32", {f32});
  add_print(store, names, "print_f64", {f64});
  add_print(store, names, "print_i32_f32", {i32, f32});
  add_print(store, names, "print_f64_f64", {f64, f64});
  add_constant(store, names, "global_i32", i32, 666);
  add_constant(store, names, "global_i64", i64, 666);
  add_constant(store, names, "global_f32", f32, to_slot(666.6F));
  add_constant(store, names, "global_f64", f64, to_slot(666.6));
  ISOTRACE_TRY(const Address table, store.add_table({funcref, {.least = 10, .most = 20}}));
  ISOTRACE_TRY(const Address memory, store.add_memory({{.least = 1, .most = 2}}));
  names["table"] = {ExternKind::table, table};
  names["memory"] = {ExternKind::memory, memory};
  return names;
}

}  // namespace isotrace::wasm
