// A term as SMT-LIB 2.6 text that any solver reads, in the smallest logic that has its sorts.
// Shared terms are written once (define-fun), so the text is linear in the number of terms. Trust:
// none.
#pragma once

#include <functional>
#include <string>

#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// A complete script: logic, declarations, one assertion, check-sat. The symbol of a variable is
/// its name after a '$'. Refuses limit_exceeded: the pool is full, the text would have more than
/// smt_query_bytes_max bytes, or `stop` says so; and what Pool::check refuses.
core::Result<std::string> print_query(const bits::TermPool& pool, bits::Term assertion);
core::Result<std::string> print_query(const sorted::Pool& pool, sorted::Term assertion,
                                      const std::function<bool()>& stop = {});

/// "QF_ABV" (also of Booleans alone), "QF_BVFP", "QF_LRA", "QF_LIRA", ...; "ALL" of what Z3 has no
/// logic for.
/// @param order everything that the query consists of
std::string logic_of(const sorted::Pool& pool, const std::vector<sorted::Term>& order);

/// Whether SMT-LIB wants a rounding mode before the operands, conversions aside.
bool takes_rounding(sorted::Operation operation);

}  // namespace isotrace::smt
