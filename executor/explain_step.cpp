#include <isotrace/executor/explain_step.hpp>

#include <algorithm>

namespace isotrace::executor {
namespace {

using core::Digest;
using core::Tensor;
using trace::Divergence;
using trace::StepRecord;

/// What one run did at the step, and contents by digest: stored in its trace, or computed again.
class Witness {
 public:
  Witness(const ComparedRun& run, std::uint64_t step, backends::Backend& reference)
      : run_(run), step_(step), reference_(reference) {}

  std::optional<Tensor> find(const Digest& digest) {
    if (const Tensor* stored = run_.trace.find_content(digest)) return *stored;
    if (auto found = find_input(digest)) return found;
    for (backends::Backend* backend : {run_.backend, &reference_}) {
      if (backend == nullptr || run_.run == nullptr) continue;
      if (auto found = find_among(recompute(*backend), digest)) return found;
    }
    return std::nullopt;
  }

  /// What the step executed, if that fits its record.
  std::optional<core::Node> find_node(const StepRecord& record) {
    if (run_.run == nullptr) return std::nullopt;
    const auto& nodes = run_.run->program.nodes;
    // Without programs inside, steps are nodes.
    if (std::ranges::none_of(nodes, is_control) && step_ < nodes.size()) {
      return check(nodes[step_], record);
    }
    const StepTensors* step = recompute(reference_);
    if (step == nullptr) return std::nullopt;
    return check(step->node, record);
  }

 private:
  struct Recomputed {
    backends::Backend* backend;
    std::optional<StepTensors> step;
  };

  static bool is_control(const core::Node& node) { return core::op_info(node.op).control; }

  static std::optional<core::Node> check(const core::Node& node, const StepRecord& record) {
    if (node.op != record.op || core::attribute_digest(node) != record.attributes) {
      return std::nullopt;
    }
    return node;
  }

  std::optional<Tensor> find_input(const Digest& digest) const {
    if (run_.run == nullptr) return std::nullopt;
    for (const NamedTensor& input : run_.run->inputs) {
      if (core::tensor_digest(input.value) == digest) return input.value;
    }
    return std::nullopt;
  }

  /// Once on each backend; nullptr where that is refused.
  const StepTensors* recompute(backends::Backend& backend) {
    const auto known = std::ranges::find(recomputed_, &backend, &Recomputed::backend);
    if (known != recomputed_.end()) return known->step ? &*known->step : nullptr;
    auto step = recompute_step(*run_.run, backend, step_);
    recomputed_.push_back({&backend, step ? std::optional(*std::move(step)) : std::nullopt});
    return recomputed_.back().step ? &*recomputed_.back().step : nullptr;
  }

  static std::optional<Tensor> find_among(const StepTensors* step, const Digest& digest) {
    if (step == nullptr) return std::nullopt;
    for (const auto& operand : step->operands) {
      if (operand && core::tensor_digest(*operand) == digest) return operand;
    }
    for (const Tensor& result : step->results) {
      if (core::tensor_digest(result) == digest) return result;
    }
    return std::nullopt;
  }

  const ComparedRun& run_;
  std::uint64_t step_;
  backends::Backend& reference_;
  std::vector<Recomputed> recomputed_;
};

void add_difference(StepExplanation& out, std::string place,
                    const std::optional<trace::TensorRecord>& a,
                    const std::optional<trace::TensorRecord>& b, Witness& in_a, Witness& in_b) {
  if (!a || !b || *a == *b) return;
  TensorDifference difference =
      make_difference(std::move(place), in_a.find(a->digest), in_b.find(b->digest));
  difference.a = *a;
  difference.b = *b;
  out.differences.push_back(std::move(difference));
}

template <class Records>
std::optional<trace::TensorRecord> at(const Records& records, std::size_t i) {
  if (i >= records.size()) return std::nullopt;
  return records[i];
}

/// The operands of a step, if the contents of all are known.
std::vector<std::optional<Tensor>> find_operands(const StepRecord& step, Witness& witness) {
  std::vector<std::optional<Tensor>> operands;
  for (const auto& record : step.inputs) {
    operands.emplace_back(record ? witness.find(record->digest) : std::nullopt);
    if (record && !operands.back()) return {};
  }
  return operands;
}

/// The step on the reference; empty where that is refused.
std::vector<Tensor> compute_canonical(const core::Node& node,
                                      const std::vector<std::optional<Tensor>>& operands,
                                      backends::Backend& reference) {
  if (core::op_info(node.op).control) return {};
  std::vector<std::optional<core::TensorView>> views;
  for (const auto& operand : operands) {
    views.push_back(operand ? std::optional(operand->view()) : std::nullopt);
  }
  auto results = reference.run(node, views);
  return results ? *std::move(results) : std::vector<Tensor>{};
}

bool are_results(const std::vector<Tensor>& canonical, const StepRecord& step) {
  return std::ranges::equal(canonical, step.outputs, {}, core::tensor_digest,
                            &trace::TensorRecord::digest);
}

void judge(StepExplanation& out, const StepRecord& a, const StepRecord& b,
           backends::Backend& reference) {
  if (!out.a_node || out.operands.size() != a.inputs.size()) return;
  out.canonical = compute_canonical(*out.a_node, out.operands, reference);
  if (out.canonical.empty()) return;
  out.a_canonical = are_results(out.canonical, a);
  const bool same = a.op == b.op && a.attributes == b.attributes && a.inputs == b.inputs;
  if (same) out.b_canonical = are_results(out.canonical, b);
}

}  // namespace

TensorDifference make_difference(std::string place, std::optional<Tensor> a,
                                 std::optional<Tensor> b) {
  TensorDifference out{std::move(place), {}, {}, std::move(a), std::move(b), {}, {}};
  if (out.a_value) out.a = trace::record_of(*out.a_value);
  if (out.b_value) out.b = trace::record_of(*out.b_value);
  if (!out.a_value || !out.b_value) return out;
  if (out.a.dtype != out.b.dtype || out.a.shape != out.b.shape) return out;
  out.first = trace::find_element_difference(*out.a_value, *out.b_value);
  out.distances = measure_distances(*out.a_value, *out.b_value);
  return out;
}

StepExplanation explain_step(const ComparedRun& a, const ComparedRun& b,
                             const Divergence& divergence, backends::Backend& reference) {
  StepExplanation out;
  Witness in_a(a, divergence.step, reference);
  Witness in_b(b, divergence.step, reference);
  if (divergence.kind == Divergence::Kind::input) {
    add_difference(out, divergence.tensor, divergence.a, divergence.b, in_a, in_b);
  }
  if (!divergence.step_a || !divergence.step_b) return out;
  const StepRecord& step_a = *divergence.step_a;
  const StepRecord& step_b = *divergence.step_b;
  out.a_name = step_a.name;
  out.b_name = step_b.name;
  out.a_node = in_a.find_node(step_a);
  out.b_node = in_b.find_node(step_b);
  for (std::size_t i = 0; i < std::min(step_a.inputs.size(), step_b.inputs.size()); ++i) {
    add_difference(out, "input " + std::to_string(i), step_a.inputs[i], step_b.inputs[i], in_a,
                   in_b);
  }
  for (std::size_t i = 0; i < std::min(step_a.outputs.size(), step_b.outputs.size()); ++i) {
    add_difference(out, "output " + std::to_string(i), at(step_a.outputs, i), at(step_b.outputs, i),
                   in_a, in_b);
  }
  out.operands = find_operands(step_a, in_a);
  judge(out, step_a, step_b, reference);
  return out;
}

}  // namespace isotrace::executor
