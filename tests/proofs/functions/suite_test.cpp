// The suite of fixtures/wasm/functions: each function that is right is proved, each one with a
// mistake is violated, and the trusted checker accepts every proof and every counterexample.
#include <fstream>
#include <sstream>

#include <isotrace/core/file.hpp>
#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {
namespace {

using Kind = FunctionOutcome::Kind;

const std::string folder = ISOTRACE_FIXTURES "/wasm/functions/";

struct Row {
  std::string line;
  FunctionClaim claim;
  Kind verdict = Kind::undecided;
};

core::Bytes read_module(const std::string& name) {
  std::ifstream file(folder + name + ".wasm", std::ios::binary);
  return core::Bytes(std::istreambuf_iterator<char>(file), {});
}

Row parse_row(const std::string& line) {
  std::istringstream words(line);
  std::string module;
  std::string property;
  std::string verdict;
  Row row{.line = line, .claim = {}};
  words >> module >> row.claim.function >> property;
  row.claim.module = read_module(module);
  if (property == "range") {
    std::int64_t low = 0;
    std::int64_t high = 0;
    words >> low >> high;
    row.claim.property = FunctionProperty::range;
    row.claim.low = static_cast<std::uint64_t>(low);
    row.claim.high = static_cast<std::uint64_t>(high);
    row.claim.is_signed = low < 0;
  } else if (property != "never-traps") {
    EXPECT_TRUE(property == "equivalent" || property == "post") << line;
    row.claim.property = property == "post" ? FunctionProperty::post : FunctionProperty::equivalent;
    words >> row.claim.other;
  }
  words >> verdict >> row.claim.assume;
  EXPECT_TRUE(verdict == "proved" || verdict == "violated") << line;
  row.verdict = verdict == "proved" ? Kind::proved : Kind::violated;
  return row;
}

std::vector<Row> read_suite(const std::string& module) {
  std::vector<Row> rows;
  std::ifstream file(folder + "SUITE");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(module + " ")) rows.push_back(parse_row(line));
  }
  return rows;
}

/// The verdict, and what the checker makes of the file that would be written.
void judge(const Row& row) {
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
  const std::vector<Row> rows = read_suite(GetParam());
  EXPECT_GT(rows.size(), 25U);
  for (const Row& row : rows) judge(row);
}

INSTANTIATE_TEST_SUITE_P(Modules, Suite, testing::Values("bits", "numbers", "tables", "text"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace isotrace::proofs::tests
