// A program that runs many times on one backend: what does not depend on the inputs is found once,
// what depends on their shapes alone once for each change of them, and the backend keeps the
// constants in the form that it computes with.
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

struct Plan;

class PreparedProgram {
 public:
  /// Both must outlive it, and the program must not change.
  PreparedProgram(const core::Program& program, backends::Backend& backend);
  ~PreparedProgram();
  PreparedProgram(const PreparedProgram&) = delete;
  PreparedProgram& operator=(const PreparedProgram&) = delete;

  /// executor::execute. One run at a time.
  core::Result<std::vector<NamedTensor>> execute(std::span<const NamedTensor> inputs,
                                                 const StepObserver& observer = {},
                                                 const ExecuteLimits& limits = {});
  /// executor::record.
  core::Result<Recording> record(std::span<const NamedTensor> inputs, core::Files& files,
                                 const RecordOptions& options);
  /// For the executor's own runs.
  [[nodiscard]] Plan& plan() { return *plan_; }

 private:
  std::unique_ptr<Plan> plan_;
};

}  // namespace isotrace::executor
