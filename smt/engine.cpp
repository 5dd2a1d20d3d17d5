#include <isotrace/smt/engine.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/solve_gates.hpp>
#include <isotrace/smt/solvers.hpp>

namespace isotrace::smt {

std::string_view name(Engine engine) {
  switch (engine) {
    case Engine::gates: return "gates";
    case Engine::z3: return "z3";
    case Engine::cvc5: return "cvc5";
  }
  ISOTRACE_CHECK(false, static_cast<int>(engine));
  return {};
}

std::string version(Engine engine) {
  if (engine == Engine::gates) return cadical_version();
  const auto solvers = load_solvers();
  if (!solvers) return "absent";
  return engine == Engine::z3 ? (*solvers)->z3_version() : (*solvers)->cvc5_version();
}

std::string_view name(Outcome outcome) {
  constexpr std::string_view names[] = {"sat",     "unsat",   "unknown",  "timeout", "memory",
                                        "crashed", "flooded", "rejected", "lied",    "stopped"};
  return names[static_cast<std::size_t>(outcome)];
}

}  // namespace isotrace::smt
