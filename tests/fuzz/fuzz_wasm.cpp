// Modules of strangers: decoded as both editions, validated, linked against spectest and executed
// within small limits. No frame may hold more than validation said.
#include <cstdlib>
#include <iostream>

#include <isotrace/wasm/spectest.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::tests {
namespace {

constexpr wasm::ProfileLimits small_limits = {
    .memory_pages_max = 4, .table_elements_max = 64, .frames_max = 16, .slots_max = 4096};
constexpr std::uint64_t steps_max = 2000;
constexpr std::size_t functions_max = 8;

void require(bool fine, const char* what) {
  if (fine) return;
  std::cerr << what << '\n';
  std::abort();
}

void check_bounds(const wasm::Store& store, const wasm::Execution& state) {
  if (state.status != wasm::Status::running) return;  // after a trap there are frames, but no slots
  const wasm::Frame& frame = state.frames.back();
  const wasm::FunctionInstance& instance = store.functions[frame.function];
  const wasm::Function& function =
      store.instances[instance.instance].module->functions[instance.index];
  const std::size_t most = store.type_of(frame.function).parameters.size() + function.locals_count +
                           function.operands_max;
  require(state.slots.size() - frame.slots_begin <= most, "more slots than validation said");
}

void run_function(wasm::Store& store, wasm::Address function) {
  wasm::Stepper stepper(store);
  const std::vector<wasm::Slot> arguments(store.type_of(function).parameters.size(), 1);
  require(stepper.begin(function, arguments).has_value(), "the arguments do not fit");
  const wasm::Execution& state = stepper.state();
  for (std::uint64_t i = 0; i < steps_max && state.status == wasm::Status::running; ++i) {
    stepper.step();
    check_bounds(store, state);
  }
}

void run(core::ByteView bytes, wasm::Edition edition) {
  auto loaded = wasm::load_module(core::Bytes(bytes.begin(), bytes.end()), edition);
  if (!loaded) {
    require(loaded.error().where.starts_with("byte "), "a refusal without a byte");
    return;
  }
  wasm::Store store;
  store.limits = small_limits;
  wasm::Namespaces names;
  names["spectest"] = *wasm::make_spectest(store);
  const auto module = std::make_shared<const wasm::Module>(*std::move(loaded));
  const auto imports = wasm::resolve_imports(store, *module, names);
  if (!imports) return;
  const auto made = wasm::instantiate(store, module, *imports);
  if (!made) return;
  const std::vector<wasm::Address> functions = store.instances[made->instance].functions;
  for (std::size_t i = 0; i < functions.size() && i < functions_max; ++i) {
    run_function(store, functions[i]);
  }
}

}  // namespace
}  // namespace isotrace::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto edition : {isotrace::wasm::Edition::mvp, isotrace::wasm::Edition::v2}) {
    isotrace::tests::run({data, size}, edition);
  }
  return 0;
}
