// Which bits of a vector term have the same value whatever the variables are. Decides that accesses
// to memory are apart, that an address is in bounds, and where in a table it can lie. Trust: part
// of the trusted base.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/bits/term.hpp>

namespace isotrace::proofs::obligation {

/// Of a term of up to 64 bits. Bits above its width are known to be zero.
struct KnownBits {
  std::uint64_t zeros = 0;
  std::uint64_t ones = 0;

  [[nodiscard]] std::uint64_t least() const { return ones; }
  [[nodiscard]] std::uint64_t most() const { return ~zeros; }
};

/// Keeps what it found out. Costs what the pool has grown by since the last question.
class KnownBitsTable {
 public:
  explicit KnownBitsTable(const bits::TermPool& pool) : pool_(pool) {}

  /// `term` is a vector; of more than 64 bits nothing is known.
  const KnownBits& of(bits::Term term);

  /// How two addresses relate for all values of the variables.
  bits::Relation compare(bits::Term a, bits::Term b);

 private:
  KnownBits compute(bits::Term term) const;
  KnownBits compute_shift(bits::Term term) const;
  [[nodiscard]] const KnownBits& operand(bits::Term term, unsigned i) const {
    return table_[pool_.operand(term, i).index];
  }

  const bits::TermPool& pool_;
  std::vector<KnownBits> table_;  // by index of the term; operands come before what uses them
};

}  // namespace isotrace::proofs::obligation
