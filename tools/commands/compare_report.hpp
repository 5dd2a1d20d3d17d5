// What `isotrace compare` prints of a divergence: JSON with fixed keys, text, JUnit.
#pragma once

#include <isotrace/executor/explain_step.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/commands/junit.hpp>

namespace isotrace::tools {

/// What two traces that part are reported with.
struct TraceReport {
  const trace::Divergence& divergence;
  const executor::StepExplanation& explanation;
  std::string reproduce;  ///< a command line; empty if no single step is to blame
};

Json report_json(const TraceReport& report);
std::string report_text(const TraceReport& report);
/// Cases "identity", "steps" and one for each output of the program.
std::vector<JunitCase> report_cases(const trace::Trace& a, const trace::Trace& b,
                                    const std::optional<trace::Divergence>& divergence);

/// {"tensor","dtype","shape","elements","differing","element","index",...,"distances"}; null where
/// a value is not known.
Json difference_json(const executor::TensorDifference& difference);
/// One line with the size of the difference, one with the first element, one with the distances.
std::string difference_text(const executor::TensorDifference& difference);

/// The distances of a bucket: "0", "2-3", "16-255", "4294967296-".
std::string bucket_name(std::size_t bucket);

/// Attributes of a node by name; programs inside as their digests. Null without a node.
Json attributes_json(const std::optional<core::Node>& node);

}  // namespace isotrace::tools
