// Executes a program on a backend, one step per executed node.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/executor/named_tensor.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/trace/writer.hpp>

namespace isotrace::executor {

class RunValue;  // internal to the executor

/// One executed step, valid during the call. The steps of the programs inside a control-flow node
/// are shown one by one, and then the node itself, with the operands and results of the whole.
struct StepView {
  std::uint64_t index;      ///< how many steps were executed before
  const std::string& path;  ///< where a step inside stands, for display: "loop1[3]/"; else empty
  const core::Node& node;
  core::Operands operands;
  std::span<const core::TensorView> results;
  /// The executor's own: the same as values that can be kept; nullptr for an operand left out. In a
  /// recording, whose observer asks these, elements may still be with the backend.
  std::span<const std::shared_ptr<RunValue>> operand_values;
  std::span<const std::shared_ptr<RunValue>> result_values;
};
/// Called after every step; a refusal ends the run.
using StepObserver = std::function<core::Result<core::Done>(const StepView&)>;

/// What a run may cost. A step over a limit is refused (limit_exceeded) before it allocates or
/// computes anything; both are known from the shapes of its operands. Every execution of a program
/// inside another costs program_work on top.
struct ExecuteLimits {
  std::uint64_t bytes_max = std::uint64_t{8} << 30;  ///< tensors alive at once, constants left out
  std::uint64_t work_max = std::uint64_t{1} << 50;  ///< multiply-adds and element visits, all steps
};

inline constexpr std::uint64_t program_work = std::uint64_t{1} << 20;

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
  /// Threads that hash tensors while the run goes on, unless the backend's own hash between its
  /// steps (StepRecorder); 0: the run itself does, after every step. The trace does not depend on
  /// it.
  unsigned hash_threads = 0;
  /// The program's, for who records it more than once; else it is found anew.
  const core::ProgramIdentity* identity = nullptr;
  /// Results of the first step that differs from this trace are stored, whatever `keep` says: a
  /// backend that does not repeat itself will not give them again.
  const trace::Trace* expected = nullptr;
};

struct Recording {
  std::vector<NamedTensor> outputs;
  core::Digest root;
  std::uint64_t steps = 0;
  std::vector<std::uint64_t> fallback_steps;  ///< as in the trace
};

/// hash_threads beside a backend that computes with so many threads: as many again, but no more
/// than this process has processors, and none where it has but one.
unsigned choose_hash_threads(unsigned computing);

/// execute() with a trace.
core::Result<Recording> record(const core::Program& program, std::span<const NamedTensor> inputs,
                               backends::Backend& backend, core::Files& files,
                               const RecordOptions& options);

}  // namespace isotrace::executor
