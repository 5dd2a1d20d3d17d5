// Every integer opcode as a term, against the reference engine: what it gives, and when it traps.
#include "tests/proofs/functions/claims.hpp"
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

TEST(NumericTerms, FloatsThatAreComputedWithAreRefusedWithFunctionByteAndOpcode) {
  int refused = 0;
  int moved = 0;
  for (std::uint32_t code = 0x45; code <= 0xFC07; ++code) {
    const wasm::OpcodeInfo* info = wasm::find_opcode(code);
    if (info == nullptr || !is_numeric_opcode(*info) || !has_float(*info)) continue;
    const auto made = make_obligation(never_traps(module_of(*info), "f"));
    if (made) {
      ++moved;
      continue;
    }
    ++refused;
    EXPECT_EQ(made.error().code, core::RefusalCode::function_unsupported) << info->text;
    EXPECT_TRUE(made.error().where.starts_with("function 0 (f), byte ")) << made.error().where;
    EXPECT_TRUE(made.error().detail.starts_with(std::string(info->text) + ": "))
        << made.error().detail;
  }
  EXPECT_EQ(moved, 6 + 4);  // abs, neg, copysign; reinterpretations
  EXPECT_GT(refused, 50);
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
