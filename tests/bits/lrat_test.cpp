#include <gtest/gtest.h>

#include <isotrace/bits/lrat.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::bits {
namespace {

/// Steps with literals and clause numbers, written as bytes.
class ProofWriter {
 public:
  explicit ProofWriter(const Cnf& cnf) : next_(cnf.size() + 1) {}

  ProofWriter& add(const std::vector<std::int32_t>& literals,
                   const std::vector<std::size_t>& hints) {
    bytes_.push_back('a');
    for (const std::int32_t literal : literals) {
      number(literal > 0 ? 2 * static_cast<std::uint64_t>(literal)
                         : 2 * static_cast<std::uint64_t>(-literal) + 1);
    }
    number(0);
    for (const std::size_t hint : hints) number(next_ - hint);
    number(0);
    ++next_;
    return *this;
  }
  ProofWriter& forget(const std::vector<std::size_t>& clauses) {
    bytes_.push_back('d');
    for (const std::size_t clause : clauses) number(next_ - clause);
    number(0);
    return *this;
  }
  [[nodiscard]] const core::Bytes& bytes() const { return bytes_; }

 private:
  void number(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 128));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }

  core::Bytes bytes_;
  std::size_t next_;
};

/// All four clauses over two variables.
Cnf two_variables() {
  Cnf cnf;
  cnf.variables = 2;
  cnf.add({1, 2});
  cnf.add({1, -2});
  cnf.add({-1, 2});
  cnf.add({-1, -2});
  return cnf;
}

void expect_refused(const Cnf& cnf, const ProofWriter& proof, const std::string& why) {
  const LratOutcome outcome = check_lrat(cnf, proof.bytes());
  EXPECT_FALSE(outcome.accepted);
  EXPECT_NE(outcome.reason.find(why), std::string::npos) << outcome.reason;
}

TEST(Lrat, a_proof_is_accepted_and_counted) {
  const Cnf cnf = two_variables();
  ProofWriter proof(cnf);
  proof.add({1}, {1, 2}).add({}, {5, 3, 4});
  const LratOutcome outcome = check_lrat(cnf, proof.bytes());
  EXPECT_TRUE(outcome.accepted) << outcome.reason;
  EXPECT_EQ(outcome.clauses, 2U);
  EXPECT_EQ(outcome.hints, 5U);
}

TEST(Lrat, steps_that_do_not_follow_are_refused) {
  const Cnf cnf = two_variables();
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1}), "without a conflict");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {}), "without a conflict");
  expect_refused(cnf, ProofWriter(cnf).add({}, {1}), "makes nothing true");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {3, 1}), "makes nothing true");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 1, 2}), "makes nothing true");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 2, 2}), "follow the conflict");
  expect_refused(cnf, ProofWriter(cnf).add({1, -1}, {1}), "its opposite");
  expect_refused(cnf, ProofWriter(cnf).add({3}, {1, 2}), "no such variable");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 6}), "a hint to no clause");
}

TEST(Lrat, what_is_forgotten_is_gone) {
  const Cnf cnf = two_variables();
  expect_refused(cnf, ProofWriter(cnf).forget({2}).add({1}, {1, 2}), "a hint to no clause");
  expect_refused(cnf, ProofWriter(cnf).forget({2, 2}), "not there");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 2}).forget({7}), "not there");
  ProofWriter proof(cnf);
  proof.add({1}, {1, 2}).forget({1, 2}).add({}, {5, 3, 4});
  EXPECT_TRUE(check_lrat(cnf, proof.bytes()).accepted);
}

TEST(Lrat, a_proof_ends_with_the_empty_clause) {
  const Cnf cnf = two_variables();
  expect_refused(cnf, ProofWriter(cnf), "no step adds the empty clause");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 2}), "no step adds the empty clause");
  expect_refused(cnf, ProofWriter(cnf).add({1}, {1, 2}).add({}, {5, 3, 4}).forget({1}),
                 "follows the empty clause");
}

TEST(Lrat, a_formula_with_the_empty_clause_needs_no_steps) {
  Cnf cnf = two_variables();
  cnf.add({});
  EXPECT_TRUE(check_lrat(cnf, {}).accepted);
  EXPECT_FALSE(check_lrat(Cnf{}, {}).accepted);
}

TEST(Lrat, bytes_that_end_early_are_refused) {
  const Cnf cnf = two_variables();
  ProofWriter whole(cnf);
  whole.add({1}, {1, 2}).forget({1}).add({}, {6 - 1, 3, 4});
  ASSERT_TRUE(check_lrat(cnf, whole.bytes()).accepted);
  for (std::size_t size = 0; size < whole.bytes().size(); ++size) {
    EXPECT_FALSE(check_lrat(cnf, core::ByteView(whole.bytes()).first(size)).accepted) << size;
  }
  core::Bytes bytes(40, 0xFF);
  bytes[0] = 'a';
  EXPECT_FALSE(check_lrat(cnf, bytes).accepted);
}

TEST(Lrat, no_bytes_refute_a_formula_that_has_a_solution) {
  Cnf cnf;
  cnf.variables = 3;
  cnf.add({1, 2});
  cnf.add({1, -2});
  cnf.add({-1, 2, 3});
  cnf.add({-1, -2, 3});
  ProofWriter proof(cnf);
  proof.add({1}, {1, 2}).add({3}, {5, 3, 4}).add({}, {6, 5, 3});
  ASSERT_FALSE(check_lrat(cnf, proof.bytes()).accepted);
  core::PhiloxStream random(1);
  core::Bytes bytes = proof.bytes();
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    // Mutants of mutants, started over now and then.
    bytes = tests::mutate(i % 16 == 0 ? proof.bytes() : bytes, random);
    ASSERT_FALSE(check_lrat(cnf, bytes).accepted);
  }
}

}  // namespace
}  // namespace isotrace::bits
