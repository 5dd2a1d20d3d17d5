#include <gtest/gtest.h>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/bits/ring.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::bits {
namespace {

/// Whether the equality of two terms is seen to be true.
bool is_merged(TermPool& pool, Term a, Term b) {
  return pool.is_true(merge_polynomials(pool, {pool.equal(a, b)})[0]);
}

TEST(Ring, one_polynomial_written_in_two_ways_is_one_term) {
  for (const unsigned width : {1U, 8U, 32U, 64U, 128U}) {
    TermPool pool;
    const Term a = pool.variable("a", vector_sort(width));
    const Term b = pool.variable("b", vector_sort(width));
    const Term c = pool.variable("c", vector_sort(width));
    const Term ab = pool.bvmul(a, b);
    const Term square = pool.bvmul(pool.bvadd(a, b), pool.bvadd(b, a));
    const Term parts =
        pool.bvadd(pool.bvmul(a, a), pool.bvadd(pool.bvadd(ab, ab), pool.bvmul(b, b)));
    EXPECT_TRUE(is_merged(pool, square, parts)) << width;
    EXPECT_TRUE(is_merged(pool, pool.bvmul(ab, c), pool.bvmul(a, pool.bvmul(c, b))));
    EXPECT_TRUE(is_merged(pool, pool.bvsub(pool.bvnot(a), b), pool.bvnot(pool.bvadd(b, a))));
    EXPECT_TRUE(is_merged(pool, pool.bvneg(pool.bvsub(a, b)), pool.bvsub(b, a)));
    EXPECT_FALSE(is_merged(pool, square, pool.bvadd(parts, ab)));
  }
}

TEST(Ring, equal_polynomials_are_merged_where_other_operations_use_them) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(32));
  const Term b = pool.variable("b", vector_sort(32));
  const Term left = pool.bvlshr(pool.bvmul(a, pool.bvadd(b, a)), b);
  const Term right = pool.bvlshr(pool.bvadd(pool.bvmul(b, a), pool.bvmul(a, a)), b);
  EXPECT_TRUE(is_merged(pool, pool.bvmul(left, a), pool.bvmul(a, right)));
}

TEST(Ring, the_lowest_bits_of_a_product_are_the_product_of_lowest_bits) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(32));
  const Term b = pool.variable("b", vector_sort(32));
  const Term wide = pool.bvmul(pool.zero_extend(a, 64), pool.sign_extend(b, 64));
  EXPECT_TRUE(is_merged(pool, pool.extract(wide, 31, 0), pool.bvmul(b, a)));
  EXPECT_FALSE(is_merged(pool, pool.extract(wide, 63, 32), pool.bvmul(b, a)));
}

TEST(Ring, shifts_count_as_products_below_the_width_alone) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(8));
  const Term b = pool.variable("b", vector_sort(8));
  const Term twice = pool.bvshl(pool.bvadd(a, b), pool.constant(1, 8));
  EXPECT_TRUE(is_merged(pool, twice, pool.bvadd(pool.bvadd(a, a), pool.bvadd(b, b))));
  EXPECT_TRUE(is_merged(pool, pool.bvmul(pool.bvshl(a, pool.constant(4, 8)), pool.constant(16, 8)),
                        pool.constant(0, 8)));
  EXPECT_FALSE(is_merged(pool, pool.bvshl(a, b), pool.bvmul(a, b)));
}

TEST(Ring, a_number_is_its_high_and_its_low_bits) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(64));
  const Term b = pool.variable("b", vector_sort(64));
  const Term by = pool.constant(32, 64);
  const Term low_a = pool.bvand(a, pool.constant(0xffffffff, 64));
  const Term low_b = pool.zero_extend(pool.extract(b, 31, 0), 64);
  const Term high_a = pool.bvlshr(a, by);
  const Term high_b = pool.bvlshr(b, by);
  const Term mixed = pool.bvadd(pool.bvmul(low_a, high_b), pool.bvmul(high_a, low_b));
  const Term product = pool.bvadd(pool.bvmul(low_a, low_b), pool.bvshl(mixed, by));
  EXPECT_TRUE(is_merged(pool, product, pool.bvmul(a, b)));
  EXPECT_FALSE(is_merged(pool, pool.bvmul(low_a, low_b), pool.bvmul(a, b)));
}

TEST(Ring, of_an_equation_only_what_differs_is_left) {
  TermPool pool;
  const Term a = pool.variable("a", vector_sort(32));
  const Term b = pool.variable("b", vector_sort(32));
  const Term c = pool.variable("c", vector_sort(32));
  const Term product = pool.bvmul(pool.bvadd(a, b), a);
  const Term parts = pool.bvadd(pool.bvmul(a, a), pool.bvmul(a, b));
  const auto merged = [&](Term left, Term right) {
    return merge_polynomials(pool, {pool.equal(left, right)})[0];
  };
  const Term zero = pool.constant(0, 32);
  EXPECT_EQ(merged(pool.bvadd(parts, c), product), pool.equal(zero, c));
  EXPECT_EQ(merged(pool.bvadd(parts, c), pool.bvadd(product, b)), pool.equal(c, b));
  EXPECT_EQ(merged(pool.bvadd(product, c), pool.bvadd(parts, pool.constant(7, 32))),
            pool.equal(c, pool.constant(7, 32)));
  EXPECT_TRUE(pool.is_false(merged(product, pool.bvadd(parts, pool.constant(1, 32)))));
}

TEST(Ring, merging_keeps_values) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed);
    const auto made = random.vector(random.width(), 5);
    const auto truth = random.boolean(5);
    const auto merged = merge_polynomials(pool, {made.term, truth.term});
    const auto values = evaluate(pool, merged, random.assignment());
    ASSERT_TRUE(values.has_value());
    ASSERT_TRUE((*values)[0] == made.value) << "seed " << seed;
    ASSERT_TRUE((*values)[1] == truth.value) << "seed " << seed;
  }
}

TEST(Ring, polynomials_beyond_the_limits_are_left_alone) {
  TermPool pool;
  Term power = pool.constant(1, 32);
  Term sum = pool.constant(0, 32);
  for (int i = 0; i < 200; ++i) {
    const Term x = pool.variable("x" + std::to_string(i), vector_sort(32));
    power = pool.bvmul(power, pool.bvadd(x, pool.variable("y", vector_sort(32))));
    sum = pool.bvadd(sum, x);
  }
  Assignment ones;
  ones.scalars["y"] = 3;
  const auto merged = merge_polynomials(pool, {power, sum});
  const auto before = evaluate(pool, {power, sum}, ones);
  const auto after = evaluate(pool, merged, ones);
  EXPECT_TRUE(*before == *after);
}

}  // namespace
}  // namespace isotrace::bits
