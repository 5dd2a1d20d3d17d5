#include <isotrace/smt/propagation.hpp>

#include <algorithm>

namespace isotrace::smt {

Propagation::Propagation(std::uint32_t variables)
    : needed_(2 * (variables + std::size_t{1})),
      others_(needed_.size()),
      true_(needed_.size()),
      reasons_(variables + std::size_t{1}, no_clause),
      positions_(variables + std::size_t{1}) {}

std::span<const Literal> Propagation::literals(ClauseNumber clause) const {
  const std::uint64_t begin = clause == 0 ? 0 : ends_[clause - 1];
  return std::span(literals_).subspan(begin, ends_[clause] - begin);
}

ClauseNumber Propagation::add(const std::vector<Literal>& literals) {
  const auto clause = static_cast<ClauseNumber>(ends_.size());
  literals_.insert(literals_.end(), literals.begin(), literals.end());
  ends_.push_back(literals_.size());
  states_.push_back(0);
  if (literals.size() < 2) return clause;
  // Watched are literals that are true, then open ones; false ones only if there are no others.
  Literal* const first = begin(clause);
  const auto rank = [this](Literal literal) {
    return is_true(literal) ? 0 : is_false(literal) ? 2 : 1;
  };
  for (std::size_t place = 0; place < 2; ++place) {
    Literal* const best = std::min_element(first + place, first + literals.size(),
                                           [&](Literal a, Literal b) { return rank(a) < rank(b); });
    std::swap(first[place], *best);
  }
  others_[first[0]].push_back({clause, first[1]});
  others_[first[1]].push_back({clause, first[0]});
  return clause;
}

void Propagation::assign(Literal literal, ClauseNumber reason) {
  true_[literal] = 1;
  reasons_[literal / 2] = reason;
  positions_[literal / 2] = static_cast<std::uint32_t>(trail_.size());
  trail_.push_back(literal);
}

void Propagation::shrink(std::size_t size) {
  while (trail_.size() > size) {
    true_[trail_.back()] = 0;
    trail_.pop_back();
  }
  needed_next_ = next_ = size;
}

/// The clause if it is false. Keeps the watch unless another literal is watched from now on.
ClauseNumber Propagation::visit_clause(Watch& watch, Literal became_false, bool& keep) {
  keep = true;
  Literal* const first = begin(watch.clause);
  if (first[0] == became_false) std::swap(first[0], first[1]);
  watch.other = first[0];
  if (is_true(first[0])) return no_clause;
  Literal* const end = literals_.data() + ends_[watch.clause];
  for (Literal* candidate = first + 2; candidate != end; ++candidate) {
    if (is_false(*candidate)) continue;
    std::swap(first[1], *candidate);
    auto& lists = (states_[watch.clause] & needed) != 0 ? needed_ : others_;
    lists[first[1]].push_back({watch.clause, first[0]});
    keep = false;
    return no_clause;
  }
  if (is_false(first[0])) return watch.clause;
  assign(first[0], watch.clause);
  return no_clause;
}

/// Clauses that have come to be needed move to the other list, after this last visit here.
ClauseNumber Propagation::visit(Literal became_false, WatchLists& lists) {
  std::vector<Watch>& list = lists[became_false];
  ClauseNumber conflict = no_clause;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Watch watch = list[i];
    const std::uint8_t state = states_[watch.clause];
    if ((state & dropped) != 0) continue;
    bool keep = true;
    if (conflict == no_clause && (state & aside) == 0 && !is_true(watch.other)) {
      conflict = visit_clause(watch, became_false, keep);
    }
    if (!keep) continue;
    if ((state & needed) != 0 && &lists == &others_) {
      needed_[became_false].push_back(watch);
    } else {
      list[kept++] = watch;
    }
  }
  list.resize(kept);
  return conflict;
}

ClauseNumber Propagation::propagate() {
  for (;;) {
    ClauseNumber conflict = no_clause;
    if (needed_next_ < trail_.size()) {
      conflict = visit(trail_[needed_next_++] ^ 1, needed_);
    } else if (next_ < trail_.size()) {
      conflict = visit(trail_[next_++] ^ 1, others_);
    } else {
      return no_clause;
    }
    if (conflict != no_clause) return conflict;
  }
}

}  // namespace isotrace::smt
