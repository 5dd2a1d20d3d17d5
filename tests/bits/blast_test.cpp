#include <gtest/gtest.h>

#include <array>
#include <bit>

#include <isotrace/bits/blast.hpp>
#include <isotrace/bits/evaluate.hpp>
#include <isotrace/core/philox.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::bits {
namespace {

enum class Truth { yes, no, open };

/// Gates come before what uses them, so that one pass over the clauses finds all values once the
/// inputs have theirs. `values[v]` is -1 where variable v has none.
Truth propagate(const Cnf& cnf, std::vector<int>& values) {
  Truth truth = Truth::yes;
  for (std::size_t number = 1; number <= cnf.size(); ++number) {
    std::int32_t open = 0;
    int open_count = 0;
    bool satisfied = false;
    for (const std::int32_t literal : cnf.clause(number)) {
      const int value = values[static_cast<std::size_t>(std::abs(literal))];
      if (value < 0) {
        open = literal;
        ++open_count;
      } else if ((value == 1) == (literal > 0)) {
        satisfied = true;
      }
    }
    if (satisfied) continue;
    if (open_count == 0) return Truth::no;
    if (open_count > 1) truth = Truth::open;
    values[static_cast<std::size_t>(std::abs(open))] = open > 0 ? 1 : 0;
  }
  return truth;
}

Truth with_inputs(const TermPool& pool, const Blasted& blasted, const Assignment& assignment) {
  std::vector<int> values(blasted.cnf.variables + 1, -1);
  for (const Blasted::Input& input : blasted.inputs) {
    const auto known = assignment.scalars.find(pool.variable_name(input.variable));
    const Value value = known == assignment.scalars.end() ? 0 : known->second;
    for (std::size_t i = 0; i < input.literals.size(); ++i) {
      values[static_cast<std::size_t>(input.literals[i])] = static_cast<int>(value >> i & 1);
    }
  }
  return propagate(blasted.cnf, values);
}

struct Case {
  Operation operation;
  Term (TermPool::*make)(Term, Term);
};

const Case cases[] = {
    {Operation::bvand, &TermPool::bvand},   {Operation::bvor, &TermPool::bvor},
    {Operation::bvxor, &TermPool::bvxor},   {Operation::bvadd, &TermPool::bvadd},
    {Operation::bvsub, &TermPool::bvsub},   {Operation::bvmul, &TermPool::bvmul},
    {Operation::bvudiv, &TermPool::bvudiv}, {Operation::bvurem, &TermPool::bvurem},
    {Operation::bvsdiv, &TermPool::bvsdiv}, {Operation::bvsrem, &TermPool::bvsrem},
    {Operation::bvshl, &TermPool::bvshl},   {Operation::bvlshr, &TermPool::bvlshr},
    {Operation::bvashr, &TermPool::bvashr}, {Operation::bvult, &TermPool::bvult},
    {Operation::bvule, &TermPool::bvule},   {Operation::bvslt, &TermPool::bvslt},
    {Operation::bvsle, &TermPool::bvsle},   {Operation::equal, &TermPool::equal}};

/// The formula of "operation(a, b) = r" for all a and b (each `step`-th): r right is a solution, r
/// with one bit wrong is none.
void expect_gates_compute(const Case& tested, unsigned width, unsigned step) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(width));
  const Term b = pool.variable("b", vector_sort(width));
  const Term made = (pool.*tested.make)(a, b);
  const Term r = pool.variable("r", pool.sort(made));
  const auto blasted = blast(pool, pool.equal(made, r));
  ASSERT_TRUE(blasted.has_value());
  const unsigned result_width = pool.width(made);
  Assignment assignment;
  for (unsigned pair = 0; pair < 1U << 2 * width; pair += step) {
    assignment.scalars["a"] = pair & static_cast<unsigned>(mask(width));
    assignment.scalars["b"] = pair >> width;
    const Value right =
        compute(tested.operation, {assignment.scalars["a"], assignment.scalars["b"], 0}, width, 0,
                result_width);
    assignment.scalars["r"] = right;
    ASSERT_EQ(with_inputs(pool, *blasted, assignment), Truth::yes)
        << name(tested.operation) << ' ' << width << ' ' << pair;
    const unsigned wrong_bit = result_width == 0 ? 0 : pair / step % result_width;
    assignment.scalars["r"] = right ^ (Value{1} << wrong_bit);
    ASSERT_EQ(with_inputs(pool, *blasted, assignment), Truth::no)
        << name(tested.operation) << ' ' << width << ' ' << pair;
  }
}

TEST(Blast, gates_of_every_operation_compute_it_for_all_operands_of_small_widths) {
  for (const Case& tested : cases) {
    for (unsigned width = 1; width <= 5; ++width) expect_gates_compute(tested, width, 1);
  }
}

TEST(Blast, gates_of_every_operation_compute_it_for_bytes) {
  for (const Case& tested : cases) expect_gates_compute(tested, 8, 7);
}

/// The formula of "a divided by k is q, and r is left", of signed numbers towards zero, of which
/// only these are solutions.
void expect_quotients(unsigned width, Value k, const std::vector<Value>& numbers, bool is_signed) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(width));
  const Term by = pool.constant(k, width);
  const Term q = pool.variable("q", vector_sort(width));
  const Term r = pool.variable("r", vector_sort(width));
  const Term quotient = is_signed ? pool.bvsdiv(a, by) : pool.bvudiv(a, by);
  const Term rest = is_signed ? pool.bvsrem(a, by) : pool.bvurem(a, by);
  const auto blasted = blast(pool, pool.bool_and(pool.equal(quotient, q), pool.equal(rest, r)));
  ASSERT_TRUE(blasted.has_value());
  for (const Value number : numbers) {
    const Value n = number & mask(width);
    Assignment right{{{"a", n}, {"q", n / k}, {"r", n % k}}, {}};
    if (is_signed) {
      right.scalars["q"] = compute(Operation::bvsdiv, {n, k, 0}, width, 0, width);
      right.scalars["r"] = compute(Operation::bvsrem, {n, k, 0}, width, 0, width);
    }
    ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes)
        << width << ' ' << hex(n) << " / " << hex(k);
    right.scalars["q"] ^= Value{1} << static_cast<unsigned>(n % width);
    ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no)
        << width << ' ' << hex(n) << " / " << hex(k);
  }
}

TEST(Blast, division_of_bytes_by_every_constant_is_division) {
  std::vector<Value> bytes;
  for (Value a = 0; a < 256; ++a) bytes.push_back(a);
  for (Value k = 2; k < 256; ++k) {
    expect_quotients(8, k, bytes, false);
    expect_quotients(8, k, bytes, true);
  }
}

TEST(Blast, division_of_extended_numbers_is_division_by_nothing_too) {
  for (const bool of_quotient : {true, false}) {
    for (unsigned narrow = 1; narrow <= 4; ++narrow) {
      TermPool pool;
      const Term a = pool.variable("a", vector_sort(4));
      const Term b = pool.variable("b", vector_sort(narrow));
      const Term r = pool.variable("r", vector_sort(9));
      const Term x = pool.zero_extend(a, 9);
      const Term y = pool.zero_extend(b, 9);
      const auto blasted =
          blast(pool, pool.equal(r, of_quotient ? pool.bvudiv(x, y) : pool.bvurem(x, y)));
      ASSERT_TRUE(blasted.has_value());
      for (Value n = 0; n < 16; ++n) {
        for (Value k = 0; k < Value{1} << narrow; ++k) {
          const Value none = of_quotient ? mask(9) : n;
          const Value right = k == 0 ? none : of_quotient ? n / k : n % k;
          for (unsigned flipped = 0; flipped <= 9; ++flipped) {
            const Value result = flipped == 9 ? right : right ^ Value { 1 } << flipped;
            const Assignment assignment{{{"a", n}, {"b", k}, {"r", result}}, {}};
            ASSERT_EQ(with_inputs(pool, *blasted, assignment),
                      flipped == 9 ? Truth::yes : Truth::no)
                << of_quotient << ' ' << hex(n) << " / " << hex(k) << " = " << hex(result);
          }
        }
      }
    }
  }
}

TEST(Blast, division_by_constants_is_division_where_quotients_change) {
  core::PhiloxStream random(1);
  for (const unsigned width : {1U, 2U, 16U, 31U, 32U, 33U, 63U, 64U, 65U}) {
    const Value most = mask(width);
    std::vector<Value> divisors = {
        3, 5, 7, 10, 255, 641, 1'000'000'007, most / 2, most / 2 + 1, most / 2 + 2, most - 1, most};
    for (int i = 0; i < 20; ++i) divisors.push_back(random.next_u64() >> random.next_below(64));
    for (Value k : divisors) {
      k &= most;
      if (k < 2) continue;
      std::vector<Value> numbers = {0, 1, k - 1, k, most, most - 1, most / k * k, most / k * k - 1};
      for (int i = 0; i < 10; ++i) {
        const Value multiple = random.next_u64() % (most / k + 1) * k;
        numbers.push_back(multiple);
        numbers.push_back(multiple - 1);
      }
      expect_quotients(width, k, numbers, false);
      for (std::size_t i = 0, count = numbers.size(); i < count; ++i) {
        numbers.push_back(0 - numbers[i]);
        numbers.push_back(numbers[i] ^ (Value{1} << (width - 1)));
      }
      expect_quotients(width, k, numbers, true);
    }
  }
}

/// The formula of "these numbers, made as wide as the product, have the product r".
void expect_products(unsigned width, unsigned wide, Term (TermPool::*extend)(Term, unsigned)) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(width));
  const Term b = pool.variable("b", vector_sort(width));
  const Term r = pool.variable("r", vector_sort(wide));
  const Term product = pool.bvmul((pool.*extend)(a, wide), (pool.*extend)(b, wide));
  const auto blasted = blast(pool, pool.equal(product, r));
  ASSERT_TRUE(blasted.has_value());
  const Value half = Value{1} << (width - 1);
  const Value borders[] = {0, 1, 2, half - 1, half, half + 1, mask(width) - 1, mask(width), 0x5a5a};
  for (const Value x : borders) {
    for (const Value y : borders) {
      Assignment right{{{"a", x & mask(width)}, {"b", y & mask(width)}}, {}};
      right.scalars["r"] = evaluate(pool, {product}, right)->front();
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes)
          << width << ' ' << hex(x) << " * " << hex(y);
      right.scalars["r"] ^= Value{1} << static_cast<unsigned>((x + y) % wide);
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no)
          << width << ' ' << hex(x) << " * " << hex(y);
    }
  }
}

TEST(Blast, products_of_extended_numbers_are_products) {
  for (const unsigned width : {8U, 16U, 17U, 24U, 31U, 32U}) {
    for (const unsigned wide : {width + 3, 2 * width - 1, 2 * width, 64U}) {
      expect_products(width, wide, &TermPool::sign_extend);
      expect_products(width, wide, &TermPool::zero_extend);
    }
  }
}

TEST(Blast, low_halves_of_products_of_signed_numbers_are_the_same_gates_whatever_is_above) {
  TermPool pool;
  const Term a = pool.sign_extend(pool.variable("a", vector_sort(8)), 16);
  const Term b = pool.sign_extend(pool.variable("b", vector_sort(8)), 16);
  const Term with_signs = pool.bvmul(pool.sign_extend(a, 32), pool.sign_extend(b, 32));
  const Term with_zeros = pool.bvmul(pool.zero_extend(a, 32), pool.zero_extend(b, 32));
  const auto blasted =
      blast(pool, pool.distinct(pool.extract(with_signs, 15, 0), pool.extract(with_zeros, 15, 0)));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_TRUE(blasted->cnf.clause(blasted->cnf.size()).empty());
}

TEST(Blast, a_product_by_every_constant_is_one) {
  for (unsigned k = 0; k < 256; ++k) {
    TermPool pool;
    const Term a = pool.variable("a", vector_sort(8));
    const Term r = pool.variable("r", vector_sort(8));
    const auto blasted = blast(pool, pool.equal(pool.bvmul(a, pool.constant(k, 8)), r));
    ASSERT_TRUE(blasted.has_value());
    for (unsigned x = 0; x < 256; ++x) {
      Assignment right{{{"a", x}, {"r", x * k & 255}}, {}};
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes) << x << " * " << k;
      right.scalars["r"] ^= 1U << x % 8;
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no) << x << " * " << k;
    }
  }
}

TEST(Blast, products_are_the_same_gates_in_either_order) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(32));
  const Term b = pool.zero_extend(pool.variable("b", vector_sort(16)), 32);
  const auto blasted = blast(pool, pool.distinct(pool.bvmul(a, b), pool.bvmul(b, a)));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_EQ(blasted->cnf.size(), 1U);
  EXPECT_TRUE(blasted->cnf.clause(1).empty());
}

TEST(Blast, exclusive_ors_of_the_same_numbers_are_the_same_gates_in_any_order) {
  TermPool pool;
  std::vector<Term> parts;
  for (unsigned i = 0; i < 40; ++i) {
    parts.push_back(pool.variable("x" + std::to_string(i), vector_sort(8)));
  }
  Term forwards = pool.constant(0, 8);
  for (const Term part : parts) forwards = pool.bvxor(forwards, part);
  while (parts.size() > 1) {  // neighbours, and neighbours of these
    std::vector<Term> next;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
      next.push_back(pool.bvxor(parts[i + 1], parts[i]));
    }
    if (parts.size() % 2 == 1) next.push_back(parts.back());
    parts = next;
  }
  const auto blasted = blast(pool, pool.distinct(forwards, parts[0]));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_TRUE(blasted->cnf.clause(blasted->cnf.size()).empty());
}

TEST(Blast, bits_counted_one_by_one_and_in_a_tree_are_the_same_gates) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(64));
  const auto constant = [&](Value value) { return pool.constant(value, 64); };
  const auto down = [&](Term a, unsigned places) { return pool.bvlshr(a, constant(places)); };
  Term chain = constant(0);
  for (unsigned i = 0; i < 64; ++i) {
    chain = pool.bvadd(chain, pool.bvand(down(x, i), constant(1)));
  }
  const Value twos = 0x3333333333333333;
  Term tree = pool.bvsub(x, pool.bvand(down(x, 1), constant(0x5555555555555555)));
  tree = pool.bvadd(pool.bvand(tree, constant(twos)), pool.bvand(down(tree, 2), constant(twos)));
  tree = pool.bvand(pool.bvadd(tree, down(tree, 4)), constant(0x0f0f0f0f0f0f0f0f));
  tree = down(pool.bvmul(tree, constant(0x0101010101010101)), 56);
  const auto blasted = blast(pool, pool.distinct(chain, tree));
  ASSERT_TRUE(blasted.has_value());
  EXPECT_TRUE(blasted->cnf.clause(blasted->cnf.size()).empty());
}

TEST(Blast, sums_of_parts_of_words_have_the_values_of_their_terms) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    TermPool pool;
    core::PhiloxStream random(seed);
    const Value masks[] = {0x5555, 0x3333, 0x0f0f, 0x00ff, 0x1111, random.next_u32() & 0xffff};
    std::vector<Term> words = {pool.zero_extend(pool.variable("x", vector_sort(8)), 16)};
    const auto any = [&] { return words[random.next_below(words.size())]; };
    while (words.size() < 14) {
      const Term masked = pool.bvand(any(), pool.constant(masks[random.next_below(6)], 16));
      const Term places = pool.constant(random.next_below(9), 16);
      switch (random.next_below(5)) {
        case 0: words.push_back(masked); break;
        case 1: words.push_back(pool.bvlshr(any(), places)); break;
        case 2: words.push_back(pool.bvsub(any(), masked)); break;
        default: words.push_back(pool.bvadd(any(), masked)); break;
      }
    }
    const Term r = pool.variable("r", vector_sort(16));
    const auto blasted = blast(pool, pool.equal(words.back(), r));
    ASSERT_TRUE(blasted.has_value());
    for (unsigned x = 0; x < 256; ++x) {
      Assignment right{{{"x", x}}, {}};
      right.scalars["r"] = evaluate(pool, {words.back()}, right)->front();
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes) << "seed " << seed << ' ' << x;
      right.scalars["r"] ^= Value{1} << x % 16;
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no) << "seed " << seed << ' ' << x;
    }
  }
}

/// One word more of what programs do with numbers modulo k: right ones, and others that look alike.
Term next_residue(TermPool& pool, core::PhiloxStream& random, Term a, Term b, Value k) {
  const auto constant = [&](Value value) { return pool.constant(value, 16); };
  const Value nears[] = {k, k, k + random.next_below(5) - 2, 0x10000 - random.next_below(9)};
  const Value near = nears[random.next_below(4)];
  const Value bits = random.next_below(3) == 0
                         ? 2 + random.next_below(7)
                         : static_cast<Value>(std::bit_width(static_cast<std::uint64_t>(k)));
  using Compare = Term (TermPool::*)(Term, Term);
  const Compare compares[] = {&TermPool::bvult, &TermPool::bvule, &TermPool::bvslt,
                              &TermPool::bvsle};
  const Compare compare = compares[random.next_below(4)];
  switch (random.next_below(8)) {
    case 0: return pool.bvurem(a, constant(k));
    case 1: return pool.bvurem(pool.bvadd(a, b), constant(k));
    case 2: return pool.bvadd(a, pool.bvand(b, constant(255)));
    case 3: return pool.ite(pool.equal(a, constant(near)), constant(0), a);
    case 4: return pool.ite((pool.*compare)(a, constant(near)), a, pool.bvsub(a, constant(k)));
    case 5: return pool.ite((pool.*compare)(constant(near), a), pool.bvsub(a, constant(k)), a);
    default:
      return pool.bvadd(pool.bvlshr(a, constant(bits)), pool.bvand(a, constant(mask(bits & 15))));
  }
}

TEST(Blast, words_of_equal_residues_have_the_values_of_their_terms) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    TermPool pool;
    core::PhiloxStream random(seed);
    const Value moduli[] = {3, 5, 7, 10, 15, 31, 100, 255};
    const Value k = moduli[random.next_below(8)];
    const Term x = pool.variable("x", vector_sort(8));
    std::vector<Term> words = {pool.concat(x, pool.bvxor(x, pool.constant(seed & 255, 8))),
                               pool.zero_extend(x, 16)};
    const auto any = [&] { return words[random.next_below(words.size())]; };
    while (words.size() < 16) words.push_back(next_residue(pool, random, any(), any(), k));
    Term all = words.back();
    for (const Term word : words) all = pool.bvxor(pool.bvadd(all, all), word);
    const Term r = pool.variable("r", vector_sort(16));
    const auto blasted = blast(pool, pool.equal(all, r));
    ASSERT_TRUE(blasted.has_value());
    for (unsigned value = 0; value < 256; ++value) {
      Assignment right{{{"x", value}}, {}};
      right.scalars["r"] = evaluate(pool, {all}, right)->front();
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes) << "seed " << seed << ' ' << value;
      right.scalars["r"] ^= Value{1} << value % 16;
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no) << "seed " << seed << ' ' << value;
    }
  }
}

TEST(Blast, words_that_lose_their_lowest_bit_have_the_values_of_their_terms) {
  for (unsigned width = 2; width <= 10; ++width) {
    TermPool pool;
    const Term x = pool.variable("x", vector_sort(width));
    Term rest = x;
    Term all = x;
    for (unsigned i = 0; i < 4; ++i) {
      const Term before = pool.bvsub(rest, pool.constant(1, width));
      rest = i % 2 == 0 ? pool.bvand(rest, before) : pool.bvand(before, rest);
      all = pool.bvxor(pool.bvadd(all, all), rest);
    }
    // Nothing is lost by these.
    for (const Value more : {1, 2}) {
      all = pool.bvadd(all, pool.bvand(x, pool.bvadd(x, pool.constant(more, width))));
    }
    const Term r = pool.variable("r", vector_sort(width));
    const auto blasted = blast(pool, pool.equal(all, r));
    ASSERT_TRUE(blasted.has_value());
    for (unsigned value = 0; value < 1U << width; ++value) {
      Assignment right{{{"x", value}}, {}};
      right.scalars["r"] = evaluate(pool, {all}, right)->front();
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::yes) << width << ' ' << value;
      right.scalars["r"] ^= Value{1} << value % width;
      ASSERT_EQ(with_inputs(pool, *blasted, right), Truth::no) << width << ' ' << value;
    }
  }
}

TEST(Blast, a_stopped_pool_has_no_formula) {
  TermPool pool;
  Term sum = pool.variable("x", vector_sort(32));
  for (unsigned i = 0; i < 200; ++i) sum = pool.bvmul(sum, sum);
  const Term question = pool.equal(sum, pool.constant(0, 32));
  pool.fill_when([] { return true; });
  const auto blasted = blast(pool, question);
  ASSERT_FALSE(blasted.has_value());
  EXPECT_EQ(blasted.error().code, core::RefusalCode::limit_exceeded);
  EXPECT_EQ(blasted.error().detail, "out of time");
}

TEST(Blast, formulas_of_random_terms_have_the_value_of_the_term_as_solution) {
  int yes = 0;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed, {5, false, true, 2});
    const auto made = random.boolean(4);
    const auto blasted = blast(pool, made.term);
    ASSERT_TRUE(blasted.has_value());
    const Truth truth = with_inputs(pool, *blasted, random.assignment());
    ASSERT_EQ(truth, made.value != 0 ? Truth::yes : Truth::no) << "seed " << seed;
    yes += truth == Truth::yes ? 1 : 0;
  }
  EXPECT_GT(yes, 500);
  EXPECT_LT(yes, 1'500);
}

/// Numbers chosen from others by how they compare, and again from those: the last one, and one more
/// comparison.
std::array<Term, 2> random_choices(TermPool& pool, core::PhiloxStream& random, unsigned width,
                                   unsigned variables) {
  std::vector<Term> numbers;
  for (unsigned i = 0; i < variables; ++i) {
    numbers.push_back(pool.variable("x" + std::to_string(i), vector_sort(width)));
  }
  numbers.push_back(pool.constant(random.next_below(1U << width), width));
  const auto some = [&] { return numbers[random.next_below(numbers.size())]; };
  const auto compared = [&] {
    switch (random.next_below(5)) {
      case 0: return pool.bvult(some(), some());
      case 1: return pool.bvule(some(), some());
      case 2: return pool.bvslt(some(), some());
      case 3: return pool.bvsle(some(), some());
      default: return pool.equal(some(), some());
    }
  };
  for (int i = 0; i < 9; ++i) {
    const Term condition = compared();
    const Term then = some();
    numbers.push_back(pool.ite(condition, then, some()));
  }
  return {numbers.back(), pool.bit(compared())};
}

/// With more variables than are compared as a whole, too.
TEST(Blast, comparisons_of_chosen_numbers_are_those_of_the_numbers) {
  core::PhiloxStream random(5);
  for (unsigned round = 0; round < 120; ++round) {
    const unsigned variables = round % 3 == 0 ? 12 : 2 + round % 3;
    const unsigned width = 3 + round % 4;
    TermPool pool;
    const auto made = random_choices(pool, random, width, variables);
    const Term both = pool.concat(made[1], made[0]);
    const Term r = pool.variable("r", vector_sort(width + 1));
    const auto blasted = blast(pool, pool.equal(both, r));
    ASSERT_TRUE(blasted.has_value());
    for (unsigned sample = 0; sample < 300; ++sample) {
      Assignment assignment;
      // Of few numbers, so that many are equal.
      for (unsigned i = 0; i < variables; ++i) {
        const Value number = random.next_below(1U << (2 + sample % (width - 1)));
        assignment.scalars["x" + std::to_string(i)] = number & mask(width);
      }
      const Value right = (*evaluate(pool, {both}, assignment))[0];
      assignment.scalars["r"] = right;
      ASSERT_EQ(with_inputs(pool, *blasted, assignment), Truth::yes) << round << ' ' << sample;
      assignment.scalars["r"] = right ^ Value { 1 } << (sample % (width + 1));
      ASSERT_EQ(with_inputs(pool, *blasted, assignment), Truth::no) << round << ' ' << sample;
    }
  }
}

TEST(Blast, constant_terms_need_no_variables) {
  TermPool pool;
  const auto never = blast(pool, pool.boolean(false));
  EXPECT_EQ(never->cnf.size(), 1U);
  EXPECT_TRUE(never->cnf.clause(1).empty());
  EXPECT_EQ(blast(pool, pool.boolean(true))->cnf.size(), 0U);
}

TEST(Blast, formula_is_the_same_in_a_pool_that_holds_more) {
  const auto formula = [](bool more) {
    TermPool pool;
    const Term y = pool.variable("y", vector_sort(32));
    if (more) pool.bvmul(y, pool.variable("z", vector_sort(32)));
    const Term x = pool.variable("x", vector_sort(32));
    const Term memory = pool.store(pool.variable("m", memory_sort), x, pool.extract(y, 7, 0));
    return blast(pool, pool.bvult(pool.select(memory, y), pool.extract(x, 7, 0)))->cnf;
  };
  EXPECT_EQ(formula(false), formula(true));
}

TEST(Blast, a_read_of_a_table_is_the_byte_of_the_newest_store) {
  TermPool pool;
  core::PhiloxStream random(11);
  const Term index = pool.variable("a", vector_sort(32));
  const Term free_byte = pool.variable("b", vector_sort(8));
  MemoryValue value{7, {}};
  Term memory = pool.array_constant(pool.constant(7, 8));
  for (int i = 0; i < 60; ++i) {
    const auto address = static_cast<std::uint32_t>(random.next_below(40) * (i % 3 == 0 ? 1 : 3));
    const auto byte = static_cast<std::uint8_t>(random.next_u32());
    // The last byte is only known with the assignment.
    memory = pool.store(memory, pool.constant(address, 32),
                        i == 59 ? free_byte : pool.constant(byte, 8));
    value.bytes[address] = i == 59 ? 99 : byte;
  }
  const Term r = pool.variable("r", vector_sort(8));
  const auto blasted = blast(pool, pool.equal(pool.select(memory, index), r));
  ASSERT_TRUE(blasted.has_value());
  Assignment assignment;
  assignment.scalars["b"] = 99;
  const auto expect_byte = [&](std::uint32_t address) {
    assignment.scalars["a"] = address;
    assignment.scalars["r"] = value.at(address);
    EXPECT_EQ(with_inputs(pool, *blasted, assignment), Truth::yes) << address;
    assignment.scalars["r"] = value.at(address) ^ 16;
    EXPECT_EQ(with_inputs(pool, *blasted, assignment), Truth::no) << address;
  };
  for (std::uint32_t address = 0; address < 130; ++address) expect_byte(address);
  for (unsigned bit = 7; bit < 32; ++bit) expect_byte(1U << bit | value.bytes.begin()->first);
}

TEST(Blast, limit_exceeded_by_too_many_clauses) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(64));
  const Term y = pool.variable("y", vector_sort(64));
  const Term product = pool.equal(pool.bvmul(x, y), pool.constant(7, 64));
  const auto blasted = blast(pool, product, {1'000});
  ASSERT_FALSE(blasted.has_value());
  EXPECT_EQ(blasted.error().code, core::RefusalCode::limit_exceeded);
  EXPECT_TRUE(blast(pool, product, {100'000}).has_value());
}

TEST(Blast, limit_exceeded_by_reads_of_one_memory) {
  TermPool pool;
  const Term memory = pool.variable("m", memory_sort);
  Term all = pool.boolean(true);
  for (int i = 0; i < 200; ++i) {
    const Term at = pool.variable("p" + std::to_string(i), vector_sort(32));
    all = pool.bool_and(all, pool.equal(pool.select(memory, at), pool.constant(1, 8)));
  }
  EXPECT_EQ(blast(pool, all, {100'000}).error().code, core::RefusalCode::limit_exceeded);
}

TEST(Blast, limit_exceeded_by_a_full_pool) {
  TermPool pool(4);
  for (int i = 0; i < 9; ++i) pool.constant(static_cast<Value>(i), 8);
  EXPECT_EQ(blast(pool, pool.boolean(true)).error().code, core::RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::bits
