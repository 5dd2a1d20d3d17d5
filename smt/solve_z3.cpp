#include <isotrace/smt/solve_z3.hpp>

#include <csignal>

#include <isotrace/smt/solvers.hpp>

namespace isotrace::smt {
namespace {

using core::RefusalCode;
using End = SandboxOutcome::End;

SolverAnswer unknown(std::string reason) {
  SolverAnswer answer;
  answer.reason = std::move(reason);
  return answer;
}

auto nonsense(const std::string& line) {
  return core::refuse(RefusalCode::solver_failed, "z3", line.substr(0, 200));
}

}  // namespace

core::Result<SolverAnswer> parse_answer(const std::string& text) {
  SolverAnswer answer;
  std::size_t at = text.find('\n');
  if (at == std::string::npos) return nonsense(text);
  const std::string first = text.substr(0, at);
  ++at;
  if (first == "unsat" && at == text.size()) {
    answer.kind = SolverAnswer::Kind::unsat;
    return answer;
  }
  if (first.starts_with("unknown ") && at == text.size()) return unknown(first.substr(8));
  if (first != "sat") return nonsense(first);
  answer.kind = SolverAnswer::Kind::sat;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    const std::size_t space = line.find(' ');
    if (end == std::string::npos || space == 0 || space == std::string::npos) return nonsense(line);
    auto value = core::parse_rational(line.substr(space + 1));
    if (!value) return nonsense(line);
    if (!answer.model.emplace(line.substr(0, space), *std::move(value)).second) {
      return nonsense(line);
    }
    at = end + 1;
  }
  return answer;
}

core::Result<SolverAnswer> solve_z3(const std::string& smtlib, const SolverLimits& limits) {
  // Z3 is asked in the child: a crash, a leak or a runaway there stays there.
  ISOTRACE_TRY(const Solvers* const solvers, load_solvers());
  ISOTRACE_TRY(
      const SandboxOutcome outcome,
      run_sandboxed([&] { return solvers->solve_text_z3(smtlib, limits.resource_units); }, limits));
  switch (outcome.end) {
    case End::finished: return parse_answer(outcome.output);
    case End::wall_limit: return unknown("wall-clock limit");
    case End::output_limit: return unknown("output limit");
    case End::killed:
      if (outcome.code == SIGXCPU || outcome.code == SIGKILL) return unknown("processor limit");
      break;
    case End::failed:
      if (outcome.code == sandbox_exit_memory) return unknown("memory limit");
      break;
    case End::stopped: break;
  }
  return core::refuse(RefusalCode::solver_failed, "z3", describe(outcome));
}

}  // namespace isotrace::smt
