#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include <isotrace/bits/blast.hpp>
#include <isotrace/bits/lrat.hpp>
#include <isotrace/smt/portfolio.hpp>
#include <isotrace/smt/print.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::smt {
namespace {

using bits::Term;
using bits::TermPool;
using Kind = Decision::Kind;

DecideOptions small_options(std::vector<Engine> engines = {Engine::gates}) {
  DecideOptions options;
  options.engines = std::move(engines);
  options.limits.memory_bytes = std::uint64_t{512} << 20;
  options.limits.wall_milliseconds = 20'000;
  options.alarm_folder = testing::TempDir() + "isotrace_alarms";
  return options;
}

Decision decide_term(const TermPool& pool, Term assertion,
                     const DecideOptions& options = small_options()) {
  auto decision = decide(pool, assertion, options);
  EXPECT_TRUE(decision.has_value()) << (decision ? "" : core::describe(decision.error()));
  return decision ? *std::move(decision) : Decision{};
}

/// x * y = 143 with neither factor 1: true for 11 and 13.
Term factors(TermPool& pool) {
  const Term x = pool.variable("x", bits::vector_sort(8));
  const Term y = pool.variable("y", bits::vector_sort(8));
  const Term product = pool.bvmul(pool.zero_extend(x, 16), pool.zero_extend(y, 16));
  const Term one = pool.constant(1, 8);
  return pool.bool_and(pool.equal(product, pool.constant(143, 16)),
                       pool.bool_and(pool.bvult(one, x), pool.bvult(one, y)));
}

/// The average without overflow and the average in one bit more are different: false.
Term averages_differ(TermPool& pool) {
  const Term x = pool.variable("x", bits::vector_sort(32));
  const Term y = pool.variable("y", bits::vector_sort(32));
  const Term half = pool.bvlshr(pool.bvxor(x, y), pool.constant(1, 32));
  const Term wide = pool.bvadd(pool.zero_extend(x, 33), pool.zero_extend(y, 33));
  return pool.distinct(pool.bvadd(pool.bvand(x, y), half), pool.extract(wide, 32, 1));
}

const std::vector<Engine> everybody = {Engine::gates, Engine::z3, Engine::cvc5};

TEST(Decide, sat_comes_with_a_model_that_holds) {
  for (const Engine engine : everybody) {
    TermPool pool;
    const Term question = factors(pool);
    const Decision decision = decide_term(pool, question, small_options({engine}));
    ASSERT_EQ(decision.kind, Kind::sat) << name(engine) << decision.detail;
    EXPECT_TRUE(*bits::holds(pool, question, decision.model));
    EXPECT_TRUE(decision.checked);
  }
}

/// Digits to the base 2^bits added.
Term folded(TermPool& pool, Term a, unsigned bits) {
  const unsigned width = pool.width(a);
  return pool.bvadd(pool.bvlshr(a, pool.constant(bits, width)),
                    pool.bvand(a, pool.constant(bits::mask(bits), width)));
}

/// a - k from k on.
Term reduced(TermPool& pool, Term a, bits::Value k) {
  const Term modulus = pool.constant(k, pool.width(a));
  return pool.ite(pool.bvult(a, modulus), a, pool.bvsub(a, modulus));
}

TEST(Decide, remainders_by_digits_are_proved_and_mistakes_found) {
  const std::map<bits::Value, std::vector<unsigned>> folds = {
      {3, {16, 8, 4, 2, 2, 2}}, {5, {16, 8, 4, 4}}, {15, {16, 8, 4, 4}}, {255, {16, 8, 8}}};
  for (const bool mistaken : {false, true}) {
    for (const auto& [k, widths] : folds) {
      TermPool pool;
      const Term x = pool.variable("x", bits::vector_sort(32));
      Term sum = x;
      for (const unsigned width : widths) sum = folded(pool, sum, width);
      for (unsigned i = 0; k == 5 && i < 2; ++i) sum = reduced(pool, sum, 5);
      const Term digits = reduced(pool, sum, mistaken ? k + 1 : k);
      const Term question = pool.distinct(digits, pool.bvurem(x, pool.constant(k, 32)));
      EXPECT_EQ(decide_term(pool, question).kind, mistaken ? Kind::sat : Kind::unsat)
          << static_cast<int>(k);
    }
  }
}

TEST(Decide, bits_counted_by_removing_the_lowest_are_those_counted_one_by_one) {
  for (const bool mistaken : {false, true}) {
    TermPool pool;
    const auto constant = [&](bits::Value value) { return pool.constant(value, 32); };
    const Term x = pool.variable("x", bits::vector_sort(32));
    Term bits = constant(0);
    for (unsigned i = 0; i < 32; ++i) {
      bits = pool.bvadd(bits, pool.bvand(pool.bvlshr(x, constant(i)), constant(1)));
    }
    Term rounds = constant(mistaken ? 31 : 32);
    std::vector<Term> rests = {x};
    while (rests.size() < 32) {
      rests.push_back(pool.bvand(rests.back(), pool.bvsub(rests.back(), constant(1))));
    }
    for (unsigned i = 32; i-- > 0;) {
      rounds = pool.ite(pool.equal(rests[i], constant(0)), constant(i), rounds);
    }
    EXPECT_EQ(decide_term(pool, pool.distinct(bits, rounds)).kind,
              mistaken ? Kind::sat : Kind::unsat);
  }
}

TEST(Decide, remainders_at_each_step_and_late_are_the_same) {
  for (const bits::Value k : {255, 65521}) {
    TermPool pool;
    const Term modulus = pool.constant(k, 32);
    const Term none = pool.constant(0, 32);
    Term late_a = none, late_b = none, step_a = none, step_b = none, less_a = none, less_b = none;
    for (unsigned i = 0; i < 6; ++i) {
      const Term x = pool.variable("x" + std::to_string(i), bits::vector_sort(8));
      const Term wide = pool.zero_extend(x, 32);
      late_a = pool.bvadd(late_a, wide);
      late_b = pool.bvadd(late_b, late_a);
      step_a = pool.bvurem(pool.bvadd(step_a, wide), modulus);
      step_b = pool.bvurem(pool.bvadd(step_b, step_a), modulus);
      less_a = reduced(pool, pool.bvadd(less_a, wide), k);
      less_b = reduced(pool, pool.bvadd(less_b, less_a), k);
    }
    late_b = pool.bvurem(late_b, modulus);
    EXPECT_EQ(decide_term(pool, pool.distinct(late_b, step_b)).kind, Kind::unsat);
    EXPECT_EQ(decide_term(pool, pool.distinct(late_b, less_b)).kind, Kind::unsat);
    EXPECT_EQ(decide_term(pool, pool.distinct(late_b, less_a)).kind, Kind::sat);
  }
}

TEST(Decide, unsat_of_gates_comes_with_a_proof) {
  TermPool pool;
  const Term question = averages_differ(pool);
  const Decision decision = decide_term(pool, question);
  ASSERT_EQ(decision.kind, Kind::unsat);
  EXPECT_TRUE(decision.checked);
  EXPECT_TRUE(bits::check_lrat(bits::blast(pool, question)->cnf, decision.lrat).accepted);
}

TEST(Decide, unsat_of_another_engine_is_labelled_or_not_taken) {
  TermPool pool;
  const Term question = averages_differ(pool);
  DecideOptions options = small_options({Engine::z3});
  const Decision asserted = decide_term(pool, question, options);
  EXPECT_EQ(asserted.kind, Kind::unsat);
  EXPECT_FALSE(asserted.checked);
  options.accept_asserted = false;
  EXPECT_EQ(decide_term(pool, question, options).kind, Kind::undecided);
}

TEST(Decide, the_portfolio_waits_for_a_proof) {
  TermPool pool;
  const Decision decision =
      decide_term(pool, averages_differ(pool), small_options({Engine::z3, Engine::gates}));
  EXPECT_EQ(decision.kind, Kind::unsat);
  EXPECT_TRUE(decision.checked);
}

TEST(Decide, agreeing_engines_all_answer) {
  DecideOptions options = small_options(everybody);
  options.agree = true;
  for (Term (*make)(TermPool&) : {factors, averages_differ}) {
    TermPool pool;
    const Decision decision = decide_term(pool, make(pool), options);
    EXPECT_NE(decision.kind, Kind::undecided) << decision.detail;
    for (const EngineRun& run : decision.runs) EXPECT_TRUE(is_sure(run.outcome)) << run.detail;
  }
}

TEST(Decide, constants_are_decided) {
  TermPool pool;
  for (const Engine engine : everybody) {
    EXPECT_EQ(decide_term(pool, pool.boolean(true), small_options({engine})).kind, Kind::sat);
    EXPECT_EQ(decide_term(pool, pool.boolean(false), small_options({engine})).kind, Kind::unsat);
  }
}

TEST(Decide, engines_agree_with_each_other_and_with_the_value_of_random_terms) {
  int sat = 0;
  int unsat = 0;
  int unknown = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed, {8, true, seed % 2 == 0, 1});
    // Conjunctions, so that many have no solution.
    Term question = random.boolean(4).term;
    for (int i = 0; i < 3; ++i) question = pool.bool_and(question, random.boolean(3).term);
    DecideOptions options = small_options(everybody);
    options.agree = true;
    const Decision decision = decide_term(pool, question, options);
    if (decision.kind == Kind::undecided) {
      // Z3 says of some arrays that it does not know.
      ASSERT_EQ(decision.detail.substr(0, 3), "z3:") << "seed " << seed << ": " << decision.detail;
      ++unknown;
      continue;
    }
    if (*bits::holds(pool, question, random.assignment())) {
      ASSERT_EQ(decision.kind, Kind::sat) << "seed " << seed;
    }
    ++(decision.kind == Kind::sat ? sat : unsat);
  }
  EXPECT_GT(sat, 20);
  EXPECT_GT(unsat, 20);
  EXPECT_LT(unknown, 10);
}

TEST(Decide, every_operation_is_what_the_engines_think) {
  // Widths 1, 2 and 3 with both operands free: the formula's solutions are exactly what compute
  // says.
  const std::pair<bits::Operation, Term (TermPool::*)(Term, Term)> operations[] = {
      {bits::Operation::bvudiv, &TermPool::bvudiv}, {bits::Operation::bvurem, &TermPool::bvurem},
      {bits::Operation::bvsdiv, &TermPool::bvsdiv}, {bits::Operation::bvsrem, &TermPool::bvsrem},
      {bits::Operation::bvshl, &TermPool::bvshl},   {bits::Operation::bvlshr, &TermPool::bvlshr},
      {bits::Operation::bvashr, &TermPool::bvashr}, {bits::Operation::bvmul, &TermPool::bvmul},
      {bits::Operation::bvsub, &TermPool::bvsub},   {bits::Operation::bvslt, &TermPool::bvslt},
      {bits::Operation::bvsle, &TermPool::bvsle},   {bits::Operation::bvule, &TermPool::bvule}};
  for (const auto& [operation, make] : operations) {
    for (const unsigned width : {1U, 3U}) {
      TermPool pool;
      const Term a = pool.variable("a", bits::vector_sort(width));
      const Term b = pool.variable("b", bits::vector_sort(width));
      const Term result = (pool.*make)(a, b);
      // "The result is not the one of the table", which must be impossible.
      Term table = pool.boolean(true);
      for (unsigned pair = 0; pair < 1U << 2 * width; ++pair) {
        const bits::Value x = pair & static_cast<unsigned>(bits::mask(width));
        const bits::Value y = pair >> width;
        const unsigned result_width = pool.width(result);
        const bits::Value value = bits::compute(operation, {x, y, 0}, width, 0, result_width);
        const Term here = pool.bool_and(pool.equal(a, pool.constant(x, width)),
                                        pool.equal(b, pool.constant(y, width)));
        const Term right =
            result_width == 0 ? pool.boolean(value != 0) : pool.constant(value, result_width);
        table = pool.bool_and(table, pool.implies(here, pool.equal(result, right)));
      }
      DecideOptions options = small_options(everybody);
      options.agree = true;
      EXPECT_EQ(decide_term(pool, pool.bool_not(table), options).kind, Kind::unsat)
          << bits::name(operation) << ' ' << width;
    }
  }
}

// ---- solvers that misbehave

struct Misbehaviour {
  const char* what;
  SolveFunction solve;
  Outcome outcome;
};

std::string sat_with_nothing(const Question&, Engine, const EngineLimits&) {
  Answer answer;
  answer.kind = Answer::Kind::sat;
  return write_answer(answer);
}

std::string unsat_without_proof(const Question&, Engine, const EngineLimits&) {
  Answer answer;
  answer.kind = Answer::Kind::unsat;
  return write_answer(answer);
}

std::vector<Misbehaviour> misbehaviours() {
  return {
      {"crash",
       [](auto&&...) -> std::string {
         std::raise(SIGSEGV);
         return {};
       },
       Outcome::crashed},
      {"abort", [](auto&&...) -> std::string { std::abort(); }, Outcome::crashed},
      {"throw", [](auto&&...) -> std::string { throw 1; }, Outcome::crashed},
      {"forbidden call", [](auto&&...) { return std::to_string(::fork()); }, Outcome::crashed},
      {"hang",
       [](auto&&...) -> std::string {
         for (;;) ::usleep(1000);
       },
       Outcome::timeout},
      {"flood", [](auto&&...) { return std::string(2 << 20, 'x'); }, Outcome::flooded},
      {"memory",
       [](auto&&...) {
         std::string text;
         for (int i = 0; i < 400; ++i) text.append(1 << 20, 'x');
         return text;
       },
       Outcome::memory},
      {"junk", [](auto&&...) { return std::string("sat, believe me"); }, Outcome::lied},
      {"nothing", [](auto&&...) { return std::string(); }, Outcome::lied},
      {"wrong model", sat_with_nothing, Outcome::lied},
      {"no proof", unsat_without_proof, Outcome::lied},
  };
}

bool needs_memory_limit(const Misbehaviour& bad) {
#if defined(__SANITIZE_ADDRESS__)  // which reserves the address space itself
  return bad.outcome == Outcome::memory || std::string(bad.what) == "crash";
#else
  (void)bad;
  return false;
#endif
}

DecideOptions strict_options(std::vector<Engine> engines) {
  DecideOptions options = small_options(std::move(engines));
  options.limits.memory_bytes = std::uint64_t{128} << 20;
  options.limits.output_bytes_max = 1 << 20;
  return options;
}

TEST(Misbehaving, each_kind_is_an_outcome_of_that_engine_alone) {
  for (const Misbehaviour& bad : misbehaviours()) {
    if (needs_memory_limit(bad)) continue;
    TermPool pool;
    DecideOptions options = strict_options({Engine::gates});
    if (bad.outcome == Outcome::timeout) options.limits.wall_milliseconds = 300;
    std::vector<QueryEvent> events;
    options.on_event = [&](const QueryEvent& event) { events.push_back(event); };
    const auto decision = decide_with(pool, factors(pool), options, bad.solve);
    ASSERT_EQ(events.size(), 1U) << bad.what;
    EXPECT_EQ(name(events[0].run.outcome), name(bad.outcome)) << bad.what << events[0].run.detail;
    if (bad.outcome == Outcome::lied) {
      ASSERT_FALSE(decision.has_value()) << bad.what;
      EXPECT_EQ(decision.error().code, core::RefusalCode::solver_answer_wrong) << bad.what;
    } else {
      ASSERT_TRUE(decision.has_value()) << bad.what;
      EXPECT_EQ(decision->kind, Kind::undecided) << bad.what;
      EXPECT_EQ(decision->reason, bad.outcome) << bad.what;
    }
  }
}

TEST(Misbehaving, the_other_engine_still_decides) {
  for (const Misbehaviour& bad : misbehaviours()) {
    if (needs_memory_limit(bad)) continue;
    TermPool pool;
    DecideOptions options = small_options({Engine::z3, Engine::gates});
    options.limits.output_bytes_max = 1 << 20;
    const bool contradicts = std::string(bad.what) == "no proof";  // from Z3 an answer, and wrong
    options.agree = contradicts;  // who is first would stop the other
    const auto solve = [&](const Question& question, Engine engine, const EngineLimits& limits) {
      if (engine == Engine::gates) return solve_with_engine(question, engine, limits);
      return bad.solve(question, engine, limits);
    };
    const auto decision = decide_with(pool, factors(pool), options, solve);
    if (contradicts) {
      ASSERT_FALSE(decision.has_value());
      EXPECT_EQ(decision.error().code, core::RefusalCode::solvers_disagree);
      continue;
    }
    ASSERT_TRUE(decision.has_value()) << bad.what;
    EXPECT_EQ(decision->kind, Kind::sat) << bad.what;
  }
}

TEST(Misbehaving, solvers_disagree_saves_both_queries) {
  TermPool pool;
  const Term question = factors(pool);
  DecideOptions options = small_options({Engine::z3, Engine::cvc5});
  options.agree = true;
  options.alarm_folder = testing::TempDir() + "isotrace_disagree";
  std::filesystem::remove_all(options.alarm_folder);
  const auto solve = [](const Question& asked, Engine engine, const EngineLimits& limits) {
    if (engine == Engine::cvc5) return unsat_without_proof(asked, engine, limits);
    return solve_with_engine(asked, engine, limits);
  };
  const auto decision = decide_with(pool, question, options, solve);
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().code, core::RefusalCode::solvers_disagree);
  int saved = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.alarm_folder)) {
    std::ifstream stream(file.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_NE(text.find(*print_query(pool, question)), std::string::npos);
    EXPECT_NE(decision.error().where.find(file.path().filename()), std::string::npos);
    ++saved;
  }
  EXPECT_EQ(saved, 2);
}

TEST(Decide, formulas_over_the_limit_are_undecided_for_memory) {
  TermPool pool;
  DecideOptions options = small_options();
  options.clauses_max = 100;
  const Decision decision = decide_term(pool, averages_differ(pool), options);
  EXPECT_EQ(decision.kind, Kind::undecided);
  EXPECT_EQ(decision.reason, Outcome::memory);
}

TEST(Decide, steps_are_a_limit_that_does_not_depend_on_the_machine) {
  for (const Engine engine : everybody) {
    TermPool pool;
    // A prime has no factors: too hard for a few steps.
    const Term x = pool.zero_extend(pool.variable("x", bits::vector_sort(24)), 48);
    const Term y = pool.zero_extend(pool.variable("y", bits::vector_sort(24)), 48);
    const Term one = pool.constant(1, 48);
    const Term proper = pool.bool_and(pool.distinct(x, one), pool.distinct(y, one));
    const Term product = pool.equal(pool.bvmul(x, y), pool.constant(10'000'000'019, 48));
    DecideOptions options = small_options({engine});
    options.limits.steps = engine == Engine::gates ? 10 : 2'000;
    const Decision decision = decide_term(pool, pool.bool_and(proper, product), options);
    EXPECT_EQ(decision.kind, Kind::undecided) << name(engine);
    EXPECT_EQ(name(decision.reason), "unknown") << name(engine) << decision.detail;
  }
}

TEST(Decide, limit_exceeded_by_a_full_pool) {
  TermPool pool(4);
  for (int i = 0; i < 9; ++i) pool.constant(static_cast<bits::Value>(i), 8);
  const auto decision = decide(pool, pool.boolean(true), small_options());
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().code, core::RefusalCode::limit_exceeded);
}

// ---- telemetry and files

TEST(Events, one_line_per_engine_with_numbers) {
  TermPool pool;
  DecideOptions options = small_options({Engine::gates, Engine::z3});
  options.agree = true;
  options.label = "f: \"never\"\ttraps";
  std::vector<std::string> lines;
  options.on_event = [&](const QueryEvent& event) { lines.push_back(event_line(event)); };
  decide_term(pool, averages_differ(pool), options);
  ASSERT_EQ(lines.size(), 2U);
  const std::string both = lines[0] + lines[1];
  EXPECT_NE(both.find(R"("label": "f: \"never\"\u0009traps")"), std::string::npos) << both;
  EXPECT_NE(both.find(R"("engine": "gates", "outcome": "unsat")"), std::string::npos) << both;
  EXPECT_EQ(both.find('\n'), std::string::npos);
  EXPECT_EQ(both.find(R"("proof_clauses": 0, "start_us": 0, "solve_us": 0)"), std::string::npos);
}

TEST(Dump, queries_are_saved_under_their_label) {
  TermPool pool;
  DecideOptions options = small_options();
  options.dump_folder = testing::TempDir() + "isotrace_dump";
  std::filesystem::remove_all(options.dump_folder);
  options.label = "f/../never traps";
  const Term question = averages_differ(pool);
  const Decision decision = decide_term(pool, question, options);
  const std::string path =
      options.dump_folder + "/f_never_traps-" + decision.query.substr(0, 16) + ".smt2";
  std::ifstream stream(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), *print_query(pool, question));
}

}  // namespace
}  // namespace isotrace::smt
