// Verdicts of small functions: against exhaustive execution, with loops, memory, starts and hosts.
#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"
#include "tests/wasm/random/dice.hpp"

namespace isotrace::proofs::tests {
namespace {

using core::RefusalCode;
using wasm::FunctionType;
using wasm::Opcode;
using wasm::ValueType;
using wasm::tests::Dice;
using wasm::tests::ModuleBuilder;
using wasm::tests::op;
using wasm::tests::operator+;
using wasm::tests::push_i32;
using Kind = FunctionOutcome::Kind;

const FunctionType unary{{ValueType::i32}, {ValueType::i32}};

FunctionOutcome prove(const FunctionClaim& claim, std::optional<std::uint32_t> unwind = {}) {
  FunctionOptions options;
  options.decide.engines = {smt::Engine::gates};
  options.unwind = unwind;
  const auto outcome = prove_function(claim, options);
  EXPECT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  return outcome.value_or(FunctionOutcome{});
}

core::RefusalCode refusal_of(const FunctionClaim& claim) {
  const auto made = make_obligation(claim);
  EXPECT_FALSE(made.has_value());
  return made ? RefusalCode{} : made.error().code;
}

/// Counts its parameter down to zero.
core::Bytes countdown() {
  const core::Bytes body = wasm::tests::open_block(Opcode::loop) + op(Opcode::local_get, 0) +
                           wasm::tests::open_block(Opcode::if_) + op(Opcode::local_get, 0) +
                           push_i32(1) + op(Opcode::i32_sub) + op(Opcode::local_set, 0) +
                           op(Opcode::br, 1) + wasm::tests::close_block() +
                           wasm::tests::close_block() + op(Opcode::local_get, 0);
  return wasm::tests::one_function(unary, body);
}

/// Straight-line code on two bytes: stack code of random opcodes.
core::Bytes random_function(Dice& dice) {
  constexpr Opcode opcodes[] = {
      Opcode::i32_add,  Opcode::i32_sub,  Opcode::i32_mul,   Opcode::i32_and,   Opcode::i32_or,
      Opcode::i32_xor,  Opcode::i32_shl,  Opcode::i32_shr_u, Opcode::i32_shr_s, Opcode::i32_rotl,
      Opcode::i32_lt_s, Opcode::i32_le_u, Opcode::i32_div_u, Opcode::i32_rem_s, Opcode::i32_eq};
  core::Bytes code = op(Opcode::local_get, 0) + push_i32(0xff) + op(Opcode::i32_and);
  for (std::uint32_t i = 2 + dice.below(6); i > 0; --i) {
    if (dice.one_in(3)) {
      code = code + push_i32(static_cast<std::int32_t>(dice.below(512)) - 256);
    } else {
      code = code + op(Opcode::local_get, 0) + push_i32(0xff) + op(Opcode::i32_and);
    }
    code = code + op(dice.pick(opcodes));
    if (dice.one_in(5)) code = code + op(Opcode::i32_clz);
  }
  return wasm::tests::one_function(unary, code);
}

/// By running all 256 inputs that differ.
bool holds_everywhere(const FunctionClaim& claim) {
  for (std::uint64_t x = 0; x < 256; ++x) {
    const auto run = execute_claim(claim, {.arguments = {x}});
    EXPECT_TRUE(run.has_value());
    if (!run || run->violated) return false;
  }
  return true;
}

TEST(ProveFunction, AgreesWithExhaustiveExecutionOfRandomFunctions) {
  Dice dice(8);
  int proved = 0;
  int violated = 0;
  for (int i = 0; i < 60; ++i) {
    const core::Bytes module = random_function(dice);
    FunctionClaim traps = never_traps(module, "f");
    FunctionClaim range = traps;
    range.property = FunctionProperty::range;
    range.high = dice.one_in(2) ? 0xffff : 0x7fffffff;
    for (const FunctionClaim& claim : {traps, range}) {
      const FunctionOutcome outcome = prove(claim);
      ASSERT_EQ(outcome.kind == Kind::proved, holds_everywhere(claim)) << i;
      ASSERT_NE(outcome.kind, Kind::undecided) << outcome.detail;
      ++(outcome.kind == Kind::proved ? proved : violated);
    }
  }
  EXPECT_GT(proved, 20);
  EXPECT_GT(violated, 20);
}

TEST(ProveFunction, UnrollsUntilNothingIsCutOff) {
  FunctionClaim claim = never_traps(countdown(), "f");
  EXPECT_EQ(prove(claim, 3).reason, FunctionUndecided::unwind);
  // At most 7 rounds with the parameter below 8.
  const core::Bytes body = op(Opcode::local_get, 0) + push_i32(8) + op(Opcode::i32_lt_u);
  const core::Bytes inner = wasm::tests::open_block(Opcode::loop) + op(Opcode::local_get, 0) +
                            wasm::tests::open_block(Opcode::if_) + op(Opcode::local_get, 0) +
                            push_i32(1) + op(Opcode::i32_sub) + op(Opcode::local_set, 0) +
                            op(Opcode::br, 1) + wasm::tests::close_block() +
                            wasm::tests::close_block() + op(Opcode::local_get, 0);
  claim.module = ModuleBuilder()
                     .add_function(unary, inner)
                     .add_function(unary, body)
                     .add_export("f", wasm::ExternKind::function, 0)
                     .add_export("small", wasm::ExternKind::function, 1)
                     .bytes();
  claim.assume = "small";
  const FunctionOutcome outcome = prove(claim);
  EXPECT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  EXPECT_EQ(outcome.proof.claim.unwind, 8U);
  EXPECT_EQ(prove(claim, 6).reason, FunctionUndecided::unwind);
  EXPECT_EQ(prove(claim, 7).kind, Kind::proved);
}

TEST(ProveFunction, FindsACounterexampleBeyondWhatIsUnrolled) {
  // Returns 0 always; the claim wants 1: any parameter is a counterexample, whatever is cut off.
  FunctionClaim claim = returns(countdown(), "f", 1);
  const FunctionOutcome outcome = prove(claim, 0);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  const auto checked = check_function_proof(outcome.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

TEST(ProveFunction, MemoryIsAsInstantiatedUnlessAnyBytesAreMeant) {
  const core::Bytes module =
      wasm::tests::one_function(unary, push_i32(0) + op(Opcode::i32_load8_u, 0, 100));
  FunctionClaim claim = returns(module, "f", 0);
  EXPECT_EQ(prove(claim).kind, Kind::proved);
  claim.memory = InitialMemory::arbitrary;
  const FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::violated);
  EXPECT_NE(outcome.run.calls[0].results[0], 0U);
  const auto checked = check_function_proof(outcome.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

TEST(ProveFunction, AStoreIsReadBackFromAnyMemory) {
  const core::Bytes code = op(Opcode::local_get, 0) + push_i32(1020) + op(Opcode::i32_and) +
                           push_i32(7) + op(Opcode::i32_store, 2, 16) + op(Opcode::local_get, 0) +
                           push_i32(1020) + op(Opcode::i32_and) + op(Opcode::i32_load, 2, 16);
  FunctionClaim claim = returns(wasm::tests::one_function(unary, code), "f", 7);
  claim.memory = InitialMemory::arbitrary;
  EXPECT_EQ(prove(claim).kind, Kind::proved);
}

TEST(ProveFunction, AccessesOutOfBoundsAreFoundAtTheLastByte) {
  // One page: an access of 4 bytes at x + 2 is in bounds up to x = 65530.
  const core::Bytes load = op(Opcode::local_get, 0) + op(Opcode::i32_load, 0, 2);
  FunctionClaim claim = never_traps(wasm::tests::one_function(unary, load), "f");
  const FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::violated);
  EXPECT_EQ(outcome.run.calls[0].trap, wasm::Trap::out_of_bounds_memory_access);
  EXPECT_GT(outcome.proof.inputs.arguments[0], 65530U);
  const core::Bytes masked = op(Opcode::local_get, 0) + push_i32(65535) + op(Opcode::i32_and) +
                             push_i32(65530) + op(Opcode::i32_rem_u) + op(Opcode::i32_load, 0, 2);
  claim.module = wasm::tests::one_function(unary, masked);
  EXPECT_EQ(prove(claim).kind, Kind::proved);
}

TEST(ProveFunction, RefusesTypesThatDoNotFitAndNamesThatAreNotThere) {
  const core::Bytes module = ModuleBuilder()
                                 .add_function(unary, op(Opcode::local_get, 0))
                                 .add_function({}, {})
                                 .add_export("f", wasm::ExternKind::function, 0)
                                 .add_export("g", wasm::ExternKind::function, 1)
                                 .bytes();
  FunctionClaim claim = never_traps(module, "h");
  EXPECT_EQ(refusal_of(claim), RefusalCode::wasm_export_unknown);
  claim = returns(module, "g", 0);
  EXPECT_EQ(refusal_of(claim), RefusalCode::function_types_mismatch);
  claim = never_traps(module, "f");
  claim.assume = "g";
  EXPECT_EQ(refusal_of(claim), RefusalCode::function_types_mismatch);
  claim.assume.clear();
  claim.property = FunctionProperty::equivalent;
  claim.other = "g";
  EXPECT_EQ(refusal_of(claim), RefusalCode::function_types_mismatch);
  claim.property = FunctionProperty::post;
  EXPECT_EQ(refusal_of(claim), RefusalCode::function_types_mismatch);
}

TEST(ProveFunction, ImportedFunctionsAreRefusedOnlyWhereTheyAreCalled) {
  ModuleBuilder builder;
  const core::Bytes type = wasm::tests::unsigned_leb(builder.add_type(unary));
  builder.add_import("host", "h", wasm::ExternKind::function, type)
      .add_function(unary, op(Opcode::local_get, 0))
      .add_function(unary, op(Opcode::local_get, 0) + op(Opcode::call, 0))
      .add_export("calm", wasm::ExternKind::function, 1)
      .add_export("calls", wasm::ExternKind::function, 2);
  EXPECT_EQ(prove(never_traps(builder.bytes(), "calm")).kind, Kind::proved);
  EXPECT_EQ(refusal_of(never_traps(builder.bytes(), "calls")), RefusalCode::function_unsupported);
}

}  // namespace
}  // namespace isotrace::proofs::tests
