#include <isotrace/smt/split_cases.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include <isotrace/smt/gate_solver.hpp>
#include <isotrace/smt/propagation.hpp>

namespace isotrace::smt {
namespace {

constexpr std::size_t bits_max = 16;
constexpr std::size_t candidates_max = 512;
constexpr std::size_t candidates_kept = 24;  ///< of those, after all were tried once
constexpr std::size_t clauses_max = std::size_t{1} << 21;
constexpr std::size_t followed_max = std::size_t{1} << 26;  ///< variables, while bits are ordered
constexpr int conflicts_per_case = 50;
constexpr int conflicts_of_last = 400;  ///< where there is nothing left to part
constexpr std::size_t follows_less = 64;
constexpr std::size_t questions_free = 64;
constexpr std::size_t questions_max = std::size_t{1} << 12;
constexpr std::size_t work_max = std::size_t{1} << 30;  ///< clauses times questions

/// An input bit, as the literal from which less follows.
struct Bit {
  int literal;
  std::size_t follows;  ///< the product of how much does, for both values
};

Literal literal_of(int a) { return 2 * static_cast<Literal>(std::abs(a)) + (a < 0 ? 1 : 0); }

/// Input bits, those first from which the most follows, whatever they are: each after those before
/// it were given the value from which less follows.
class Order {
 public:
  explicit Order(const bits::Blasted& blasted) : propagation_(blasted.cnf.variables + 1) {
    std::vector<Literal> literals;
    for (std::size_t number = 1; number <= blasted.cnf.size(); ++number) {
      literals.clear();
      for (const std::int32_t a : blasted.cnf.clause(number)) literals.push_back(literal_of(a));
      const ClauseNumber added = propagation_.add(literals);
      if (literals.size() == 1 && !propagation_.is_true(literals[0]) &&
          !propagation_.is_false(literals[0])) {
        propagation_.assign(literals[0], added);
      }
    }
    for (const auto& input : blasted.inputs) collect(input.literals);
    for (const auto& read : blasted.reads) collect(read.byte);
  }

  std::vector<Bit> find() {
    std::vector<Bit> order;
    if (propagation_.propagate() != no_clause || candidates_.size() > candidates_max) return order;
    while (order.size() < bits_max && followed_ < followed_max) {
      std::vector<std::pair<std::size_t, int>> scores;  // and the value from which less follows
      for (const int v : candidates_) {
        const std::size_t on = follows(v);
        const std::size_t off = follows(-v);
        if (on * off > 0) scores.emplace_back(on * off, on < off ? v : -v);
      }
      if (scores.empty()) break;
      std::ranges::stable_sort(scores, std::greater{}, &std::pair<std::size_t, int>::first);
      const int best = scores[0].second;
      order.push_back({best, scores[0].first});
      candidates_.clear();
      for (std::size_t i = 1; i < std::min(scores.size(), candidates_kept); ++i) {
        candidates_.push_back(std::abs(scores[i].second));
      }
      propagation_.assign(literal_of(best), no_clause);
      if (propagation_.propagate() != no_clause) break;
    }
    return order;
  }

 private:
  void collect(const std::vector<std::int32_t>& literals) {
    for (const std::int32_t a : literals) {
      if (a > 0 && a != bits::literal_true) candidates_.push_back(a);
    }
  }

  /// How many variables get their values with this literal; 0 if it has one.
  std::size_t follows(int a) {
    const Literal literal = literal_of(a);
    if (propagation_.is_true(literal) || propagation_.is_false(literal)) return 0;
    const std::size_t before = propagation_.trail().size();
    propagation_.assign(literal, no_clause);
    const bool refuted = propagation_.propagate() != no_clause;
    const std::size_t count = propagation_.trail().size() - before;
    propagation_.shrink(before);
    followed_ += count;
    return refuted ? propagation_.trail().size() + count : count;
  }

  Propagation propagation_;
  std::vector<int> candidates_;
  std::size_t followed_ = 0;
};

class Splitter {
 public:
  Splitter(const bits::Blasted& blasted, std::vector<Bit> order, ProofStream& proof)
      : blasted_(blasted),
        order_(std::move(order)),
        proof_(proof),
        questions_(
            std::min(questions_max, work_max / std::max<std::size_t>(blasted.cnf.size(), 1))) {}

  CaseResult run() {
    start_solver(solver_, blasted_.cnf, proof_);
    for (const Bit& bit : order_) solver_.freeze(std::abs(bit.literal));
    CaseResult result{part(1.0), {}};
    if (result.result == unsatisfiable) result.result = solver_.solve();
    if (result.result == satisfiable) {
      result.solution = solution_of(solver_, blasted_.cnf.variables);
    }
    solver_.close_proof_trace();
    return result;
  }

 private:
  /// The case of `path_`, which is this share of all.
  // NOLINTNEXTLINE(misc-no-recursion): at most bits_max deep
  int part(double share) {
    const bool last = path_.size() == order_.size();
    for (const int literal : path_) solver_.assume(literal);
    solver_.limit("conflicts", is_decisive() ? conflicts_of_last : conflicts_per_case);
    const int result = solver_.solve();
    ++asked_;
    if (result == unsatisfiable) {
      exclude();
      closed_ += share;
    }
    if (result != 0) return result;
    const auto allowed = closed_ * static_cast<double>(questions_);
    if (last || static_cast<double>(asked_) > static_cast<double>(questions_free) + allowed)
      return 0;
    const int literal = order_[path_.size()].literal;
    for (const int side : {literal, -literal}) {
      path_.push_back(side);
      const int parted = part(share / 2);
      path_.pop_back();
      if (parted != unsatisfiable) return parted;
    }
    return unsatisfiable;
  }

  /// From what is left to be parted follows nothing, or much less than from what was parted: where
  /// lengths and places are known, each bit of what was copied takes a conflict.
  bool is_decisive() const {
    const std::size_t depth = path_.size();
    if (depth == 0 || depth == order_.size()) return depth > 0;
    return order_[depth].follows < order_[depth - 1].follows / follows_less;
  }

  void exclude() {
    std::vector<int> clause;
    for (const int literal : path_) {
      if (solver_.failed(literal)) clause.push_back(-literal);
    }
    proof_.add(clause);
    for (const int a : clause) solver_.add(a);
    solver_.add(0);
  }

  const bits::Blasted& blasted_;
  const std::vector<Bit> order_;
  ProofStream& proof_;
  const std::size_t questions_;
  std::vector<int> path_;
  double closed_ = 0;
  std::size_t asked_ = 0;
  CaDiCaL::Solver solver_;
};

}  // namespace

CaseResult split_cases(const bits::Blasted& blasted, ProofStream& proof) {
  if (blasted.cnf.size() > clauses_max) return {};
  std::vector<Bit> order = Order(blasted).find();
  if (order.empty()) return {};
  return Splitter(blasted, std::move(order), proof).run();
}

}  // namespace isotrace::smt
