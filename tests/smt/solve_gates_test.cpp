// What the engine `gates` does with formulas that CaDiCaL does not solve at once: their gates are
// found again and shown to be equal, or their inputs are gone through. Proofs are checked.
#include <gtest/gtest.h>

#include <isotrace/bits/lrat.hpp>
#include <isotrace/smt/circuit.hpp>
#include <isotrace/smt/sample_inputs.hpp>
#include <isotrace/smt/solve_gates.hpp>
#include <isotrace/smt/split_cases.hpp>
#include <isotrace/smt/split_inputs.hpp>
#include <isotrace/smt/sweep.hpp>
#include <isotrace/smt/trim_proof.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::smt {
namespace {

using bits::Term;
using bits::TermPool;

/// a * b, and the same by shifts and additions, one bit of b after the other.
Term products_differ(TermPool& pool, unsigned width) {
  const Term a = pool.variable("a", bits::vector_sort(width));
  const Term b = pool.variable("b", bits::vector_sort(width));
  Term sum = pool.constant(0, width);
  for (unsigned i = 0; i < width; ++i) {
    const Term row = pool.bvshl(a, pool.constant(i, width));
    const Term bit = pool.equal(pool.extract(b, i, i), pool.constant(1, 1));
    sum = pool.ite(bit, pool.bvadd(row, sum), sum);
  }
  return pool.distinct(sum, pool.bvmul(a, b));
}

/// a * (b + c) is a * b + a * c: no gates of the two agree.
Term distributed_differs(TermPool& pool, unsigned width) {
  const Term a = pool.variable("a", bits::vector_sort(width));
  const Term b = pool.variable("b", bits::vector_sort(width));
  const Term c = pool.variable("c", bits::vector_sort(width));
  return pool.distinct(pool.bvmul(a, pool.bvadd(b, c)),
                       pool.bvadd(pool.bvmul(a, b), pool.bvmul(a, c)));
}

/// a / b, and the same by shifts and subtractions in twice as many bits, where b is not 0.
Term quotients_differ(TermPool& pool, unsigned width) {
  const Term a = pool.variable("a", bits::vector_sort(width));
  const Term b = pool.variable("b", bits::vector_sort(width));
  const Term divisor = pool.zero_extend(b, 2 * width);
  Term rest = pool.constant(0, 2 * width);
  Term quotient = pool.constant(0, width);
  for (unsigned i = width; i-- > 0;) {
    const Term digit = pool.zero_extend(pool.extract(a, i, i), 2 * width);
    rest = pool.bvor(pool.bvshl(rest, pool.constant(1, 2 * width)), digit);
    const Term fits = pool.bvule(divisor, rest);
    rest = pool.bvsub(rest, pool.ite(fits, divisor, pool.constant(0, 2 * width)));
    const Term bit = pool.constant(bits::Value{1} << i, width);
    quotient = pool.bvor(quotient, pool.ite(fits, bit, pool.constant(0, width)));
  }
  return pool.bool_and(pool.distinct(b, pool.constant(0, width)),
                       pool.distinct(quotient, pool.bvudiv(a, b)));
}

void expect_proved(const TermPool& pool, Term assertion) {
  const auto blasted = bits::blast(pool, assertion);
  ASSERT_TRUE(blasted.has_value());
  const Answer answer = solve_gates(pool, *blasted, 0);
  ASSERT_EQ(answer.kind, Answer::Kind::unsat) << answer.detail;
  EXPECT_TRUE(bits::check_lrat(blasted->cnf, answer.lrat).accepted);
}

TEST(SolveGates, a_product_of_words_by_shifts_is_the_product) {
  TermPool pool;
  expect_proved(pool, products_differ(pool, 24));
}

TEST(SolveGates, division_by_shifts_and_subtractions_is_division) {
  TermPool pool;
  expect_proved(pool, quotients_differ(pool, 16));
}

TEST(SolveGates, a_network_sorts_eight_words) {
  TermPool pool;
  std::vector<Term> x;
  for (int i = 0; i < 8; ++i) {
    x.push_back(pool.variable("x" + std::to_string(i), bits::vector_sort(32)));
  }
  for (const auto& [i, j] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 2},
                                                                             {1, 3},
                                                                             {4, 6},
                                                                             {5, 7},
                                                                             {0, 4},
                                                                             {1, 5},
                                                                             {2, 6},
                                                                             {3, 7},
                                                                             {0, 1},
                                                                             {2, 3},
                                                                             {4, 5},
                                                                             {6, 7},
                                                                             {2, 4},
                                                                             {3, 5},
                                                                             {1, 4},
                                                                             {3, 6},
                                                                             {1, 2},
                                                                             {3, 4},
                                                                             {5, 6}}) {
    const Term less = pool.bvslt(x[i], x[j]);
    const Term least = pool.ite(less, x[i], x[j]);
    x[j] = pool.ite(less, x[j], x[i]);
    x[i] = least;
  }
  Term sorted = pool.boolean(true);
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sorted = pool.bool_and(sorted, pool.bvsle(x[i], x[i + 1]));
  }
  expect_proved(pool, pool.bool_not(sorted));
}

TEST(SolveGates, few_inputs_are_gone_through) {
  TermPool pool;
  expect_proved(pool, distributed_differs(pool, 4));
}

TEST(SampleInputs, finds_rare_inputs_that_are_close_to_constants) {
  TermPool pool;
  const Term a = pool.variable("a", bits::vector_sort(32));
  const Term b = pool.variable("b", bits::vector_sort(32));
  const Term is_rare = pool.equal(pool.bvmul(a, a), pool.bvmul(pool.constant(1'000'002, 32), b));
  const Term more = pool.bvult(pool.constant(1'000'000, 32), b);
  const Term question = pool.bool_and(pool.bool_and(is_rare, more), pool.equal(a, b));
  const auto blasted = bits::blast(pool, question);
  ASSERT_TRUE(blasted.has_value());
  const auto solution = sample_inputs(pool, *blasted, 1000);
  ASSERT_TRUE(solution.has_value());
  EXPECT_EQ(bits::holds(pool, question, bits::read_solution(pool, *blasted, *solution)), true);
}

TEST(SampleInputs, nothing_where_there_is_nothing) {
  TermPool pool;
  const auto blasted = bits::blast(pool, distributed_differs(pool, 16));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_FALSE(sample_inputs(pool, *blasted, 100).has_value());
}

TEST(SolveGates, the_same_question_has_the_same_answer) {
  TermPool pool;
  const auto blasted = bits::blast(pool, products_differ(pool, 12));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_EQ(solve_gates(pool, *blasted, 0).lrat, solve_gates(pool, *blasted, 0).lrat);
}

TEST(SolveGates, the_limit_of_conflicts_holds_for_all_of_it) {
  TermPool pool;
  const auto blasted = bits::blast(pool, distributed_differs(pool, 16));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_EQ(solve_gates(pool, *blasted, 50).kind, Answer::Kind::unknown);
  EXPECT_EQ(solve_gates(pool, *blasted, 5'000).kind, Answer::Kind::unknown);
}

/// Splitting and sweeping are made to take any formula, and judged by the values of the terms.
TEST(SolveGates, random_terms_have_the_same_answer_by_every_way) {
  int refuted = 0;
  std::size_t equalities = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    TermPool pool;
    isotrace::tests::RandomTerms random(pool, seed, {5, false, true, 2});
    Term term = pool.boolean(true);
    for (int i = 0; i < 4; ++i) term = pool.bool_and(term, random.boolean(3).term);
    const auto blasted = bits::blast(pool, term);
    ASSERT_TRUE(blasted.has_value());
    const Answer direct = solve_gates(pool, *blasted, 0);
    ASSERT_NE(direct.kind, Answer::Kind::unknown);
    ProofStream proof;
    const auto clauses = sweep_gates(*blasted, proof);
    bits::Blasted more = *blasted;
    for (const auto& clause : clauses) more.cnf.add(clause);
    ASSERT_EQ(solve_gates(pool, more, 0).kind, direct.kind) << "seed " << seed;
    equalities += clauses.size();
    const auto open = find_open_inputs(*blasted, [](int) { return false; });
    if (open.empty()) continue;
    ProofStream parts;
    const SplitResult split = split_inputs(*blasted, open, parts);
    ASSERT_EQ(split.result == 20, direct.kind == Answer::Kind::unsat) << "seed " << seed;
    if (split.result != 20) {
      ASSERT_TRUE(*bits::holds(pool, term, read_solution(pool, *blasted, split.solution)));
      continue;
    }
    ++refuted;
    const auto lrat = trim_proof(blasted->cnf, parts.bytes());
    ASSERT_TRUE(lrat.has_value()) << core::describe(lrat.error());
    ASSERT_TRUE(bits::check_lrat(blasted->cnf, *lrat).accepted);
  }
  EXPECT_GT(refuted, 20);
  EXPECT_GT(equalities, 500U);
}

TEST(Cases, are_models_or_proofs_or_given_up) {
  int refuted = 0;
  int satisfied = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    TermPool pool;
    isotrace::tests::RandomTerms random(pool, seed, {5, false, true, 2});
    Term term = pool.boolean(true);
    for (int i = 0; i < 4; ++i) term = pool.bool_and(term, random.boolean(3).term);
    const auto blasted = bits::blast(pool, term);
    ASSERT_TRUE(blasted.has_value());
    ProofStream proof;
    const CaseResult cases = split_cases(*blasted, proof);
    if (cases.result == 10) {
      ++satisfied;
      ASSERT_TRUE(*bits::holds(pool, term, read_solution(pool, *blasted, cases.solution)));
    } else if (cases.result == 20) {
      ++refuted;
      const auto lrat = trim_proof(blasted->cnf, proof.bytes());
      ASSERT_TRUE(lrat.has_value()) << core::describe(lrat.error());
      ASSERT_TRUE(bits::check_lrat(blasted->cnf, *lrat).accepted) << "seed " << seed;
    }
  }
  EXPECT_GT(refuted, 20);
  EXPECT_GT(satisfied, 20);
}

TEST(Cases, of_fourteen_bits_decide_a_product) {
  TermPool pool;
  const auto blasted = bits::blast(pool, products_differ(pool, 7));
  ASSERT_TRUE(blasted.has_value());
  ProofStream proof;
  EXPECT_EQ(split_cases(*blasted, proof).result, 20);
  const auto lrat = trim_proof(blasted->cnf, proof.bytes());
  ASSERT_TRUE(lrat.has_value());
  EXPECT_TRUE(bits::check_lrat(blasted->cnf, *lrat).accepted);
}

TEST(Cases, give_up_soon_where_no_bits_decide) {
  TermPool pool;
  const auto blasted = bits::blast(pool, products_differ(pool, 32));
  ASSERT_TRUE(blasted.has_value());
  ProofStream proof;
  EXPECT_EQ(split_cases(*blasted, proof).result, 0);
}

TEST(Circuit, stages_put_inputs_before_gates_and_circuits_side_by_side) {
  TermPool pool;
  const auto blasted = bits::blast(pool, quotients_differ(pool, 8));
  ASSERT_TRUE(blasted.has_value());
  const Circuit circuit = find_gates(blasted->cnf);
  const std::vector<int> order = stages_of(circuit);
  ASSERT_EQ(order.size() + 1, circuit.gates.size());
  std::vector<bool> seen(circuit.gates.size());
  for (const int v : order) {
    const CircuitGate& gate = circuit.gates[static_cast<std::size_t>(v)];
    ASSERT_FALSE(seen[static_cast<std::size_t>(v)]);
    seen[static_cast<std::size_t>(v)] = true;
    if (gate.kind == CircuitGate::Kind::input) continue;
    EXPECT_TRUE(seen[static_cast<std::size_t>(std::abs(gate.a))]);
    EXPECT_TRUE(seen[static_cast<std::size_t>(std::abs(gate.b))]);
  }
}

TEST(Circuit, gates_are_found_again_and_compute_the_term) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    TermPool pool;
    isotrace::tests::RandomTerms random(pool, seed, {5, false, true, 2});
    const auto made = random.boolean(4);
    const auto blasted = bits::blast(pool, made.term);
    ASSERT_TRUE(blasted.has_value());
    const Circuit circuit = find_gates(blasted->cnf);
    Signals signals(circuit.gates.size());
    for (const auto& input : blasted->inputs) {
      const auto& values = random.assignment().scalars;
      const auto known = values.find(pool.variable_name(input.variable));
      const bits::Value value = known == values.end() ? 0 : known->second;
      for (std::size_t i = 0; i < input.literals.size(); ++i) {
        signals[static_cast<std::size_t>(input.literals[i])] = value >> i & 1;
      }
    }
    compute_signals(circuit, signals);
    bool satisfied = true;
    for (std::size_t number = 1; number <= blasted->cnf.size(); ++number) {
      bool clause = false;
      for (const std::int32_t a : blasted->cnf.clause(number)) {
        clause |= (signal_of(signals, a) & 1) != 0;
      }
      satisfied &= clause;
    }
    ASSERT_EQ(satisfied, made.value != 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace isotrace::smt
