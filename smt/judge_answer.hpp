// From the end of a solver's child to a typed outcome: nothing of what it says is believed that can
// be checked. Trust: the checks are bits::holds and bits::check_lrat; models of other sorts are
// evaluated by sorted::holds.
#pragma once

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/engine.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// What solvers are asked, and answers are checked against.
struct Question {
  const sorted::Pool& pool;
  sorted::Term assertion;
  /// The same over bits alone: what gates are asked. None where other sorts occur.
  const bits::TermPool* bits = nullptr;
  bits::Term bits_assertion = {};
  const bits::Blasted* blasted = nullptr;  ///< may be missing for engines other than gates
};

/// Checks an answer: the model of a `sat`, the proof of an `unsat` of gates.
EngineRun judge_answer(const Question& question, Engine engine, Answer answer);
/// The same for how a child has ended.
EngineRun judge_end(const Question& question, Engine engine, const SandboxOutcome& end);

}  // namespace isotrace::smt
