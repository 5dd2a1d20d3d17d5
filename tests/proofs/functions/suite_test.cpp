// The suite of fixtures/wasm/functions: each function that is right is proved, each one with a
// mistake is violated, and the trusted checker accepts every proof and every counterexample.
#include "tests/proofs/functions/suite.hpp"

namespace isotrace::proofs::tests {
namespace {

using Kind = FunctionOutcome::Kind;

const std::string folder = ISOTRACE_FIXTURES "/wasm/functions/";

/// The verdict, and what the checker makes of the file that would be written.
void judge(const SuiteRow& row) {
  FunctionOptions options;
  options.decide.engines = {smt::Engine::gates};
  const auto outcome = prove_function(row.claim, options);
  ASSERT_TRUE(outcome.has_value()) << row.line << ": " << core::describe(outcome.error());
  ASSERT_EQ(outcome->kind, row.verdict) << row.line << ": " << outcome->detail;
  EXPECT_NE(outcome->proof.outcome, FunctionProof::Outcome::asserted) << row.line;
  const auto read = parse_function_proof(write_function_proof(outcome->proof));
  ASSERT_TRUE(read.has_value()) << row.line << ": " << core::describe(read.error());
  const auto checked = check_function_proof(*read);
  ASSERT_TRUE(checked.has_value()) << row.line << ": " << core::describe(checked.error());
  EXPECT_TRUE(checked->verdict.accepted()) << row.line << ": " << checked->verdict.reason;
}

class Suite : public testing::TestWithParam<const char*> {};

TEST_P(Suite, FunctionsAreProvedAndTheirBadTwinsViolated) {
  const std::vector<SuiteRow> rows = read_suite(folder, GetParam());
  EXPECT_GE(rows.size(), 8U);
  for (const SuiteRow& row : rows) judge(row);
}

INSTANTIATE_TEST_SUITE_P(Modules, Suite,
                         testing::Values("algebra", "bits", "numbers", "order", "tables", "text"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace isotrace::proofs::tests
