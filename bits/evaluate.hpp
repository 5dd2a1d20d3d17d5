// The value of terms where the variables have given values: what makes a solver's model believable,
// and the meaning that the blaster's gates are tested against. Trust: part of the trusted base.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <isotrace/bits/term.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::bits {

/// Contents of a memory.
struct MemoryValue {
  std::uint8_t otherwise = 0;                   ///< what is at addresses that are not listed
  std::map<std::uint32_t, std::uint8_t> bytes;  ///< by address

  [[nodiscard]] std::uint8_t at(std::uint32_t address) const;
  bool operator==(const MemoryValue&) const = default;
};

/// Values of variables by name. What is not listed is 0, false, or the memory of zeros.
struct Assignment {
  std::map<std::string, Value, std::less<>> scalars;
  std::map<std::string, MemoryValue, std::less<>> memories;

  bool operator==(const Assignment&) const = default;
};

/// Values of Boolean and vector terms, in the order given; Booleans are 0 and 1. Values of
/// variables count modulo two to their width. Refuses limit_exceeded for a full pool.
core::Result<std::vector<Value>> evaluate(const TermPool& pool, const std::vector<Term>& terms,
                                          const Assignment& assignment);

/// Whether a Boolean term is true. Refuses limit_exceeded for a full pool.
core::Result<bool> holds(const TermPool& pool, Term term, const Assignment& assignment);

}  // namespace isotrace::bits
