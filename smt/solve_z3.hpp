// Z3 through its C++ interface, inside a sandboxed child. An answer is an opinion: `sat` models are
// re-run by the caller, `unsat` proves nothing here.
#pragma once

#include <map>
#include <string>

#include <isotrace/core/rational.hpp>
#include <isotrace/smt/sandbox.hpp>

namespace isotrace::smt {

struct SolverLimits : SandboxLimits {
  /// Z3's own count of steps, the same on every machine; 0: none.
  unsigned resource_units = 0;
};

struct SolverAnswer {
  enum class Kind { sat, unsat, unknown };

  Kind kind = Kind::unknown;
  std::map<std::string, core::Rational> model;  ///< sat: the rational constants
  std::string reason;                           ///< unknown
};

/// Decides SMT-LIB 2 text (declarations and assertions; commands such as check-sat are not needed).
/// A solver stopped by a limit gives unknown, with the limit as reason. Refuses solver_failed (Z3
/// rejects the text, crashes, or answers nonsense), solver_absent and sandbox_failed.
core::Result<SolverAnswer> solve_z3(const std::string& smtlib, const SolverLimits& limits);

/// Reads what the child writes: "sat\n" and lines "name value", "unsat\n", or "unknown reason\n".
/// Refuses solver_failed for anything else.
core::Result<SolverAnswer> parse_answer(const std::string& text);

}  // namespace isotrace::smt
