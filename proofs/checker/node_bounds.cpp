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
        substitute(network_, layer, node.layers, {&node.relaxations, 1}, std::move(forms), {}),
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
                             NamedBounds& named) const {
  const Layer& at = network_.layers[layer];
  Bounds& values = node.layers[layer].values;
  const auto element_of = [first](const ProofNode& claim) { return claim.dimension / 2 - first; };
  const auto is_of_layer = [&](const ProofNode& claim) {
    return element_of(claim) < at.active && claim.multipliers.empty();  // wraps for earlier layers
  };
  const std::size_t chunk = chunk_size(network_);
  while (!named.claims.empty() && is_of_layer(named.claims[0])) {
    std::size_t count = 1;
    while (count < std::min(chunk, named.claims.size()) && is_of_layer(named.claims[count])) {
      ++count;
    }
    std::vector<Relaxations> hinted(count, node.relaxations);
    LinearForms forms(count, at.inputs);
    for (std::size_t r = 0; r < count; ++r) {
      const ProofNode& claim = named.claims[r];
      forms.row(r)[element_of(claim)] = claim.dimension % 2 != 0 ? -1 : 1;
      const auto slopes = named.slopes.of.find(claim.dimension);
      if (slopes == named.slopes.of.end()) continue;
      if (!relax_with_slopes(network_, layer, node.layers, node.relaxations, *slopes->second,
                             hinted[r])
               .empty()) {
        return;
      }
    }
    const auto least =
        bound_below(substitute(network_, layer, node.layers, hinted, std::move(forms), {}),
                    node.layers[0].values);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t i = element_of(named.claims[r]);
      if (named.claims[r].dimension % 2 != 0) {
        values.upper[i] = std::min(values.upper[i], -least[r]);
      } else {
        values.lower[i] = std::max(values.lower[i], least[r]);
      }
    }
    named.claims = named.claims.subspan(count);
  }
}

std::optional<NodeBounds> NodeBounder::bound(
    Bounds box, const std::shared_ptr<const ActivationBounds>& enclosing, std::size_t settled,
    NamedBounds* named) const {
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
