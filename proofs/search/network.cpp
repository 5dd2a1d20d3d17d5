#include <isotrace/proofs/search/network.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {

std::size_t Network::widest() const {
  std::size_t widest = padded(inputs);
  for (const Layer& layer : layers) widest = std::max(widest, padded(layer.out));
  return widest;
}

const WholeInputs* Network::find_whole(std::size_t input) const {
  const auto holds = [input](const WholeInputs& some) {
    return input >= some.first && input - some.first < some.count;
  };
  const auto found = std::find_if(whole.begin(), whole.end(), holds);
  return found == whole.end() ? nullptr : &*found;
}

LayerError layer_error(const Layer& layer) {
  const auto n = static_cast<double>(layer.roundings);
  const double unit = std::ldexp(n, -24);
  return {unit / (1 - unit), std::ldexp(n, -149)};
}

}  // namespace isotrace::proofs::search
