// Damaged modules are refused by a code of modules at a byte of theirs, or are other valid modules,
// which run within the bounds that validation promises.
#include <gtest/gtest.h>

#include "tests/support/mutate.hpp"
#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;

constexpr ProfileLimits small_limits = {
    .memory_pages_max = 4, .table_elements_max = 64, .frames_max = 16, .slots_max = 4096};
constexpr std::uint64_t steps_max = 2000;

void expect_refusal_at_a_byte(const core::Refusal& refusal, std::size_t size) {
  EXPECT_TRUE(
      refusal.code == RefusalCode::wasm_malformed || refusal.code == RefusalCode::wasm_invalid ||
      refusal.code == RefusalCode::wasm_unsupported || refusal.code == RefusalCode::limit_exceeded)
      << core::describe(refusal);
  ASSERT_EQ(refusal.where.rfind("byte ", 0), 0U) << core::describe(refusal);
  EXPECT_LE(std::stoull(refusal.where.substr(5)), size) << core::describe(refusal);
}

/// No frame ever holds more slots than validation said.
void expect_bounded(const Store& store, const Execution& state) {
  if (state.status != Status::running) return;
  const Frame& frame = state.frames.back();
  const FunctionInstance& instance = store.functions[frame.function];
  const Function& function = store.instances[instance.instance].module->functions[instance.index];
  const std::size_t most = store.type_of(frame.function).parameters.size() + function.locals_count +
                           function.operands_max;
  ASSERT_LE(state.slots.size() - frame.slots_begin, most);
}

void run_function(Store& store, Stepper& stepper, Address function) {
  const std::vector<Slot> arguments(store.type_of(function).parameters.size(), 3);
  const std::uint64_t steps_end = stepper.state().steps + steps_max;
  ASSERT_TRUE(stepper.begin(function, arguments).has_value());
  for (std::uint64_t i = 0; i < 2 * steps_max && stepper.state().status == Status::running &&
                            stepper.state().steps < steps_end;
       ++i) {
    stepper.step();
    expect_bounded(store, stepper.state());
  }
  if (stepper.state().status == Status::finished) {
    EXPECT_EQ(stepper.state().slots.size(), store.type_of(function).results.size());
  }
}

/// Whether the mutant was a module.
bool check_mutant(const Bytes& mutant) {
  auto loaded = load_module(mutant, Edition::v2);
  if (!loaded) {
    expect_refusal_at_a_byte(loaded.error(), mutant.size());
    return false;
  }
  Store store;
  store.limits = small_limits;
  Namespaces names;
  names["spectest"] = *make_spectest(store);
  const auto module = std::make_shared<const Module>(*std::move(loaded));
  const auto imports = resolve_imports(store, *module, names);
  if (!imports) {
    EXPECT_EQ(imports.error().code, RefusalCode::wasm_unlinkable);
    return true;
  }
  const auto made = instantiate(store, module, *imports);
  if (!made) {
    EXPECT_EQ(made.error().code, RefusalCode::limit_exceeded) << core::describe(made.error());
    return true;
  }
  // Every function, exported or not, one after the other: each its own execution (an unfinished
  // one is abandoned).
  for (const Address function : store.instances[made->instance].functions) {
    Stepper stepper(store);
    run_function(store, stepper, function);
  }
  return true;
}

TEST(WasmMutation, mutants_are_refused_or_run_within_bounds) {
  const Bytes bytes = sample_module();
  ASSERT_TRUE(check_mutant(bytes));
  core::PhiloxStream random(61);
  std::size_t valid = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    if (check_mutant(isotrace::tests::mutate(bytes, random))) ++valid;
  }
  std::cout << valid << " mutants were valid modules\n";
}

/// Bytes of code alone are replaced, so that sizes stay right and more mutants are valid.
TEST(WasmMutation, mutants_of_the_code_are_refused_or_run_within_bounds) {
  const Bytes bytes = sample_module();
  const auto module = load_module(bytes, Edition::v2);
  ASSERT_TRUE(module.has_value());
  core::PhiloxStream random(62);
  std::size_t valid = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    Bytes mutant = bytes;
    const Function& function = module->functions[1 + random.next_below(5)];
    const std::uint64_t size = function.body.end - function.body.begin;
    for (std::uint64_t edits = 1 + random.next_below(3); size > 0 && edits > 0; --edits) {
      const std::uint64_t place = function.body.begin + random.next_below(size);
      const bool small = random.next_below(2) == 0;
      mutant[place] = static_cast<std::uint8_t>(random.next_below(small ? 8 : 256));
    }
    if (check_mutant(mutant)) ++valid;
  }
  std::cout << valid << " mutants were valid modules\n";
  EXPECT_GT(valid, isotrace::tests::mutant_count() / 100);
}

}  // namespace
}  // namespace isotrace::wasm::tests
