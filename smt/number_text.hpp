// Rational numbers as solvers print them, however long. Trust: none.
#pragma once

#include <string>

#include <isotrace/core/rational.hpp>

namespace isotrace::smt {

/// "12", "-3/4"; leading zeros count for nothing. Refuses solver_failed for anything else.
core::Result<core::Rational> read_number_text(const std::string& text);

}  // namespace isotrace::smt
