#include <isotrace/executor/chains.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/executor/run.hpp>
#include <isotrace/executor/work.hpp>

namespace isotrace::executor {
namespace {

using core::no_value;
using core::ValueId;

constexpr std::uint64_t work_most = std::numeric_limits<std::uint64_t>::max();

/// How often each value is read, as an operand or as an output.
std::vector<std::size_t> count_uses(const core::Program& program) {
  std::vector<std::size_t> uses(program.value_count());
  for (const core::Node& node : program.nodes) {
    for (const ValueId input : node.inputs) {
      if (input != no_value) ++uses[input];
    }
  }
  for (const core::ProgramOutput& output : program.outputs) ++uses[output.value];
  return uses;
}

/// Which operand of `node` is the one result of `before`; all operands' count if none is.
std::size_t find_chained(const core::Node& before, const core::Node& node) {
  const auto at = std::find(node.inputs.begin(), node.inputs.end(), before.outputs.front());
  return static_cast<std::size_t>(at - node.inputs.begin());
}

/// A node of a chain as the backend and the inference of shapes take it.
struct Link {
  const core::Node& node;
  std::vector<std::optional<core::TensorView>> operands;
  std::size_t chained;
};

/// Types and shapes; no step of a chain has a result whose shape depends on elements.
std::optional<ValueInfo> outline_of(const std::optional<core::TensorView>& operand) {
  if (!operand) return std::nullopt;
  return ValueInfo{operand->dtype(), core::Shape(operand->shape().begin(), operand->shape().end()),
                   std::nullopt};
}

bool is_outline(const std::optional<ValueInfo>& info,
                const std::optional<core::TensorView>& operand) {
  if (!info || !operand) return info.has_value() == operand.has_value();
  return info->dtype == operand->dtype() && std::ranges::equal(*info->shape, operand->shape());
}

/// Whether the cost was found for operands of these types and shapes.
bool is_cost_of(const KnownCost& known, std::span<const Link> chain) {
  auto info = known.operands.begin();
  for (const Link& link : chain) {
    for (const auto& operand : link.operands) {
      if (!is_outline(*info++, operand)) return false;
    }
  }
  return true;
}

core::Result<ChainCost> find_cost(std::span<const Link> chain) {
  ChainCost cost;
  std::optional<ValueInfo> before;
  for (const Link& link : chain) {
    std::vector<std::optional<ValueInfo>> infos;
    for (const auto& operand : link.operands) infos.push_back(outline_of(operand));
    if (before) infos[link.chained] = before;
    ISOTRACE_TRY(const std::vector<ValueInfo> results, infer_node(link.node, infos));
    if (!results.front().shape) return core::refuse(core::RefusalCode::shape_mismatch, "result");
    ISOTRACE_TRY(const std::uint64_t bytes, value_bytes(results.front()));
    cost.bytes += bytes;
    const std::uint64_t work = estimate_work(link.node, infos, results);
    cost.work = work > work_most - cost.work ? work_most : cost.work + work;
    before = results.front();
  }
  cost.result = before->shape.value_or(core::Shape{});
  return cost;
}

/// The cost as it is known, or found and known from now on; nullptr if a step would be refused.
const ChainCost* know_cost(std::optional<KnownCost>& known, std::span<const Link> chain) {
  if (known && is_cost_of(*known, chain)) return &known->cost;
  auto cost = find_cost(chain);
  if (!cost) return nullptr;
  known.emplace();
  known->cost = *std::move(cost);
  for (const Link& link : chain) {
    for (const auto& operand : link.operands) known->operands.push_back(outline_of(operand));
  }
  return &known->cost;
}

}  // namespace

std::vector<std::size_t> find_chains(const core::Program& program,
                                     const backends::Backend& backend) {
  const std::vector<std::size_t> uses = count_uses(program);
  const std::span<const core::Node> nodes = program.nodes;
  const auto leads_on = [&](std::size_t i) {
    if (i + 1 >= nodes.size() || nodes[i].outputs.size() != 1) return false;
    const ValueId result = nodes[i].outputs.front();
    return result != no_value && uses[result] == 1 &&
           find_chained(nodes[i], nodes[i + 1]) < nodes[i + 1].inputs.size();
  };
  std::vector<std::size_t> lengths(nodes.size(), 1);
  for (std::size_t i = 0; i < nodes.size(); i += lengths[i]) {
    std::size_t end = i;
    while (leads_on(end)) ++end;
    if (end > i) lengths[i] = backend.chain_length(nodes.subspan(i, end + 1 - i));
  }
  return lengths;
}

std::size_t Run::run_chain(std::size_t index) {
  const std::size_t length = plan_.chains[index];
  if (length == 1) return 0;
  std::vector<Link> links;
  for (std::size_t i = index; i < index + length; ++i) {
    const core::Node& node = program_.nodes[i];
    Link link{node, {}, i == index ? 0 : find_chained(program_.nodes[i - 1], node)};
    for (const ValueId input : node.inputs) {
      const bool known = input != no_value && values_[input];
      if (known && !values_[input]->fetch()) return 0;
      link.operands.push_back(known ? std::optional(values_[input]->view()) : std::nullopt);
    }
    links.push_back(std::move(link));
  }
  // Where a limit is near or a step would be refused, the steps run one by one and say so.
  const ChainCost* cost = know_cost(plan_.costs[index], links);
  if (!cost || !spending_.check_bytes(cost->bytes) || !spending_.spend_work(cost->work)) return 0;
  std::vector<backends::ChainStep> steps;
  for (const Link& link : links) steps.push_back({link.node, link.operands, link.chained});
  std::optional<core::Tensor> result = spending_.backend.run_chain(steps);
  if (!result) {
    spending_.work -= cost->work;
    return 0;
  }
  ISOTRACE_CHECK(result->shape() == cost->result, core::shape_text(result->shape()), index);
  values_[links.back().node.outputs.front()] = RunValue::own(*std::move(result), spending_);
  spending_.steps += length;
  for (std::size_t i = index; i < index + length; ++i) drop_read(i);
  return length;
}

}  // namespace isotrace::executor
