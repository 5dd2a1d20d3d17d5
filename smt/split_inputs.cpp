#include <isotrace/smt/split_inputs.hpp>

#include <cadical.hpp>

#include <isotrace/smt/gate_solver.hpp>

namespace isotrace::smt {
namespace {

class Splitter {
 public:
  Splitter(const bits::Blasted& blasted, const std::vector<int>& open, ProofStream& proof)
      : blasted_(blasted), open_(open), proof_(proof), excluded_(std::size_t{1} << open.size()) {}

  SplitResult run() {
    start_solver(solver_, blasted_.cnf, proof_);
    for (const int variable : open_) solver_.freeze(variable);
    for (std::size_t values = 0; values < excluded_.size(); ++values) {
      if (excluded_[values]) continue;
      if (ask(values) == satisfiable) {
        return {satisfiable, solution_of(solver_, blasted_.cnf.variables)};
      }
      exclude(values);
    }
    const int result = solver_.solve();
    solver_.close_proof_trace();
    return {result, {}};
  }

 private:
  [[nodiscard]] int literal(std::size_t i, std::size_t values) const {
    return (values >> i & 1) != 0 ? open_[i] : -open_[i];
  }

  int ask(std::size_t values) {
    for (std::size_t i = open_.size(); i-- > 0;) solver_.assume(literal(i, values));
    return solver_.solve();
  }

  /// All inputs that agree with `values` where these were needed.
  void exclude(std::size_t values) {
    std::vector<int> clause;
    std::size_t rest = 0;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (solver_.failed(literal(i, values))) {
        clause.push_back(-literal(i, values));
      } else {
        rest |= std::size_t{1} << i;
      }
    }
    proof_.add(clause);
    for (const int a : clause) solver_.add(a);
    solver_.add(0);
    const std::size_t common = values & ~rest;
    std::size_t part = rest;
    while (true) {
      excluded_[common | part] = true;
      if (part == 0) break;
      part = (part - 1) & rest;
    }
  }

  const bits::Blasted& blasted_;
  const std::vector<int>& open_;
  ProofStream& proof_;
  std::vector<bool> excluded_;  // by values of the inputs
  CaDiCaL::Solver solver_;
};

}  // namespace

SplitResult split_inputs(const bits::Blasted& blasted, const std::vector<int>& open,
                         ProofStream& proof) {
  return Splitter(blasted, open, proof).run();
}

}  // namespace isotrace::smt
