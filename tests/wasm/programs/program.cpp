#include "tests/wasm/programs/program.hpp"

#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>

#include "tests/support/data.hpp"

namespace isotrace::wasm::tests {
namespace {

template <class Made>
std::unique_ptr<Engine> make(Store& store) {
  return std::make_unique<Made>(store);
}

}  // namespace

std::vector<EngineChoice> all_engines() {
  return {{"reference", make<Stepper>}, {"fast", make<FastEngine>}};
}

std::string engine_name(const testing::TestParamInfo<EngineChoice>& info) {
  return info.param.name;
}

std::string programs_folder() { return ISOTRACE_FIXTURES "/wasm/programs"; }

Program::Program(const std::string& file, const EngineChoice& engine,
                 std::span<HostLibrary* const> libraries)
    : engine_(engine.make(store)) {
  auto loaded =
      load_module(isotrace::tests::read_file(programs_folder() + "/" + file), Edition::v2);
  EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
  const auto module = std::make_shared<const Module>(*std::move(loaded));
  const auto imports = link_host(store, *module, libraries);
  EXPECT_TRUE(imports.has_value()) << core::describe(imports.error());
  const auto made = instantiate(store, module, *imports);
  EXPECT_TRUE(made.has_value()) << core::describe(made.error());
  instance_ = made->instance;
}

const Execution& Program::run(const std::string& function, const std::vector<Slot>& arguments) {
  const ExternValue value = exports_of(store, instance_).at(function);
  const auto begun = engine_->begin(value.address, arguments);
  EXPECT_TRUE(begun.has_value()) << core::describe(begun.error());
  EXPECT_TRUE(engine_->run_to_suspend_point(UINT64_MAX));
  return engine_->state();
}

std::uint32_t Program::call(const std::string& function, const std::vector<Slot>& arguments) {
  const Execution& state = run(function, arguments);
  EXPECT_EQ(state.status, Status::finished) << trap_text(state.trap);
  return state.slots.empty() ? 0 : static_cast<std::uint32_t>(state.slots[0]);
}

core::ByteView Program::memory(std::uint32_t address, std::size_t size) {
  return store.memories[0].data.bytes().subspan(address, size);
}

std::vector<std::int32_t> Program::numbers(const std::string& function, std::size_t count) {
  core::ByteReader reader(memory(call(function), 4 * count));
  std::vector<std::int32_t> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(static_cast<std::int32_t>(*reader.u32()));
  return list;
}

core::Digest Program::root() {
  const core::Digest program = core::sha256(store.instances[instance_].module->bytes);
  return trace::state_root(state_record(store, engine_->state(), program));
}

}  // namespace isotrace::wasm::tests
