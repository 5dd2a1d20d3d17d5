#include <isotrace/referee/agreed_values.hpp>

#include <algorithm>

namespace isotrace::referee {

using trace::StepRecord;
using trace::TensorRecord;

bool AgreedValues::fetch_graph() {
  const auto bytes = fetch_evidence(
      hearing_, {.kind = Evidence::Kind::graph},
      [&](core::ByteView graph) { return core::sha256(graph) == hearing_.identity().program; },
      "the program's graph");
  if (!bytes) return false;
  auto graph = core::parse_program_graph(*bytes);
  if (!graph) {
    hearing_.leave_undecided("what both call their program is none: " +
                             core::describe(graph.error()));
    return false;
  }
  graph_ = *std::move(graph);
  const auto& inputs = hearing_.identity().inputs;
  const bool bound = std::ranges::equal(inputs, graph_.program.inputs, {},
                                        &trace::NamedRecord::name, &core::ProgramInput::name);
  if (!bound) hearing_.leave_undecided("both state inputs that the program does not have");
  if (bound) find_makers();
  return bound;
}

/// By value: which result of which node it is.
void AgreedValues::find_makers() {
  for (std::size_t i = 0; i < graph_.program.nodes.size(); ++i) {
    const auto& outputs = graph_.program.nodes[i].outputs;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k] != core::no_value) makers_.emplace_back(i, k);
    }
  }
}

bool AgreedValues::know(std::span<const core::ValueId> values) {
  std::vector<std::uint64_t> leaves;
  for (const core::ValueId value : values) {
    if (value == core::no_value || value < first_result()) continue;
    const std::uint64_t maker = makers_[value - first_result()].first;
    if (!steps_.contains(maker)) leaves.push_back(maker + 1);
  }
  std::ranges::sort(leaves);
  leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
  if (leaves.empty()) return true;
  for (const Side* side : hearing_.sides()) {
    if (side->finding.at_fault()) continue;
    hearing_.ruling.rounds += (leaves.size() - 1) / leaves_asked_max + 1;
    const auto records = open_leaves(*side, leaves);
    if (!records) continue;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (!keep_step(leaves[i] - 1, (*records)[i])) return false;
    }
    return true;
  }
  hearing_.leave_undecided("neither has shown the steps before");
  return false;
}

/// A step on which both agree. If it is not the program's, neither has executed the program.
bool AgreedValues::keep_step(std::uint64_t index, const LeafRecord& record) {
  const core::Node& node = graph_.program.nodes[index];
  const auto* step = std::get_if<StepRecord>(&record);
  if (step != nullptr && step->index == index && step->op == node.op &&
      step->outputs.size() == node.outputs.size()) {
    steps_.emplace(index, *step);
    return true;
  }
  for (const Side* side : hearing_.sides()) {
    side->blame(Standing::wrong,
                "states a step " + std::to_string(index) + " that the program does not have there");
  }
  return false;
}

AgreedValues::Known AgreedValues::find(core::ValueId value) const {
  const std::size_t inputs = graph_.program.inputs.size();
  if (value < inputs) {
    const TensorRecord& record = hearing_.a.identity.inputs[value].tensor;
    return {record.digest, record};
  }
  if (value < first_result()) return {graph_.constants[value - inputs], std::nullopt};
  const auto [maker, result] = makers_[value - first_result()];
  const TensorRecord& record = steps_.at(maker).outputs[result];
  return {record.digest, record};
}

}  // namespace isotrace::referee
