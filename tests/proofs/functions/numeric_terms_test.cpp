// Every integer opcode as a term, against the reference engine: what it gives, and when it traps.
#include <isotrace/proofs/functions/float_meaning.hpp>
#include <isotrace/smt/sorted_values.hpp>

#include "tests/proofs/functions/claims.hpp"
#include "tests/support/random_floats.hpp"
#include "tests/wasm/random/dice.hpp"

namespace isotrace::proofs::tests {
namespace {

using wasm::Opcode;
using wasm::Slot;
using wasm::ValueType;
using wasm::tests::Dice;
using wasm::tests::op;
using wasm::tests::operator+;

constexpr int samples = 40;

ValueType type_of_letter(char letter) {
  switch (letter) {
    case 'i': return ValueType::i32;
    case 'I': return ValueType::i64;
    case 'f': return ValueType::f32;
    default: return ValueType::f64;
  }
}

/// "f" takes the opcode's operands and gives its result.
core::Bytes module_of(const wasm::OpcodeInfo& info) {
  wasm::FunctionType type;
  core::Bytes code;
  const std::size_t colon = info.signature.find(':');
  for (std::size_t i = 0; i < colon; ++i) {
    type.parameters.push_back(type_of_letter(info.signature[i]));
    const core::Bytes next = op(Opcode::local_get, static_cast<std::uint32_t>(i));
    code.insert(code.end(), next.begin(), next.end());
  }
  type.results.push_back(type_of_letter(info.signature[colon + 1]));
  const core::Bytes last = op(info.opcode);
  code.insert(code.end(), last.begin(), last.end());
  return wasm::tests::one_function(type, code);
}

bool is_numeric_opcode(const wasm::OpcodeInfo& info) {
  return info.immediates == wasm::Immediates::none && info.signature != "*" &&
         info.signature.find(':') != 0;
}

bool has_float(const wasm::OpcodeInfo& info) {
  return info.signature.find_first_of("fF") != std::string_view::npos;
}

/// Both ways must agree that it traps, or on every bit of the result.
void compare_opcode(const wasm::OpcodeInfo& info) {
  const core::Bytes module = module_of(info);
  Dice dice(static_cast<std::uint64_t>(info.opcode));
  const FunctionClaim traps = never_traps(module, "f");
  const auto trapping = make_obligation(traps);
  ASSERT_TRUE(trapping.has_value()) << core::describe(trapping.error());
  for (int i = 0; i < samples; ++i) {
    FunctionInputs inputs;
    for (const ValueType type : trapping->type.parameters) {
      inputs.arguments.push_back(wasm::tests::random_number(dice, type));
    }
    if (i % 4 == 0 && inputs.arguments.size() == 2) inputs.arguments[1] = inputs.arguments[0];
    const auto run = execute_claim(traps, inputs);
    ASSERT_TRUE(run.has_value()) << core::describe(run.error());
    ASSERT_EQ(is_violated(*trapping, inputs), run->violated) << info.text;
    if (run->violated || has_float(info)) continue;
    const Slot result = run->calls[0].results[0];
    const auto right = make_obligation(returns(module, "f", result));
    const auto wrong = make_obligation(returns(module, "f", result ^ 1));
    ASSERT_TRUE(right.has_value() && wrong.has_value());
    EXPECT_FALSE(is_violated(*right, inputs)) << info.text << " gives " << result;
    EXPECT_TRUE(is_violated(*wrong, inputs)) << info.text << " gives " << result;
  }
}

core::PhiloxStream& random_floats() {
  static core::PhiloxStream random(9);
  return random;
}

bool is_true(const core::Result<FunctionObligation>& made) {
  return made && made->pool.is_true(made->violated);
}
bool is_false(const core::Result<FunctionObligation>& made) {
  return made && made->pool.is_false(made->violated);
}

TEST(NumericTerms, EveryIntegerOpcodeComputesWhatTheEngineComputes) {
  int compared = 0;
  for (std::uint32_t code = 0x45; code <= 0xC4; ++code) {
    const wasm::OpcodeInfo* info = wasm::find_opcode(code);
    if (info == nullptr || !is_numeric_opcode(*info) || has_float(*info)) continue;
    compare_opcode(*info);
    ++compared;
  }
  EXPECT_EQ(compared, 22 + 36 + 3 + 5);  // comparisons, arithmetic, widths, sign extension
}

std::vector<const wasm::OpcodeInfo*> float_opcodes() {
  std::vector<const wasm::OpcodeInfo*> found;
  for (std::uint32_t code = 0x45; code <= 0xFC07; ++code) {
    const wasm::OpcodeInfo* info = wasm::find_opcode(code);
    if (info != nullptr && is_numeric_opcode(*info) && has_float(*info)) found.push_back(info);
  }
  return found;
}

TEST(NumericTerms, FloatsOfConstantsAreComputedAsTheEngineComputesThem) {
  Dice dice(7);
  int trapped = 0;
  for (const wasm::OpcodeInfo* info : float_opcodes()) {
    const FunctionClaim traps = never_traps(module_of(*info), "f");
    const auto type = make_obligation(traps)->type;
    for (int i = 0; i < samples; ++i) {
      FunctionInputs inputs;
      for (const ValueType parameter : type.parameters) {
        inputs.arguments.push_back(wasm::tests::random_number(dice, parameter));
      }
      const auto run = execute_claim(traps, inputs);
      const auto made = make_obligation(traps, inputs);
      ASSERT_TRUE(run.has_value() && made.has_value()) << info->text;
      EXPECT_TRUE(made->floats.empty());
      ASSERT_EQ(made->pool.is_true(made->violated), run->violated) << info->text;
      trapped += run->violated ? 1 : 0;
      const bool integer = type.results[0] == ValueType::i32 || type.results[0] == ValueType::i64;
      if (run->violated || !integer) continue;
      const std::uint64_t result = run->calls[0].results[0];
      EXPECT_TRUE(is_false(make_obligation(returns(traps.module, "f", result), inputs)));
      EXPECT_TRUE(is_true(make_obligation(returns(traps.module, "f", result ^ 1), inputs)));
    }
  }
  EXPECT_GT(trapped, 20);
}

/// Whether operations on floats of which only that is known have their place: their results are
/// the same for operands that are the same, and any otherwise.
TEST(NumericTerms, FloatsOfVariablesAreTheSameForTheSameOperands) {
  std::size_t opcodes = 0;
  for (const wasm::OpcodeInfo* info : float_opcodes()) {
    const core::Bytes module = module_of(*info);
    FunctionClaim same = never_traps(module, "f");
    same.property = FunctionProperty::equivalent;
    same.other = "f";
    const auto made = make_obligation(same);
    ASSERT_TRUE(made.has_value()) << core::describe(made.error());
    EXPECT_TRUE(made->pool.is_false(made->refuted)) << info->text;
    opcodes += made->floats.size();
  }
  EXPECT_GT(opcodes, 50U);
}

/// What is said to solvers of one execution: every result is that of the engine, and whether the
/// claim is violated.
void compare_meaning(const FunctionClaim& claim, const FunctionInputs& inputs, std::uint64_t result,
                     bool violated) {
  const auto made = make_obligation(claim);
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ(made->floats.size(), 1U);
  smt::sorted::Pool pool;
  const auto said = state_floats(pool, *made, bits::Term{1});  // of "true" nothing else is left
  const auto refuted = state_floats(pool, *made, made->violated);
  ASSERT_TRUE(said.has_value() && refuted.has_value());
  smt::Model model(assignment_of(inputs));
  model.scalars["float0"] = result;
  EXPECT_TRUE(*holds(pool, *said, model));
  EXPECT_EQ(*holds(pool, *refuted, model), violated);
  const bool is_float =
      made->type.results[0] == ValueType::f32 || made->type.results[0] == ValueType::f64;
  if (!is_float) return;
  model.scalars["float0"] = result ^ 1;
  EXPECT_FALSE(*holds(pool, *said, model)) << "other bits are no result";
}

TEST(NumericTerms, WhatFloatsMeanToSolversIsWhatTheEngineComputes) {
  Dice dice(8);
  int compared = 0;
  for (const wasm::OpcodeInfo* info : float_opcodes()) {
    const FunctionClaim traps = never_traps(module_of(*info), "f");
    const auto made = make_obligation(traps);
    if (made->floats.empty()) continue;  // what only moves bits
    SCOPED_TRACE(info->text);
    ++compared;
    for (int i = 0; i < 3 * samples; ++i) {
      FunctionInputs inputs;
      for (const ValueType type : made->type.parameters) {
        const bool is_wide = type == ValueType::f64 || type == ValueType::i64;
        const bool is_border = i % 2 == 0;
        inputs.arguments.push_back(
            is_border ? wasm::tests::random_number(dice, type)
                      : isotrace::tests::random_float_bits(random_floats(), is_wide ? 64 : 32));
      }
      if (i % 5 == 0 && inputs.arguments.size() == 2) inputs.arguments[1] = inputs.arguments[0];
      const auto run = execute_claim(traps, inputs);
      ASSERT_TRUE(run.has_value());
      const auto& results = run->calls[0].results;
      const std::uint64_t result = results.empty() ? 0 : results[0];
      compare_meaning(traps, inputs, result, run->violated);
      const ValueType type = made->type.results[0];
      if (run->violated || type == ValueType::f32 || type == ValueType::f64) continue;
      compare_meaning(returns(traps.module, "f", result), inputs, result, false);
      compare_meaning(returns(traps.module, "f", result ^ 1), inputs, result, true);
    }
  }
  EXPECT_EQ(compared, 12 + 2 * 11 + 8 + 8 + 8 + 2);  // each way, each format
}

/// "f" gives the bits of what a float operation that only moves bits gives.
TEST(NumericTerms, SignsOfFloatsAreBits) {
  const core::Bytes code = op(Opcode::local_get, 0) + op(Opcode::f32_neg) +
                           op(Opcode::local_get, 1) + op(Opcode::f32_copysign) +
                           op(Opcode::f32_abs) + op(Opcode::f32_neg) +
                           op(Opcode::i32_reinterpret_f32);
  const core::Bytes module =
      wasm::tests::one_function({{ValueType::f32, ValueType::f32}, {ValueType::i32}}, code);
  for (const Slot bits : {Slot{0}, Slot{0x7fc00001}, Slot{0xff800000}, Slot{0x80000000}}) {
    const FunctionInputs inputs{.arguments = {bits, bits ^ 0x80000000}};
    const auto run = execute_claim(never_traps(module, "f"), inputs);
    ASSERT_TRUE(run.has_value());
    const auto right = make_obligation(returns(module, "f", run->calls[0].results[0]));
    ASSERT_TRUE(right.has_value());
    EXPECT_FALSE(is_violated(*right, inputs));
  }
}

}  // namespace
}  // namespace isotrace::proofs::tests
