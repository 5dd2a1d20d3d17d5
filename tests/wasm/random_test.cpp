// The generator of random modules: what it gives is valid, and reaches everything.
#include <map>

#include <isotrace/wasm/code_walk.hpp>

#include "tests/wasm/machine.hpp"
#include "tests/wasm/random/host.hpp"
#include "tests/wasm/random/module.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint64_t seeds = 2000;
constexpr std::size_t opcodes_max = 20'000;  // that one call may execute

/// How often each opcode was generated and executed, and how calls ended.
struct Statistics {
  std::map<Opcode, std::uint64_t> generated;
  std::map<Opcode, std::uint64_t> executed;
  std::map<Trap, std::uint64_t> endings;
  std::uint64_t unfinished = 0;

  void add_code(const Module& module) {
    for (std::size_t i = module.imported_functions; i < module.functions.size(); ++i) {
      CodeWalk walk(module, module.functions[i]);
      while (walk.next()) ++generated[walk.now().opcode];
    }
  }

  void add_call(Store& store, Stepper& stepper, const Module& module, Address function) {
    const FunctionType& type = store.type_of(function);
    ASSERT_TRUE(stepper.begin(function, std::vector<Slot>(type.parameters.size())).has_value());
    const Execution& state = stepper.state();
    for (std::size_t i = 0; i < opcodes_max && state.status == Status::running; ++i) {
      Reader reader(module.bytes, state.frames.back().pc, module.bytes.size());
      Instruction now;
      ASSERT_TRUE(read_instruction(reader, module.edition, now).has_value());
      ++executed[now.opcode];
      stepper.step();
    }
    if (state.status == Status::running) ++unfinished;
    if (state.status != Status::running) ++endings[state.trap];
  }
};

void add_module(Statistics& statistics, std::uint64_t seed, Edition edition) {
  auto loaded = load_module(random_module(seed, {.edition = edition}), edition);
  ASSERT_TRUE(loaded.has_value()) << "seed " << seed << ": " << core::describe(loaded.error());
  const auto module = std::make_shared<const Module>(*std::move(loaded));
  statistics.add_code(*module);
  Store store;
  store.limits.frames_max = 200;
  Namespaces names;
  names["spectest"] = *make_spectest(store);
  names["host"] = make_random_host(store);
  const auto imports = resolve_imports(store, *module, names);
  ASSERT_TRUE(imports.has_value()) << "seed " << seed << ": " << core::describe(imports.error());
  const auto made = instantiate(store, module, *imports);
  ASSERT_TRUE(made.has_value()) << "seed " << seed << ": " << core::describe(made.error());
  if (made->trap != Trap::none) return;
  for (const auto& [name, value] : exports_of(store, made->instance)) {
    if (!name.starts_with("run")) continue;
    Stepper stepper(store);
    statistics.add_call(store, stepper, *module, value.address);
  }
}

void expect_everything(const Statistics& statistics, Edition edition) {
#define ISOTRACE_WASM_OPCODE(code, name, text, immediates, signature, alignment, since) \
  if (Edition::since <= edition) {                                                      \
    EXPECT_TRUE(statistics.generated.contains(Opcode::name)) << (text);                 \
    EXPECT_TRUE(statistics.executed.contains(Opcode::name)) << (text);                  \
  }
#include <isotrace/wasm/numeric/opcodes.def>
#undef ISOTRACE_WASM_OPCODE
  for (int trap = 0; trap < static_cast<int>(Trap::host_refused); ++trap) {
    if (edition == Edition::mvp && trap == static_cast<int>(Trap::out_of_bounds_table_access)) {
      continue;  // 1.0 has no instruction for it
    }
    const bool occurs = statistics.endings.contains(static_cast<Trap>(trap));
    EXPECT_TRUE(occurs) << trap_text(static_cast<Trap>(trap));
  }
}

void expect_statistics(Edition edition) {
  Statistics statistics;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) add_module(statistics, seed, edition);
  expect_everything(statistics, edition);
  std::uint64_t ended = 0;
  for (const auto& [trap, count] : statistics.endings) ended += count;
  const std::uint64_t finished = statistics.endings[Trap::none];
  std::cout << finished << " calls gave results, " << ended - finished << " trapped, "
            << statistics.unfinished << " were stopped\n";
  EXPECT_GT(finished, ended / 3);
  EXPECT_GT(statistics.unfinished, 0U);
  EXPECT_LT(statistics.unfinished, ended / 10);
}

TEST(RandomModules, of_2_0_are_valid_and_reach_every_opcode_and_trap) {
  expect_statistics(Edition::v2);
}

TEST(RandomModules, of_1_0_are_valid_and_reach_every_opcode_and_trap) {
  expect_statistics(Edition::mvp);
}

TEST(RandomModules, follow_from_the_seed) {
  EXPECT_EQ(random_module(7, {}), random_module(7, {}));
  EXPECT_NE(random_module(7, {}), random_module(8, {}));
}

}  // namespace
}  // namespace isotrace::wasm::tests
