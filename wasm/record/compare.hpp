// Finds where two recorded runs of one program part, down to the opcode, by executing again what is
// around the first checkpoint that differs.
#pragma once

#include <isotrace/wasm/record/replay.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

/// One of two runs; what it refers to must outlive the comparison.
struct RunSide {
  const trace::Trace& trace;
  const RunRequest& request;
  const EngineFactory& engine;
};

/// A byte of memory 0 that differs, and the step that wrote it last as the reference has it.
struct ByteDifference {
  std::uint64_t address = 0;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::optional<StepEffect> writer;
};

struct RunDifference {
  bool same_program = true;  ///< false: nothing else is said
  /// What the runs were given otherwise: "argument 0", "setting arg", "host call 20: results".
  std::vector<std::string> given;
  /// The first checkpoint that differs, the number of checkpoints standing for the last state, and
  /// in what; no parts where one run has ended.
  std::size_t checkpoint = 0;
  std::vector<std::string> parts;
  /// Whether the reference, from the state before and with the answers recorded, comes to the state
  /// that is recorded. What does not is no run of the program.
  bool a_agrees = true;
  bool b_agrees = true;
  /// Executed again, the runs are equal after `begin` steps and, unless they are from the beginning
  /// on, differ after `end`; absent if they do not differ then.
  std::optional<std::uint64_t> begin;
  std::uint64_t end = 0;
  /// The first step that differs between the two; absent if the reference makes none.
  std::optional<StepEffect> a;
  std::optional<StepEffect> b;
  std::optional<ByteDifference> byte;
};

/// Nothing if the roots are equal. Both traces must be complete. Refuses what open_recorded and
/// find_last_write refuse.
core::Result<std::optional<RunDifference>> compare_runs(const RunSide& a, const RunSide& b);

}  // namespace isotrace::wasm
