#include <isotrace/proofs/search/input_cells.hpp>

#include <bit>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

constexpr std::uint32_t nowhere = UINT32_MAX;

/// For each neuron entering a layer that is not diagonal: the one that it alone makes and that
/// makes nothing else, or nowhere.
std::vector<std::uint32_t> lone_successors(const Layer& layer) {
  std::vector<std::uint32_t> successor(layer.in, nowhere);
  std::vector<std::size_t> uses(layer.in, 0);
  for (std::uint32_t o = 0; o < layer.out; ++o) {
    std::size_t terms = 0;
    layer.for_each_weight(o, [&](std::size_t, double weight) { terms += weight != 0 ? 1 : 0; });
    layer.for_each_weight(o, [&](std::size_t i, double weight) {
      if (weight == 0) return;
      successor[i] = terms == 1 ? o : nowhere;
      ++uses[i];
    });
  }
  for (std::size_t i = 0; i < layer.in; ++i) {
    if (uses[i] != 1) successor[i] = nowhere;
  }
  return successor;
}

/// The numbers of binary32 in their order.
std::int64_t number_of(float value) {
  const std::int64_t bits = std::bit_cast<std::int32_t>(value);
  return bits < 0 ? INT32_MIN - bits : bits;
}

float float_of(std::int64_t number) {
  const auto bits = static_cast<std::int32_t>(number < 0 ? INT32_MIN - number : number);
  return std::bit_cast<float>(bits);
}

}  // namespace

InputCells::InputCells(const Network& network) : chains_(network.inputs) {
  std::vector<std::vector<Step>> open(network.inputs);
  std::vector<std::uint32_t> at(network.inputs);
  for (std::uint32_t i = 0; i < at.size(); ++i) {
    at[i] = network.find_whole(i) != nullptr ? nowhere : i;
  }
  for (const Layer& layer : network.layers) {
    std::vector<std::uint32_t> successor;
    const bool mixes = layer.kind != Layer::Kind::diagonal;
    if (mixes) successor = lone_successors(layer);
    bool any = false;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] == nowhere) continue;
      const std::uint32_t from = at[i];
      at[i] = mixes ? successor[from] : from;
      if (at[i] == nowhere) continue;
      const bool acts = layer.activated && layer.activated_on[at[i]] != 0;
      double scale = 0;
      layer.for_each_weight(at[i], [&](std::size_t input, double weight) {
        if (input == from) scale = weight;
      });
      open[i].push_back({scale, layer.bias[at[i]],
                         layer.roundings > 0 && layer.handed_on[at[i]] == 0,
                         acts ? std::optional(layer.activation) : std::nullopt});
      if (open[i].back().activation == Activation::round) {
        chains_[i] = std::move(open[i]);
        at[i] = nowhere;
      }
      any = any || at[i] != nowhere;
    }
    if (!any) return;
  }
}

double InputCells::level(std::size_t input, float x) const {
  double value = double{x};
  for (const Step& step : chains_[input]) {
    value = value * step.scale + step.shift;
    if (step.rounds) value = double{static_cast<float>(value)};
    if (step.activation) value = activate(*step.activation, value);
  }
  return value;
}

bool InputCells::is_one(std::size_t input, double low, double high) const {
  if (chains_[input].empty()) return false;
  return level(input, static_cast<float>(low)) == level(input, static_cast<float>(high));
}

double InputCells::cut(std::size_t input, double low, double high) const {
  const double middle = 0.5 * low + 0.5 * high;
  const auto first = static_cast<float>(low);
  const auto last = static_cast<float>(high);
  const auto centre = static_cast<float>(middle);
  // Over the reals the sides of boxes need not be floats.
  if (chains_[input].empty() || double{first} != low || double{last} != high) return middle;
  // Levels are monotone: between the middle and an end of another level there is one place where
  // that of the middle ends. `here` has it, `there` has not.
  const double wanted = level(input, centre);
  const bool goes_up = level(input, last) != wanted;
  std::int64_t here = number_of(centre);
  std::int64_t there = number_of(goes_up ? last : first);
  while (here - there > 1 || there - here > 1) {
    const std::int64_t between = here + (there - here) / 2;
    (level(input, float_of(between)) == wanted ? here : there) = between;
  }
  return 0.5 * double{float_of(here)} + 0.5 * double{float_of(there)};
}

}  // namespace isotrace::proofs::search
