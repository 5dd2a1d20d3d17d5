#include <isotrace/trace/compare.hpp>

#include <algorithm>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/bisect.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::trace {
namespace {

using Kind = Divergence::Kind;

std::optional<TensorRecord> tensor_at(const std::vector<NamedRecord>& records, std::size_t i) {
  return i < records.size() ? std::optional(records[i].tensor) : std::nullopt;
}

/// The first of two lists' records that differ in name or value.
std::optional<Divergence> find_named(Kind kind, const std::vector<NamedRecord>& a,
                                     const std::vector<NamedRecord>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const bool both = i < a.size() && i < b.size();
    if (both && a[i].name == b[i].name && a[i].tensor == b[i].tensor) continue;
    Divergence found{.kind = kind, .operation = {}, .tensor = {}, .a = {}, .b = {}};
    found.tensor = i < a.size() ? a[i].name : b[i].name;
    found.operand = i;
    found.a = tensor_at(a, i);
    found.b = tensor_at(b, i);
    return found;
  }
  return std::nullopt;
}

Divergence at_step(Kind kind, const StepRecord& step) {
  Divergence found{.kind = kind, .operation = {}, .tensor = {}, .a = {}, .b = {}};
  found.step = step.index;
  found.operation = std::string(core::op_info(step.op).name);
  return found;
}

/// What differs first inside two steps whose digests differ.
Divergence classify(const StepRecord& a, const StepRecord& b) {
  if (a.op != b.op || a.attributes != b.attributes || a.inputs.size() != b.inputs.size() ||
      a.outputs.size() != b.outputs.size()) {
    return at_step(Kind::operation, a);
  }
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    if (a.inputs[i] == b.inputs[i]) continue;
    Divergence found = at_step(Kind::operand, a);
    found.tensor = "input " + std::to_string(i);
    found.operand = i;
    found.a = a.inputs[i];
    found.b = b.inputs[i];
    return found;
  }
  const auto differ = std::mismatch(a.outputs.begin(), a.outputs.end(), b.outputs.begin());
  ISOTRACE_CHECK(differ.first != a.outputs.end(), a.index, b.index);
  Divergence found = at_step(Kind::result, a);
  found.operand = static_cast<std::size_t>(differ.first - a.outputs.begin());
  found.tensor = "output " + std::to_string(found.operand);
  found.a = *differ.first;
  found.b = *differ.second;
  return found;
}

/// Of a trace that was not read but made.
SubtreeRoots make_tree(const Trace& trace) { return SubtreeRoots(trace_leaves(trace)); }

std::optional<Divergence> find_step(const Trace& a, const Trace& b) {
  const bool read = a.tree.leaves() == a.steps.size() + 2 && b.tree.leaves() == b.steps.size() + 2;
  // Leaf 0 is the identity, then come the steps.
  const std::uint64_t leaf = read ? find_first_difference(a.tree, b.tree, 1).leaf
                                  : find_first_difference(make_tree(a), make_tree(b), 1).leaf;
  const std::uint64_t step = leaf - 1;
  std::optional<Divergence> found;
  if (step < std::min(a.steps.size(), b.steps.size())) {
    found = make_step_divergence(a.steps[step], b.steps[step]);
  } else if (a.steps.size() != b.steps.size()) {
    const auto& longer = a.steps.size() > b.steps.size() ? a.steps : b.steps;
    found = make_length_divergence(longer[step]);
  }
  if (found && step > 0) found->agreed = a.steps[step - 1];
  return found;
}

Divergence plain(Kind kind) {
  return {.kind = kind, .operation = {}, .tensor = {}, .a = {}, .b = {}};
}

}  // namespace

Divergence make_step_divergence(StepRecord a, StepRecord b) {
  Divergence found = classify(a, b);
  found.step_a = std::move(a);
  found.step_b = std::move(b);
  return found;
}

Divergence make_length_divergence(const StepRecord& longer) {
  return at_step(Kind::length, longer);
}

std::optional<Divergence> find_identity_difference(const TraceIdentity& a, const TraceIdentity& b) {
  const bool same = a.semantics == b.semantics || is_foreign(a) || is_foreign(b);
  if (!same || a.machine || b.machine) return plain(Kind::semantics);
  if (a.seed != b.seed) return plain(Kind::seed);
  return find_named(Kind::input, a.inputs, b.inputs);
}

std::optional<Divergence> find_divergence(const Trace& a, const Trace& b) {
  if (a.root == b.root) return std::nullopt;
  if (auto found = find_identity_difference(a.identity, b.identity)) return found;
  if (auto found = find_step(a, b)) return found;
  if (auto found = find_named(Kind::outputs, a.outputs, b.outputs)) return found;
  if (a.identity.program != b.identity.program) return plain(Kind::program);
  ISOTRACE_CHECK(a.identity.semantics != b.identity.semantics, a.root.hex(), b.root.hex());
  return plain(Kind::semantics);
}

}  // namespace isotrace::trace
