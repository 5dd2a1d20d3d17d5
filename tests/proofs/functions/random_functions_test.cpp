// Random modules: what the term of a function says of single inputs, against the reference engine.
// The paths of all inputs are in one term, so this tests joins, loops, calls and memory.
#include <algorithm>
#include <iostream>

#include "tests/proofs/functions/claims.hpp"
#include "tests/wasm/random/module.hpp"

namespace isotrace::proofs::tests {
namespace {

using wasm::tests::Dice;

constexpr std::uint32_t unwind = 2;
/// More than that take longer than a test may.
constexpr std::size_t terms_max = 50'000;

struct Tally {
  int compared = 0;
  int trapped = 0;
  int cut = 0;
  int unsupported = 0;
  int large = 0;
};

FunctionInputs random_inputs(Dice& dice, const wasm::FunctionType& type) {
  FunctionInputs inputs;
  for (const wasm::ValueType parameter : type.parameters) {
    inputs.arguments.push_back(wasm::tests::random_number(dice, parameter));
  }
  return inputs;
}

/// What the function returns on one input is what the term says it returns.
void compare_result(const core::Bytes& module, const std::string& name,
                    const FunctionInputs& inputs, const FunctionCall& call) {
  if (call.results.size() != 1) return;
  for (const std::uint64_t flip : {0, 1}) {
    const auto made = make_obligation(returns(module, name, call.results[0] ^ flip), inputs);
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(is_violated(*made, inputs), flip == 1) << call.results[0];
  }
}

void compare_function(const core::Bytes& module, const std::string& name, std::uint64_t seed,
                      Tally& tally) {
  const FunctionClaim claim = never_traps(module, name, unwind);
  const auto made = make_obligation(claim);
  if (!made) {
    const core::RefusalCode code = made.error().code;
    ASSERT_TRUE(code == core::RefusalCode::function_unsupported ||
                code == core::RefusalCode::limit_exceeded)
        << core::describe(made.error());
    ++tally.unsupported;
    return;
  }
  if (made->pool.size() > terms_max) {
    ++tally.large;
    return;
  }
  Dice dice(seed);
  for (int i = 0; i < 6; ++i) {
    const FunctionInputs inputs = random_inputs(dice, made->type);
    // Floats are computed only of constants.
    const bool floats = !made->floats.empty();
    const auto alone = floats ? make_obligation(claim, inputs) : core::Result<FunctionObligation>();
    ASSERT_TRUE(alone.has_value());
    const FunctionObligation& of_inputs = floats ? *alone : *made;
    ASSERT_TRUE(of_inputs.floats.empty());
    if (is_cut(of_inputs, inputs)) {
      ++tally.cut;
      continue;
    }
    const auto run = execute_claim(claim, inputs);
    ASSERT_TRUE(run.has_value()) << core::describe(run.error());
    ASSERT_EQ(is_violated(of_inputs, inputs), run->violated) << name << " of seed " << seed;
    ++tally.compared;
    tally.trapped += run->violated ? 1 : 0;
    if (i == 0 && !run->violated) compare_result(module, name, inputs, run->calls[0]);
  }
}

Tally compare_modules(const wasm::tests::RandomOptions& options, std::uint64_t seeds) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const core::Bytes module = wasm::tests::random_module(seed, options);
    for (int entry = 0; entry < 3; ++entry) {
      const std::string name = "run" + std::to_string(entry);
      const auto loaded = wasm::load_module(module, options.edition);
      EXPECT_TRUE(loaded.has_value());
      const bool exported = std::ranges::any_of(
          loaded->exports, [&](const wasm::Export& out) { return out.name == name; });
      if (exported) compare_function(module, name, seed, tally);
    }
  }
  return tally;
}

TEST(RandomFunctions, OfIntegersHaveTheTermsThatTheEngineConfirms) {
  const Tally tally = compare_modules({.standalone = true, .integers = true}, 80);
  EXPECT_GT(tally.compared, 400);
  EXPECT_GT(tally.trapped, 20);
  std::cout << tally.compared << " inputs compared, " << tally.trapped << " trap, " << tally.cut
            << " cut off, " << tally.unsupported << " functions refused, " << tally.large
            << " too large\n";
}

TEST(RandomFunctions, OfAllTypesAreRefusedOrHaveTheTermsThatTheEngineConfirms) {
  const Tally tally = compare_modules({.standalone = true}, 100);
  EXPECT_GT(tally.compared, 20);
  EXPECT_GT(tally.unsupported, 20);
}

}  // namespace
}  // namespace isotrace::proofs::tests
