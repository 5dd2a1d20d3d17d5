// What of a solver's model makes the value of a term: its variables, and of its memories the bytes
// at the addresses that it reads. Trust: none.
#pragma once

#include <vector>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/bits/term.hpp>

namespace isotrace::smt {

/// @param order everything that the term consists of
/// @param value_of  (Term) -> Value, of a Boolean or a vector
/// @param byte_at   (Term memory, Term address) -> Value
template <class ValueOf, class ByteAt>
bits::Assignment read_model(const bits::TermPool& pool, const std::vector<bits::Term>& order,
                            const ValueOf& value_of, const ByteAt& byte_at) {
  bits::Assignment assignment;
  std::vector<bits::Term> memories;
  for (const bits::Term term : order) {
    if (pool.operation(term) != bits::Operation::variable) continue;
    if (pool.sort(term) == bits::memory_sort) {
      memories.push_back(term);
    } else {
      assignment.scalars[pool.variable_name(term)] = value_of(term);
    }
  }
  for (const bits::Term term : order) {
    if (pool.operation(term) != bits::Operation::select) continue;
    const bits::Term address = pool.operand(term, 1);
    const auto number = static_cast<std::uint32_t>(value_of(address));
    for (const bits::Term memory : memories) {
      assignment.memories[pool.variable_name(memory)].bytes[number] =
          static_cast<std::uint8_t>(byte_at(memory, address));
    }
  }
  return assignment;
}

}  // namespace isotrace::smt
