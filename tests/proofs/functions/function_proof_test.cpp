// Proof files: what is accepted, and what other claims a proof does not carry.
#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {
namespace {

using core::RefusalCode;
using wasm::Opcode;
using wasm::ValueType;
using wasm::tests::op;
using wasm::tests::operator+;
using wasm::tests::push_i32;

/// The lowest bits of x * x: of three bits at most 4.
core::Bytes module_of_square(std::int32_t mask) {
  return wasm::tests::one_function({{ValueType::i32}, {ValueType::i32}},
                                   op(Opcode::local_get, 0) + op(Opcode::local_get, 0) +
                                       op(Opcode::i32_mul) + push_i32(mask) + op(Opcode::i32_and));
}

FunctionProof proved_square() {
  FunctionClaim claim = never_traps(module_of_square(7), "f");
  claim.property = FunctionProperty::range;
  claim.high = 4;
  FunctionOptions options;
  options.decide.engines = {smt::Engine::gates};
  const auto outcome = prove_function(claim, options);
  EXPECT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, FunctionOutcome::Kind::proved);
  return outcome->proof;
}

core::Verdict::Kind verdict_of(const FunctionProof& proof) {
  const auto report = check_function_proof(proof);
  EXPECT_TRUE(report.has_value()) << core::describe(report.error());
  return report ? report->verdict.kind : core::Verdict::Kind::undecided;
}

TEST(FunctionProof, IsReadAsItWasWritten) {
  const FunctionProof proof = proved_square();
  const auto read = parse_function_proof(write_function_proof(proof));
  ASSERT_TRUE(read.has_value()) << core::describe(read.error());
  EXPECT_EQ(*read, proof);
  EXPECT_EQ(verdict_of(*read), core::Verdict::Kind::accepted);
}

TEST(FunctionProof, OfAnotherModuleIsRejected) {
  FunctionProof proof = proved_square();
  proof.claim.module = module_of_square(15);
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
}

TEST(FunctionProof, OfAnotherRangeIsRejected) {
  FunctionProof proof = proved_square();
  proof.claim.high = 3;
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
}

TEST(FunctionProof, WithoutItsStepsIsRejected) {
  FunctionProof proof = proved_square();
  ASSERT_FALSE(proof.lrat.empty());
  proof.lrat.pop_back();
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
  proof.lrat.clear();
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
}

TEST(FunctionProof, ThatASolverAssertsIsUndecided) {
  FunctionProof proof = proved_square();
  proof.outcome = FunctionProof::Outcome::asserted;
  proof.lrat.clear();
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::undecided);
}

TEST(FunctionProof, ArgumentsThatViolateNothingAreRejected) {
  FunctionProof proof = proved_square();
  proof.outcome = FunctionProof::Outcome::violated;
  proof.lrat.clear();
  proof.inputs.arguments = {3};
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
  proof.claim.high = 0;
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::accepted);
  proof.inputs.arguments = {std::uint64_t{1} << 32 | 3};
  EXPECT_EQ(verdict_of(proof), core::Verdict::Kind::rejected);
  proof.inputs.arguments = {3, 4};
  const auto report = check_function_proof(proof);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, RefusalCode::wasm_arguments_mismatch);
}

TEST(FunctionProof, WithFieldsOfAnotherPropertyIsRefused) {
  FunctionProof proof = proved_square();
  proof.claim.other = "f";
  const auto read = parse_function_proof(write_function_proof(proof));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, RefusalCode::proof_malformed);
  // Bytes that are left out are some bytes of memory.
  proof.claim.property = FunctionProperty::effects;
  for (const auto& [low, high, good] : {std::tuple{0UL, 0UL, true},
                                        {5UL, 6UL, true},
                                        {5UL, 5UL, false},
                                        {6UL, 5UL, false},
                                        {5UL, 1UL << 32U, false}}) {
    proof.claim.low = low;
    proof.claim.high = high;
    EXPECT_EQ(parse_function_proof(write_function_proof(proof)).has_value(), good) << low << high;
  }
}

TEST(FunctionProof, OfAnotherVersionIsRefused) {
  core::Bytes bytes = write_function_proof(proved_square());
  bytes[8] = 1;
  const auto read = parse_function_proof(bytes);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, RefusalCode::proof_version_unsupported);
}

}  // namespace
}  // namespace isotrace::proofs::tests
