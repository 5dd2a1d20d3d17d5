// Functions with floats that nothing is proved of unless it is known what floats compute.
#include <unistd.h>

#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {
namespace {

using wasm::FunctionType;
using wasm::Opcode;
using wasm::ValueType;
using wasm::tests::ModuleBuilder;
using wasm::tests::op;
using wasm::tests::operator+;
using Kind = FunctionOutcome::Kind;

const core::Bytes a = op(Opcode::local_get, 0);
const core::Bytes b = op(Opcode::local_get, 1);

FunctionOptions both_solvers() {
  FunctionOptions options;
  options.decide.limits.wall_milliseconds = 60'000;
  options.decide.alarm_folder = testing::TempDir();
  return options;
}

FunctionOutcome prove(const FunctionClaim& claim, const FunctionOptions& options = both_solvers()) {
  const auto outcome = prove_function(claim, options);
  EXPECT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  return outcome.value_or(FunctionOutcome{});
}

void expect_asserted(const FunctionClaim& claim) {
  const FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  EXPECT_EQ(outcome.proof.outcome, FunctionProof::Outcome::asserted);
  const auto checked = check_function_proof(outcome.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_FALSE(checked->verdict.accepted()) << "nobody has checked it";
  // Who takes nothing that is asserted learns nothing.
  FunctionOptions strict = both_solvers();
  strict.decide.accept_asserted = false;
  const FunctionOutcome open = prove(claim, strict);
  EXPECT_EQ(open.kind, Kind::undecided);
  EXPECT_EQ(open.reason, FunctionUndecided::floats);
}

void expect_violated(const FunctionClaim& claim) {
  const FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  const auto checked = check_function_proof(outcome.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

core::Bytes f32_bytes(std::uint32_t bits) {
  core::Bytes code = op(Opcode::f32_const);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    code.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  return code;
}

const FunctionType unary{{ValueType::f32}, {ValueType::f32}};
const FunctionType binary{{ValueType::f32, ValueType::f32}, {ValueType::f32}};

TEST(FloatFunctions, SumsAndProductsAreComputed) {
  const core::Bytes twice = a + f32_bytes(0x40000000) + op(Opcode::f32_mul);
  expect_asserted(same_function(unary, a + a + op(Opcode::f32_add), twice));
  // 0 - a is not -a where a is 0; -0 - a is, but of NaNs, which keep their bits under neg.
  const core::Bytes negated = a + op(Opcode::f32_neg);
  expect_violated(same_function(unary, f32_bytes(0) + a + op(Opcode::f32_sub), negated));
  const core::Bytes sum = negated + f32_bytes(0x80000000) + op(Opcode::f32_add);
  expect_asserted(same_function(unary, f32_bytes(0x80000000) + a + op(Opcode::f32_sub), sum));
}

TEST(FloatFunctions, RareArgumentsAreFound) {
  // Only 0x1.234568p+3 plus 1 rounds to this, which nobody tries.
  const core::Bytes f =
      a + f32_bytes(0x3f800000) + op(Opcode::f32_add) + f32_bytes(0x4121a2b4) + op(Opcode::f32_eq);
  const FunctionType type{{ValueType::f32}, {ValueType::i32}};
  expect_violated(same_function(type, f, op(Opcode::i32_const, 0)));
}

TEST(FloatFunctions, RoundTripsOfIntegersAreExactAsFarAsTheyAre) {
  const FunctionType type{{ValueType::i32}, {ValueType::i32}};
  const core::Bytes small = a + op(Opcode::i32_extend16_s);
  const core::Bytes trip = op(Opcode::f32_convert_i32_s) + op(Opcode::i32_trunc_f32_s);
  expect_asserted(same_function(type, small + trip, small));
  expect_violated(same_function(type, a + trip, a));  // 2^24 + 1
  const core::Bytes wide = op(Opcode::f64_convert_i32_s) + op(Opcode::i32_trunc_f64_s);
  expect_asserted(same_function(type, a + wide, a));
}

TEST(FloatFunctions, GatesAloneDecideNothingOfThem) {
  FunctionOptions gates = both_solvers();
  gates.decide.engines = {smt::Engine::gates};
  const core::Bytes twice = a + f32_bytes(0x40000000) + op(Opcode::f32_mul);
  const FunctionOutcome outcome =
      prove(same_function(unary, a + a + op(Opcode::f32_add), twice), gates);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, FunctionUndecided::floats);
}

TEST(FloatFunctions, BothSolversCanBeAsked) {
  FunctionOptions options = both_solvers();
  options.decide.agree = true;
  std::vector<FunctionAttempt> attempts;
  options.on_attempt = [&](const FunctionAttempt& attempt) { attempts.push_back(attempt); };
  const core::Bytes least = a + b + op(Opcode::f32_min);
  const core::Bytes chosen = b + a + b + a + op(Opcode::f32_lt) + op(Opcode::select);
  // Of NaNs and zeros of both signs they are different.
  EXPECT_EQ(prove(same_function(binary, least, chosen), options).kind, Kind::violated);
  const core::Bytes greatest = a + op(Opcode::f32_abs) + b + op(Opcode::f32_abs) +
                               op(Opcode::f32_max) + f32_bytes(0) + op(Opcode::f32_lt);
  const FunctionType type{{ValueType::f32, ValueType::f32}, {ValueType::i32}};
  const FunctionOutcome outcome =
      prove(same_function(type, greatest, op(Opcode::i32_const, 0)), options);
  EXPECT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  ASSERT_FALSE(attempts.empty());
  EXPECT_TRUE(attempts.back().floats);
  ASSERT_EQ(attempts.back().decision.runs.size(), 2U);
  for (const smt::EngineRun& run : attempts.back().decision.runs) {
    EXPECT_EQ(run.outcome, smt::Outcome::unsat) << smt::name(run.engine);
  }
}

}  // namespace
}  // namespace isotrace::proofs::tests
