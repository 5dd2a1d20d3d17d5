// What is known about one run of one solver on one query. Trust: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/smt/model.hpp>
#include <isotrace/smt/sandbox.hpp>

namespace isotrace::smt {

enum class Engine : std::uint8_t {
  gates,  ///< our gates and clauses, solved by CaDiCaL: `unsat` comes with a proof that is checked
  z3,
  cvc5,
};

/// "gates", "z3", "cvc5".
std::string_view name(Engine engine);
/// The library's own version, "4.8.12", or "absent". Loads the solvers for Z3 and cvc5.
std::string version(Engine engine);

struct EngineLimits : SandboxLimits {
  /// Proofs are large.
  EngineLimits() { output_bytes_max = std::size_t{512} << 20; }

  /// The engine's own count of steps (Z3: rlimit, cvc5: rlimit, gates: conflicts), the same on
  /// every machine; 0: none.
  std::uint64_t steps = 0;
};

enum class Outcome : std::uint8_t {
  sat,       ///< with a model that evaluation confirms
  unsat,     ///< gates: with a proof that bits::check_lrat accepts
  unknown,   ///< the engine gave up, or reached its own count of steps
  timeout,   ///< wall clock or processor time
  memory,    ///< the memory limit, or a formula larger than allowed
  crashed,   ///< killed by a signal, or an exit code of its own
  flooded,   ///< wrote more than it may
  rejected,  ///< the engine does not take the query
  lied,     ///< its model does not satisfy the query, its proof is none, or its answer is no answer
  stopped,  ///< another engine was faster
};

/// "sat", "timeout", ...
std::string_view name(Outcome outcome);
constexpr bool is_sure(Outcome outcome) {
  return outcome == Outcome::sat || outcome == Outcome::unsat;
}

struct EngineRun {
  Engine engine = Engine::gates;
  Outcome outcome = Outcome::unknown;
  std::string detail;               ///< why, in the engine's words or ours
  Model model;                      ///< sat
  core::Bytes lrat;                 ///< gates, unsat: see bits/lrat.hpp
  bool cached = false;              ///< the answer was in the cache (and checked again)
  double start_milliseconds = 0;    ///< until the child was locked in and began
  double solve_milliseconds = 0;    ///< in the child: building the query and solving
  double trim_milliseconds = 0;     ///< gates, unsat: from CaDiCaL's proof to ours, in the child
  double check_milliseconds = 0;    ///< believing: evaluating the model, checking the proof
  std::uint64_t clauses = 0;        ///< gates: of the formula
  std::uint64_t proof_clauses = 0;  ///< gates, unsat: of the proof
};

}  // namespace isotrace::smt
