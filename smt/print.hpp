// A term as SMT-LIB 2.6 text (logic QF_ABV; ALL where memories
// of one byte occur) that any solver reads. Shared terms are written once
// (define-fun), so the text is linear in the number of terms. Trust: none.
#pragma once

#include <string>

#include <isotrace/bits/term.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::smt {

/// A complete script: logic, declarations, one assertion, check-sat. Refuses limit_exceeded: the
/// pool is full, or the text would have more than smt_query_bytes_max bytes.
core::Result<std::string> print_query(const bits::TermPool& pool, bits::Term assertion);

/// The symbol of a variable in the text: its name after a '$', which no word of SMT-LIB begins
/// with.
std::string variable_symbol(const bits::TermPool& pool, bits::Term variable);

}  // namespace isotrace::smt
