// A run judged against another engine, step by step: every step of the canonical run is given to
// the engine with the canonical operands, so that errors do not add up and the step that is wrong
// is the one that is named.
#pragma once

#include <isotrace/executor/bounds/judge.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/onnx_writer.hpp>

namespace isotrace::executor {

class ForeignEngine {
 public:
  virtual ~ForeignEngine() = default;
  /// Name and version, for people.
  [[nodiscard]] virtual std::string name() const = 0;
  /// One tensor per result; nothing for one that nobody asked for. Refuses onnx_inexpressible,
  /// foreign_step_failed, and what files refuse.
  virtual core::Result<std::vector<std::optional<core::Tensor>>> run(const OnnxStep& step) = 0;
};

/// A model without any input is folded when it is loaded, by whatever code does that: then all
/// operands become inputs.
void clear_if_all_constant(OnnxStep& step);

struct StepJudgement {
  const StepView& step;
  std::vector<std::optional<core::Tensor>> foreign;  ///< by result; empty if it was not executed
  std::vector<TensorJudgement> results;              ///< by result
  std::optional<core::Refusal> not_run;              ///< why the engine has no result
  std::optional<core::Refusal> no_bound;  ///< why there is no bound where one was asked for

  /// Of all results together.
  [[nodiscard]] Agreement agreement() const;
};
/// Judges what stands in `foreign`; a result that is not there counts as equal.
void judge_results(StepJudgement& judged, const std::optional<BoundOptions>& bounds);

using JudgementSink = std::function<core::Result<core::Done>(const StepJudgement&)>;

/// Runs the program on the backend and every step on the engine, too. Without options no bound is
/// derived, and every difference is unbounded. Nodes that run programs of their own are left out:
/// their steps are judged. A step that the engine cannot execute, or that has no bound, is told so
/// to the sink; refuses what execute() and the sink refuse.
core::Result<core::Done> judge_steps(const core::Program& program,
                                     std::span<const NamedTensor> inputs,
                                     backends::Backend& backend, ForeignEngine& engine,
                                     const std::optional<BoundOptions>& bounds,
                                     const JudgementSink& sink, const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
