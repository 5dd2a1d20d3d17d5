// From a Boolean term to a formula in conjunctive normal form that can be satisfied exactly if some
// values of the variables make the term true. Operations become gates (and, exclusive or), gates
// become clauses (Tseitin: both directions of every gate below the root). Memories are removed
// while gates are made: a read of a store is "this byte if the addresses are equal, else the read
// of what was stored into" (of several stores in a row at constant addresses: a choice per bit of
// the address); a read of a memory variable is eight fresh variables, and any two reads of one
// memory get the constraint that equal addresses have equal bytes (Ackermann), which is all that a
// memory is. The formula depends on the term alone, not on what else is in its pool, so that a
// checker that makes the term again makes the formula again. Trust: part of the trusted base.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <isotrace/bits/cnf.hpp>
#include <isotrace/bits/evaluate.hpp>
#include <isotrace/bits/term.hpp>

namespace isotrace::bits {

struct BlastLimits {
  std::size_t clauses_max = core::limits::cnf_clauses_max;
};

/// A literal of the formula, or a value that is always the same.
inline constexpr std::int32_t literal_true = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int32_t literal_false = -literal_true;

struct Blasted {
  /// A variable of the term; bits lowest first.
  struct Input {
    Term variable;
    std::vector<std::int32_t> literals;
  };
  /// One read of a memory variable.
  struct Read {
    Term memory;
    std::vector<std::int32_t> address;
    std::vector<std::int32_t> byte;
  };

  Cnf cnf;
  std::vector<Input> inputs;
  std::vector<Read> reads;
};

/// The formula of "this Boolean term is true". Refuses limit_exceeded: the pool is full or stopped,
/// or the formula would have more clauses than allowed.
core::Result<Blasted> blast(const TermPool& pool, Term assertion, const BlastLimits& limits = {});

/// Values of the term's variables from a solution of the formula: `solution[v]` is variable v
/// (entry 0 is not used; missing entries are false).
Assignment read_solution(const TermPool& pool, const Blasted& blasted,
                         const std::vector<bool>& solution);

}  // namespace isotrace::bits
