#include "node_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "executed_sums.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::size_t chunk_elements = std::size_t{1} << 20;

/// How many neurons are substituted together: bounded memory, and rows that share each weight.
std::size_t chunk_size(const Network& network) {
  std::size_t widest = network.inputs;
  for (const Layer& layer : network.layers) widest = std::max(widest, layer.outputs);
  return std::clamp<std::size_t>(chunk_elements / padded(widest), 4, 64);
}

bool is_representable(const Bounds& box) {
  const auto fits = [](double v) { return std::fabs(v) < magnitude_max; };
  return std::all_of(box.lower.begin(), box.lower.end(), fits) &&
         std::all_of(box.upper.begin(), box.upper.end(), fits);
}

void intersect(Bounds& bounds, const Bounds& with) {
  for (std::size_t i = 0; i < bounds.lower.size(); ++i) {
    bounds.lower[i] = std::max(bounds.lower[i], with.lower[i]);
    bounds.upper[i] = std::min(bounds.upper[i], with.upper[i]);
  }
}

}  // namespace

NodeBounder::NodeBounder(const Network& network, Level level) : network_(network), level_(level) {
  for (const Layer& layer : network.layers) {
    models_.push_back(rounding_model(level, layer.affine.roundings));
  }
}

/// Back-substitution for the inputs of an activation, each one's value and its negation, where
/// several values are open; of a ReLU for the unstable ones alone.
void NodeBounder::refine(NodeBounds& node, std::size_t layer) const {
  Bounds& values = node.layers[layer].values;
  const std::size_t width = network_.layers[layer].inputs;
  const std::size_t active = network_.layers[layer].active;
  std::vector<std::size_t> unstable;
  for (std::size_t i = 0; i < active; ++i) {
    const bool is_open = network_.layers[layer].is_curve() ? values.lower[i] < values.upper[i]
                                                           : is_unstable(values, i);
    if (is_open) unstable.push_back(i);
  }
  const std::size_t chunk = chunk_size(network_);
  for (std::size_t first = 0; first < unstable.size(); first += chunk) {
    const std::size_t count = std::min(chunk, unstable.size() - first);
    LinearForms forms(2 * count, width);
    for (std::size_t i = 0; i < count; ++i) {
      forms.row(2 * i)[unstable[first + i]] = 1;
      forms.row(2 * i + 1)[unstable[first + i]] = -1;
    }
    const auto lower = bound_below(
        substitute(network_, layer, node.layers, node.relaxations, std::move(forms), {}),
        node.layers[0].values);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t element = unstable[first + i];
      values.lower[element] = std::max(values.lower[element], lower[2 * i]);
      values.upper[element] = std::min(values.upper[element], -lower[2 * i + 1]);
    }
  }
}

/// Of z, or of -z, of this layer's ReLUs, whose elements are numbered from `first` on.
void NodeBounder::take_named(NodeBounds& node, std::size_t layer, std::size_t first,
                             std::span<const ProofNode>& named) const {
  Bounds& values = node.layers[layer].values;
  for (; !named.empty(); named = named.subspan(1)) {
    const ProofNode& claim = named.front();
    const bool above = claim.dimension % 2 != 0;
    const std::size_t element = claim.dimension / 2 - first;  // wraps for earlier layers
    if (element >= network_.layers[layer].active || !claim.multipliers.empty()) return;
    Relaxations hinted;
    const std::string fault =
        relax_with_slopes(network_, layer, node.layers, node.relaxations, claim.slopes, hinted);
    if (!fault.empty()) return;
    LinearForms form(1, network_.layers[layer].inputs);
    form.row(0)[element] = above ? -1 : 1;
    form = substitute(network_, layer, node.layers, hinted, std::move(form), {});
    const double least = bound_below(std::move(form), node.layers[0].values)[0];
    double& end = above ? values.upper[element] : values.lower[element];
    end = above ? std::min(end, -least) : std::max(end, least);
  }
}

std::optional<NodeBounds> NodeBounder::bound(
    Bounds box, const std::shared_ptr<const ActivationBounds>& enclosing, std::size_t settled,
    std::span<const ProofNode>* named) const {
  if (!is_representable(box)) return std::nullopt;
  NodeBounds node;
  ActivationBounds inputs;
  node.layers.resize(network_.layers.size() + 1);
  node.relaxations.resize(network_.layers.size());
  node.layers[0].values = std::move(box);
  std::size_t first = 0;
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    const Layer& layer = network_.layers[k];
    LayerBounds& output = node.layers[k + 1];
    if (layer.kind == Layer::Kind::affine) {
      if (!bound_affine(layer.affine, models_[k], node.layers[k].values, output)) {
        return std::nullopt;
      }
      if (level_ == Level::exact_order && !layer.affine.segment_first.empty()) {
        execute_sums(layer.affine, node.layers[k].values, output.values);
      }
      continue;
    }
    Bounds& input = node.layers[k].values;
    if (enclosing != nullptr) intersect(input, (*enclosing)[inputs.size()]);
    if (inputs.size() >= settled) refine(node, k);
    if (layer.is_curve()) {
      node.relaxations[k].curve = relax_curve(layer.kind, level_, input, layer.active);
      bound_curve(layer.kind, level_, layer.active, input, output.values);
    } else {
      if (named != nullptr) take_named(node, k, first, *named);
      first += layer.active;
      node.relaxations[k].relu = relax_relu(input, layer.active, layer.inputs, nullptr);
      bound_relu(layer.active, input, output);
    }
    inputs.push_back(input);
  }
  node.inputs = std::make_shared<const ActivationBounds>(std::move(inputs));
  return node;
}

}  // namespace isotrace::proofs
