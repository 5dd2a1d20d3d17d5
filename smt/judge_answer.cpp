#include <isotrace/smt/judge_answer.hpp>

#include <csignal>

#include <isotrace/bits/lrat.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/smt/sorted_values.hpp>
#include <isotrace/smt/stopwatch.hpp>

namespace isotrace::smt {
namespace {

using End = SandboxOutcome::End;

void judge_model(const Question& question, Answer answer, EngineRun& run) {
  const auto holds = question.bits != nullptr
                         ? bits::holds(*question.bits, question.bits_assertion, answer.model)
                         : sorted::holds(question.pool, question.assertion, answer.model);
  if (holds && *holds) {
    run.outcome = Outcome::sat;
    run.model = std::move(answer.model);
  } else {
    run.outcome = Outcome::lied;
    run.detail = "its model does not satisfy the query";
  }
}

void judge_proof(const Question& question, Answer answer, EngineRun& run) {
  ISOTRACE_CHECK(question.blasted != nullptr);
  const bits::LratOutcome checked = bits::check_lrat(question.blasted->cnf, answer.lrat);
  run.proof_clauses = checked.clauses;
  if (checked.accepted) {
    run.outcome = Outcome::unsat;
    run.lrat = std::move(answer.lrat);
  } else {
    run.outcome = Outcome::lied;
    run.detail = "its proof is none: " + checked.reason;
  }
}

}  // namespace

EngineRun judge_answer(const Question& question, Engine engine, Answer answer) {
  EngineRun run;
  run.engine = engine;
  run.detail = std::move(answer.detail);
  run.solve_milliseconds = answer.solve_milliseconds;
  run.trim_milliseconds = answer.trim_milliseconds;
  const Stopwatch checking;
  switch (answer.kind) {
    case Answer::Kind::sat: judge_model(question, std::move(answer), run); break;
    case Answer::Kind::unsat:
      if (engine == Engine::gates) {
        judge_proof(question, std::move(answer), run);
      } else {
        run.outcome = Outcome::unsat;
      }
      break;
    case Answer::Kind::unknown: run.outcome = Outcome::unknown; break;
    case Answer::Kind::memory: run.outcome = Outcome::memory; break;
    case Answer::Kind::rejected: run.outcome = Outcome::rejected; break;
  }
  run.check_milliseconds = checking.milliseconds();
  return run;
}

EngineRun judge_end(const Question& question, Engine engine, const SandboxOutcome& end) {
  EngineRun run;
  run.engine = engine;
  run.detail = describe(end);
  switch (end.end) {
    case End::finished: {
      auto answer = read_answer(end.output);
      if (answer) return judge_answer(question, engine, *std::move(answer));
      run.outcome = Outcome::lied;
      run.detail = core::describe(answer.error());
      break;
    }
    case End::failed:
      run.outcome = end.code == sandbox_exit_memory ? Outcome::memory : Outcome::crashed;
      break;
    case End::killed:
      // SIGKILL: the kernel's, for processor time over the hard limit.
      run.outcome =
          end.code == SIGXCPU || end.code == SIGKILL ? Outcome::timeout : Outcome::crashed;
      break;
    case End::wall_limit: run.outcome = Outcome::timeout; break;
    case End::output_limit: run.outcome = Outcome::flooded; break;
    case End::stopped: run.outcome = Outcome::stopped; break;
  }
  return run;
}

}  // namespace isotrace::smt
