// Unit propagation over clauses that come and go, for trimming proofs: two watched literals,
// clauses that the proof already needs first. Trust: none.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace isotrace::smt {

/// A literal of variable v: 2v, or 2v+1 negated.
using Literal = std::uint32_t;
using ClauseNumber = std::uint32_t;
inline constexpr ClauseNumber no_clause = std::numeric_limits<ClauseNumber>::max();

class Propagation {
 public:
  explicit Propagation(std::uint32_t variables);

  /// Adds a clause, in use at once but not propagated. Its literals may be put in another order.
  ClauseNumber add(const std::vector<Literal>& literals);
  [[nodiscard]] std::span<const Literal> literals(ClauseNumber clause) const;
  [[nodiscard]] std::size_t clauses() const { return ends_.size(); }

  /// A clause that is put aside is not used until it is taken back; one that is dropped never
  /// again.
  void put_aside(ClauseNumber clause) { states_[clause] |= aside; }
  void take_back(ClauseNumber clause) { states_[clause] &= static_cast<std::uint8_t>(~aside); }
  void drop(ClauseNumber clause) { states_[clause] |= dropped; }
  [[nodiscard]] bool is_in_use(ClauseNumber clause) const {
    return (states_[clause] & (aside | dropped)) == 0;
  }
  void need(ClauseNumber clause) { states_[clause] |= needed; }
  [[nodiscard]] bool is_needed(ClauseNumber clause) const {
    return (states_[clause] & needed) != 0;
  }

  [[nodiscard]] bool is_true(Literal literal) const { return true_[literal] != 0; }
  [[nodiscard]] bool is_false(Literal literal) const { return is_true(literal ^ 1); }
  /// Makes a literal true, because of a clause or of nothing.
  void assign(Literal literal, ClauseNumber reason);
  /// To the end, or to a clause that has become false, which is returned.
  ClauseNumber propagate();
  /// Undoes what was assigned after the trail had this size; everything before must have been
  /// propagated to the end at that size.
  void shrink(std::size_t size);

  [[nodiscard]] const std::vector<Literal>& trail() const { return trail_; }
  [[nodiscard]] std::size_t position(Literal literal) const { return positions_[literal / 2]; }
  [[nodiscard]] ClauseNumber reason(Literal literal) const { return reasons_[literal / 2]; }

 private:
  static constexpr std::uint8_t aside = 1;
  static constexpr std::uint8_t dropped = 2;
  static constexpr std::uint8_t needed = 4;

  struct Watch {
    ClauseNumber clause;
    Literal other;  ///< some literal of the clause: if it is true there is nothing to do
  };

  using WatchLists = std::vector<std::vector<Watch>>;  // by the literal that is watched

  ClauseNumber visit(Literal became_false, WatchLists& lists);
  ClauseNumber visit_clause(Watch& watch, Literal became_false, bool& keep);
  Literal* begin(ClauseNumber clause) {
    return literals_.data() + (clause == 0 ? 0 : ends_[clause - 1]);
  }

  std::vector<Literal> literals_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint8_t> states_;
  WatchLists needed_;                     // clauses that the proof needs
  WatchLists others_;                     // and those of which it is not known
  std::vector<std::uint8_t> true_;        // by literal
  std::vector<ClauseNumber> reasons_;     // by variable
  std::vector<std::uint32_t> positions_;  // by variable: on the trail
  std::vector<Literal> trail_;
  std::size_t needed_next_ = 0;  // trail positions before have been seen by needed clauses
  std::size_t next_ = 0;         // and by all others
};

}  // namespace isotrace::smt
