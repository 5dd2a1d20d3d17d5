// Terms of all sorts: what fits, what they are worth, what Z3 and cvc5 say of them through their
// interfaces, and what their programs say of the text.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include <isotrace/core/philox.hpp>
#include <isotrace/smt/import_terms.hpp>
#include <isotrace/smt/number_text.hpp>
#include <isotrace/smt/portfolio.hpp>
#include <isotrace/smt/print.hpp>
#include <isotrace/smt/sorted_values.hpp>

#include "tests/support/random_floats.hpp"
#include "tests/support/random_terms.hpp"

namespace isotrace::smt {
namespace {

using core::Rational;
using sorted::Operation;
using sorted::Pool;
using sorted::Term;
using Kind = Decision::Kind;

const sorted::Sort f32 = sorted::float_sort(32);

DecideOptions options_of(std::vector<Engine> engines) {
  DecideOptions options;
  options.engines = std::move(engines);
  options.limits.wall_milliseconds = 60'000;
  options.alarm_folder = testing::TempDir();
  return options;
}

Decision decide_term(const Pool& pool, Term term, const DecideOptions& options) {
  auto decision = decide(pool, term, options);
  EXPECT_TRUE(decision.has_value()) << (decision ? "" : core::describe(decision.error()));
  return decision ? *decision : Decision{};
}

// ---- what fits

TEST(Sorted, shape_mismatch_where_sorts_do_not_fit) {
  const auto refuses = [](const auto& make) {
    Pool pool;
    make(pool, pool.variable("i", sorted::integer_sort), pool.variable("f", f32));
    const auto checked = pool.check();
    return !checked && checked.error().code == core::RefusalCode::shape_mismatch;
  };
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term f) { p.make(Operation::fp_add, {i, f}); }));
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term) { p.sum({i, p.real(Rational(1, 2))}); }));
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term f) { p.equal(i, f); }));
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term) { p.bool_and(i, p.boolean(true)); }));
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term f) { p.ite(i, f, f); }));
  EXPECT_TRUE(refuses([](Pool& p, Term, Term f) { p.fp_from_bits(f); }));
  EXPECT_TRUE(refuses([](Pool& p, Term i, Term) { p.fp_to_integer(i, {}, true, 32); }));
  EXPECT_TRUE(refuses([](Pool& p, Term, Term f) {
    p.make(Operation::fp_lt, {f, p.variable("d", sorted::float_sort(64))});
  }));
  EXPECT_TRUE(refuses([](Pool& p, Term, Term) { p.variable("f", sorted::real_sort); }));
  EXPECT_FALSE(refuses([](Pool& p, Term i, Term) { p.below(i, p.integer(3)); }));
  Pool pool;
  pool.sum({pool.real(1), pool.integer(1)});
  const auto decision = decide(pool, pool.boolean(true), options_of({Engine::z3}));
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().code, core::RefusalCode::shape_mismatch);
}

TEST(Sorted, limit_exceeded_by_too_many_terms) {
  Pool pool(3);
  pool.integer(1);
  pool.integer(2);
  EXPECT_EQ(pool.check().error().code, core::RefusalCode::limit_exceeded);
}

TEST(Sorted, equal_terms_are_one_and_constants_are_computed) {
  Pool pool;
  const Term x = pool.variable("x", sorted::real_sort);
  EXPECT_EQ(pool.sum({x, pool.real(1)}), pool.sum({x, pool.real(1)}));
  EXPECT_NE(pool.sum({x, pool.real(1)}), pool.sum({pool.real(1), x}));
  EXPECT_EQ(pool.product(pool.real(Rational(1, 3)), pool.real(6)), pool.real(2));
  EXPECT_NE(pool.real(2), pool.integer(2));
  const Term one = pool.floating({binary32, 0x3f800000});
  EXPECT_EQ(pool.make(Operation::fp_add, {one, one}), pool.floating({binary32, 0x40000000}));
  EXPECT_EQ(pool.floating({binary32, 0x7f800001}), pool.floating({binary32, 0xffc12345}));
  EXPECT_EQ(pool.bool_not(pool.bool_not(pool.below(x, x))), pool.below(x, x));
}

TEST(Sorted, least_and_greatest_are_told_of_zeros_and_nans) {
  Pool pool;
  const auto value = [&](std::uint64_t bits) { return pool.floating({binary32, bits}); };
  const Term plus = value(0);
  const Term minus = value(0x80000000);
  const Term nan = value(0x7fc00000);
  EXPECT_EQ(pool.fp_min(plus, minus), minus);
  EXPECT_EQ(pool.fp_min(minus, plus), minus);
  EXPECT_EQ(pool.fp_max(plus, minus), plus);
  EXPECT_EQ(pool.fp_max(minus, plus), plus);
  EXPECT_EQ(pool.fp_min(nan, plus), plus);
  EXPECT_EQ(pool.fp_max(minus, nan), minus);
}

// ---- text

TEST(Sorted, text_is_complete) {
  Pool pool;
  const Term x = pool.variable("x", sorted::real_sort);
  const Term i = pool.variable("i", sorted::integer_sort);
  const Term half = pool.product(pool.real(Rational(-1, 2)), x);
  const Term sum = pool.sum({half, pool.make(Operation::to_real, {i}), pool.real(3)});
  EXPECT_EQ(*print_query(pool, pool.below(sum, pool.real(0))),
            "(set-logic QF_LIRA)\n"
            "(declare-fun $x () Real)\n"
            "(define-fun ?3 () Real (* (- (/ 1.0 2.0)) $x))\n"
            "(declare-fun $i () Int)\n"
            "(define-fun ?5 () Real (to_real $i))\n"
            "(define-fun ?7 () Real (+ ?3 ?5 3.0))\n"
            "(define-fun ?9 () Bool (< ?7 0.0))\n"
            "(assert ?9)\n"
            "(check-sat)\n");
  Pool floats;
  const Term a = floats.fp_from_bits(floats.variable("a", sorted::vector_sort(32)));
  const Term b = floats.make(Operation::fp_sqrt, {a});
  const Term c = floats.make(Operation::fp_to_integral, {b}, Rounding::up);
  const Term d = floats.fp_from_float(c, 64);
  EXPECT_EQ(
      *print_query(floats, floats.make(Operation::fp_eq, {d, floats.floating({binary64, 1})})),
      "(set-logic QF_BVFP)\n"
      "(declare-fun $a () (_ BitVec 32))\n"
      "(define-fun ?2 () (_ FloatingPoint 8 24) ((_ to_fp 8 24) $a))\n"
      "(define-fun ?3 () (_ FloatingPoint 8 24) (fp.sqrt RNE ?2))\n"
      "(define-fun ?4 () (_ FloatingPoint 8 24) (fp.roundToIntegral RTP ?3))\n"
      "(define-fun ?5 () (_ FloatingPoint 11 53) ((_ to_fp 11 53) RNE ?4))\n"
      "(define-fun ?7 () Bool (fp.eq ?5 (fp #b0 #b00000000000 "
      "#x0000000000001)))\n"
      "(assert ?7)\n"
      "(check-sat)\n");
}

/// What a program answers to a query; nothing if there is no such program.
std::optional<std::string> answer_of(const std::string& program, const std::string& text) {
  if (::access(("/usr/bin/" + program).c_str(), X_OK) != 0) return std::nullopt;
  const std::string path = testing::TempDir() + "isotrace_sorted.smt2";
  std::ofstream(path) << text;
  std::FILE* pipe = ::popen((program + " " + path + " 2>&1").c_str(), "r");
  std::string answer;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) answer += static_cast<char>(c);
  ::pclose(pipe);
  return answer;
}

// ---- every operation, on random values, by our evaluation and by the solvers

class EveryOperation : public testing::Test {
 protected:
  Term number(unsigned width) {
    return pool_.floating({float_format(width), tests::random_float_bits(random_, width)});
  }

  /// A variable with a value that the model to be found must give it, and evaluation then has.
  Term fixed(Term value) {
    const std::string name = "v" + std::to_string(count_++);
    const Term variable = pool_.variable(name, pool_.sort(value));
    facts_ = pool_.bool_and(facts_, pool_.equal(variable, value));
    return variable;
  }

  Term result(Operation operation, unsigned width) {
    const Rounding rounding = static_cast<Rounding>(random_.next_below(4));
    const unsigned narrow = random_.next_below(2) == 0 ? 8 : 32;
    const bool is_signed = random_.next_below(2) == 0;
    const auto any = [&] { return fixed(number(width)); };
    switch (operation) {
      case Operation::fp_fma: return pool_.make(operation, {any(), any(), any()});
      case Operation::fp_min: return pool_.fp_min(any(), any());
      case Operation::fp_max: return pool_.fp_max(any(), any());
      case Operation::fp_from_float: return pool_.fp_from_float(any(), 96 - width);
      case Operation::fp_from_bits:
        return pool_.fp_from_bits(
            fixed(pool_.vector(tests::random_float_bits(random_, width), width)));
      case Operation::fp_from_signed:
      case Operation::fp_from_unsigned:
        return pool_.fp_from_integer(
            fixed(pool_.vector(tests::random_float_bits(random_, width), narrow)), is_signed,
            width);
      case Operation::fp_to_signed:
      case Operation::fp_to_unsigned:
        return pool_.fp_to_integer(any(), rounding, is_signed, narrow);
      case Operation::fp_to_integral: return pool_.make(operation, {any()}, rounding);
      case Operation::fp_abs:
      case Operation::fp_neg:
      case Operation::fp_sqrt:
      case Operation::fp_is_nan:
      case Operation::fp_is_infinite:
      case Operation::fp_is_zero:
      case Operation::fp_is_negative: return pool_.make(operation, {any()});
      default: return pool_.make(operation, {any(), any()});
    }
  }

  Pool pool_;
  Term facts_ = pool_.boolean(true);
  core::PhiloxStream random_{5};
  int count_ = 0;
};

TEST_F(EveryOperation, of_floats_is_worth_the_same_to_both_solvers) {
  constexpr int rounds = 6;
  for (int i = 0; i < rounds; ++i) {
    Term differs = pool_.boolean(false);
    Model model;
    for (int code = static_cast<int>(Operation::fp_abs);
         code <= static_cast<int>(Operation::fp_to_unsigned); ++code) {
      const auto operation = static_cast<Operation>(code);
      // A quotient of numbers of very different size is a circuit of thousands of bits.
      const bool is_small = operation != Operation::fp_rem;
      for (const unsigned width : {32U, 64U}) {
        if (is_small) {
          const Term made = result(operation, width);
          // Constants in the place of the variables: what our evaluation says.
          for (const Term term : pool_.post_order(facts_)) {
            if (pool_.node(term).operation != Operation::equal) continue;
            const auto sides = pool_.operands(term);
            model.scalars[pool_.variable_name(sides[0])] =
                std::get<bits::Value>(pool_.constant_value(sides[1]));
          }
          const bits::Value value = std::get<bits::Value>(*evaluate(pool_, made, model));
          const sorted::Sort sort = pool_.sort(made);
          const Term expected =
              sorted::is_float(sort)
                  ? pool_.floating({float_format(sort.width), static_cast<std::uint64_t>(value)})
              : sort == sorted::boolean_sort ? pool_.boolean(value != 0)
                                             : pool_.vector(value, sort.width);
          differs = pool_.bool_or(differs, pool_.bool_not(pool_.equal(made, expected)));
        }
      }
    }
    DecideOptions options = options_of({Engine::z3, Engine::cvc5});
    options.agree = true;
    EXPECT_EQ(decide_term(pool_, pool_.bool_and(facts_, differs), options).kind, Kind::unsat);
    const Term same = pool_.bool_and(facts_, pool_.bool_not(differs));
    const Decision found = decide_term(pool_, same, options);
    EXPECT_EQ(found.kind, Kind::sat) << found.detail;
    for (const char* program : {"z3", "cvc5"}) {
      const auto answer = answer_of(program, *print_query(pool_, same));
      EXPECT_EQ(answer.value_or("sat\n"), "sat\n") << program;
    }
  }
}

TEST_F(EveryOperation, remainders_of_numbers_of_like_size_are_the_same) {
  for (int i = 0; i < 12; ++i) {
    const auto small = [&] {
      return pool_.floating(ExactFloat::rounded(
          binary32, Rational(static_cast<int>(random_.next_below(4000)) - 2000, 64)));
    };
    const Term a = small();
    const Term b = small();
    const Term expected = pool_.make(Operation::fp_rem, {a, b});
    const Term made = pool_.make(Operation::fp_rem, {fixed(a), fixed(b)});
    const Term differs = pool_.bool_not(pool_.equal(made, expected));
    DecideOptions options = options_of({Engine::z3});
    EXPECT_EQ(decide_term(pool_, pool_.bool_and(facts_, differs), options).kind, Kind::unsat) << i;
    facts_ = pool_.boolean(true);
  }
}

// ---- numbers

TEST(SortedNumbers, models_are_exact_rational_numbers) {
  for (const Engine engine : {Engine::z3, Engine::cvc5}) {
    Pool pool;
    const Term x = pool.variable("x", sorted::real_sort);
    const Term y = pool.variable("y", sorted::integer_sort);
    // 3 x = 1 - 2^-200, and 0 < 7 y - x < 1 + ...: no integer but y = 1 fits.
    const Rational tiny(core::Integer(1), core::Integer(1) << 200U);
    const Term third = pool.equal(pool.product(pool.real(3), x), pool.real(1 - tiny));
    const Term wide = pool.product(pool.real(7), pool.make(Operation::to_real, {y}));
    const Term question =
        pool.bool_and(third, pool.bool_and(pool.below(x, wide), pool.below(wide, pool.real(8))));
    const Decision decision = decide_term(pool, question, options_of({engine}));
    ASSERT_EQ(decision.kind, Kind::sat) << name(engine);
    EXPECT_EQ(decision.model.numbers.at("x"), (1 - tiny) / 3);
    EXPECT_EQ(decision.model.numbers.at("y"), 1);
    const Term none = pool.bool_and(question, pool.below(y, pool.integer(1)));
    const Decision unsat = decide_term(pool, none, options_of({engine}));
    EXPECT_EQ(unsat.kind, Kind::unsat) << name(engine);
    EXPECT_FALSE(unsat.checked) << "nobody has checked it";
  }
}

TEST(SortedNumbers, integers_have_no_fractions) {
  Pool pool;
  const Term i = pool.variable("i", sorted::integer_sort);
  Model model;
  model.numbers["i"] = Rational(1, 2);
  const auto value = holds(pool, pool.below(i, pool.integer(3)), model);
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().code, core::RefusalCode::solver_failed);
}

TEST(SortedNumbers, gates_are_not_asked) {
  Pool pool;
  const Term x = pool.variable("x", sorted::real_sort);
  const Term question = pool.below(x, pool.real(0));
  EXPECT_EQ(decide_term(pool, question, options_of({Engine::gates})).reason, Outcome::rejected);
  const auto both = decide_term(pool, question, options_of({Engine::gates, Engine::z3}));
  EXPECT_EQ(both.kind, Kind::sat);
  EXPECT_EQ(both.runs.size(), 1U);
}

// ---- limits

/// Pigeons in holes, one fewer hole, as numbers: short to state, long to refute.
Term pigeons(Pool& pool, int holes) {
  Term all = pool.boolean(true);
  std::vector<Term> places;
  for (int p = 0; p <= holes; ++p) {
    places.push_back(pool.variable("p" + std::to_string(p), sorted::integer_sort));
    all = pool.bool_and(all, pool.at_most(pool.integer(1), places.back()));
    all = pool.bool_and(all, pool.at_most(places.back(), pool.integer(holes)));
    for (int q = 0; q < p; ++q) {
      all = pool.bool_and(
          all, pool.bool_not(pool.equal(places[static_cast<std::size_t>(q)], places.back())));
    }
  }
  return all;
}

TEST(SortedLimits, wall_clock_memory_and_steps_are_outcomes) {
  Pool pool;
  const Term question = pigeons(pool, 30);
  DecideOptions options = options_of({Engine::z3});
  options.limits.wall_milliseconds = 400;
  EXPECT_EQ(decide_term(pool, question, options).reason, Outcome::timeout);
  options = options_of({Engine::z3});
  options.limits.steps = 1'000;
  EXPECT_EQ(decide_term(pool, question, options).reason, Outcome::unknown);
#if !defined(__SANITIZE_ADDRESS__)  // which reserves the address space itself
  options = options_of({Engine::z3});
  options.limits.memory_bytes = std::uint64_t{8} << 20;
  const Decision small = decide_term(pool, question, options);
  EXPECT_TRUE(small.reason == Outcome::memory || small.reason == Outcome::crashed)
      << name(small.reason);
#endif
}

TEST(SortedMisbehaving, numbers_that_are_none_are_refused) {
  for (const char* text :
       {"", "-", "1/0", "one", "1/", "/2", "1 2", "--1", "0x10", "1/-2", "1.5"}) {
    const auto number = read_number_text(text);
    ASSERT_FALSE(number.has_value()) << text;
    EXPECT_EQ(number.error().code, core::RefusalCode::solver_failed) << text;
  }
  EXPECT_EQ(*read_number_text("-012/08"), Rational(-3, 2));
}

// ---- terms over bits among others

TEST(Sorted, terms_over_bits_are_worth_the_same_after_they_were_copied) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    bits::TermPool pool;
    tests::RandomTerms terms(pool, seed);
    const auto made = terms.boolean(5);
    Pool copy;
    const auto copied = TermImport(pool, copy).copy(made.term);
    ASSERT_TRUE(copied.has_value());
    const Model model(terms.assignment());
    EXPECT_EQ(*holds(copy, *copied, model), made.value != 0);
    EXPECT_EQ(*print_query(copy, *copied), *print_query(pool, made.term));
  }
}

TEST(Sorted, memories_and_floats_are_asked_about_together) {
  bits::TermPool over_bits;
  const bits::Term memory = over_bits.variable("m", bits::memory_sort);
  const auto byte = [&](unsigned at) {
    return over_bits.select(memory, over_bits.constant(at, 32));
  };
  const bits::Term word =
      over_bits.concat(over_bits.concat(byte(3), byte(2)), over_bits.concat(byte(1), byte(0)));
  for (const Engine engine : {Engine::z3, Engine::cvc5}) {
    Pool pool;
    const Term x = pool.fp_from_bits(*TermImport(over_bits, pool).copy(word));
    const Term twice = pool.make(Operation::fp_add, {x, x});
    const Term question = pool.equal(twice, pool.floating({binary32, 0x3fb504f3}));
    const Decision decision = decide_term(pool, question, options_of({engine}));
    ASSERT_EQ(decision.kind, Kind::sat) << name(engine);
    EXPECT_EQ(decision.model.memories.at("m").bytes.size(), 4U);
    const auto answer = answer_of(std::string(name(engine)), *print_query(pool, question));
    EXPECT_EQ(answer.value_or("sat\n"), "sat\n");
  }
}

// ---- solvers that misbehave

TEST(SortedMisbehaving, each_kind_is_an_outcome_of_that_engine_alone) {
  const auto says = [](Answer answer) -> SolveFunction {
    return [text = write_answer(answer)](auto&&...) { return text; };
  };
  Answer wrong;
  wrong.kind = Answer::Kind::sat;
  wrong.model.numbers["x"] = Rational(1, 4);  // and 1/3 would be right
  Answer fraction = wrong;
  fraction.model.numbers = {{"x", Rational(1, 3)}, {"i", Rational(1, 2)}};
  const std::pair<SolveFunction, Outcome> cases[] = {
      {says(wrong), Outcome::lied},
      {says(fraction), Outcome::lied},
      {[](auto&&...) { return std::string("sat, believe me"); }, Outcome::lied},
      {[](auto&&...) -> std::string { std::abort(); }, Outcome::crashed},
      {[](auto&&...) -> std::string { throw 1; }, Outcome::crashed},
      {[](auto&&...) -> std::string {
         for (;;) ::usleep(1000);
       },
       Outcome::timeout},
      {[](auto&&...) { return std::string(2 << 20, 'x'); }, Outcome::flooded},
  };
  for (const auto& [bad, outcome] : cases) {
    Pool pool;
    const Term x = pool.variable("x", sorted::real_sort);
    const Term i = pool.variable("i", sorted::integer_sort);
    const Term question = pool.bool_and(pool.equal(pool.product(pool.real(3), x), pool.real(1)),
                                        pool.at_most(pool.integer(0), i));
    DecideOptions options = options_of({Engine::z3, Engine::cvc5});
    options.limits.wall_milliseconds = 1'500;
    options.limits.output_bytes_max = 1 << 20;
    std::vector<QueryEvent> events;
    options.on_event = [&](const QueryEvent& event) { events.push_back(event); };
    const auto both = decide_with(pool, question, options, bad);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(name(events[0].run.outcome), name(outcome)) << events[0].run.detail;
    EXPECT_EQ(!both, outcome == Outcome::lied);
    const auto z3_alone = [&, &solve = bad](const Question& asked, Engine engine,
                                            const EngineLimits& limits) {
      return engine == Engine::z3 ? solve_with_engine(asked, engine, limits)
                                  : solve(asked, engine, limits);
    };
    options.engines = {Engine::cvc5, Engine::z3};
    options.limits.wall_milliseconds = 20'000;
    const auto one = decide_with(pool, question, options, z3_alone);
    ASSERT_TRUE(one.has_value());
    EXPECT_EQ(one->kind, Kind::sat);
  }
}

TEST(SortedMisbehaving, solvers_disagree) {
  Pool pool;
  const Term x = pool.variable("x", f32);
  const Term question = pool.make(Operation::fp_lt, {x, pool.floating({binary32, 0})});
  const SolveFunction solve = [](const Question& asked, Engine engine, const EngineLimits& limits) {
    if (engine == Engine::z3) return solve_with_engine(asked, engine, limits);
    Answer answer;
    answer.kind = Answer::Kind::unsat;
    return write_answer(answer);
  };
  DecideOptions options = options_of({Engine::z3, Engine::cvc5});
  options.agree = true;
  const auto decision = decide_with(pool, question, options, solve);
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().code, core::RefusalCode::solvers_disagree);
}

TEST(SortedMisbehaving, answers_read_back_are_what_was_written) {
  Answer answer;
  answer.kind = Answer::Kind::sat;
  answer.model.numbers = {{"x", Rational(-3, 4)}, {"y", Rational(0)}};
  const auto read = read_answer(write_answer(answer));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->model, answer.model);
}

}  // namespace
}  // namespace isotrace::smt
