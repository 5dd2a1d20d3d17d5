// A third opinion: random modules under Debian's wasm-interp (wabt), which must give the results,
// the reasons of traps and the digests of memory, globals and tables that the engines here give.
// ISOTRACE_WABT_MODULES: how many (2,000), from the seed ISOTRACE_RANDOM_SEED (0) on.
//
// Known differences, which make a module not comparable: runs that do not end, and the depth of
// calls, whose limit is each engine's own. Bits of NaNs are no difference, since wabt gives the
// canonical one, too, except where a float of the other size is made of a NaN with a payload or a
// sign: there it keeps them, as the specification leaves open. What differs behind that is not
// counted.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <unistd.h>

#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

#include "tests/wasm/engines.hpp"
#include "tests/wasm/machine.hpp"
#include "tests/wasm/random/module.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint64_t steps_max = 10'000;          // of an entry
constexpr std::uint64_t state_steps_max = 1U << 22;  // of the digest

/// What wabt says before details, by Trap.
constexpr std::array<std::string_view, 11> wabt_reasons = {
    "",
    "unreachable executed",
    "integer divide by zero",
    "integer overflow",
    "invalid conversion to integer",
    "out of bounds memory access",
    "out of bounds table access",
    "undefined table index",
    "uninitialized table element",
    "indirect call signature mismatch",
    "call stack exhausted",
};

std::string value_text(ValueType type, Slot value) {
  return std::string(type_name(type)) + ":" + std::to_string(value);
}

/// What wasm-interp prints of a call that has ended.
std::string call_text(const std::string& name, const FunctionType& type, const Execution& state) {
  std::string text = name + "() =>";
  if (state.status == Status::trapped) {
    return text + " error: " + std::string(wabt_reasons[static_cast<std::size_t>(state.trap)]);
  }
  for (std::size_t i = 0; i < state.slots.size(); ++i) {
    text += (i == 0 ? " " : ", ") + value_text(type.results[i], state.slots[i]);
  }
  return text;
}

/// A line for every call; nothing if the module is not comparable.
std::optional<std::vector<std::string>> run_here(const core::Bytes& bytes, const EngineKind& kind) {
  auto loaded = load_module(bytes, Edition::v2);
  if (!loaded) return {};
  const auto module = std::make_shared<const Module>(*std::move(loaded));
  Store store;
  const auto made = instantiate(store, module, {});
  if (!made || made->trap != Trap::none) return {};
  const auto engine = kind.make(store);
  const auto run = [&](Address function, std::uint64_t limit) {
    return engine->begin(function, {}).has_value() &&
           engine->run_to_suspend_point(engine->steps() + limit) &&
           engine->state().trap != Trap::call_stack_exhausted;
  };
  if (made->start) {
    if (!run(*made->start, steps_max) || engine->state().trap != Trap::none) return {};
  }
  std::vector<std::string> lines;
  for (const Export& out : module->exports) {
    if (out.kind != ExternKind::function) continue;
    const Address function = store.instances[made->instance].functions[out.index];
    if (!run(function, out.name == "state" ? state_steps_max : steps_max)) return {};
    lines.push_back(call_text(out.name, store.type_of(function), engine->state()));
  }
  return lines;
}

/// Whether the opcode in front of the stepper makes a float of the other size of a NaN that is not
/// the positive canonical one.
bool resizes_nan(const Module& module, const Execution& state) {
  Reader reader(module.bytes, state.frames.back().pc, module.bytes.size());
  Instruction now;
  if (!read_instruction(reader, module.edition, now)) return false;
  const Slot operand = state.slots.empty() ? 0 : state.slots.back();
  if (now.opcode == Opcode::f64_promote_f32) {
    return std::isnan(from_slot<float>(operand)) && operand != 0x7FC00000;
  }
  if (now.opcode != Opcode::f32_demote_f64) return false;
  return std::isnan(from_slot<double>(operand)) && operand != 0x7FF8000000000000;
}

/// Whether any call of a comparable module does that, opcode by opcode.
bool any_call_resizes_nan(const core::Bytes& bytes) {
  const auto module = std::make_shared<const Module>(*load_module(bytes, Edition::v2));
  Store store;
  const auto made = instantiate(store, module, {});
  std::vector<Address> calls;
  if (made->start) calls.push_back(*made->start);
  for (const Export& out : module->exports) {
    if (out.kind != ExternKind::function || out.name == "state") continue;
    calls.push_back(store.instances[made->instance].functions[out.index]);
  }
  Stepper stepper(store);
  for (const Address function : calls) {
    if (!stepper.begin(function, {})) return false;
    while (stepper.state().status == Status::running) {
      if (resizes_nan(*module, stepper.state())) return true;
      stepper.step();
    }
  }
  return false;
}

core::Bytes bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const core::ByteView bytes = core::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// Runs all modules of a folder; lines by module.
std::map<std::string, std::vector<std::string>> run_there(const std::filesystem::path& folder) {
  const std::string command =
      "cd '" + folder.string() +
      "' && for f in *.wasm; do echo \"module $f\"; timeout 60 wasm-interp -V 65536 -C 4096 "
      "--run-all-exports $f; done 2>&1";
  std::map<std::string, std::vector<std::string>> lines;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), pipe.get()) != nullptr) text += part.data();
  std::istringstream in(text);
  std::string module;
  for (std::string line; std::getline(in, line);) {
    while (line.ends_with(' ')) line.pop_back();
    if (line.starts_with("module "))
      module = line.substr(7);
    else
      lines[module].push_back(line);
  }
  return lines;
}

/// Reasons of traps may have details behind them.
bool same_line(const std::string& ours, const std::string& theirs) {
  return ours == theirs || (ours.find("error: ") != std::string::npos && theirs.starts_with(ours));
}

void expect_same(const std::filesystem::path& module, const std::vector<std::string>& ours,
                 const std::vector<std::string>& theirs, std::size_t& compared) {
  for (const std::string& line : theirs) {
    if (line.ends_with("call stack exhausted")) return;
  }
  ASSERT_EQ(ours.size(), theirs.size()) << module;
  const bool same = std::equal(ours.begin(), ours.end(), theirs.begin(), same_line);
  if (!same && any_call_resizes_nan(bytes_of(module))) return;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(same_line(ours[i], theirs[i])) << module << "\n" << ours[i] << "\n" << theirs[i];
  }
  ++compared;
}

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

TEST(WabtDifferential, wabt_gives_what_the_engines_give) {
  if (std::system("wasm-interp --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "wasm-interp (Debian's wabt) is absent";
  }
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / ("isotrace-wabt-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::uint64_t count = number_from("ISOTRACE_WABT_MODULES", 2000);
  const std::uint64_t begin = number_from("ISOTRACE_RANDOM_SEED", 0);
  std::map<std::string, std::vector<std::string>> ours;
  for (std::uint64_t seed = begin; seed < begin + count; ++seed) {
    const core::Bytes bytes = random_module(seed, {.standalone = true});
    const auto lines = run_here(bytes, *std::rbegin(engine_kinds));
    if (!lines) continue;
    const std::string name = std::to_string(seed) + ".wasm";
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    ours[name] = *lines;
  }
  std::map<std::string, std::vector<std::string>> theirs = run_there(folder);
  std::size_t compared = 0;
  for (const auto& [module, lines] : ours) {
    expect_same(folder / module, lines, theirs[module], compared);
  }
  std::cout << compared << " of " << count << " modules compared\n";
  EXPECT_GT(compared, count * 4 / 5);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace isotrace::wasm::tests
