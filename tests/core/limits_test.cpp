// docs/limits.md states exactly the limits of core/limits.hpp.
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>

#include "tests/support/data.hpp"

namespace isotrace::core {
namespace {

std::string read_text(const std::string& path) {
  const Bytes bytes = tests::read_file(ISOTRACE_SOURCE "/" + path);
  return std::string(as_text(bytes));
}

/// Every match's first group in order of appearance.
std::vector<std::smatch> matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), expression), std::sregex_iterator()};
}

#define ISOTRACE_LIMIT(name) \
  { #name, limits::name }
const std::map<std::string, std::uint64_t> values = {
    ISOTRACE_LIMIT(model_bytes_max),       ISOTRACE_LIMIT(trace_bytes_max),
    ISOTRACE_LIMIT(proof_bytes_max),       ISOTRACE_LIMIT(property_bytes_max),
    ISOTRACE_LIMIT(certificate_bytes_max), ISOTRACE_LIMIT(policy_bytes_max),
    ISOTRACE_LIMIT(key_bytes_max),         ISOTRACE_LIMIT(tensor_bytes_max),
    ISOTRACE_LIMIT(tensor_rank_max),       ISOTRACE_LIMIT(name_bytes_max),
    ISOTRACE_LIMIT(program_nodes_max),     ISOTRACE_LIMIT(program_values_max),
    ISOTRACE_LIMIT(program_nesting_max),   ISOTRACE_LIMIT(sequence_tensors_max),
    ISOTRACE_LIMIT(node_operands_max),     ISOTRACE_LIMIT(attribute_elements_max),
    ISOTRACE_LIMIT(text_nesting_max),      ISOTRACE_LIMIT(property_disjuncts_max),
    ISOTRACE_LIMIT(proof_nodes_max),       ISOTRACE_LIMIT(search_state_bytes_max),
    ISOTRACE_LIMIT(smt_terms_max),         ISOTRACE_LIMIT(smt_query_bytes_max),
    ISOTRACE_LIMIT(cnf_clauses_max),       ISOTRACE_LIMIT(unwind_max),
    ISOTRACE_LIMIT(wasm_module_bytes_max), ISOTRACE_LIMIT(wasm_entities_max),
    ISOTRACE_LIMIT(wasm_parameters_max),   ISOTRACE_LIMIT(wasm_locals_max),
    ISOTRACE_LIMIT(wasm_memory_pages_max), ISOTRACE_LIMIT(wasm_table_elements_max),
    ISOTRACE_LIMIT(wasm_frames_max),       ISOTRACE_LIMIT(wasm_slots_max),
    ISOTRACE_LIMIT(witness_bytes_max),     ISOTRACE_LIMIT(signatures_max),
    ISOTRACE_LIMIT(log_entries_max),       ISOTRACE_LIMIT(archive_bytes_max),
    ISOTRACE_LIMIT(archive_files_max),     ISOTRACE_LIMIT(plugin_bytes_max)};
#undef ISOTRACE_LIMIT

TEST(Limits, test_knows_every_constant_of_the_header) {
  const std::string header = read_text("core/limits.hpp");
  const auto found = matches(header, R"(inline constexpr std::(?:uint64_t|size_t) (\w+) =)");
  EXPECT_EQ(found.size(), values.size());
  for (const auto& match : found) EXPECT_EQ(values.count(match[1]), 1U) << match[1];
}

TEST(Limits, page_states_every_value) {
  const std::string page = read_text("docs/limits.md");
  std::size_t rows = 0;
  for (const auto& match : matches(page, R"(\| `(\w+)` \| ([0-9,]+) \|)")) {
    std::string digits = match[2];
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    const auto value = values.find(match[1]);
    ASSERT_NE(value, values.end()) << match[1];
    EXPECT_EQ(digits, std::to_string(value->second)) << match[1];
    ++rows;
  }
  EXPECT_EQ(rows, values.size());
}

}  // namespace
}  // namespace isotrace::core
