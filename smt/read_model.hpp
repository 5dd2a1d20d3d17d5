// What of a solver's model makes the value of a term: its variables, and of its memories the bytes
// at the addresses that it reads. Trust: none.
#pragma once

#include <vector>

#include <isotrace/smt/model.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// @param order everything that the term consists of
/// @param value_of  (Term) -> sorted::Value, of any sort but memories
/// @param byte_at   (Term memory, Term address) -> sorted::Value
template <class ValueOf, class ByteAt>
Model read_model(const sorted::Pool& pool, const std::vector<sorted::Term>& order,
                 const ValueOf& value_of, const ByteAt& byte_at) {
  const auto bits_of = [](const sorted::Value& value) { return std::get<bits::Value>(value); };
  Model model;
  std::vector<sorted::Term> memories;
  for (const sorted::Term term : order) {
    if (pool.node(term).operation != sorted::Operation::variable) continue;
    const std::string& name = pool.variable_name(term);
    if (pool.sort(term) == sorted::memory_sort) {
      memories.push_back(term);
    } else if (sorted::is_number(pool.sort(term))) {
      model.numbers[name] = std::get<core::Rational>(value_of(term));
    } else {
      model.scalars[name] = bits_of(value_of(term));
    }
  }
  for (const sorted::Term term : order) {
    if (pool.node(term).bits != bits::Operation::select) continue;
    const sorted::Term address = pool.operands(term)[1];
    const auto number = static_cast<std::uint32_t>(bits_of(value_of(address)));
    for (const sorted::Term memory : memories) {
      model.memories[pool.variable_name(memory)].bytes[number] =
          static_cast<std::uint8_t>(bits_of(byte_at(memory, address)));
    }
  }
  return model;
}

}  // namespace isotrace::smt
