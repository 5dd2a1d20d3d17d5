// The WebAssembly specification's own test suite, converted by wast2json. Every check that a binary
// engine can make must pass, and none may go missing.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>

#include <isotrace/wasm/conform.hpp>

#include "tests/support/data.hpp"

namespace isotrace::tests {
namespace {

namespace fs = std::filesystem;

/// Unpacks an archive of scripts into the build folder.
std::vector<std::string> unpack_scripts(const std::string& archive, const std::string& name) {
  const fs::path folder = fs::path(ISOTRACE_BUILD) / "wasm-spec" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string command = "tar -xJf '" + archive + "' -C '" + folder.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::vector<std::string> scripts;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") scripts.push_back(entry.path().string());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

struct Counts {
  std::size_t scripts = 0;
  std::size_t passed = 0;
  std::size_t text_only = 0;
  std::size_t other_edition = 0;  // scripts
};

Counts run_scripts(const std::vector<std::string>& scripts, wasm::Edition edition) {
  core::PosixFiles files;
  Counts counts;
  for (const std::string& script : scripts) {
    const auto outcome = wasm::run_script(files, script, edition);
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

void check_suite(const std::string& name, wasm::Edition edition, const Counts& expected) {
  ISOTRACE_NEEDS_DATA(archive, "wasm-spec/" + name + "-json.tar.xz");
  const Counts found = run_scripts(unpack_scripts(archive, name), edition);
  std::cout << name << ": " << found.passed << " of " << expected.passed << " checks passed, "
            << found.text_only << " of the text format skipped, " << found.other_edition
            << " scripts of another edition\n";
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
