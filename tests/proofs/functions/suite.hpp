// The suite of fixtures/wasm/functions, row by row.
#pragma once

#include <fstream>
#include <sstream>

#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {

struct SuiteRow {
  std::string line;
  FunctionClaim claim;
  FunctionOutcome::Kind verdict = FunctionOutcome::Kind::undecided;
};

inline core::Bytes read_suite_module(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + name + ".wasm", std::ios::binary);
  return core::Bytes(std::istreambuf_iterator<char>(file), {});
}

inline SuiteRow parse_suite_row(const std::string& folder, const std::string& line) {
  std::istringstream words(line);
  std::string module;
  std::string property;
  std::string verdict;
  SuiteRow row{.line = line, .claim = {}};
  words >> module >> row.claim.function >> property;
  row.claim.module = read_suite_module(folder, module);
  if (property == "range") {
    std::int64_t low = 0;
    std::int64_t high = 0;
    words >> low >> high;
    row.claim.property = FunctionProperty::range;
    row.claim.low = static_cast<std::uint64_t>(low);
    row.claim.high = static_cast<std::uint64_t>(high);
    row.claim.is_signed = low < 0;
  } else if (property != "never-traps") {
    EXPECT_TRUE(property == "equivalent" || property == "returns" || property == "post") << line;
    row.claim.property = property == "post"      ? FunctionProperty::post
                         : property == "returns" ? FunctionProperty::equivalent
                                                 : FunctionProperty::effects;
    words >> row.claim.other;
  }
  words >> verdict >> row.claim.assume;
  EXPECT_TRUE(verdict == "proved" || verdict == "violated") << line;
  row.verdict =
      verdict == "proved" ? FunctionOutcome::Kind::proved : FunctionOutcome::Kind::violated;
  return row;
}

/// `folder` ends with a slash. Of one module, or of all if that is empty.
inline std::vector<SuiteRow> read_suite(const std::string& folder, const std::string& module) {
  std::vector<SuiteRow> rows;
  std::ifstream file(folder + "SUITE");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    if (module.empty() || line.starts_with(module + " ")) {
      rows.push_back(parse_suite_row(folder, line));
    }
  }
  return rows;
}

}  // namespace isotrace::proofs::tests
