#include <isotrace/smt/trim_proof.hpp>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <isotrace/smt/leb128.hpp>
#include <isotrace/smt/propagation.hpp>

namespace isotrace::smt {
namespace {

using core::RefusalCode;

Literal literal_of(std::int32_t literal) {
  return literal > 0 ? 2 * static_cast<Literal>(literal) : 2 * static_cast<Literal>(-literal) + 1;
}

/// A line of the proof that counts.
struct Step {
  ClauseNumber clause;
  bool deletes;
  std::size_t trail_before;  ///< adding: literals that were true before
  std::size_t trail_after;   ///< adding: and after propagating the clause
};

/// What a clause follows from: clauses, and literals that are true without assumptions. In the
/// order in which they are to be followed.
struct Reasons {
  std::vector<Literal> units;
  std::vector<ClauseNumber> clauses;
};

class Trimmer {
 public:
  explicit Trimmer(const bits::Cnf& cnf) : cnf_(cnf), state_(cnf.variables) {}

  core::Result<core::Bytes> run(core::ByteView drat) {
    add_formula();
    if (!refuted_) ISOTRACE_TRY_DONE(read_steps(drat));
    if (!refuted_) return wrong("the proof refutes nothing");
    if (conflict_ == no_clause) return core::Bytes{};  // the formula has the empty clause
    unit_reasons_.resize(cnf_.variables + std::size_t{1});
    unit_needed_.assign(cnf_.variables + std::size_t{1}, false);
    assumed_.assign(2 * (cnf_.variables + std::size_t{1}), false);
    seen_.assign(cnf_.variables + std::size_t{1}, false);
    ISOTRACE_TRY_DONE(go_back());
    return write();
  }

 private:
  static tl::unexpected<core::Refusal> wrong(std::string why) {
    return core::refuse(RefusalCode::solver_answer_wrong, "proof", std::move(why));
  }

  // ---- forward: what is there, when, and what becomes true without assumptions

  void add_formula() {
    std::vector<Literal> literals;
    for (std::size_t number = 1; number <= cnf_.size() && !refuted_; ++number) {
      literals.clear();
      for (const std::int32_t literal : cnf_.clause(number)) {
        literals.push_back(literal_of(literal));
      }
      refuted_ = literals.empty();
      if (!refuted_) remember(state_.add(literals), literals);
    }
    // Units last: every clause is watched by literals that are open.
    for (ClauseNumber clause = 0; clause < state_.clauses() && !refuted_; ++clause) {
      if (state_.literals(clause).size() == 1) settle(clause);
    }
    if (!refuted_) propagate();
    formula_trail_ = state_.trail().size();
  }

  /// A clause that is unit or false under what is true becomes reason or conflict.
  void settle(ClauseNumber clause) {
    const Literal first = state_.literals(clause)[0];
    const auto rest = state_.literals(clause).subspan(1);
    if (state_.is_true(first)) return;
    if (!std::all_of(rest.begin(), rest.end(), [&](Literal a) { return state_.is_false(a); })) {
      return;
    }
    if (state_.is_false(first)) {
      conflict_ = clause;
      refuted_ = true;
    } else {
      state_.assign(first, clause);
    }
  }

  void propagate() {
    conflict_ = state_.propagate();
    refuted_ = conflict_ != no_clause;
  }

  static std::uint64_t key_of(std::span<const Literal> literals) {
    std::uint64_t sum = literals.size();
    for (const Literal literal : literals) {
      std::uint64_t mixed = (literal + 1ULL) * 0x9E3779B97F4A7C15ULL;
      mixed ^= mixed >> 32;
      sum += mixed * mixed;
    }
    return sum;
  }

  void remember(ClauseNumber clause, std::span<const Literal> literals) {
    same_key_.push_back(no_clause);
    ClauseNumber& newest = by_key_.try_emplace(key_of(literals), no_clause).first->second;
    same_key_[clause] = newest;
    newest = clause;
  }

  /// The newest clause in use with these literals.
  std::optional<ClauseNumber> find(std::vector<Literal> literals) const {
    const auto newest = by_key_.find(key_of(literals));
    if (newest == by_key_.end()) return std::nullopt;
    std::sort(literals.begin(), literals.end());
    for (ClauseNumber clause = newest->second; clause != no_clause; clause = same_key_[clause]) {
      const auto view = state_.literals(clause);
      std::vector<Literal> sorted(view.begin(), view.end());
      std::sort(sorted.begin(), sorted.end());
      if (state_.is_in_use(clause) && sorted == literals) return clause;
    }
    return std::nullopt;
  }

  core::Result<core::Done> read_steps(core::ByteView drat) {
    Leb128Reader reader(drat);
    std::vector<Literal> literals;
    while (!reader.at_end() && !refuted_) {
      const std::uint8_t kind = reader.byte();
      if (kind != 'a' && kind != 'd') return wrong("neither an addition nor a deletion");
      literals.clear();
      for (;;) {
        const auto literal = reader.number();
        if (!literal) return wrong("ends in a clause");
        if (*literal == 0) break;
        if (*literal < 2 || *literal / 2 > cnf_.variables) return wrong("no such variable");
        literals.push_back(static_cast<Literal>(*literal));
      }
      if (state_.clauses() >= no_clause - 1) return wrong("too many clauses");
      kind == 'a' ? add_step(literals) : delete_step(literals);
    }
    return core::Done{};
  }

  void add_step(const std::vector<Literal>& literals) {
    if (literals.empty()) return;  // would have been found to follow, or does not
    const std::size_t before = state_.trail().size();
    const ClauseNumber clause = state_.add(literals);
    remember(clause, literals);
    settle(clause);
    if (!refuted_) propagate();
    steps_.push_back({clause, false, before, state_.trail().size()});
  }

  void delete_step(const std::vector<Literal>& literals) {
    const auto clause = find(literals);
    if (!clause) return;
    // A clause that made something true stays: keeping a clause harms nobody.
    for (const Literal literal : state_.literals(*clause)) {
      if (state_.is_true(literal) && state_.reason(literal) == *clause) return;
    }
    state_.put_aside(*clause);
    steps_.push_back({*clause, true, 0, 0});
  }

  // ---- backward: what is needed, and why it follows

  core::Result<core::Done> go_back() {
    base_ = state_.trail().size();
    final_reasons_ = find_reasons(conflict_);
    step_reasons_.resize(steps_.size());
    for (std::size_t i = steps_.size(); i-- > 0;) {
      const Step& step = steps_[i];
      if (step.deletes) {
        state_.take_back(step.clause);
        continue;
      }
      forget_units(step.trail_before);
      state_.drop(step.clause);
      if (!state_.is_needed(step.clause)) continue;
      auto reasons = check(step.clause);
      if (!reasons) return wrong("a clause does not follow by unit propagation");
      step_reasons_[i] = std::move(*reasons);
    }
    forget_units(0);
    return core::Done{};
  }

  /// Takes literals off the trail; for those that are needed, says why they are true.
  void forget_units(std::size_t size) {
    const std::vector<Literal>& trail = state_.trail();
    unit_order_.resize(std::max(unit_order_.size(), trail.size()));
    for (std::size_t i = trail.size(); i-- > size;) {
      const Literal literal = trail[i];
      unit_order_[i] = literal;
      if (!unit_needed_[literal / 2]) continue;
      Reasons& reasons = unit_reasons_[literal / 2];
      const ClauseNumber clause = state_.reason(literal);
      state_.need(clause);
      for (const Literal other : state_.literals(clause)) {
        if (other == literal || seen_[other / 2]) continue;
        seen_[other / 2] = true;
        unit_needed_[other / 2] = true;
        reasons.units.push_back(other ^ 1);
      }
      for (const Literal unit : reasons.units) seen_[unit / 2] = false;
      reasons.clauses.push_back(clause);
    }
    state_.shrink(size);
  }

  /// Why a clause of the proof follows from those before it; nothing if it does not so by unit
  /// propagation.
  std::optional<Reasons> check(ClauseNumber clause) {
    base_ = state_.trail().size();
    const auto view = state_.literals(clause);
    const std::vector<Literal> literals(view.begin(), view.end());
    std::optional<Reasons> reasons;
    for (const Literal literal : literals) {
      if (!state_.is_true(literal) || state_.position(literal) >= base_) continue;
      // True without assumptions: the unit alone says it.
      unit_needed_[literal / 2] = true;
      return Reasons{{literal}, {}};
    }
    for (const Literal literal : literals) {
      assumed_[literal ^ 1] = true;
      if (!state_.is_false(literal)) state_.assign(literal ^ 1, no_clause);
    }
    const ClauseNumber conflict = state_.propagate();
    if (conflict != no_clause) reasons = find_reasons(conflict);
    for (const Literal literal : literals) assumed_[literal ^ 1] = false;
    state_.shrink(base_);
    return reasons;
  }

  /// What made every literal of a clause false, back to assumptions and to what needs none.
  Reasons find_reasons(ClauseNumber conflict) {
    Reasons reasons;
    std::vector<Literal> open;
    const auto visit = [&](ClauseNumber clause) {
      state_.need(clause);
      for (const Literal literal : state_.literals(clause)) {
        if (!state_.is_false(literal) || seen_[literal / 2]) continue;
        seen_[literal / 2] = true;
        open.push_back(literal ^ 1);
      }
    };
    visit(conflict);
    std::vector<Literal> followed;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Literal literal = open[i];
      if (assumed_[literal]) continue;
      if (state_.position(literal) < base_) {
        unit_needed_[literal / 2] = true;
        reasons.units.push_back(literal);
      } else {
        followed.push_back(literal);
        visit(state_.reason(literal));
      }
    }
    for (const Literal literal : open) seen_[literal / 2] = false;
    std::sort(followed.begin(), followed.end(),
              [this](Literal a, Literal b) { return state_.position(a) < state_.position(b); });
    for (const Literal literal : followed) reasons.clauses.push_back(state_.reason(literal));
    reasons.clauses.push_back(conflict);
    return reasons;
  }

  // ---- writing

  core::Bytes write() {
    next_ = cnf_.size() + 1;
    numbers_.assign(state_.clauses(), 0);
    unit_numbers_.assign(cnf_.variables + std::size_t{1}, 0);
    for (ClauseNumber clause = 0; clause < cnf_.size(); ++clause) numbers_[clause] = clause + 1;
    write_units(0, formula_trail_);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (step.deletes) continue;
      if (state_.is_needed(step.clause)) {
        write_clause(state_.literals(step.clause), step_reasons_[i]);
        numbers_[step.clause] = next_ - 1;
      }
      write_units(step.trail_before, step.trail_after);
    }
    write_clause({}, final_reasons_);
    return std::move(bytes_);
  }

  void write_units(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Literal literal = unit_order_[i];
      if (!unit_needed_[literal / 2]) continue;
      const Reasons& reasons = unit_reasons_[literal / 2];
      if (reasons.units.empty()) {  // a clause of one literal says it already
        unit_numbers_[literal / 2] = numbers_[reasons.clauses[0]];
        continue;
      }
      write_clause(std::span(&literal, 1), reasons);
      unit_numbers_[literal / 2] = next_ - 1;
    }
  }

  void write_clause(std::span<const Literal> literals, const Reasons& reasons) {
    bytes_.push_back('a');
    for (const Literal literal : literals) append_leb128(bytes_, literal);
    bytes_.push_back(0);
    for (const Literal unit : reasons.units) append_leb128(bytes_, next_ - unit_numbers_[unit / 2]);
    for (const ClauseNumber clause : reasons.clauses)
      append_leb128(bytes_, next_ - numbers_[clause]);
    bytes_.push_back(0);
    ++next_;
  }

  const bits::Cnf& cnf_;
  Propagation state_;
  bool refuted_ = false;
  ClauseNumber conflict_ = no_clause;
  std::size_t formula_trail_ = 0;
  std::vector<Step> steps_;
  std::unordered_map<std::uint64_t, ClauseNumber> by_key_;
  std::vector<ClauseNumber> same_key_;  // by clause: an older one with the same key

  std::size_t base_ = 0;  // trail positions before are true without assumptions
  std::vector<bool> assumed_;
  std::vector<bool> seen_;
  std::vector<bool> unit_needed_;      // by variable
  std::vector<Reasons> unit_reasons_;  // by variable
  std::vector<Literal> unit_order_;    // by trail position
  std::vector<Reasons> step_reasons_;
  Reasons final_reasons_;

  core::Bytes bytes_;
  std::uint64_t next_ = 0;
  std::vector<std::uint64_t> numbers_;       // by clause
  std::vector<std::uint64_t> unit_numbers_;  // by variable
};

}  // namespace

core::Result<core::Bytes> trim_proof(const bits::Cnf& cnf, core::ByteView drat) {
  return Trimmer(cnf).run(drat);
}

}  // namespace isotrace::smt
