// Runs one script of the specification's test suite on any engine.
#pragma once

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/numeric/edition.hpp>
#include <isotrace/wasm/record/engines.hpp>

namespace isotrace::wasm {

struct ScriptFailure {
  std::uint64_t line = 0;  ///< of the .wast file
  std::string what;
};

/// Assertions are checks; modules, registrations and actions count only where they fail. Skipped:
/// assertions about the text format, which is not read here.
struct ScriptOutcome {
  std::size_t passed = 0;
  std::size_t skipped = 0;
  std::uint64_t steps = 0;
  std::vector<ScriptFailure> failures;
};

/// What the script calls malformed must be refused as wasm_malformed or wasm_unsupported, what it
/// calls invalid as one of these or as wasm_invalid, unlinkable as wasm_unlinkable; traps must have
/// the reason named. Refuses what reading the script refuses, wasm_suite_malformed, and
/// wasm_unsupported where a module of the script is for another edition.
core::Result<ScriptOutcome> run_script(core::Files& files, const std::string& path, Edition edition,
                                       const EngineFactory& make_engine);

}  // namespace isotrace::wasm
