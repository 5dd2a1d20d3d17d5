#include <isotrace/smt/solve_z3.hpp>

#include <z3++.h>

#include <csignal>

namespace isotrace::smt {
namespace {

using core::RefusalCode;
using End = SandboxOutcome::End;

/// Names and exact values of the real constants that the model fixes.
std::string model_text(z3::context& context, const z3::model& model) {
  std::string text = "sat\n";
  for (unsigned i = 0; i < model.num_consts(); ++i) {
    const z3::func_decl constant = model.get_const_decl(i);
    if (!constant.range().is_real() && !constant.range().is_int()) continue;
    const z3::expr value = model.get_const_interp(constant);
    if (!value.is_numeral()) continue;
    // One call at a time: both texts live in the same buffer of Z3's.
    text += constant.name().str() + " ";
    text += Z3_get_numeral_string(context, value);
    text += "\n";
  }
  return text;
}

std::string ask(const std::string& smtlib, unsigned resource_units) {
  z3::context context;
  try {
    z3::solver solver(context, "QF_LRA");
    if (resource_units != 0) {
      z3::params parameters(context);
      parameters.set("rlimit", resource_units);
      solver.set(parameters);
    }
    solver.from_string(smtlib.c_str());
    switch (solver.check()) {
      case z3::sat: return model_text(context, solver.get_model());
      case z3::unsat: return "unsat\n";
      default: return "unknown " + solver.reason_unknown() + "\n";
    }
  } catch (const z3::exception& error) {
    const std::string message = error.msg();
    if (message.find("memory") != std::string::npos) return "unknown memory limit\n";
    return "error " + message + "\n";
  }
}

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
  // Z3 is first touched in the child: a crash, a leak or a runaway there stays there.
  ISOTRACE_TRY(const SandboxOutcome outcome,
               run_sandboxed([&] { return ask(smtlib, limits.resource_units); }, limits));
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
