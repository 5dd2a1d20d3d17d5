// What `isotrace compare --bounds` and `--against ort` print: every step that is not equal, what
// each operation used of its bounds, and the verdict.
#pragma once

#include <map>

#include <isotrace/executor/foreign.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/commands/junit.hpp>

namespace isotrace::tools {

/// --bounds with what it assumes; refuses text_not_number and value_out_of_range.
core::Result<std::optional<executor::BoundOptions>> load_bounds(const Arguments& arguments);

/// What all steps of one operation have in common.
struct OperationSummary {
  std::uint64_t steps = 0;
  std::uint64_t equal = 0;
  std::uint64_t within = 0;
  std::uint64_t outside = 0;
  std::uint64_t no_bound = 0;
  std::uint64_t not_run = 0;
  double ratio_max = 0;
  std::vector<double> medians;

  void add(const executor::StepJudgement& judged);
  [[nodiscard]] double median() const;
};

/// Collects what is printed: nothing is said of equal steps but their number.
class BoundsReport {
 public:
  /// `judged` names who is judged: an engine, or a trace.
  BoundsReport(const Context& context, const std::optional<executor::BoundOptions>& bounds,
               std::string judged)
      : context_(context), bounds_(bounds), judged_(std::move(judged)) {}

  void add(const executor::StepJudgement& judged);
  /// From this step on nothing could be judged: a failure.
  void end_at(std::uint64_t step, const std::string& why);
  /// One case for each step.
  [[nodiscard]] const std::vector<JunitCase>& tests() const { return tests_; }
  /// Prints what is left to say and returns the exit code.
  int finish();

 private:
  [[nodiscard]] bool fails(const executor::StepJudgement& judged) const;
  [[nodiscard]] std::string explain(const executor::StepJudgement& judged) const;
  [[nodiscard]] Json step_json(const executor::StepJudgement& judged) const;
  [[nodiscard]] Json assumptions_json() const;
  void print_json(const char* verdict) const;
  void print_text(const char* verdict) const;

  const Context& context_;
  std::optional<executor::BoundOptions> bounds_;
  std::string judged_;
  std::map<std::string, OperationSummary> summaries_;
  OperationSummary total_;
  std::vector<JunitCase> tests_;
  Json steps_ = Json::array();
  bool ended_early_ = false;
};

}  // namespace isotrace::tools
