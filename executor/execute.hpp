// Executes a program on a backend, one step per node.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/trace/writer.hpp>

namespace isotrace::executor {

struct NamedTensor {
  std::string name;
  core::Tensor value;
};

/// One executed step, valid during the call.
struct StepView {
  std::uint64_t index;
  const core::Node& node;
  core::Operands operands;
  const std::vector<core::Tensor>& results;
};
/// Called after every step; a refusal ends the run.
using StepObserver = std::function<core::Result<core::Done>(const StepView&)>;

/// What a run may cost. A step over a limit is refused (limit_exceeded) before it allocates or
/// computes anything; both are known from the shapes of its operands.
struct ExecuteLimits {
  std::uint64_t bytes_max = std::uint64_t{8} << 30;  ///< tensors alive at once, constants left out
  std::uint64_t work_max = std::uint64_t{1} << 50;  ///< multiply-adds and element visits, all steps
};

/// Runs the program; returns its outputs in order. Inputs may come in any order; refuses
/// input_missing, input_unknown, input_mismatch, limit_exceeded, shapes that do not fit
/// (infer_node), and whatever the backend refuses (where: "step 3 (Conv, name)").
core::Result<std::vector<NamedTensor>> execute(const core::Program& program,
                                               std::span<const NamedTensor> inputs,
                                               backends::Backend& backend,
                                               const StepObserver& observer = {},
                                               const ExecuteLimits& limits = {});

/// Which tensor contents a recording stores.
enum class Keep : std::uint8_t { none, all };

struct RecordOptions {
  std::string path;
  Keep keep = Keep::none;
  bool embed_program =
      true;  ///< program and inputs inside the trace, so that replay needs nothing else
  std::uint64_t seed = 0;
  std::string tool;
  ExecuteLimits limits = {};
};

struct Recording {
  std::vector<NamedTensor> outputs;
  core::Digest root;
  std::uint64_t steps = 0;
};

/// execute() with a trace.
core::Result<Recording> record(const core::Program& program, std::span<const NamedTensor> inputs,
                               backends::Backend& backend, core::Files& files,
                               const RecordOptions& options);

}  // namespace isotrace::executor
