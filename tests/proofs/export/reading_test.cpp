// What theorems say in words and as formulas: the opposite of what a property calls unsafe.
#include <gtest/gtest.h>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "reading.hpp"
#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using proofs::FunctionClaim;
using proofs::FunctionProperty;
using proofs::Reading;

std::string declarations(int inputs, int outputs) {
  std::string text;
  for (int i = 0; i < inputs; ++i) text += "(declare-const X_" + std::to_string(i) + " Real)\n";
  for (int j = 0; j < outputs; ++j) text += "(declare-const Y_" + std::to_string(j) + " Real)\n";
  return text;
}

/// Of the first case of a property with one input from -0.5 to 1e-3 and three outputs.
Reading reading_of(const std::string& unsafe, std::string_view semantics = "real") {
  const auto property = proofs::parse_vnnlib(
      declarations(1, 3) + "(assert (>= X_0 -0.5))\n(assert (<= X_0 1e-3))\n" + unsafe);
  EXPECT_TRUE(property) << describe(property.error());
  return property ? proofs::reading_of_case(property->cases.at(0), semantics) : Reading{};
}

std::string formula_of(const std::string& unsafe) {
  const std::string formula = reading_of("(assert " + unsafe + ")").formula;
  const std::string head = "forall x y, -0.5 <= x0 <= 0.001 and exec(net, x, y) implies (";
  EXPECT_TRUE(formula.starts_with(head)) << formula;
  return formula.substr(head.size(), formula.size() - head.size() - 1);
}

TEST(Reading, comparisons_are_the_opposites_of_unsafe_ones) {
  EXPECT_EQ(formula_of("(<= Y_1 0.315)"), "y1 > 0.315");
  EXPECT_EQ(formula_of("(>= Y_1 0.315)"), "y1 < 0.315");
  EXPECT_EQ(formula_of("(< Y_1 3)"), "y1 >= 3");
  EXPECT_EQ(formula_of("(> Y_1 (- 3))"), "y1 <= -3");
  EXPECT_EQ(formula_of("(<= Y_0 Y_2)"), "y0 > y2");
  EXPECT_EQ(formula_of("(> Y_0 Y_2)"), "y0 <= y2");
  EXPECT_EQ(formula_of("(<= (* 3 Y_0) 1)"), "y0 > 1/3");
  EXPECT_EQ(formula_of("(<= (+ (* 2 Y_0) (* -0.25 Y_1) Y_2) 7)"), "2 y0 - 0.25 y1 + y2 > 7");
  EXPECT_EQ(formula_of("(<= (- Y_0 Y_1) 7)"), "y0 - y1 > 7");
}

TEST(Reading, of_several_unsafe_comparisons_one_fails) {
  const Reading reading = reading_of("(assert (<= Y_0 Y_1))\n(assert (>= Y_0 2))");
  EXPECT_EQ(reading.formula,
            "forall x y, -0.5 <= x0 <= 0.001 and exec(net, x, y) implies (y0 > y1 or y0 < 2)");
  EXPECT_EQ(reading.words,
            "for all inputs with x0 from -0.5 to 0.001, in real arithmetic, y0 is greater than y1, "
            "or y0 is less than 2");
}

TEST(Reading, without_a_comparison_every_execution_is_unsafe) {
  EXPECT_TRUE(reading_of("").formula.ends_with("implies (false)"));
}

TEST(Reading, of_floats_speaks_of_what_is_executed) {
  const Reading reading = reading_of("(assert (<= Y_1 0))", core::semantics_id);
  EXPECT_EQ(
      reading.words,
      "for all binary32 inputs with x0 from -0.5 to 0.001, the outputs that isonum-1 computes "
      "are finite, and y1 is greater than 0");
  EXPECT_NE(reading.formula.find("y = run(program, x) is finite and (y1 > 0)"), std::string::npos);
}

TEST(Reading, of_many_inputs_names_the_box) {
  std::string text = declarations(17, 1);
  for (int i = 0; i < 17; ++i) {
    const std::string name = "X_" + std::to_string(i);
    text += "(assert (>= " + name + " 0))\n(assert (<= " + name + " 1))\n";
  }
  const auto property = proofs::parse_vnnlib(text + "(assert (<= Y_0 0))\n");
  ASSERT_TRUE(property) << describe(property.error());
  EXPECT_EQ(proofs::reading_of_case(property->cases[0], "real").formula,
            "forall x y, x in box and exec(net, x, y) implies (y0 > 0)");
}

FunctionClaim claim(FunctionProperty property) {
  FunctionClaim of;
  of.function = "f";
  of.other = "g";
  of.property = property;
  return of;
}

TEST(Reading, of_functions_says_each_property) {
  const auto formula = [](const FunctionClaim& of) { return proofs::reading_of_claim(of).formula; };
  EXPECT_EQ(formula(claim(FunctionProperty::never_traps)), "forall a, exists r, f(a) returns r");
  EXPECT_EQ(formula(claim(FunctionProperty::equivalent)),
            "forall a, f(a) and g(a) trap, or exists r, f(a) and g(a) return r");
  FunctionClaim range = claim(FunctionProperty::range);
  range.low = static_cast<std::uint64_t>(-1);
  range.high = 1;
  range.is_signed = true;
  range.assume = "ordered";
  EXPECT_EQ(formula(range),
            "forall a, ordered(a) != 0 implies exists r, f(a) returns r and -1 <= r <= 1");
  EXPECT_NE(proofs::reading_of_claim(range).words.find("only arguments count for which ordered"),
            std::string::npos);
  EXPECT_NE(formula(claim(FunctionProperty::post)).find("g(a, r) returns p and p != 0"),
            std::string::npos);
}

TEST(Reading, names_cannot_end_the_comment_that_they_stand_in) {
  FunctionClaim of = claim(FunctionProperty::never_traps);
  of.function = "*) Axiom a : False. (* \" -/ axiom \xff\n";
  const std::string text = proofs::reading_text(proofs::reading_of_claim(of));
  for (const char* part : {"*)", "(*", "\"", "-/", "/-", "\xff"})
    EXPECT_EQ(text.find(part), std::string::npos) << part;
}

TEST(Reading, stands_in_the_statement_and_in_the_manifest) {
  const auto bundle = proofs::export_coq(make_proof(
      dense_network({2, 2, 1}, 1), lower_bound_property(2, 1, "-0.001"), halving_tree(2, 0)));
  ASSERT_TRUE(bundle) << describe(bundle.error());
  const std::string said = "y0 is greater than -0.001";
  for (const char* path : {"bundle.json", "coq/gen/Spec_case0.v", "coq/gen/Spec_case0_float.v"}) {
    const auto* file = bundle->find(path);
    ASSERT_NE(file, nullptr) << path;
    EXPECT_NE(core::as_text(file->bytes).find(said), std::string_view::npos) << path;
  }
}

TEST(Reading, of_a_step_names_its_place) {
  const proofs::StepFact fact{core::Bytes(3, 1), {4, 24, {}}, {}};
  const proofs::Bundle bundle = proofs::export_coq_step(fact);
  EXPECT_NE(bundle.obligations[0].reading.words.find("step 4, 3 bytes, is leaf 5 of 24"),
            std::string::npos);
}

}  // namespace
}  // namespace isotrace::tests
