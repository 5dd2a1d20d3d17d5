#include <isotrace/proofs/search/children.hpp>

#include <cmath>
#include <utility>

#include <isotrace/core/check.hpp>
#include <isotrace/proofs/search/clipping.hpp>

namespace isotrace::proofs::search {
namespace {

/// The sign split of a ReLU element by its number.
SignSplit find_element(const Network& network, std::uint32_t element) {
  std::size_t left = element;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    const auto& order = network.layers[k].relu_order;
    if (!network.layers[k].activated) continue;
    if (left < order.size()) return {element, k, order[left], 1, 0};
    left -= order.size();
  }
  ISOTRACE_CHECK(false, element);
  return {};
}

/// Nodes in preorder with the numbers of their children; `node` becomes its number among them.
std::vector<TreeNode> with_children(const CaseProof& proof, std::size_t& node) {
  std::vector<TreeNode> tree;
  std::vector<std::size_t> awaiting;  // splits whose upper child is still to come
  std::vector<ProofNode> named;
  const std::size_t wanted = node;
  for (std::size_t at = 0; at < proof.nodes.size(); ++at) {
    if (proof.nodes[at].kind == ProofNode::Kind::bound) {
      named.push_back(proof.nodes[at]);
      continue;
    }
    const std::size_t i = tree.size();
    if (at == wanted) node = i;
    tree.push_back({proof.nodes[at], std::exchange(named, {})});
    if (tree[i].node.kind != ProofNode::Kind::leaf) {
      tree[i].lower_child = i + 1;
      awaiting.push_back(i);
    } else if (!awaiting.empty()) {
      tree[awaiting.back()].upper_child = i + 1;
      awaiting.pop_back();
    }
  }
  return tree;
}

}  // namespace

Children cut(const Network& network, const OpenBox& parent, std::shared_ptr<const Bounds> bounds,
             const Split& split) {
  OpenBox lower{parent.box, std::move(bounds), parent.signs, parent.slopes, 0, parent.depth + 1};
  OpenBox upper = lower;
  // Where inputs are binary32 numbers, x >= at without x == at begins at the next one.
  double& last = lower.box.upper[split.dimension];
  double& first = upper.box.lower[split.dimension];
  const float below = float_below(split.at);
  last = network.real ? split.at : double{below};
  first = network.real ? split.at : double{std::nextafter(below, HUGE_VALF)};
  if (network.find_whole(split.dimension) != nullptr) {
    last = std::floor(split.at);
    first = last + 1;
  }
  return {std::move(lower), std::move(upper)};
}

Children cut(const OpenBox& parent, const std::shared_ptr<const Bounds>& bounds,
             const SignSplit& split) {
  const auto child = [&](double sign) {
    auto known = std::make_shared<Bounds>(*bounds);
    (sign > 0 ? known->lower : known->upper)[split.layer][split.neuron] = 0;
    OpenBox made{parent.box, std::move(known), parent.signs, parent.slopes, 0, parent.depth + 1};
    made.signs.push_back(split);
    made.signs.back().sign = sign;
    // What the sign says of its own layer touches only later ones.
    made.settled = split.layer + 1;
    return made;
  };
  return {child(-1), child(1)};
}

CaseState reopen_leaf(const Network& network, const Kernels& kernels, const Problem& problem,
                      const CaseProof& proof, std::size_t node, double margin) {
  CaseState state;
  state.tree = with_children(proof, node);
  Relaxation relaxation(network, kernels);
  OpenBox at{problem.box, std::make_shared<const Bounds>(unknown_bounds(network)), {}, {}, 0, 0};
  InnerRows inner;
  for (std::size_t i = 0; i != node;) {
    const TreeNode& parent = state.tree[i];
    auto bounds = std::make_shared<Bounds>(*at.inherited);
    const bool refines = state.tree[0].named.empty();
    if (refines) {
      relaxation.tighten(*bounds, at.box, at.settled);
    } else if (i == 0) {  // as it was then
      relaxation.tighten(*bounds, at.box);
      (void)relaxation.tighten_named(*bounds, at.box, inner);
    } else {
      (void)relaxation.tighten_below(*bounds, at.box, at.settled, inner);
    }
    if (parent.node.kind == ProofNode::Kind::clipped_split) {
      const auto rest = clip_again(network, problem, relaxation, parent.node.multipliers, margin);
      if (rest) at.box = *rest;
    }
    Children children =
        parent.node.has_cut()
            ? cut(network, at, std::move(bounds), {parent.node.dimension, parent.node.at})
            : cut(at, bounds, find_element(network, parent.node.dimension));
    // In preorder, what stands from the upper child on is not below the lower one.
    const bool goes_up = node >= parent.upper_child;
    at = std::move(goes_up ? children.upper : children.lower);
    i = goes_up ? parent.upper_child : parent.lower_child;
  }
  const std::vector<double>& multipliers = state.tree[node].node.multipliers;
  const std::size_t rows = problem.rows.size();
  for (std::size_t s = 0; s < at.signs.size() && rows + s < multipliers.size(); ++s) {
    at.signs[s].weight = multipliers[rows + s];
  }
  state.tree[node].node = {};
  state.tree[node].named.clear();  // a root finds its own again
  at.tree_node = node;
  state.open.push_back(std::move(at));
  return state;
}

}  // namespace isotrace::proofs::search
