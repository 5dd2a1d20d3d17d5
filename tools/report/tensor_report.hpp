// What a report says of a run of a tensor program, alone or beside another: computed from the
// traces, before anything is written.
#pragma once

#include <map>
#include <string>

#include <isotrace/executor/explain_step.hpp>
#include <isotrace/tools/report/flow.hpp>
#include <isotrace/tools/report/place_state.hpp>

namespace isotrace::tools::page {

/// All steps of one operation.
struct OperationSum {
  std::uint64_t steps = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t differing = 0;
  std::uint64_t nanoseconds = 0;  ///< if times were measured
};

/// Measured by executing the program again; the least of several runs for each step.
struct StepTimes {
  std::string backend;
  std::string device;
  unsigned runs = 0;
  std::vector<std::uint64_t> nanoseconds;  ///< by step
};

/// What is given beside the traces.
struct TensorSources {
  const trace::Trace& a;
  bool complete = true;             ///< of a
  const trace::Trace* b = nullptr;  ///< nullptr: a alone
  const trace::Divergence* divergence = nullptr;
  const executor::StepExplanation* explanation = nullptr;  ///< of the divergence
  const core::Program* program = nullptr;                  ///< a's; for attributes
  const StepTimes* times = nullptr;
};

struct TensorReport {
  TensorSources from;
  Flow flow;
  std::vector<PlaceState> states;  ///< by step of a
  std::uint64_t differing = 0;     ///< steps of a that b does not have at the same place
  std::map<std::string, OperationSum, std::less<>> operations;
  /// Attributes as JSON by what records say of them: operation and digest.
  std::map<std::pair<core::Op, core::Digest>, std::string> attributes;

  /// "same", "differs", ... of step `step` of a.
  [[nodiscard]] PlaceState state(std::size_t step) const { return states[step]; }
};

TensorReport make_tensor_report(const TensorSources& from);

}  // namespace isotrace::tools::page
