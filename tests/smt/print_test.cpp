#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include <isotrace/smt/decide.hpp>
#include <isotrace/smt/print.hpp>

#include "tests/support/random_terms.hpp"

namespace isotrace::smt {
namespace {

using bits::Term;
using bits::TermPool;

TEST(Print, text_is_complete_and_shares_terms) {
  TermPool pool;
  const Term x = pool.variable("x", bits::vector_sort(8));
  const Term sum = pool.bvadd(x, pool.constant(0xAB, 8));
  const Term memory = pool.variable("m", bits::memory_sort);
  const Term byte = pool.select(memory, pool.sign_extend(sum, 32));
  const Term question =
      pool.bool_and(pool.variable("c", bits::boolean_sort), pool.bvult(byte, pool.bvmul(sum, sum)));
  EXPECT_EQ(*print_query(pool, question),
            "(set-logic QF_ABV)\n"
            "(declare-fun $c () Bool)\n"
            "(declare-fun $m () (Array (_ BitVec 32) (_ BitVec 8)))\n"
            "(declare-fun $x () (_ BitVec 8))\n"
            "(define-fun ?5 () (_ BitVec 8) (bvadd $x #xab))\n"
            "(define-fun ?6 () (_ BitVec 32) ((_ sign_extend 24) ?5))\n"
            "(define-fun ?7 () (_ BitVec 8) (select $m ?6))\n"
            "(define-fun ?8 () (_ BitVec 8) (bvmul ?5 ?5))\n"
            "(define-fun ?9 () Bool (bvult ?7 ?8))\n"
            "(define-fun ?10 () Bool (and $c ?9))\n"
            "(assert ?10)\n"
            "(check-sat)\n");
}

TEST(Print, widths_that_are_no_digits_of_hex_are_written_in_bits) {
  TermPool pool;
  const Term x = pool.variable("x", bits::vector_sort(3));
  EXPECT_NE(print_query(pool, pool.equal(x, pool.constant(5, 3)))->find("#b101"),
            std::string::npos);
}

TEST(Print, limit_exceeded_by_a_full_pool) {
  TermPool pool(3);
  pool.constant(1, 8);
  pool.constant(2, 8);
  const auto text = print_query(pool, pool.boolean(true));
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, core::RefusalCode::limit_exceeded);
}

/// The first line that a program answers to a saved query; nothing if there is no such program.
std::optional<std::string> answer_of(const std::string& program, const std::string& path) {
  if (::access(("/usr/bin/" + program).c_str(), X_OK) != 0) return std::nullopt;
  std::FILE* pipe = ::popen((program + " " + path + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  char line[256] = {};
  if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = 0;
  ::pclose(pipe);
  const std::string answer = line;
  return answer.substr(0, answer.find('\n'));
}

void expect_program_agrees(const std::string& program) {
  DecideOptions options;
  options.engines = {Engine::gates};
  options.dump_folder = testing::TempDir() + "isotrace_dump_" + program;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    TermPool pool;
    tests::RandomTerms random(pool, seed, {8, true, false, 1});
    Term question = random.boolean(4).term;
    for (int i = 0; i < 2; ++i) question = pool.bool_and(question, random.boolean(3).term);
    const auto decision = decide(pool, question, options);
    ASSERT_TRUE(decision.has_value());
    const auto answer =
        answer_of(program, options.dump_folder + "/" + decision->query.substr(0, 16) + ".smt2");
    if (!answer) GTEST_SKIP() << program << " is not installed";
    EXPECT_EQ(*answer, decision->kind == Decision::Kind::sat ? "sat" : "unsat") << "seed " << seed;
  }
}

TEST(Print, the_program_z3_reads_dumped_queries_and_answers_as_we_do) {
  expect_program_agrees("z3");
}

TEST(Print, the_program_cvc5_reads_dumped_queries_and_answers_as_we_do) {
  expect_program_agrees("cvc5");
}

}  // namespace
}  // namespace isotrace::smt
