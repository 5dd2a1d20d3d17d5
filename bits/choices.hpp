// Words that are chosen from others: comparing two of them is comparing what they are chosen from,
// whose order is total. So algorithms that compare and move numbers are about the order of these
// and no longer about their digits. Trust: part of the trusted base.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <isotrace/bits/word_gates.hpp>

namespace isotrace::bits {

class Choices {
 public:
  /// That `word` is chosen: operands of `ite`.
  void note(Gates& gates, const std::vector<Word>& operands, const Word& word);
  /// equal, bvult or bvslt of two words one of which is chosen; nothing of others, if from too many
  /// words, or, equal, from words that are not compared otherwise.
  std::optional<Wire> compare(Gates& gates, Operation operation, const std::vector<Word>& operands);

 private:
  static constexpr std::size_t options_max = 8;
  using Options = std::map<Word, Wire>;  // exactly one of the wires is true
  using Pairs = std::map<std::pair<Word, Word>, Wire>;

  [[nodiscard]] Options options_of(const Word& word) const;
  bool join(Gates& gates, Operation operation, const Word& word);

  std::map<Word, Options> known_;                                           // by what was chosen
  std::map<std::pair<Operation, std::size_t>, std::vector<Word>> members_;  // by width
  std::map<Operation, Pairs> less_;  // of all pairs of members of one width
};

}  // namespace isotrace::bits
