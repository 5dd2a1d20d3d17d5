#include <isotrace/executor/foreign.hpp>

#include <algorithm>

namespace isotrace::executor {
namespace {

/// Operands that the program holds stay constants for the engine, which may prepare them. Inside
/// the programs of control flow everything is an operand.
OnnxStep onnx_step(const core::Program& program, const StepView& step) {
  OnnxStep written = {step.node, step.operands, infos_of(step.results)};
  if (!step.path.empty()) return written;
  for (const core::ValueId value : step.node.inputs) {
    written.constant.push_back(value != core::no_value && program.find_constant(value) != nullptr);
  }
  clear_if_all_constant(written);
  return written;
}

}  // namespace

void clear_if_all_constant(OnnxStep& step) {
  if (std::ranges::find(step.constant, false) == step.constant.end()) step.constant.clear();
}

Agreement StepJudgement::agreement() const {
  Agreement worst = Agreement::equal;
  for (const TensorJudgement& result : results) worst = std::max(worst, result.agreement);
  return worst;
}

void judge_results(StepJudgement& judged, const std::optional<BoundOptions>& bounds) {
  const StepView& step = judged.step;
  bool different = false;
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    const auto& theirs = judged.foreign[i];
    judged.results.push_back(theirs ? judge(step.results[i], *theirs, nullptr) : TensorJudgement{});
    different = different || judged.results.back().agreement == Agreement::unbounded;
  }
  if (!different || !bounds) return;
  const auto derived = derive_bounds(step.node, step.operands, step.results, *bounds);
  if (!derived) {
    judged.no_bound = derived.error();
    return;
  }
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    if (!judged.foreign[i]) continue;
    judged.results[i] = judge(step.results[i], *judged.foreign[i], &(*derived)[i]);
  }
}

core::Result<core::Done> judge_steps(const core::Program& program,
                                     std::span<const NamedTensor> inputs,
                                     backends::Backend& backend, ForeignEngine& engine,
                                     const std::optional<BoundOptions>& bounds,
                                     const JudgementSink& sink, const ExecuteLimits& limits) {
  const auto observe = [&](const StepView& step) -> core::Result<core::Done> {
    if (core::op_info(step.node.op).control) return core::Done{};
    StepJudgement judged = {step, {}, {}, {}, {}};
    auto foreign = engine.run(onnx_step(program, step));
    if (!foreign) {
      judged.not_run = foreign.error();
    } else {
      judged.foreign = *std::move(foreign);
      judge_results(judged, bounds);
    }
    return sink(judged);
  };
  ISOTRACE_TRY_DONE(execute(program, inputs, backend, observe, limits));
  return core::Done{};
}

}  // namespace isotrace::executor
