#include "lean_float_text.hpp"

#include <algorithm>

#include "coq_float_text.hpp"
#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

/// Binary32 values are multiples of 2^-149.
constexpr int finest_scale = 149;

/// Lean writes a row from its first operand to its last and executes all of them.
bool in_order_without_gaps(const AffineRow& row) {
  if (!row.taps.empty() || row.terms.empty()) return false;
  return row.terms.back().operand - row.terms.front().operand + 1 == row.terms.size();
}

bool has_float_weights(const AffineRow& row) {
  return std::all_of(row.terms.begin(), row.terms.end(), [](const AffineTerm& term) {
    return static_cast<double>(static_cast<float>(term.weight)) == term.weight;
  });
}

bool is_one_product(const AffineLayer& layer) {
  switch (layer.execution) {
    case RowExecution::sum:
    case RowExecution::product:
    case RowExecution::copy: return true;
    default: return false;
  }
}

}  // namespace

AffineChain with_products_alone(AffineChain chain) {
  for (AffineLayer& layer : chain.layers) {
    if (!is_one_product(layer)) continue;
    layer.biased = layer.execution == RowExecution::sum;
    layer.execution = RowExecution::contraction;
    layer.k_segment = 1;
    layer.roundings = std::max(layer.roundings, layer.biased ? 2U : 1U);
  }
  return chain;
}

std::optional<std::string> no_lean_float_program(const AffineChain& chain) {
  if (auto reason = no_float_program(chain)) return reason;
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    const AffineLayer& layer = chain.layers[i];
    const std::string where = "layer " + std::to_string(i) + ": ";
    if (layer.execution != RowExecution::contraction ||
        !std::all_of(layer.rows.begin(), layer.rows.end(), in_order_without_gaps))
      return where + "not a sum of products over neighbouring operands";
    if (coq_scale(layer) > finest_scale ||
        !std::all_of(layer.rows.begin(), layer.rows.end(), has_float_weights))
      return where + "a constant that is no binary32 value";
  }
  return std::nullopt;
}

std::string lean_float_steps(const AffineChain& chain) {
  return coq_list(chain.layers, ",\n   ", [](const AffineLayer& layer) {
    return "Step.dot " + std::to_string(layer.k_segment) + (layer.biased ? " true" : " false");
  });
}

}  // namespace isotrace::proofs
