// From the end of a solver's child to a typed outcome: nothing of what it says is believed that can
// be checked. Trust: the checks are bits::holds and bits::check_lrat.
#pragma once

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/engine.hpp>

namespace isotrace::smt {

/// What an answer is checked against. `blasted` may be missing for engines other than gates.
struct Question {
  const bits::TermPool& pool;
  bits::Term assertion;
  const bits::Blasted* blasted = nullptr;
};

/// Checks an answer: the model of a `sat`, the proof of an `unsat` of gates.
EngineRun judge_answer(const Question& question, Engine engine, Answer answer);
/// The same for how a child has ended.
EngineRun judge_end(const Question& question, Engine engine, const SandboxOutcome& end);

}  // namespace isotrace::smt
