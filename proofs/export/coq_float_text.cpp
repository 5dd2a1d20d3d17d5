#include "coq_float_text.hpp"

#include <algorithm>

#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

bool is_binary32(double value) { return static_cast<double>(static_cast<float>(value)) == value; }

std::string scaled_text(double value, int scale) { return coq_number(coq_scaled(value, scale)); }

std::string dot_text(const AffineLayer& layer, const AffineRow& row, int scale) {
  const std::vector<AffineTerm>& taps = row.taps.empty() ? row.terms : row.taps;
  return "Dot " + std::to_string(layer.k_segment) + " " +
         coq_list(taps, "; ",
                  [&](const AffineTerm& tap) {
                    const std::string weight = scaled_text(tap.weight, scale);
                    if (tap.operand == padding_operand) return "Padding " + weight;
                    return "Operand " + std::to_string(tap.operand) + " " + weight;
                  }) +
         (layer.biased ? " (Some " + scaled_text(row.bias, scale) + ")" : " None");
}

/// A row over one operand.
std::string single_text(const AffineLayer& layer, std::size_t index, int scale) {
  const AffineRow& row = layer.rows[index];
  const AffineTerm& term = row.terms[0];
  const std::string operand = std::to_string(term.operand);
  const std::string negated = term.weight < 0 ? "true " : "false ";
  switch (layer.execution) {
    case RowExecution::sum: return "Sum " + negated + operand + " " + scaled_text(row.bias, scale);
    case RowExecution::product: return "Product " + operand + " " + scaled_text(term.weight, scale);
    case RowExecution::quotient: {
      const int own_scale = fraction_bits(layer.divisors[index]);
      return "Quotient " + operand + " " + scaled_text(layer.divisors[index], own_scale) + " " +
             std::to_string(own_scale);
    }
    default: return "Copy " + negated + operand;
  }
}

std::string layer_text(const AffineLayer& layer, std::size_t index) {
  const bool contraction = layer.execution == RowExecution::contraction;
  const bool in_order =
      contraction && std::all_of(layer.rows.begin(), layer.rows.end(),
                                 [](const AffineRow& row) { return row.taps.empty(); });
  if (in_order) {
    return "in_order " + std::to_string(layer.k_segment) + (layer.biased ? " true" : " false") +
           " (layer_of net " + std::to_string(index) + ")";
  }
  const int scale = coq_scale(layer);
  std::string rows;
  for (std::size_t i = 0; i < layer.rows.size(); ++i) {
    rows += i == 0 ? "" : ";\n  ";
    rows += contraction ? dot_text(layer, layer.rows[i], scale) : single_text(layer, i, scale);
  }
  return "FloatLayer " + std::to_string(scale) + " " + (layer.relu ? "true" : "false") + " [" +
         rows + "]";
}

}  // namespace

std::optional<std::string> no_float_program(const AffineChain& chain) {
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    const AffineLayer& layer = chain.layers[i];
    const std::string where = "layer " + std::to_string(i) + ": ";
    if (layer.k_segment < 1 || layer.k_segment > std::uint64_t{1} << 62)
      return where + "no segment length";
    const bool adds = layer.execution == RowExecution::sum || layer.biased;
    if (adds && !std::all_of(layer.rows.begin(), layer.rows.end(),
                             [](const AffineRow& row) { return is_binary32(row.bias); })) {
      return where + "a constant that is itself rounded (Gemm's beta)";
    }
  }
  return std::nullopt;
}

std::string coq_float_program(const AffineChain& chain) {
  std::string text = "[";
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    text += i == 0 ? "" : ";\n ";
    text += layer_text(chain.layers[i], i);
  }
  return text + "]";
}

}  // namespace isotrace::proofs
