#include <gtest/gtest.h>

#include <isotrace/bits/lrat.hpp>
#include <isotrace/smt/solve_gates.hpp>
#include <isotrace/smt/trim_proof.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::smt {
namespace {

/// Clauses of one to three literals, with repetitions, near where half of the formulas have no
/// solution.
bits::Blasted random_formula(std::uint64_t seed) {
  core::PhiloxStream random(seed);
  bits::Blasted formula;
  const auto variables = static_cast<std::uint32_t>(10 + random.next_below(60));
  formula.cnf.variables = variables;
  const std::uint64_t clauses = variables * (38 + random.next_below(12)) / 10;
  for (std::uint64_t i = 0; i < clauses; ++i) {
    const std::size_t size = random.next_below(40) == 0 ? 1 : random.next_below(16) == 0 ? 2 : 3;
    std::vector<std::int32_t> clause;
    while (clause.size() < size) {
      const auto variable = static_cast<std::int32_t>(1 + random.next_below(variables));
      clause.push_back(random.next_below(2) == 0 ? variable : -variable);
    }
    formula.cnf.add(clause);
  }
  return formula;
}

bool is_solution(const bits::Cnf& cnf, const std::vector<bool>& solution) {
  for (std::size_t number = 1; number <= cnf.size(); ++number) {
    bool satisfied = false;
    for (const std::int32_t literal : cnf.clause(number)) {
      satisfied |= solution[static_cast<std::size_t>(std::abs(literal))] == (literal > 0);
    }
    if (!satisfied) return false;
  }
  return true;
}

/// Whether some of the 2^variables assignments is a solution.
bool has_solution(const bits::Cnf& cnf) {
  for (std::uint64_t bits = 0; bits < 1ULL << cnf.variables; ++bits) {
    std::vector<bool> solution(cnf.variables + std::size_t{1});
    for (std::uint32_t v = 1; v <= cnf.variables; ++v) solution[v] = (bits >> (v - 1) & 1) != 0;
    if (is_solution(cnf, solution)) return true;
  }
  return false;
}

TEST(TrimProof, proofs_of_random_formulas_are_accepted) {
  const bits::TermPool pool;
  int refuted = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    const bits::Blasted formula = random_formula(seed);
    const Answer answer = solve_gates(pool, formula, 0);
    ASSERT_NE(answer.kind, Answer::Kind::unknown) << "seed " << seed << ": " << answer.detail;
    if (answer.kind != Answer::Kind::unsat) continue;
    ++refuted;
    const bits::LratOutcome outcome = bits::check_lrat(formula.cnf, answer.lrat);
    ASSERT_TRUE(outcome.accepted) << "seed " << seed << ": " << outcome.reason;
  }
  EXPECT_GT(refuted, 200);
  EXPECT_LT(refuted, 999);
}

TEST(TrimProof, refuted_formulas_have_no_solution) {
  const bits::TermPool pool;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    bits::Blasted formula = random_formula(seed);
    if (formula.cnf.variables > 14) continue;
    const Answer answer = solve_gates(pool, formula, 0);
    EXPECT_EQ(answer.kind == Answer::Kind::sat, has_solution(formula.cnf)) << "seed " << seed;
  }
}

/// All clauses over three variables.
bits::Cnf three_variables() {
  bits::Cnf cnf;
  cnf.variables = 3;
  for (int signs = 0; signs < 8; ++signs) {
    cnf.add({(signs & 1) != 0 ? 1 : -1, (signs & 2) != 0 ? 2 : -2, (signs & 4) != 0 ? 3 : -3});
  }
  return cnf;
}

core::Bytes drat(const std::vector<std::vector<int>>& clauses) {
  core::Bytes bytes;
  for (const std::vector<int>& clause : clauses) {
    bytes.push_back('a');
    for (const int literal : clause) {
      bytes.push_back(static_cast<std::uint8_t>(literal > 0 ? 2 * literal : -2 * literal + 1));
    }
    bytes.push_back(0);
  }
  return bytes;
}

TEST(TrimProof, what_is_not_needed_is_left_out) {
  const bits::Cnf cnf = three_variables();
  std::vector<std::vector<int>> clauses(40, {1, 3});
  for (const std::vector<int>& clause :
       std::vector<std::vector<int>>{{1, 2}, {1, -2}, {1}, {2, 3}, {2}, {}}) {
    clauses.push_back(clause);
  }
  const auto proof = trim_proof(cnf, drat(clauses));
  ASSERT_TRUE(proof.has_value());
  const bits::LratOutcome outcome = bits::check_lrat(cnf, *proof);
  EXPECT_TRUE(outcome.accepted) << outcome.reason;
  EXPECT_LT(outcome.clauses, 12U);
}

TEST(TrimProof, solver_answer_wrong_where_a_needed_clause_does_not_follow) {
  bits::Cnf cnf = three_variables();
  const auto proof = trim_proof(cnf, drat({{1}, {2}, {}}));
  ASSERT_FALSE(proof.has_value());
  EXPECT_EQ(proof.error().code, core::RefusalCode::solver_answer_wrong);
}

TEST(TrimProof, solver_answer_wrong_on_what_is_no_proof) {
  const bits::Cnf cnf = three_variables();
  for (const core::Bytes& bytes :
       {core::Bytes{}, core::Bytes{'x'}, core::Bytes{'a', 2}, core::Bytes{'a', 200, 1, 0},
        core::Bytes{'a', 1, 0}, core::Bytes(30, 0xFF), drat({{1, 2}})}) {
    const auto proof = trim_proof(cnf, bytes);
    ASSERT_FALSE(proof.has_value());
    EXPECT_EQ(proof.error().code, core::RefusalCode::solver_answer_wrong);
  }
}

TEST(TrimProof, mutants_of_proofs_are_refused_or_still_proofs) {
  const bits::TermPool pool;
  core::PhiloxStream random(5);
  std::vector<bits::Blasted> formulas;
  std::vector<Answer> answers;
  for (std::uint64_t seed = 0; formulas.size() < 8; ++seed) {
    bits::Blasted formula = random_formula(seed);
    Answer answer = solve_gates(pool, formula, 0);
    if (answer.kind != Answer::Kind::unsat || formula.cnf.variables > 16) continue;
    formulas.push_back(std::move(formula));
    answers.push_back(std::move(answer));
  }
  const bits::Blasted satisfiable = [] {
    bits::Blasted formula;
    formula.cnf.variables = 16;
    for (std::int32_t v = 1; v < 16; ++v) formula.cnf.add({v, -(v + 1)});
    return formula;
  }();
  std::size_t refused = 0;
  const std::size_t rounds = tests::mutant_count() / 4;
  for (std::size_t i = 0; i < rounds; ++i) {
    const std::size_t chosen = random.next_below(formulas.size());
    const core::Bytes mutant = tests::mutate(answers[chosen].lrat, random);
    refused += bits::check_lrat(formulas[chosen].cnf, mutant).accepted ? 0 : 1;
    // Of a formula that has a solution nothing is a refutation.
    ASSERT_FALSE(bits::check_lrat(satisfiable.cnf, mutant).accepted);
    // And whatever the trimmer makes of garbage is judged by the checker.
    const auto trimmed = trim_proof(satisfiable.cnf, mutant);
    ASSERT_FALSE(trimmed.has_value());
  }
  EXPECT_GT(refused, rounds / 2);
}

}  // namespace
}  // namespace isotrace::smt
