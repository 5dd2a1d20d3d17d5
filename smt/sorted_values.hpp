// The value of sorted terms where the variables have given values: what makes a solver's model
// believable. Trust: none needed beyond tests; what follows from a model is executed.
#pragma once

#include <isotrace/smt/model.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt::sorted {

/// What an operation computes from values; not for constants, variables, memories and what reads
/// them.
/// @param sorts  of the operands
Value compute(const Node& node, std::span<const Sort> sorts, std::span<const Value> operands);

/// Of a Boolean, number, vector or float. Refuses what Pool::check refuses, and limit_exceeded for
/// numbers of more than 2^20 bits.
core::Result<Value> evaluate(const Pool& pool, Term term, const Model& model);

/// Whether a Boolean term is true; an integer variable with a fraction makes it false.
core::Result<bool> holds(const Pool& pool, Term term, const Model& model);

}  // namespace isotrace::smt::sorted
