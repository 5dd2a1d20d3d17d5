#include <isotrace/proofs/search/network.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {

std::size_t Network::widest() const {
  std::size_t widest = padded(inputs);
  for (const Layer& layer : layers) widest = std::max(widest, padded(layer.out));
  return widest;
}

LayerError layer_error(const Layer& layer) {
  const auto n = static_cast<double>(layer.roundings);
  const double unit = std::ldexp(n, -24);
  return {unit / (1 - unit), std::ldexp(n, -149)};
}

}  // namespace isotrace::proofs::search
