// Rows that are bounded side by side, each with slopes of its own. Internal.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include <isotrace/proofs/search/bounds.hpp>

namespace isotrace::proofs::search {

/// Rows of a layer's neurons; per layer [rows][padded(out)].
struct Relaxation::Climb {
  static constexpr std::size_t rows_max = 64;
  /// What a bound must gain, as a share of the range, to be named.
  static constexpr double gain_min = 0.002;

  std::size_t layer = 0;
  std::vector<std::uint32_t> neurons;   ///< two rows each, of z and -z
  std::vector<std::uint32_t> elements;  ///< their numbers in proofs
  Slopes slopes, best_slopes, after;
  std::vector<double> best;
  std::vector<double> inputs;  ///< coefficients of inputs, [rows][stride]

  [[nodiscard]] std::size_t rows() const { return 2 * neurons.size(); }
  /// The number of a row's bound in proofs.
  [[nodiscard]] std::uint32_t dimension(std::size_t row) const {
    return 2 * elements[row / 2] + static_cast<std::uint32_t>(row % 2);
  }
  /// What names a row's bound in a proof, with the slopes that were named last.
  [[nodiscard]] ProofNode node(std::size_t row) const {
    ProofNode node;
    node.kind = ProofNode::Kind::bound;
    node.dimension = dimension(row);
    return node;
  }
  /// Takes the best bound of a row over, if it gained enough to be named.
  [[nodiscard]] bool take_gain(std::size_t row, Bounds& bounds) const {
    const std::uint32_t neuron = neurons[row / 2];
    const bool above = row % 2 != 0;
    const double range = bounds.upper[layer][neuron] - bounds.lower[layer][neuron];
    double& end = (above ? bounds.upper : bounds.lower)[layer][neuron];
    const double gain = above ? end + best[row] : best[row] - end;
    if (!(gain > gain_min * range)) return false;
    end = above ? -best[row] : best[row];
    return true;
  }
};

}  // namespace isotrace::proofs::search
