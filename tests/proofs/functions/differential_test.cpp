// The prover's verdict on random functions against all of their executions: nothing that is proved
// has a counterexample, nothing is violated that has none. ISOTRACE_DIFFERENTIAL is the number of
// functions (docs/proofs/functions.md says what a run of 10,000 found).
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"
#include "tests/proofs/functions/random_code.hpp"

namespace isotrace::proofs::tests {
namespace {

using Kind = FunctionOutcome::Kind;

std::uint64_t count_of_functions() {
  const char* text = std::getenv("ISOTRACE_DIFFERENTIAL");
  return text == nullptr ? 60 : std::strtoull(text, nullptr, 10);
}

struct Tally {
  std::map<std::string, int> verdicts;
  int claims = 0;
};

/// What all executions of f and g say.
struct Executions {
  bool traps = false;                  ///< f
  bool differ = false;                 ///< f and g
  std::vector<std::uint64_t> results;  ///< of f where it returns
};

Executions execute_all(const FunctionClaim& same) {
  Executions all;
  for (const auto& arguments : all_arguments()) {
    const auto run = execute_claim(same, {.arguments = arguments});
    EXPECT_TRUE(run.has_value());
    if (!run) continue;
    const FunctionCall& f = run->calls[0];
    all.differ |= run->violated;
    all.traps |= !f.returned;
    if (f.returned) all.results.push_back(f.results[0]);
  }
  return all;
}

/// `floats`: Z3 and cvc5, who know what they compute, are asked too.
void compare_verdict(const FunctionClaim& claim, bool violated, bool floats, Tally& tally) {
  FunctionOptions options;
  if (!floats) options.decide.engines = {smt::Engine::gates};
  options.decide.limits.wall_milliseconds = floats ? 5'000 : 20'000;
  options.decide.alarm_folder = testing::TempDir();
  const auto outcome = prove_function(claim, options);
  ASSERT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  ++tally.claims;
  if (outcome->kind == Kind::undecided) {
    ++tally.verdicts["undecided " + std::string(undecided_name(outcome->reason))];
    return;
  }
  ASSERT_EQ(outcome->kind == Kind::violated, violated) << claim_text(claim);
  const bool asserted = outcome->proof.outcome == FunctionProof::Outcome::asserted;
  ++tally.verdicts[asserted ? "asserted" : outcome->kind == Kind::violated ? "violated" : "proved"];
  if (asserted) return;
  const auto checked = check_function_proof(outcome->proof);
  ASSERT_TRUE(checked.has_value()) << core::describe(checked.error());
  ASSERT_TRUE(checked->verdict.accepted()) << checked->verdict.reason;
}

void compare_function(std::uint64_t seed, const RandomCodeOptions& code, Tally& tally) {
  const FunctionClaim traps = never_traps(random_pair(seed, code), "f");
  FunctionClaim same = traps;
  same.property = seed % 3 == 0 ? FunctionProperty::equivalent : FunctionProperty::effects;
  same.other = "g";
  const Executions all = execute_all(same);
  compare_verdict(traps, all.traps, code.floats, tally);
  compare_verdict(same, all.differ, code.floats, tally);
  if (all.results.empty()) return;
  // The least range that holds all results, or one less.
  FunctionClaim range = traps;
  range.property = FunctionProperty::range;
  const std::uint64_t most = *std::ranges::max_element(all.results);
  const bool narrow = seed % 2 == 0 && most > 0;
  range.high = narrow ? most - 1 : most;
  compare_verdict(range, all.traps || narrow, code.floats, tally);
}

Tally compare_functions(std::uint64_t first, std::uint64_t count, const RandomCodeOptions& code) {
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    compare_function(seed, code, tally);
  }
  std::cout << count << " functions, " << tally.claims << " claims:";
  for (const auto& [verdict, number] : tally.verdicts) std::cout << ' ' << number << ' ' << verdict;
  std::cout << "\n";
  return tally;
}

void expect_all_decided(const Tally& tally, std::uint64_t count) {
  auto verdicts = tally.verdicts;
  EXPECT_EQ(verdicts["proved"] + verdicts["violated"], tally.claims);
  EXPECT_GT(verdicts["proved"], static_cast<int>(count) / 2);
  EXPECT_GT(verdicts["violated"], static_cast<int>(count) / 2);
}

TEST(Differential, StraightLineFunctionsOfIntegersAreDecidedAsAllExecutionsDecide) {
  const std::uint64_t count = count_of_functions();
  expect_all_decided(compare_functions(0, count, {.branches = false}), count);
}

TEST(Differential, FunctionsWithBranchesLoopsAndMemoryAreDecidedAsAllExecutionsDecide) {
  const std::uint64_t count = count_of_functions() / 2;
  expect_all_decided(compare_functions(1'000'000, count, {}), count);
}

TEST(Differential, FunctionsWithFloatsAreNeverDecidedWrongly) {
  const std::uint64_t count = count_of_functions() / 2;
  Tally tally = compare_functions(2'000'000, count, {.floats = true});
  EXPECT_GT(tally.verdicts["proved"] + tally.verdicts["violated"], static_cast<int>(count));
  EXPECT_GT(tally.verdicts["asserted"], 0) << "some need what floats compute";
}

}  // namespace
}  // namespace isotrace::proofs::tests
