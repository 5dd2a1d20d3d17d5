// `decide` with a solver of one's own in the child: for tests, whose solvers crash, hang, flood and
// lie. Trust: as decide.hpp.
#pragma once

#include <isotrace/smt/decide.hpp>
#include <isotrace/smt/judge_answer.hpp>

namespace isotrace::smt {

/// Runs in the child; what it returns is read as write_answer writes.
using SolveFunction = std::function<std::string(const Question&, Engine, const EngineLimits&)>;

/// The real solvers.
std::string solve_with_engine(const Question& question, Engine engine, const EngineLimits& limits);

core::Result<Decision> decide_with(const bits::TermPool& pool, bits::Term assertion,
                                   const DecideOptions& options, const SolveFunction& solve);
core::Result<Decision> decide_with(const sorted::Pool& pool, sorted::Term assertion,
                                   const DecideOptions& options, const SolveFunction& solve);

}  // namespace isotrace::smt
