#include <isotrace/bits/lrat.hpp>

#include <optional>

#include <isotrace/core/limits.hpp>

namespace isotrace::bits {
namespace {

/// Why a step is not one; nothing if it is.
using Complaint = std::optional<std::string>;

class Checker {
 public:
  Checker(const Cnf& cnf, core::ByteView proof)
      : cnf_(cnf), proof_(proof), forgotten_(cnf.size()), true_in_(2 * (cnf.variables + 1ULL)) {}

  LratOutcome run() {
    LratOutcome outcome;
    for (std::size_t number = 1; number <= cnf_.size() && !refuted_; ++number) {
      refuted_ = cnf_.clause(number).empty();
    }
    while (at_ < proof_.size()) {
      const std::size_t begin = at_;
      if (const Complaint complaint = refuted_ ? "follows the empty clause" : step()) {
        outcome.reason = "step at byte " + std::to_string(begin) + ": " + *complaint;
        return outcome;
      }
    }
    outcome.accepted = refuted_;
    if (!refuted_) outcome.reason = "no step adds the empty clause";
    outcome.clauses = ends_.size();
    outcome.hints = hints_;
    return outcome;
  }

 private:
  Complaint step() {
    const std::uint8_t kind = proof_[at_++];
    if (kind == 'a') return add();
    if (kind == 'd') return forget();
    return "neither 'a' nor 'd'";
  }

  /// An unsigned LEB128 number; nothing if the bytes end or the number has more than 64 bits.
  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < proof_.size(); shift += 7) {
      const std::uint64_t byte = proof_[at_++];
      if (shift == 63 && byte > 1) return std::nullopt;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return std::nullopt;
  }

  /// Literals by index 2v, 2v+1.
  [[nodiscard]] bool is_true(std::uint64_t literal) const { return true_in_[literal] == stamp_; }
  [[nodiscard]] bool is_false(std::uint64_t literal) const { return is_true(literal ^ 1); }
  void make_true(std::uint64_t literal) { true_in_[literal] = stamp_; }

  static std::uint64_t index_of(std::int32_t literal) {
    return literal > 0 ? 2 * static_cast<std::uint64_t>(literal)
                       : 2 * static_cast<std::uint64_t>(-literal) + 1;
  }

  [[nodiscard]] std::uint64_t next_clause() const { return cnf_.size() + ends_.size() + 1; }

  /// The clause that lies this far back from the next one; nothing if there is none (any more).
  std::optional<std::uint64_t> clause_back(std::uint64_t distance) const {
    if (distance == 0 || distance >= next_clause()) return std::nullopt;
    const std::uint64_t found = next_clause() - distance;
    if (forgotten_[found - 1]) return std::nullopt;
    return found;
  }

  /// What a hint does under the literals that are true by now.
  enum class Hint { makes_true, conflict, useless };

  Hint follow(std::span<const std::int32_t> clause) {
    std::uint64_t open = 0;
    for (const std::int32_t literal : clause) {
      const std::uint64_t index = index_of(literal);
      if (is_false(index) || index == open) continue;
      if (open != 0 || is_true(index)) return Hint::useless;
      open = index;
    }
    if (open == 0) return Hint::conflict;
    make_true(open);
    return Hint::makes_true;
  }

  std::span<const std::int32_t> clause(std::uint64_t found) const {
    if (found <= cnf_.size()) return cnf_.clause(found);
    const std::uint64_t i = found - cnf_.size() - 1;
    const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(literals_).subspan(begin, ends_[i] - begin);
  }

  Complaint add() {
    if (ends_.size() >= core::limits::cnf_clauses_max) return "too many clauses";
    ++stamp_;
    const std::size_t begin = literals_.size();
    for (;;) {
      const auto literal = number();
      if (!literal) return "ends in its literals";
      if (*literal == 0) break;
      if (*literal < 2 || *literal >= true_in_.size()) return "no such variable";
      if (is_true(*literal)) return "a clause with a literal and its opposite";
      make_true(*literal ^ 1);
      const auto variable = static_cast<std::int32_t>(*literal / 2);
      literals_.push_back((*literal & 1) != 0 ? -variable : variable);
    }
    if (const Complaint complaint = follow_hints()) return complaint;
    refuted_ = literals_.size() == begin;
    ends_.push_back(literals_.size());
    forgotten_.push_back(false);
    return std::nullopt;
  }

  Complaint follow_hints() {
    bool conflict = false;
    for (;;) {
      const auto distance = number();
      if (!distance) return "ends in its hints";
      if (*distance == 0) break;
      if (conflict) return "hints follow the conflict";
      const auto found = clause_back(*distance);
      if (!found) return "a hint to no clause";
      const Hint hint = follow(clause(*found));
      if (hint == Hint::useless) return "a hint that makes nothing true";
      conflict = hint == Hint::conflict;
      ++hints_;
    }
    if (!conflict) return "its hints end without a conflict";
    return std::nullopt;
  }

  Complaint forget() {
    for (;;) {
      const auto distance = number();
      if (!distance) return "ends in its clauses";
      if (*distance == 0) return std::nullopt;
      const auto found = clause_back(*distance);
      if (!found) return "forgets a clause that is not there";
      forgotten_[*found - 1] = true;
    }
  }

  const Cnf& cnf_;
  core::ByteView proof_;
  std::size_t at_ = 0;
  std::vector<bool> forgotten_;         // by clause number - 1
  std::vector<std::int32_t> literals_;  // of the clauses added
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint32_t> true_in_;  // by literal: the last step in which it was true
  std::uint32_t stamp_ = 0;
  std::uint64_t hints_ = 0;
  bool refuted_ = false;
};

}  // namespace

LratOutcome check_lrat(const Cnf& cnf, core::ByteView proof) { return Checker(cnf, proof).run(); }

}  // namespace isotrace::bits
