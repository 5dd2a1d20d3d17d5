// The WebAssembly specification's own test suite, converted by wast2json. Every check that a binary
// engine can make must pass, and none may go missing.
#include <iostream>

#include <gtest/gtest.h>

#include <isotrace/wasm/conform.hpp>
#include <isotrace/wasm/state.hpp>

#include "tests/conformance/wasm_scripts.hpp"
#include "tests/support/data.hpp"

namespace isotrace::tests {
namespace {

struct Counts {
  std::size_t scripts = 0;
  std::size_t passed = 0;
  std::size_t text_only = 0;
  std::size_t other_edition = 0;  // scripts
};

Counts run_scripts(const std::vector<std::string>& scripts, wasm::Edition edition,
                   const wasm::EngineFactory& make_engine) {
  core::PosixFiles files;
  Counts counts;
  for (const std::string& script : scripts) {
    const auto outcome = wasm::run_script(files, script, edition, make_engine);
    ++counts.scripts;
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, core::RefusalCode::wasm_unsupported)
          << core::describe(outcome.error());
      ++counts.other_edition;
      continue;
    }
    counts.passed += outcome->passed;
    counts.text_only += outcome->skipped;
    for (const wasm::ScriptFailure& failure : outcome->failures) {
      ADD_FAILURE() << script << ": line " << failure.line << ": " << failure.what;
    }
  }
  return counts;
}

/// Another engine that keeps the roots of all states at which it stops on its way: at every suspend
/// point at first, then after ever more steps.
class Witness : public wasm::Engine {
 public:
  Witness(wasm::Store& store, std::unique_ptr<wasm::Engine> engine,
          std::vector<core::Digest>& roots)
      : store_(store), engine_(std::move(engine)), roots_(roots) {}

  core::Result<core::Done> begin(wasm::Address function,
                                 std::span<const wasm::Slot> arguments) override {
    return engine_->begin(function, arguments);
  }
  bool run_to_suspend_point(std::uint64_t steps_min) override {
    const std::uint64_t begin = steps();
    for (std::uint64_t next = begin; next < steps_min;) {
      const bool ended = engine_->run_to_suspend_point(next);
      roots_.push_back(trace::state_root(hasher_.record(store_, engine_->state())));
      if (ended) return true;
      next = std::min(steps_min, steps() + 1 + (steps() - begin) / 16);
    }
    return engine_->run_to_suspend_point(steps_min);
  }
  [[nodiscard]] const wasm::Execution& state() override { return engine_->state(); }
  [[nodiscard]] std::uint64_t steps() const override { return engine_->steps(); }
  void restore(const wasm::Execution& state) override { engine_->restore(state); }

 private:
  wasm::Store& store_;
  std::unique_ptr<wasm::Engine> engine_;
  std::vector<core::Digest>& roots_;
  wasm::StateHasher hasher_{core::Digest()};
};

/// Every check on both engines, and every state on the way the same.
void check_suite(const std::string& name, wasm::Edition edition, const Counts& expected) {
  ISOTRACE_NEEDS_DATA(archive, "wasm-spec/" + name + "-json.tar.xz");
  const std::vector<std::string> scripts = unpack_scripts(archive, name);
  std::vector<core::Digest> reference_roots;
  std::vector<core::Digest> roots;
  run_scripts(scripts, edition, [&](wasm::Store& store) {
    return std::make_unique<Witness>(store, wasm::make_reference_engine(store), reference_roots);
  });
  const Counts found = run_scripts(scripts, edition, [&](wasm::Store& store) {
    return std::make_unique<Witness>(store, wasm::make_fastest_engine(store), roots);
  });
  EXPECT_EQ(roots.size(), reference_roots.size());
  EXPECT_TRUE(roots == reference_roots);
  std::cout << name << ": " << found.passed << " of " << expected.passed << " checks passed, "
            << found.text_only << " of the text format skipped, " << found.other_edition
            << " scripts of another edition, " << roots.size() << " states\n";
  EXPECT_EQ(found.scripts, expected.scripts);
  EXPECT_EQ(found.passed, expected.passed);
  EXPECT_EQ(found.text_only, expected.text_only);
  EXPECT_EQ(found.other_edition, expected.other_edition);
}

TEST(WasmSuite, Mvp) { check_suite("wg-1.0", wasm::Edition::mvp, {73, 18008, 430, 0}); }
/// 58 of the 148 scripts are of SIMD.
TEST(WasmSuite, Version2) { check_suite("wg-2.0", wasm::Edition::v2, {148, 26135, 581, 58}); }

}  // namespace
}  // namespace isotrace::tests
