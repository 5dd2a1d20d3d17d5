#include <gtest/gtest.h>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/bits/term.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::bits {
namespace {

TEST(TermPool, equal_terms_are_one_term) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(8));
  const Term y = pool.variable("y", vector_sort(8));
  EXPECT_EQ(pool.bvadd(x, y), pool.bvadd(x, y));
  EXPECT_NE(pool.bvadd(x, y), pool.bvadd(y, x));
  EXPECT_EQ(pool.variable("x", vector_sort(8)), x);
  EXPECT_EQ(pool.constant(257, 8), pool.constant(1, 8));
  EXPECT_NE(pool.constant(1, 8), pool.constant(1, 9));
}

TEST(TermPool, rewriting_keeps_values) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed);
    const auto made = random.vector(random.width(), 4);
    const auto truth = random.boolean(4);
    const auto values = evaluate(pool, {made.term, truth.term}, random.assignment());
    ASSERT_TRUE(values.has_value());
    ASSERT_TRUE((*values)[0] == made.value) << "seed " << seed;
    ASSERT_TRUE((*values)[1] == truth.value) << "seed " << seed;
  }
}

TEST(TermPool, wide_terms_keep_values) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed, {64, true, true, 2});
    const auto made = random.vector(64, 4);
    const auto values = evaluate(pool, {made.term}, random.assignment());
    ASSERT_TRUE((*values)[0] == made.value) << "seed " << seed;
  }
}

TEST(TermPool, a_number_put_together_from_its_bytes_is_the_number) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(32));
  const Term low = pool.concat(pool.extract(x, 15, 8), pool.extract(x, 7, 0));
  const Term high = pool.concat(pool.extract(x, 31, 24), pool.extract(x, 23, 16));
  EXPECT_EQ(pool.concat(high, low), x);
}

TEST(TermPool, a_number_that_paths_count_up_in_memory_is_a_sum) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(32));
  Assignment assignment{{{"x", 1'000}}, {}};
  Term number = x;
  Value value = 1'000;
  for (unsigned i = 0; i < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    const Term condition = pool.variable(name, boolean_sort);
    const bool counts = i % 3 == 0;
    assignment.scalars[name] = counts ? 1 : 0;
    const Term more = pool.bvadd(number, pool.constant(i + 1, 32));
    const bool first = i % 2 == 0;
    const auto byte = [&](unsigned low) {
      const Term then = pool.extract(first ? more : number, low + 7, low);
      return pool.ite(condition, then, pool.extract(first ? number : more, low + 7, low));
    };
    const Term high = pool.concat(byte(24), byte(16));
    const Term chosen = pool.concat(high, pool.concat(byte(8), byte(0)));
    ASSERT_EQ(pool.operation(chosen), Operation::bvadd) << i;
    EXPECT_EQ(pool.operand(chosen, 0), number) << i;
    number = chosen;
    value += counts == first ? i + 1 : 0;
  }
  EXPECT_TRUE(evaluate(pool, {number}, assignment)->front() == value);
}

TEST(TermPool, a_truth_value_as_a_number_and_back_is_itself) {
  TermPool pool;
  const Term c = pool.variable("c", boolean_sort);
  const Term number = pool.zero_extend(pool.bit(c), 32);
  EXPECT_EQ(pool.distinct(number, pool.constant(0, 32)), c);
  EXPECT_EQ(pool.equal(number, pool.constant(0, 32)), pool.bool_not(c));
  EXPECT_TRUE(pool.is_false(pool.equal(number, pool.constant(2, 32))));
}

TEST(TermPool, bits_are_taken_once_and_of_each_side_of_a_choice) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(32));
  const Term c = pool.variable("c", boolean_sort);
  const auto constant = [&](Value value) { return pool.constant(value, 32); };
  EXPECT_EQ(pool.bvand(pool.bvand(x, constant(0xff0)), constant(0x0ff)),
            pool.bvand(x, constant(0x0f0)));
  EXPECT_EQ(pool.bvand(constant(0x00f), pool.bvand(x, constant(0xff0))), constant(0));
  const Term truth = pool.ite(c, constant(1), constant(0));
  EXPECT_EQ(pool.bvand(truth, constant(1)), truth);
  EXPECT_EQ(pool.bvand(pool.ite(c, constant(6), constant(13)), constant(7)),
            pool.ite(c, constant(6), constant(5)));
}

TEST(TermPool, a_load_finds_the_store_at_its_address_behind_others) {
  TermPool pool;
  const Term memory = pool.variable("m", memory_sort);
  const Term base = pool.variable("p", vector_sort(32));
  const auto at = [&](unsigned offset) { return pool.bvadd(base, pool.constant(offset, 32)); };
  const Term a = pool.variable("a", vector_sort(8));
  const Term b = pool.variable("b", vector_sort(8));
  const Term changed = pool.store(pool.store(memory, at(0), a), at(4), b);
  EXPECT_EQ(pool.select(changed, at(0)), a);
  EXPECT_EQ(pool.select(changed, at(4)), b);
  EXPECT_EQ(pool.select(changed, at(9)), pool.select(memory, at(9)));
  const Term elsewhere = pool.variable("q", vector_sort(32));
  EXPECT_EQ(pool.operation(pool.select(changed, elsewhere)), Operation::select);
}

TEST(TermPool, limit_exceeded_by_too_many_terms_and_for_good) {
  TermPool pool(40);
  Term sum = pool.variable("x", vector_sort(32));
  for (int i = 0; i < 1'000; ++i) {
    sum = pool.bvmul(sum, sum);
    pool.extract(sum, 7, 0);
    const Term memory = pool.variable("m", memory_sort);
    pool.select(pool.store(memory, sum, pool.extract(sum, 7, 0)), pool.bvnot(sum));
  }
  EXPECT_TRUE(pool.full());
  EXPECT_LE(pool.size(), 40U);
  ASSERT_FALSE(pool.check().has_value());
  EXPECT_EQ(pool.check().error().code, core::RefusalCode::limit_exceeded);
  EXPECT_EQ(evaluate(pool, {sum}, {}).error().code, core::RefusalCode::limit_exceeded);
}

TEST(TermPool, is_full_when_it_is_told_to_stop) {
  TermPool pool;
  int asked = 0;
  pool.fill_when([&asked] { return ++asked == 2; });
  const Term x = pool.variable("x", vector_sort(32));
  Term sum = x;
  for (int i = 0; i < 1'000'000 && !pool.full(); ++i) sum = pool.bvmul(pool.bvadd(sum, x), x);
  EXPECT_EQ(asked, 2);
  EXPECT_LT(pool.size(), 1U << 20);
  EXPECT_EQ(pool.check().error().code, core::RefusalCode::limit_exceeded);
}

TEST(TermPool, deep_terms_need_no_deep_stack) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(32));
  Term sum = x;
  for (int i = 0; i < 1'000'000; ++i) sum = pool.bvmul(pool.bvadd(sum, x), x);
  EXPECT_EQ(pool.post_order({sum}).size(), 2'000'001U);
  Assignment assignment;
  assignment.scalars["x"] = 1;
  EXPECT_TRUE((*evaluate(pool, {sum}, assignment))[0] == 1'000'001);
}

TEST(TermPool, order_depends_on_the_term_and_not_on_what_else_was_made) {
  const auto names = [](bool other_first) {
    TermPool pool;
    if (other_first) pool.variable("y", vector_sort(8));
    const Term x = pool.variable("x", vector_sort(8));
    const Term y = pool.variable("y", vector_sort(8));
    std::string text;
    for (const Term term : pool.post_order({pool.bvult(pool.bvadd(x, y), y)})) {
      text += name(pool.operation(term));
      if (pool.operation(term) == Operation::variable) text += pool.variable_name(term);
    }
    return text;
  };
  EXPECT_EQ(names(false), "variablexvariableybvaddbvult");
  EXPECT_EQ(names(true), names(false));
}

TEST(Evaluate, what_is_not_assigned_is_zero) {
  TermPool pool;
  const Term x = pool.variable("x", vector_sort(8));
  const Term byte = pool.select(pool.variable("m", memory_sort), pool.constant(7, 32));
  EXPECT_TRUE(*holds(pool, pool.bool_not(pool.variable("c", boolean_sort)), {}));
  EXPECT_TRUE(*holds(pool, pool.equal(x, byte), {}));
}

TEST(Evaluate, memories_have_a_byte_for_every_address) {
  TermPool pool;
  const Term memory = pool.variable("m", memory_sort);
  Assignment assignment;
  assignment.memories["m"] = {7, {{3, 9}}};
  const auto values = evaluate(
      pool, {pool.select(memory, pool.constant(3, 32)), pool.select(memory, pool.constant(4, 32))},
      assignment);
  EXPECT_TRUE((*values)[0] == 9);
  EXPECT_TRUE((*values)[1] == 7);
}

}  // namespace
}  // namespace isotrace::bits
