// The one door to the solvers: is there an assignment that makes a term true? Engines run side by
// side, each in a sandboxed child; what they say is believed where it can be checked and labelled
// where it cannot. Trust: none needed for `sat` (the model is evaluated) and for a checked `unsat`
// (the proof is checked); `solver-asserted` answers rest on the solver.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <isotrace/bits/term.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/smt/engine.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// One line of telemetry; see event_line.
struct QueryEvent {
  std::string query;  ///< digest of the query as SMT-LIB, hex
  std::string label;  ///< DecideOptions::label
  std::uint64_t terms = 0;
  EngineRun run;  ///< without model and proof
};

struct DecideOptions {
  std::vector<Engine> engines = {Engine::gates, Engine::z3, Engine::cvc5};
  EngineLimits limits;                             ///< of each engine
  std::size_t clauses_max = std::size_t{1} << 24;  ///< of the formula that `gates` solves
  /// How long the first engine may be alone: most queries are answered by then. Not where all must
  /// agree.
  int head_start_milliseconds = 30;
  /// Every engine must answer, and all the same; otherwise the first sure answer wins.
  bool agree = false;
  /// An `unsat` without a proof is taken when no engine can give one with a proof. If false it is
  /// `undecided`.
  bool accept_asserted = true;
  std::string label;               ///< what the query is about, for events and file names
  std::string cache_folder;        ///< answers are kept here; empty: no cache
  std::string dump_folder;         ///< the query is saved here as SMT-LIB; empty: not saved
  std::string alarm_folder = ".";  ///< queries about which engines disagree or lie are saved here
  std::function<void(const QueryEvent&)> on_event;  ///< once per engine
};

struct Decision {
  enum class Kind : std::uint8_t { sat, unsat, undecided };

  Kind kind = Kind::undecided;
  Model model;  ///< sat: bits::holds(pool, assertion, model), or sorted::holds
  /// unsat: `lrat` is accepted by bits::check_lrat over bits::blast(pool, assertion). False:
  /// solver-asserted.
  bool checked = false;
  core::Bytes lrat;
  Outcome reason = Outcome::unknown;  ///< undecided: unknown, timeout, memory, crashed, ...
  std::string detail;                 ///< undecided: of which engine, why
  std::string query;                  ///< digest of the query as SMT-LIB, hex
  std::vector<EngineRun> runs;        ///< one per engine, in the order of the options
};

/// Decides whether a Boolean term can be true. Refuses solvers_disagree (the query and both answers
/// are saved), solver_answer_wrong (an engine's model or proof does not hold, and no other engine
/// has an answer that does), sandbox_failed or solver_absent (no engine could be started),
/// file_write_failed (dump), limit_exceeded (a full pool, a query larger than may be printed).
core::Result<Decision> decide(const bits::TermPool& pool, bits::Term assertion,
                              const DecideOptions& options);

/// The same over all sorts, of which `gates` is not asked: no `unsat` is checked.
core::Result<Decision> decide(const sorted::Pool& pool, sorted::Term assertion,
                              const DecideOptions& options);

/// One JSON object without a line end: query, label, engine, outcome, detail, cached, sizes, times.
std::string event_line(const QueryEvent& event);

}  // namespace isotrace::smt
