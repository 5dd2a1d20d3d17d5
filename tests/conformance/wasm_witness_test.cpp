// The actions of the specification's test suite, opcode by opcode: each one's witness leads to the
// state of the reference engine.
#include <iostream>

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/script.hpp>

#include "tests/conformance/wasm_scripts.hpp"
#include "tests/support/data.hpp"
#include "tests/wasm/step_machine.hpp"

namespace isotrace::tests {
namespace {

using wasm::tests::MachineParts;
using wasm::tests::StepPair;

constexpr wasm::ProfileLimits small_limits = {
    .memory_pages_max = 16, .table_elements_max = 4096, .frames_max = 64, .slots_max = 4096};
constexpr std::size_t steps_max = 200;  // of one action

/// Whether the module can stand alone, with imports that are made for it.
bool stands_alone(const MachineParts& parts) {
  const auto module = wasm::load_module(parts.module, parts.edition);
  if (!module) return false;
  for (const wasm::TableType& type : module->tables) {
    if (type.limits.least > small_limits.table_elements_max) return false;
  }
  for (const wasm::MemoryType& type : module->memories) {
    if (type.limits.least > small_limits.memory_pages_max) return false;
  }
  const wasm::tests::SingleMachine machine(parts);
  return wasm::check_addresses(machine.store).has_value();
}

class ScriptWalk {
 public:
  ScriptWalk(std::string folder, wasm::Edition edition)
      : folder_(std::move(folder)), edition_(edition) {}

  void execute(const wasm::ScriptCommand& command) {
    switch (command.kind) {
      case wasm::CommandKind::module: load(command); break;
      case wasm::CommandKind::action:
      case wasm::CommandKind::assert_return:
      case wasm::CommandKind::assert_trap:
        if (pair_ && command.action.invokes && command.action.module.empty()) {
          invoke(command.action);
        }
        break;
      default: break;
    }
  }

  [[nodiscard]] std::size_t steps() const { return steps_; }

 private:
  void load(const wasm::ScriptCommand& command) {
    pair_.reset();
    if (command.is_text) return;
    parts_ = {.module = read_file(folder_ + "/" + command.file),
              .limits = small_limits,
              .edition = edition_};
    if (stands_alone(parts_)) pair_ = std::make_unique<StepPair>(parts_);
  }

  void invoke(const wasm::ScriptAction& action) {
    const auto exports = wasm::exports_of(pair_->machine().store, 0);
    const auto found = exports.find(action.field);
    if (found == exports.end()) return;
    std::vector<wasm::Slot> arguments;
    for (const wasm::ScriptValue& value : action.arguments) arguments.push_back(value.slot);
    pair_->begin(found->second.address, arguments);
    pair_->run(steps_max, [&](const auto&) { ++steps_; });
    // What goes on for longer is abandoned, with its machine.
    if (pair_->state().status == wasm::Status::running) pair_ = std::make_unique<StepPair>(parts_);
  }

  std::string folder_;
  wasm::Edition edition_;
  MachineParts parts_;
  std::unique_ptr<StepPair> pair_;
  std::size_t steps_ = 0;
};

TEST(WasmSuite, Witnesses) {
  ISOTRACE_NEEDS_DATA(archive, "wasm-spec/wg-2.0-json.tar.xz");
  std::size_t steps = 0;
  for (const std::string& script : unpack_scripts(archive, "witnesses")) {
    const auto commands = wasm::parse_script(read_file(script));
    if (!commands) continue;  // vectors
    ScriptWalk walk(std::filesystem::path(script).parent_path().string(), wasm::Edition::v2);
    for (const wasm::ScriptCommand& command : *commands) {
      walk.execute(command);
      ASSERT_FALSE(::testing::Test::HasFailure()) << script << ": line " << command.line;
    }
    steps += walk.steps();
  }
  std::cout << steps << " steps judged\n";
  EXPECT_GT(steps, 50'000U);
}

}  // namespace
}  // namespace isotrace::tests
