#include <isotrace/executor/replay.hpp>

#include <algorithm>

#include <isotrace/core/merkle.hpp>
#include <isotrace/executor/step_records.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Verdict;
using trace::Divergence;
using trace::Trace;

/// Steps judged, both ends included; empty if the trace has no step.
struct Window {
  std::uint64_t from = 0;
  std::uint64_t end = 0;  // one past the last
  bool whole = false;

  [[nodiscard]] bool contains(std::uint64_t step) const { return step >= from && step < end; }
};

/// Whether a node executes programs: then the number of its steps shows in the run only.
bool has_control(const core::Program& program) {
  return std::any_of(program.nodes.begin(), program.nodes.end(),
                     [](const core::Node& node) { return op_info(node.op).control; });
}

Result<Window> make_window(const Trace& trace, const core::Program& program,
                           const ReplayOptions& options) {
  const std::uint64_t steps = trace.steps.size();
  const std::uint64_t end = options.to ? *options.to : steps == 0 ? 0 : steps - 1;
  const bool all = options.from == 0 && (!options.to || *options.to + 1 == steps);
  const bool beyond = end >= steps || (!has_control(program) && end >= program.nodes.size());
  if (!all && (options.from > end || beyond)) {
    return refuse(RefusalCode::trace_step_unknown,
                  "steps " + std::to_string(options.from) + " to " + std::to_string(end),
                  "the trace has " + std::to_string(steps) + " steps");
  }
  return all ? Window{0, steps, true} : Window{options.from, end + 1, false};
}

/// Nodes that the window's steps depend on, the steps themselves included; all of them where steps
/// are not nodes.
std::vector<bool> find_needed(const core::Program& program, const Window& window) {
  if (window.whole || has_control(program)) return std::vector<bool>(program.nodes.size(), true);
  std::vector<bool> needed(program.nodes.size());
  std::vector<bool> wanted(program.value_count());
  for (std::size_t i = static_cast<std::size_t>(window.end); i-- > 0;) {
    const core::Node& node = program.nodes[i];
    needed[i] = window.contains(i) ||
                std::any_of(node.outputs.begin(), node.outputs.end(), [&](core::ValueId value) {
                  return value != core::no_value && wanted[value];
                });
    if (!needed[i]) continue;
    for (const core::ValueId input : node.inputs) {
      if (input != core::no_value) wanted[input] = true;
    }
  }
  return needed;
}

/// Executes the nodes marked, until the observer ends it; a step's index is then its node's.
Result<core::Done> execute_needed(Run& run, const std::vector<bool>& needed,
                                  const StepObserver& observer, const bool& ended) {
  for (std::size_t i = 0; i < needed.size() && !ended; ++i) {
    if (!needed[i]) {
      run.skip_step();
      continue;
    }
    auto done = run.step(i, observer);
    if (!done && !ended) return done;
  }
  return core::Done{};
}

/// What an observer that has seen enough refuses with; never shown.
Result<core::Done> end_run(bool& ended) {
  ended = true;
  return refuse(RefusalCode::limit_exceeded, "", "no further step is needed");
}

/// The first difference between what is recorded and what was recomputed.
Divergence explain(Trace recorded, Trace recomputed) {
  // The comparison believes equal roots; these two are fragments, known to differ.
  recorded.root = core::merkle_root(trace::trace_leaves(recorded));
  recomputed.root = core::merkle_root(trace::trace_leaves(recomputed));
  auto found = trace::find_divergence(recorded, recomputed);
  ISOTRACE_CHECK(found.has_value());
  return *std::move(found);
}

Trace fragment(const trace::StepRecord& step) {
  Trace trace;
  trace.steps.push_back(step);
  return trace;
}

std::string describe(const Divergence& divergence) {
  switch (divergence.kind) {
    case Divergence::Kind::semantics: return "the semantics differ";
    case Divergence::Kind::input: return "input " + divergence.tensor + " has another value";
    case Divergence::Kind::outputs: return "output " + divergence.tensor + " differs";
    default: break;
  }
  const std::string step =
      "step " + std::to_string(divergence.step) + " (" + divergence.operation + "): ";
  switch (divergence.kind) {
    case Divergence::Kind::operation: return step + "another operation or other attributes";
    case Divergence::Kind::length: return step + "the number of steps differs";
    default: return step + divergence.tensor + " differs";
  }
}

/// One replay: the recorded trace and what has been recomputed of it.
class Replay {
 public:
  Replay(const Trace& trace, const core::Program& program, backends::Backend& backend,
         const ReplayOptions& options)
      : trace_(trace),
        program_(program),
        options_(options),
        run_(program, backend, options.limits) {}

  Result<ReplayResult> judge(std::span<const NamedTensor> inputs) {
    ISOTRACE_TRY_DONE(trace::check_not_foreign(trace_.identity));
    if (trace_.identity.semantics != core::semantics_id || trace_.identity.machine) {
      return refuse(RefusalCode::trace_semantics_unknown, "trace", trace_.identity.semantics);
    }
    ISOTRACE_TRY(const Window window, make_window(trace_, program_, options_));
    const core::ProgramIdentity known = core::identify_program(program_);
    run_.know_constants(known);
    again_.identity = {std::string(core::semantics_id), known.digest, {}, trace_.identity.seed};
    if (again_.identity.program != trace_.identity.program) {
      result_.verdict = Verdict::reject("the trace is of another program");
      return std::move(result_);
    }
    run_.keep_remote();
    ISOTRACE_TRY_DONE(run_.bind(inputs));
    again_.identity.inputs = record_inputs(program_, run_);
    if (identity_digest(again_.identity) != identity_digest(trace_.identity)) {
      Trace recorded;
      recorded.identity = trace_.identity;
      reject(explain(std::move(recorded), again_));
      return std::move(result_);
    }
    ISOTRACE_TRY(const bool agreed, judge_steps(window));
    if (!agreed) return std::move(result_);
    if (window.whole) return judge_whole();
    result_.verdict = Verdict::accept();
    return std::move(result_);
  }

 private:
  /// False after the first step that differs.
  Result<bool> judge_steps(const Window& window) {
    bool ended = false;
    bool agreed = true;
    StepRecorder recorder(run_, options_.hash_threads,
                          [&](const trace::StepRecord& step, std::span<const ValuePtr>) {
                            agreed = judge_step(step);
                            return agreed ? core::Done{} : end_run(ended);
                          });
    const StepObserver observer = [&](const StepView& step) -> Result<core::Done> {
      if (step.index < window.from) return core::Done{};
      if (step.index >= window.end && !window.whole) return end_run(ended);
      if (step.index < trace_.steps.size()) return recorder.add(step);
      ISOTRACE_TRY_DONE(recorder.finish());
      agreed = false;
      reject_length(step.index, step.node.op);
      return end_run(ended);
    };
    auto executed = execute_needed(run_, find_needed(program_, window), observer, ended);
    // A step that differs comes before whatever refused the run.
    if (!recorder.finish() || !agreed) return false;
    if (!executed) return tl::make_unexpected(std::move(executed).error());
    if (!ended && run_.steps() < window.end) {
      reject_length(run_.steps(), trace_.steps[run_.steps()].op);
      return false;
    }
    return true;
  }

  bool judge_step(const trace::StepRecord& step) {
    again_.steps.push_back(step);
    ++result_.steps;
    const trace::StepRecord& recorded = trace_.steps[step.index];
    if (step_digest(recorded) == step_digest(step)) return true;
    reject(explain(fragment(recorded), fragment(step)));
    return false;
  }

  /// One of trace and execution ends before this step.
  void reject_length(std::uint64_t step, core::Op op) {
    Divergence divergence{.kind = Divergence::Kind::length,
                          .operation = std::string(core::op_info(op).name),
                          .tensor = {},
                          .a = {},
                          .b = {}};
    divergence.step = step;
    reject(std::move(divergence));
  }

  /// All steps agree: the outputs and the root remain.
  Result<ReplayResult> judge_whole() {
    again_.outputs = record_outputs(program_, run_);
    result_.root = core::merkle_root(trace::trace_leaves(again_));
    if (outputs_digest(again_.outputs) != outputs_digest(trace_.outputs)) {
      Trace recorded;
      recorded.outputs = trace_.outputs;
      Trace recomputed;
      recomputed.outputs = again_.outputs;
      reject(explain(std::move(recorded), std::move(recomputed)));
    } else if (result_.root != trace_.root) {
      result_.verdict = Verdict::reject("the trace's root does not cover its steps");
    } else {
      result_.verdict = Verdict::accept();
    }
    return std::move(result_);
  }

  void reject(Divergence divergence) {
    result_.verdict = Verdict::reject(describe(divergence));
    result_.divergence = std::move(divergence);
  }

  const Trace& trace_;
  const core::Program& program_;
  const ReplayOptions& options_;
  Run run_;
  Trace again_;
  ReplayResult result_{};
};

}  // namespace

Result<ReplayResult> replay(const Trace& trace, const core::Program& program,
                            std::span<const NamedTensor> inputs, backends::Backend& backend,
                            const ReplayOptions& options) {
  return Replay(trace, program, backend, options).judge(inputs);
}

Result<EmbeddedRun> embedded_run(const Trace& trace) {
  if (trace.identity.machine) {
    return refuse(RefusalCode::trace_semantics_unknown, "trace", trace.identity.semantics);
  }
  if (trace.program.empty()) return refuse(RefusalCode::trace_without_program, "trace", "program");
  EmbeddedRun run;
  ISOTRACE_TRY(run.program, core::parse_program(trace.program));
  if (core::program_digest(run.program) != trace.identity.program) {
    return refuse(RefusalCode::trace_digest_mismatch, "trace", "program");
  }
  for (const trace::NamedRecord& input : trace.identity.inputs) {
    const core::Tensor* content = trace.find_content(input.tensor.digest);
    if (content == nullptr) {
      return refuse(RefusalCode::trace_without_program, "trace", "input " + input.name);
    }
    run.inputs.push_back({input.name, *content});
  }
  return run;
}

Result<StepTensors> recompute_step(const EmbeddedRun& run, backends::Backend& backend,
                                   std::uint64_t step, const ExecuteLimits& limits) {
  const auto unknown = [step] {
    return refuse(RefusalCode::trace_step_unknown, "step " + std::to_string(step));
  };
  if (!has_control(run.program) && step >= run.program.nodes.size()) return unknown();
  StepTensors tensors{};
  bool ended = false;
  const StepObserver observer = [&](const StepView& view) -> Result<core::Done> {
    if (view.index != step) return core::Done{};
    tensors.node = view.node;
    for (const auto& operand : view.operands) {
      if (!operand) {
        tensors.operands.emplace_back(std::nullopt);
        continue;
      }
      ISOTRACE_TRY(core::Tensor copy, copy_tensor(*operand));
      tensors.operands.emplace_back(std::move(copy));
    }
    for (const core::TensorView& result : view.results) {
      ISOTRACE_TRY(core::Tensor copy, copy_tensor(result));
      tensors.results.push_back(std::move(copy));
    }
    return end_run(ended);
  };
  Run execution(run.program, backend, limits);
  ISOTRACE_TRY_DONE(execution.bind(run.inputs));
  const Window window{step, step + 1, false};
  ISOTRACE_TRY_DONE(execute_needed(execution, find_needed(run.program, window), observer, ended));
  if (!ended) return unknown();
  return tensors;
}

}  // namespace isotrace::executor
