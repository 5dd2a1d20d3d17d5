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

TEST(ProveFunction, StopsMakingTermsWhenTheTimeIsOver) {
  FunctionOptions options;
  options.milliseconds_left = [] { return std::uint64_t{0}; };
  const auto outcome = prove_function(never_traps(countdown(), "f"), options);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, Kind::undecided);
  EXPECT_EQ(outcome->reason, FunctionUndecided::timeout);
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

TEST(ProveFunction, ManyStoresAtPlacesThatAreKnownAreReadBackWithoutLookingAtEach) {
  // memory[i] = x + i for 16,384 bytes; then all of them are read, the first one first.
  const auto loop = [](const core::Bytes& body) {
    return push_i32(0) + op(Opcode::local_set, 1) + wasm::tests::open_block(Opcode::loop) + body +
           op(Opcode::local_get, 1) + push_i32(1) + op(Opcode::i32_add) + op(Opcode::local_tee, 1) +
           push_i32(16384) + op(Opcode::i32_lt_u) + op(Opcode::br_if, 0) +
           wasm::tests::close_block();
  };
  const core::Bytes write =
      loop(op(Opcode::local_get, 1) + op(Opcode::local_get, 0) + op(Opcode::local_get, 1) +
           op(Opcode::i32_add) + op(Opcode::i32_store8, 0, 0));
  const core::Bytes read =
      loop(op(Opcode::local_get, 1) + op(Opcode::i32_load8_u, 0, 0) + op(Opcode::local_get, 2) +
           op(Opcode::i32_xor) + op(Opcode::local_set, 2));
  const core::Bytes module =
      ModuleBuilder()
          .add_function(unary, write + read + op(Opcode::local_get, 2), {{2, ValueType::i32}})
          .add_memory(1)
          .add_export("f", wasm::ExternKind::function, 0)
          .bytes();
  EXPECT_EQ(prove(never_traps(module, "f")).kind, Kind::proved);
}

/// Writes a table to 101..107, one byte twice, and returns what x & 7 finds from 100 on,
/// exclusive-or what that should be: 0 before the table, i + 9 in it. `wrong`: the byte of which
/// place is another.
core::Bytes table_function(std::int32_t wrong) {
  core::Bytes code = push_i32(104) + push_i32(77) + op(Opcode::i32_store8, 0, 0);
  for (std::int32_t i = 7; i > 0; --i) {
    const std::int32_t byte = i == wrong ? 200 : i + 9;
    code = code + push_i32(100 + i) + push_i32(byte) + op(Opcode::i32_store8, 0, 0);
  }
  const core::Bytes index = op(Opcode::local_get, 0) + push_i32(7) + op(Opcode::i32_and);
  const core::Bytes right = index + push_i32(9) + op(Opcode::i32_add) + index + push_i32(0) +
                            op(Opcode::i32_ne) + op(Opcode::i32_mul);
  return wasm::tests::one_function(
      unary, code + index + op(Opcode::i32_load8_u, 0, 100) + right + op(Opcode::i32_xor));
}

TEST(ProveFunction, ATableThatWasWrittenIsReadAtEveryIndex) {
  EXPECT_EQ(prove(returns(table_function(0), "f", 0)).kind, Kind::proved);
  for (std::int32_t wrong = 1; wrong < 8; ++wrong) {
    const FunctionOutcome outcome = prove(returns(table_function(wrong), "f", 0));
    ASSERT_EQ(outcome.kind, Kind::violated) << wrong;
    EXPECT_EQ(outcome.proof.inputs.arguments[0] & 7, static_cast<std::uint64_t>(wrong));
  }
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

/// Functions f and g of one module with a memory and two globals that can change.
core::Bytes pair_module(const core::Bytes& f, const core::Bytes& g) {
  const core::Bytes global = core::Bytes{0x7f, 1} + push_i32(5) + core::Bytes{0x0b};
  return ModuleBuilder()
      .add_function(unary, f)
      .add_function(unary, g)
      .add_memory(1, 3)
      .add(wasm::tests::global_section, global)
      .add(wasm::tests::global_section, global)
      .add_export("f", wasm::ExternKind::function, 0)
      .add_export("g", wasm::ExternKind::function, 1)
      .add_export("counter", wasm::ExternKind::global, 1)
      .bytes();
}

FunctionClaim same_effects(const core::Bytes& f, const core::Bytes& g) {
  FunctionClaim claim = never_traps(pair_module(f, g), "f");
  claim.property = FunctionProperty::effects;
  claim.other = "g";
  return claim;
}

/// Stores a parameter plus a number at x & 255 and returns x.
core::Bytes storing(std::int32_t more, std::uint32_t offset = 0) {
  return op(Opcode::local_get, 0) + push_i32(255) + op(Opcode::i32_and) + op(Opcode::local_get, 0) +
         push_i32(more) + op(Opcode::i32_add) + op(Opcode::i32_store8, 0, offset) +
         op(Opcode::local_get, 0);
}

void expect_violated_and_checked(FunctionClaim claim, const std::string& difference) {
  const FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  EXPECT_TRUE(outcome.run.difference.starts_with(difference)) << outcome.run.difference;
  const auto read = parse_function_proof(write_function_proof(outcome.proof));
  ASSERT_TRUE(read.has_value());
  const auto checked = check_function_proof(*read);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
  claim.property = FunctionProperty::equivalent;
  claim.low = claim.high = 0;
  EXPECT_EQ(prove(claim).kind, Kind::proved);
}

TEST(ProveFunction, BytesOfMemoryCanBeLeftOut) {
  // Both write one byte, at x & 255.
  FunctionClaim claim = same_effects(storing(3), storing(4));
  claim.low = 0;
  claim.high = 256;
  FunctionOutcome outcome = prove(claim);
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  EXPECT_TRUE(check_function_proof(*parse_function_proof(write_function_proof(outcome.proof)))
                  ->verdict.accepted());
  // With fewer bytes left out it is another claim, which the first or the last one breaks.
  outcome.proof.claim.high = 255;
  EXPECT_FALSE(check_function_proof(outcome.proof)->verdict.accepted());
  claim.high = 255;
  expect_violated_and_checked(claim, "byte 255 of memory");
  claim.low = 1;
  claim.high = 256;
  expect_violated_and_checked(claim, "byte 0 of memory");
}

TEST(ProveFunction, StoresToBytesThatAreLeftOutAreNotFollowed) {
  FunctionClaim claim = same_effects(storing(3), storing(4));
  claim.high = 256;
  const auto none = make_obligation(claim);
  EXPECT_TRUE(none && none->pool.is_false(none->refuted));
  claim.high = 255;
  const auto some = make_obligation(claim);
  EXPECT_TRUE(some && !some->pool.is_false(some->refuted));
}

TEST(ProveFunction, WhatIsLeftInMemoryIsComparedUnlessResultsAloneAreMeant) {
  EXPECT_EQ(prove(same_effects(storing(3), storing(259))).kind, Kind::proved);
  for (const InitialMemory memory : {InitialMemory::instantiated, InitialMemory::arbitrary}) {
    FunctionClaim claim = same_effects(storing(3), storing(4));
    claim.memory = memory;
    expect_violated_and_checked(claim, "byte ");
    claim = same_effects(storing(3), storing(3, 1));
    claim.memory = memory;
    expect_violated_and_checked(claim, "byte ");
  }
}

TEST(ProveFunction, WhatIsStoredBackIsNotChanged) {
  const core::Bytes back = push_i32(8) + push_i32(8) + op(Opcode::i32_load, 2, 0) +
                           op(Opcode::i32_store, 2, 0) + op(Opcode::local_get, 0);
  FunctionClaim claim = same_effects(back, op(Opcode::local_get, 0));
  EXPECT_EQ(prove(claim).kind, Kind::proved);
  claim.memory = InitialMemory::arbitrary;
  EXPECT_EQ(prove(claim).kind, Kind::proved);
}

TEST(ProveFunction, GlobalsAndPagesThatAreLeftAreCompared) {
  const core::Bytes rest = op(Opcode::local_get, 0);
  const core::Bytes set = op(Opcode::local_get, 0) + op(Opcode::global_set, 1) + rest;
  expect_violated_and_checked(same_effects(set, rest), "global 1");
  EXPECT_EQ(prove(same_effects(set, set)).kind, Kind::proved);
  const core::Bytes grown = push_i32(1) + op(Opcode::memory_grow, 0) + op(Opcode::drop) + rest;
  expect_violated_and_checked(same_effects(grown, rest), "bytes of memory");
}

TEST(ProveFunction, OfTwoModulesOnlyWhatOneCallChangesIsCompared) {
  const core::Bytes rest = op(Opcode::local_get, 0);
  const core::Bytes data = core::Bytes{0} + push_i32(0) + core::Bytes{0x0b, 2, 'a', 'b'};
  const auto other = [&](const core::Bytes& g) {
    const core::Bytes global = core::Bytes{0x7f, 1} + push_i32(6) + core::Bytes{0x0b};
    return ModuleBuilder()
        .add_function(unary, g)
        .add_memory(1)
        .add(wasm::tests::global_section, global)
        .add_export("g", wasm::ExternKind::function, 0)
        .add_export("counter", wasm::ExternKind::global, 0)
        .add(wasm::tests::data_section, data)
        .bytes();
  };
  FunctionClaim claim = same_effects(rest, rest);
  claim.other_module = other(rest);
  EXPECT_EQ(prove(claim).kind, Kind::proved);
  claim.other_module = other(storing(3));
  expect_violated_and_checked(claim, "byte ");
  const core::Bytes set = op(Opcode::local_get, 0) + op(Opcode::global_set, 0) + rest;
  claim.other_module = other(set);
  expect_violated_and_checked(claim, "global 1");
}

const FunctionType float_pair{{ValueType::f32, ValueType::f32}, {ValueType::f32}};

TEST(ProveFunction, FloatsAreEqualWhereTheirOperandsAre) {
  const core::Bytes a = op(Opcode::local_get, 0);
  const core::Bytes b = op(Opcode::local_get, 1);
  EXPECT_EQ(
      prove(same_function(float_pair, a + b + op(Opcode::f32_add), b + a + op(Opcode::f32_add)))
          .kind,
      Kind::proved);
  // The operand's bits by another way: its sign taken off and put back.
  const core::Bytes again = a + op(Opcode::f32_abs) + a + op(Opcode::f32_copysign);
  const FunctionOutcome same =
      prove(same_function(float_pair, again + op(Opcode::f32_sqrt), a + op(Opcode::f32_sqrt)));
  ASSERT_EQ(same.kind, Kind::proved) << same.detail;
  const auto checked = check_function_proof(same.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

TEST(ProveFunction, FloatsAreViolatedOnlyWhereTheEngineSaysSo) {
  const core::Bytes a = op(Opcode::local_get, 0);
  const core::Bytes b = op(Opcode::local_get, 1);
  // a + a is 2 a, which gates do not know; a - b is not b - a.
  const core::Bytes twice =
      a + op(Opcode::f32_const) + core::Bytes{0, 0, 0, 0x40} + op(Opcode::f32_mul);
  const FunctionOutcome doubled =
      prove(same_function(float_pair, a + a + op(Opcode::f32_add), twice));
  ASSERT_EQ(doubled.kind, Kind::undecided);
  EXPECT_EQ(doubled.reason, FunctionUndecided::floats);
  const FunctionOutcome difference =
      prove(same_function(float_pair, a + b + op(Opcode::f32_sub), b + a + op(Opcode::f32_sub)));
  ASSERT_EQ(difference.kind, Kind::violated) << difference.detail;
  const auto checked = check_function_proof(difference.proof);
  ASSERT_TRUE(checked.has_value());
  EXPECT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

TEST(ProveFunction, TruncationsTrapAndSaturatingOnesDoNot) {
  const FunctionType type{{ValueType::f64}, {ValueType::i32}};
  const core::Bytes a = op(Opcode::local_get, 0);
  const auto module = [&](Opcode opcode) {
    return wasm::tests::one_function(type, a + op(opcode));
  };
  const FunctionOutcome traps = prove(never_traps(module(Opcode::i32_trunc_f64_s), "f"));
  ASSERT_EQ(traps.kind, Kind::violated) << traps.detail;
  EXPECT_EQ(prove(never_traps(module(Opcode::i32_trunc_sat_f64_s), "f")).kind, Kind::proved);
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
