// What a solver's child says to its parent, as bytes. Trust: none; the parent believes nothing of
// it.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/smt/model.hpp>

namespace isotrace::smt {

struct Answer {
  enum class Kind : std::uint8_t { sat, unsat, unknown, memory, rejected };

  Kind kind = Kind::unknown;
  std::string detail;  ///< unknown, rejected: why
  Model model;         ///< sat
  core::Bytes lrat;    ///< unsat, where the engine has proofs
  double solve_milliseconds = 0;
  double trim_milliseconds = 0;
};

std::string write_answer(const Answer& answer);
/// Refuses solver_failed for anything that write_answer does not write.
core::Result<Answer> read_answer(std::string_view text);

}  // namespace isotrace::smt
