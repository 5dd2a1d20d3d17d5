// Random terms together with their value under one random assignment, computed on the side without
// the pool: what rewriting, evaluation, gates and solvers are held against.
#pragma once

#include <string>
#include <vector>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/bits/term.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

struct RandomTermOptions {
  unsigned width_max = 8;  ///< of variables; terms in between may be twice as wide
  bool memories = true;    ///< loads and stores of a memory variable
  bool divisions = true;   ///< multiplication and division
  unsigned variables = 3;  ///< of each width that occurs
};

class RandomTerms {
 public:
  struct Valued {
    bits::Term term;
    bits::Value value;
  };
  struct ValuedMemory {
    bits::Term term;
    bits::MemoryValue value;
  };

  RandomTerms(bits::TermPool& pool, std::uint64_t seed, RandomTermOptions options = {});

  Valued boolean(unsigned depth);
  Valued vector(unsigned width, unsigned depth);
  ValuedMemory memory(unsigned depth);
  /// 1..width_max
  unsigned width();

  /// What the values were computed with.
  [[nodiscard]] const bits::Assignment& assignment() const { return assignment_; }

 private:
  Valued leaf(unsigned width);
  Valued constant(unsigned width);
  Valued variable(unsigned width);
  Valued binary(unsigned width, unsigned depth);
  Valued resized(unsigned width, unsigned depth);
  Valued comparison(unsigned depth);
  Valued connective(unsigned depth);
  Valued load(unsigned depth);
  Valued address(unsigned depth);
  bool chance(unsigned one_in) { return random_.next_below(one_in) == 0; }

  bits::TermPool& pool_;
  core::PhiloxStream random_;
  RandomTermOptions options_;
  bits::Assignment assignment_;
};

}  // namespace isotrace::tests
