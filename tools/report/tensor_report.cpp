#include <isotrace/tools/report/tensor_report.hpp>

#include <isotrace/tools/commands/compare_report.hpp>

namespace isotrace::tools::page {
namespace {

/// Leaf 0 of a trace is its identity; reading it whole has left the tree.
core::Digest digest_of(const trace::Trace& trace, std::size_t step) {
  const core::Digest* leaf = trace.tree.find(0, step + 1);
  return leaf != nullptr ? *leaf : trace::step_digest(trace.steps[step]);
}

PlaceState state_of(const TensorSources& from, std::size_t step) {
  if (from.b == nullptr) return PlaceState::same;
  if (step >= from.b->steps.size()) return PlaceState::lone;
  if (digest_of(from.a, step) == digest_of(*from.b, step)) return PlaceState::same;
  const bool first = from.divergence != nullptr && !from.divergence->operation.empty() &&
                     from.divergence->step == step;
  return first ? PlaceState::first : PlaceState::differs;
}

/// Those of programs inside control flow, too: their steps stand in the trace.
void add_attributes(const core::Program& program, TensorReport& report) {
  for (const core::Node& node : program.nodes) {
    std::string& text = report.attributes[{node.op, core::attribute_digest(node)}];
    if (text.empty())
      text = attributes_json(node).dump(-1, ' ', false, Json::error_handler_t::replace);
    for (const core::Attribute& attribute : node.attributes) {
      const auto* inside = std::get_if<core::SubProgram>(&attribute.value);
      if (inside != nullptr) add_attributes(inside->program(), report);
    }
  }
}

}  // namespace

TensorReport make_tensor_report(const TensorSources& from) {
  TensorReport report{from, find_flow(from.a), {}, 0, {}, {}};
  report.states.reserve(from.a.steps.size());
  for (std::size_t i = 0; i < from.a.steps.size(); ++i) {
    const PlaceState state = state_of(from, i);
    const bool differs = state != PlaceState::same;
    report.states.push_back(state);
    report.differing += differs ? 1 : 0;
    OperationSum& sum = report.operations[std::string(core::op_info(from.a.steps[i].op).name)];
    ++sum.steps;
    sum.differing += differs ? 1 : 0;
    sum.result_bytes += report.flow.steps[i].result_bytes;
    if (from.times != nullptr) sum.nanoseconds += from.times->nanoseconds[i];
  }
  if (from.program != nullptr) add_attributes(*from.program, report);
  return report;
}

}  // namespace isotrace::tools::page
