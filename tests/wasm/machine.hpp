// A module loaded, linked against spectest, and ready to be called.
#pragma once

#include <gtest/gtest.h>

#include <isotrace/wasm/spectest.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>

#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {

template <class AnyEngine>
struct MachineWith {
  explicit MachineWith(const Bytes& bytes, const ProfileLimits& limits = {},
                       Edition edition = Edition::v2)
      : engine(store) {
    store.limits = limits;
    names["spectest"] = *make_spectest(store);
    instance = add(bytes, edition);
  }

  /// Another instance; the test fails if it cannot be made.
  Address add(const Bytes& bytes, Edition edition = Edition::v2) {
    auto loaded = load_module(bytes, edition);
    EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
    const auto module = std::make_shared<const Module>(*std::move(loaded));
    const auto imports = resolve_imports(store, *module, names);
    EXPECT_TRUE(imports.has_value()) << core::describe(imports.error());
    const auto made = instantiate(store, module, *imports);
    EXPECT_TRUE(made.has_value()) << core::describe(made.error());
    trap = made->trap;
    return made->instance;
  }

  /// Starts an exported function.
  void begin(const std::string& name, const std::vector<Slot>& arguments = {}) {
    const ExternValue value = exports_of(store, instance).at(name);
    ASSERT_TRUE(engine.begin(value.address, arguments).has_value());
  }

  /// The results; none after a trap.
  std::vector<Slot> call(const std::string& name, const std::vector<Slot>& arguments = {}) {
    begin(name, arguments);
    EXPECT_TRUE(engine.run_to_suspend_point(UINT64_MAX));
    const Execution& state = engine.state();
    return state.status == Status::finished ? state.slots : std::vector<Slot>{};
  }

  Store store;
  AnyEngine engine;
  Namespaces names;
  Address instance = 0;
  Trap trap = Trap::none;  ///< of the latest instantiation
};

/// With the reference engine, which can do more.
struct Machine : MachineWith<Stepper> {
  using MachineWith::MachineWith;
  Stepper& stepper = engine;
};

/// A module of one exported function "f", with a memory of one page.
inline Bytes one_function(const FunctionType& type, const Bytes& code,
                          const std::vector<std::pair<std::uint32_t, ValueType>>& locals = {}) {
  return ModuleBuilder()
      .add_function(type, code, locals)
      .add_memory(1, 3)
      .add_export("f", ExternKind::function, 0)
      .add_export("memory", ExternKind::memory, 0)
      .bytes();
}

}  // namespace isotrace::wasm::tests
