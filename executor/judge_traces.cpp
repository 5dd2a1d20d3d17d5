#include <isotrace/executor/judge_traces.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::executor {
namespace {

using core::Digest;
using core::Result;
using core::Tensor;
using core::TensorView;
using trace::StepRecord;
using trace::TensorRecord;

/// Values of b by digest.
class Contents {
 public:
  Contents(const TracePair& pair, const ExecuteLimits& limits) : pair_(pair), limits_(limits) {}

  /// Computes again what the traces do not hold and a canonical run does not give.
  Result<core::Done> compute_missing() {
    std::set<Digest> canonical;
    for (const StepRecord& step : pair_.a.steps) {
      for (const TensorRecord& output : step.outputs) canonical.insert(output.digest);
    }
    std::set<Digest> missing;
    for (const StepRecord& step : pair_.b.steps) {
      for (const TensorRecord& output : step.outputs) {
        if (!canonical.contains(output.digest) && find(output.digest) == nullptr) {
          missing.insert(output.digest);
        }
      }
    }
    if (missing.empty() || pair_.maker == nullptr) return core::Done{};
    const auto keep = [&](const StepView& step) { return keep_results(step, missing); };
    ISOTRACE_TRY_DONE(execute(pair_.run.program, pair_.run.inputs, *pair_.maker, keep, limits_));
    return core::Done{};
  }

  [[nodiscard]] const Tensor* find(const Digest& digest) const {
    for (const trace::Trace* trace : {&pair_.b, &pair_.a}) {
      if (const Tensor* stored = trace->find_content(digest)) return stored;
    }
    const auto found = computed_.find(digest);
    return found == computed_.end() ? nullptr : &found->second;
  }

 private:
  Result<core::Done> keep_results(const StepView& step, const std::set<Digest>& missing) {
    for (const TensorView& result : step.results) {
      const Digest digest = core::tensor_digest(result);
      if (!missing.contains(digest) || computed_.contains(digest)) continue;
      bytes_ += result.bytes().size();
      if (bytes_ > limits_.bytes_max) {
        return core::refuse(core::RefusalCode::limit_exceeded, "results computed again",
                            "more than " + std::to_string(limits_.bytes_max) + " bytes");
      }
      ISOTRACE_TRY(Tensor copy, Tensor::from_bytes(result.dtype(),
                                                   {result.shape().begin(), result.shape().end()},
                                                   result.bytes()));
      computed_.emplace(digest, std::move(copy));
    }
    return core::Done{};
  }

  const TracePair& pair_;
  const ExecuteLimits& limits_;
  std::map<Digest, Tensor> computed_;
  std::uint64_t bytes_ = 0;
};

/// Follows a canonical run of the program and judges b's step beside each of its steps.
class Judge {
 public:
  Judge(const TracePair& pair, backends::Backend& backend,
        const std::optional<BoundOptions>& bounds, const JudgementSink& sink,
        const ExecuteLimits& limits)
      : pair_(pair), backend_(backend), bounds_(bounds), sink_(sink), contents_(pair, limits) {}

  Result<std::optional<TraceMismatch>> run(const ExecuteLimits& limits) {
    ISOTRACE_TRY_DONE(contents_.compute_missing());
    const auto done = execute(
        pair_.run.program, pair_.run.inputs, backend_,
        [this](const StepView& step) { return judge_step(step); }, limits);
    if (mismatch_) return mismatch_;
    if (!done) return tl::make_unexpected(done.error());
    if (pair_.b.steps.size() != steps_) {
      return TraceMismatch{steps_, "b has a step more"};
    }
    if (pair_.a.steps.size() != steps_) {
      return TraceMismatch{steps_, "a is not canonical: it has a step more"};
    }
    return std::nullopt;
  }

 private:
  /// Ends the run.
  Result<core::Done> stop(const StepView& step, std::string what) {
    mismatch_ = TraceMismatch{step.index, std::move(what)};
    return core::refuse(core::RefusalCode::trace_digest_mismatch, mismatch_->what);
  }

  static bool is_execution_of(const StepRecord& record, const StepView& step) {
    if (record.op != step.node.op || record.inputs.size() != step.operands.size() ||
        record.outputs.size() != step.results.size() ||
        record.attributes != core::attribute_digest(step.node)) {
      return false;
    }
    for (std::size_t i = 0; i < record.inputs.size(); ++i) {
      if (record.inputs[i].has_value() != step.operands[i].has_value()) return false;
    }
    return true;
  }

  static bool is_canonical(const StepRecord& record, const StepView& step) {
    return is_execution_of(record, step) &&
           std::ranges::equal(record.outputs, step.results, {}, &TensorRecord::digest,
                              core::tensor_digest);
  }

  Result<core::Done> judge_step(const StepView& step) {
    ++steps_;
    if (step.index >= pair_.a.steps.size() || !is_canonical(pair_.a.steps[step.index], step)) {
      return stop(step, "a is not canonical");
    }
    if (step.index >= pair_.b.steps.size()) return stop(step, "b ends");
    const StepRecord& record = pair_.b.steps[step.index];
    if (!is_execution_of(record, step)) return stop(step, "b executes another operation");
    ISOTRACE_TRY(const auto operands, find_operands(step, record));
    for (const TensorRecord& output : record.outputs) made_.insert(output.digest);
    for (std::size_t i = 0; i < record.outputs.size(); ++i) note_value(step, i, record);
    if (core::op_info(step.node.op).control) return core::Done{};
    if (!operands) return judge_on(step, step, record);
    if (!fits(step.node, *operands))
      return stop(step, "the operands of b do not fit the operation");
    ISOTRACE_TRY(const std::vector<Tensor> results, backend_.run(step.node, *operands));
    const std::vector<TensorView> views(results.begin(), results.end());
    return judge_on(step, {step.index, step.path, step.node, *operands, views, {}, {}}, record);
  }

  using Views = std::vector<std::optional<TensorView>>;

  /// Whether operands that only b vouches for have types and shapes that the operation takes.
  static bool fits(const core::Node& node, const Views& operands) {
    std::vector<std::optional<ValueInfo>> infos;
    for (const auto& operand : operands) {
      infos.push_back(operand ? std::optional(info_of(*operand)) : std::nullopt);
    }
    return infer_node(node, infos).has_value();
  }

  /// b's operands where they are not the canonical run's; nothing where they are.
  Result<std::optional<Views>> find_operands(const StepView& step, const StepRecord& record) {
    Views views(step.operands.begin(), step.operands.end());
    bool other = false;
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (!views[i] || pair_.a.steps[step.index].inputs[i] == record.inputs[i]) continue;
      const Digest& digest = record.inputs[i]->digest;
      if (!comes_from_there(step, i, digest)) {
        ISOTRACE_TRY_DONE(stop(step, "input " + std::to_string(i) + " of b comes from elsewhere"));
      }
      ISOTRACE_TRY(views[i], find_content(step, "input", i, digest));
      other = true;
    }
    if (!other) return std::nullopt;
    return std::optional(std::move(views));
  }

  /// Whether b made the operand: at the node that the program says, as far as that is known.
  bool comes_from_there(const StepView& step, std::size_t operand, const Digest& digest) const {
    if (!step.path.empty()) return made_.contains(digest);
    const auto found = values_.find(step.node.inputs[operand]);
    return found != values_.end() && found->second == digest;
  }

  void note_value(const StepView& step, std::size_t result, const StepRecord& record) {
    if (step.path.empty() && result < step.node.outputs.size()) {
      values_[step.node.outputs[result]] = record.outputs[result].digest;
    }
  }

  Result<TensorView> find_content(const StepView& step, const char* what, std::size_t number,
                                  const Digest& digest) const {
    if (const Tensor* found = contents_.find(digest)) return found->view();
    return core::refuse(
        core::RefusalCode::trace_without_program,
        "step " + std::to_string(step.index) + ", " + what + " " + std::to_string(number),
        "contents that differ are neither stored (--keep all) nor found again");
  }

  /// `step` is the canonical one, `on` the same on b's operands.
  Result<core::Done> judge_on(const StepView& step, const StepView& on, const StepRecord& record) {
    StepJudgement judged = {on, {}, {}, {}, {}};
    if (is_foreign(pair_.b.identity) &&
        std::ranges::binary_search(pair_.b.fallback_steps, step.index)) {
      judged.not_run = core::Refusal{core::RefusalCode::foreign_step_failed, "",
                                     "the reference did it in the engine's place"};
      return sink_(judged);
    }
    for (std::size_t i = 0; i < record.outputs.size(); ++i) {
      judged.foreign.emplace_back();
      if (core::tensor_digest(on.results[i]) == record.outputs[i].digest) continue;
      ISOTRACE_TRY(const TensorView found,
                   find_content(step, "output", i, record.outputs[i].digest));
      ISOTRACE_TRY(judged.foreign.back(),
                   Tensor::from_bytes(found.dtype(), {found.shape().begin(), found.shape().end()},
                                      found.bytes()));
    }
    judge_results(judged, bounds_);
    return sink_(judged);
  }

  const TracePair& pair_;
  backends::Backend& backend_;
  const std::optional<BoundOptions>& bounds_;
  const JudgementSink& sink_;
  Contents contents_;
  std::uint64_t steps_ = 0;
  std::set<Digest> made_;                   ///< by all steps of b so far
  std::map<core::ValueId, Digest> values_;  ///< of b, outside of programs inside
  std::optional<TraceMismatch> mismatch_;
};

bool are_runs_of_one_program(const TracePair& pair) {
  trace::TraceIdentity b = pair.b.identity;
  // What rounds elsewhere is what is judged here.
  if (is_foreign(b)) b.semantics = pair.a.identity.semantics;
  return identity_digest(pair.a.identity) == identity_digest(b) &&
         core::program_digest(pair.run.program) == pair.a.identity.program;
}

}  // namespace

Result<std::optional<TraceMismatch>> judge_traces(const TracePair& pair, backends::Backend& backend,
                                                  const std::optional<BoundOptions>& bounds,
                                                  const JudgementSink& sink,
                                                  const ExecuteLimits& limits) {
  ISOTRACE_TRY_DONE(trace::check_not_foreign(pair.a.identity));
  if (!are_runs_of_one_program(pair)) {
    return core::refuse(core::RefusalCode::trace_digest_mismatch, "bounds",
                        "the traces are of other programs, inputs or seeds");
  }
  return Judge(pair, backend, bounds, sink, limits).run(limits);
}

}  // namespace isotrace::executor
