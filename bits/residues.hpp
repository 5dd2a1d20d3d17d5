// What words are modulo constants by which a program divides, or folds (what is above 16 bits added
// to these is the same modulo 65535): digit sums, and remainders taken late or at each step, are
// the same numbers, which solvers do not find in long divisions. What is learned and demanded holds
// for all values of the variables. Trust: part of the trusted base.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <isotrace/bits/term.hpp>
#include <isotrace/bits/word_gates.hpp>

namespace isotrace::bits {

class Residues {
 public:
  /// @param order  all terms that are made words of
  Residues(const TermPool& pool, const std::vector<Term>& order);
  /// After the word of a term was made: words with equal residues are demanded to be equal, as far
  /// as they are below the modulus. Bits that are 0 become known to be.
  void note(Gates& gates, Term term, std::vector<Word>& words);

 private:
  using Residue = std::map<Wire, Value>;  // weights below the modulus; wire 0 is worth 1
  struct Digits {
    Word word;
    Residue worth;  ///< what it is congruent to
  };

  static void add(Residue& sum, Wire wire, Value weight, Value k);
  [[nodiscard]] std::optional<Digits> find_digits(Gates& gates, Wire top, Value k) const;
  static void replace(Residue& sum, const Digits& digits, Value k);
  Residue residue(Gates& gates, const Word& word, Value k);
  void learn(Gates& gates, const Word& word, const Word& congruent, Value k);
  void compare(Gates& gates, const Word& word, Value k);
  [[nodiscard]] std::optional<Term> find_reduced(Term term, Value k) const;

  const TermPool& pool_;
  std::vector<Value> moduli_;
  std::map<std::pair<Value, Wire>, Digits> learned_;  // by the highest digit, not negated
  std::map<std::pair<Value, Residue>, std::vector<Word>> same_;
  std::size_t work_ = 0;
};

}  // namespace isotrace::bits
