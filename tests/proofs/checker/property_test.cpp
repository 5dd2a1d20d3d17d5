// VNN-LIB: what is read, and each reason for refusal.
#include <filesystem>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/property.hpp>

#include "tests/support/data.hpp"

namespace isotrace::proofs {
namespace {

using core::Rational;
using core::RefusalCode;

constexpr std::string_view declarations =
    "(declare-const X_0 Real)\n(declare-const X_1 Real)\n"
    "(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n";
constexpr std::string_view unit_box =
    "(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (>= X_1 0)) (assert (<= X_1 1))\n";

core::Result<Property> parse(std::string_view assertions, bool with_box = true) {
  return parse_vnnlib(std::string(declarations) + std::string(with_box ? unit_box : "") +
                      std::string(assertions));
}

/// "code: place", or "read".
std::string outcome(const core::Result<Property>& property) {
  if (property) return "read";
  return std::string(core::refusal_info(property.error().code).name) + ": " +
         property.error().where;
}

TEST(Vnnlib, ReadsBoxAndRowExactly) {
  const auto property = parse("(assert (<= Y_0 0.1)) ; comment (\n(assert (> Y_1 -2.5e-1))");
  ASSERT_TRUE(property) << outcome(property);
  EXPECT_EQ(property->inputs, 2U);
  EXPECT_EQ(property->outputs, 2U);
  ASSERT_EQ(property->cases.size(), 1U);
  const Case& only = property->cases[0];
  EXPECT_EQ(only.box[1].lower, Rational(0));
  EXPECT_EQ(only.box[1].upper, Rational(1));
  ASSERT_EQ(only.rows.size(), 2U);
  EXPECT_EQ(only.rows[0].bound, Rational(1, 10));
  EXPECT_FALSE(only.rows[0].strict);
  EXPECT_EQ(only.rows[1].terms[0].index, 1U);
  EXPECT_EQ(only.rows[1].terms[0].coefficient, Rational(-1));
  EXPECT_EQ(only.rows[1].bound, Rational(1, 4));
  EXPECT_TRUE(only.rows[1].strict);
}

TEST(Vnnlib, ReadsLinearTerms) {
  const auto property = parse(
      "(assert (<= (+ (* 2 Y_0) (- Y_1) (* (/ 1 3) Y_1 (- 3)) 1) (- (/ Y_0 4) Y_1 (* 2 3))))");
  ASSERT_TRUE(property) << outcome(property);
  // 2 Y0 - Y1 - Y1 + 1 <= Y0/4 - Y1 - 6
  const LinearRow& row = property->cases[0].rows[0];
  ASSERT_EQ(row.terms.size(), 2U);
  EXPECT_EQ(row.terms[0].coefficient, Rational(7, 4));
  EXPECT_EQ(row.terms[1].coefficient, Rational(-1));
  EXPECT_EQ(row.bound, Rational(-7));
}

TEST(Vnnlib, DropsTermsThatCancel) {
  const auto property = parse("(assert (<= (+ Y_0 Y_1) (+ Y_1 1)))");
  ASSERT_TRUE(property) << outcome(property);
  EXPECT_EQ(property->cases[0].rows[0].terms.size(), 1U);
}

TEST(Vnnlib, EqualityIsTwoRowsAndTwoBounds) {
  const auto property = parse("(assert (= Y_0 Y_1)) (assert (= 0.5 X_0))");
  ASSERT_TRUE(property) << outcome(property);
  ASSERT_EQ(property->cases[0].rows.size(), 2U);
  EXPECT_EQ(property->cases[0].rows[0].terms[0].coefficient, Rational(1));
  EXPECT_EQ(property->cases[0].rows[1].terms[0].coefficient, Rational(-1));
  EXPECT_EQ(property->cases[0].box[0].lower, Rational(1, 2));
  EXPECT_EQ(property->cases[0].box[0].upper, Rational(1, 2));
}

TEST(Vnnlib, InputBoundsMayStandOnEitherSideWithCoefficients) {
  const auto property = parse(
      "(assert (<= 0.25 X_0)) (assert (>= (* -2 X_0) -1)) (assert (< X_1 (/ 2 3)))"
      "(assert (<= X_1 (/ 2 3)))");
  ASSERT_TRUE(property) << outcome(property);
  const auto& box = property->cases[0].box;
  EXPECT_EQ(box[0].lower, Rational(1, 4));
  EXPECT_EQ(box[0].upper, Rational(1, 2));
  EXPECT_FALSE(box[0].upper_strict);
  EXPECT_EQ(box[1].upper, Rational(2, 3));
  EXPECT_TRUE(box[1].upper_strict) << "of two equal bounds the strict one counts";
}

TEST(Vnnlib, DisjunctionsMultiplyInFileOrder) {
  const auto property = parse(
      "(assert (or (and (<= X_0 0.25) (>= X_0 0)) (>= X_0 0.75)))"
      "(assert (or (<= Y_0 1) (and (<= Y_0 2) (or (<= Y_1 3) (<= Y_1 4)))))");
  ASSERT_TRUE(property) << outcome(property);
  ASSERT_EQ(property->cases.size(), 6U);
  EXPECT_EQ(property->cases[0].box[0].upper, Rational(1, 4));
  EXPECT_EQ(property->cases[3].box[0].lower, Rational(3, 4));
  EXPECT_EQ(property->cases[4].rows.size(), 2U);
  EXPECT_EQ(property->cases[5].rows[1].bound, Rational(4));
}

TEST(Vnnlib, DropsCasesWithAnEmptyBox) {
  const auto property = parse("(assert (or (<= X_0 -1) (< X_0 0) (<= X_0 0)))");
  ASSERT_TRUE(property) << outcome(property);
  ASSERT_EQ(property->cases.size(), 1U);
  EXPECT_TRUE(property->cases[0].rows.empty());
}

TEST(Vnnlib, RefusesUnboundedInputs) {
  EXPECT_EQ(outcome(parse("(assert (<= X_0 1))", false)), "property_input_unbounded: X_0");
  EXPECT_EQ(outcome(parse("", false)), "property_input_unbounded: X_0");
  EXPECT_EQ(outcome(parse("(assert (or (<= X_0 1) (<= Y_0 1))) (assert (>= X_0 0))"
                          "(assert (<= X_1 1)) (assert (>= X_1 0))",
                          false)),
            "property_input_unbounded: X_0");
}

TEST(Vnnlib, ComparesInputsWithEachOtherAndWithOutputs) {
  const auto property = parse("(assert (<= X_0 X_1)) (assert (> (+ Y_0 X_1) (* 2 X_0)))");
  ASSERT_TRUE(property) << outcome(property);
  const auto& rows = property->cases[0].rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].terms.empty());
  ASSERT_EQ(rows[0].input_terms.size(), 2U);
  EXPECT_EQ(rows[0].input_terms[1].coefficient, Rational(-1));
  ASSERT_EQ(rows[1].terms.size(), 1U);
  EXPECT_EQ(rows[1].terms[0].coefficient, Rational(-1)) << "2 X_0 - X_1 - Y_0 < 0";
  EXPECT_EQ(rows[1].input_terms[0].coefficient, Rational(2));
  EXPECT_TRUE(rows[1].strict);
}

TEST(Vnnlib, ChainsOfComparisonsAreAllOfTheirPairs) {
  const auto property = parse("(assert (<= -1 Y_0 Y_1 2)) (assert (<= 0.25 X_0 0.5))");
  ASSERT_TRUE(property) << outcome(property);
  EXPECT_EQ(property->cases[0].rows.size(), 3U);
  EXPECT_EQ(property->cases[0].box[0].lower, Rational(1, 4));
  EXPECT_EQ(property->cases[0].box[0].upper, Rational(1, 2));
}

TEST(Vnnlib, NegationTurnsComparisonsAndConnectivesRound) {
  const auto property =
      parse("(assert (not (and (<= Y_0 1) (or (> Y_1 2) (= Y_0 Y_1)) (not (< Y_1 5)))))");
  ASSERT_TRUE(property) << outcome(property);
  // Y_0 > 1, or Y_1 <= 2 and Y_0 beside Y_1, or Y_1 < 5.
  ASSERT_EQ(property->cases.size(), 4U);
  EXPECT_TRUE(property->cases[0].rows[0].strict);
  EXPECT_TRUE(property->cases[0].rows[0].negated);
  EXPECT_EQ(property->cases[1].rows.size(), 2U);
  EXPECT_FALSE(property->cases[1].rows[0].strict);
  EXPECT_TRUE(property->cases[2].rows[1].strict);
  EXPECT_FALSE(property->cases[3].rows[0].negated) << "negated twice";
  EXPECT_TRUE(property->cases[3].rows[0].strict);
}

TEST(Vnnlib, RefusesWhatItDoesNotDefine) {
  for (const std::string_view assertion :
       {"(assert (<= (* X_0 X_1) 1))", "(assert (<= (* Y_0 Y_1) 1))", "(assert (<= (/ 1 Y_0) 1))",
        "(assert (<= Y_0 Y_0))", "(assert (<= 0 1))", "(assert (=> (<= Y_0 1) (<= Y_1 1)))",
        "(check-sat)", "(assert (<= (abs Y_0) 1))", "(declare-const Z_0 Real)",
        "(declare-const X_02 Real)", "(declare-const Y_2 Int)", "(assert (<= Z_0 1))",
        "(declare-const X_123456789 Real)"}) {
    EXPECT_EQ(outcome(parse(assertion)).substr(0, 21), "property_unsupported:") << assertion;
  }
}

TEST(Vnnlib, RefusesWhatIsNotWellFormed) {
  for (const std::string_view assertion : {"(assert (<= Y_0 1)",
                                           "(assert (<= Y_0 1)))",
                                           ")",
                                           "(",
                                           "assert",
                                           "(assert)",
                                           "(assert (<= Y_0))",
                                           "(assert (and))",
                                           "(assert (or))",
                                           "(assert Y_0)",
                                           "()",
                                           "(assert (<= Y_0 1..2))",
                                           "(assert (<= Y_0 1x))",
                                           "(assert (<= Y_7 1))",
                                           "(assert (<= (/ Y_0 0) 1))",
                                           "(assert (<= (/ 1) Y_0))",
                                           "(assert (<= Y_0 \"1\"))",
                                           "(assert (<= |Y_0| 1))",
                                           "(declare-const Y_0 Real)",
                                           "(declare-const Y_3 Real)",
                                           "(assert (<= (+) Y_0))",
                                           "(assert (<= Y_0 1) (<= Y_1 1))",
                                           "(declare-const Y_2 Real Real)",
                                           "(assert (<= Y_0 \x80))",
                                           "(assert (<= Y_0 -))",
                                           "(assert (<= Y_0 1e))"}) {
    const std::string got = outcome(parse(assertion));
    EXPECT_TRUE(got.starts_with("property_malformed:") ||
                (assertion.find("-)") != std::string_view::npos &&
                 got.starts_with("property_unsupported:")))
        << assertion << " -> " << got;
  }
  EXPECT_EQ(outcome(parse_vnnlib("")), "property_malformed: line 1, column 1");
  EXPECT_EQ(outcome(parse_vnnlib("(declare-const X_0 Real)")).substr(0, 19), "property_malformed:");
}

TEST(Vnnlib, RefusalsNameLineAndColumn) {
  EXPECT_EQ(outcome(parse("  (assert (<= Y_0 1.2.3))")), "property_malformed: line 6, column 19");
}

TEST(Vnnlib, RefusesTooDeepNesting) {
  std::string text = "(assert ";
  for (int i = 0; i < 100000; ++i) text += "(and ";
  EXPECT_EQ(outcome(parse(text)).substr(0, 15), "limit_exceeded:");
  text = "(assert (<= Y_0 ";
  for (int i = 0; i < 100000; ++i) text += "(- ";
  EXPECT_EQ(outcome(parse(text)).substr(0, 15), "limit_exceeded:");
}

TEST(Vnnlib, RefusesTooManyCases) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "(assert (or (<= Y_0 1) (<= Y_1 1)))";
  EXPECT_EQ(outcome(parse(text)), "limit_exceeded: property");
}

TEST(Vnnlib, RefusesTowersOfNumbers) {
  std::string text = "(assert (<= Y_0 (*";
  for (int i = 0; i < 100; ++i) text += " 1e900";
  EXPECT_EQ(outcome(parse(text + ")))")).substr(0, 15), "limit_exceeded:");
  EXPECT_EQ(outcome(parse("(assert (<= Y_0 1e1001))")).substr(0, 15), "limit_exceeded:");
}

TEST(Vnnlib, ReadsEveryCompetitionFile) {
  ISOTRACE_NEEDS_DATA(root, "vnncomp");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".vnnlib") continue;
    ++files;
    const core::Bytes bytes = tests::read_file(entry.path());
    const auto property = parse_vnnlib(core::as_text(bytes));
    ASSERT_TRUE(property) << entry.path() << ": " << outcome(property);
    EXPECT_FALSE(property->cases.empty()) << entry.path();
    if (entry.path().filename() == "prop_6.vnnlib") {
      EXPECT_EQ(property->cases.size(), 8U);
    }
  }
  EXPECT_GT(files, 100U);
}

}  // namespace
}  // namespace isotrace::proofs
