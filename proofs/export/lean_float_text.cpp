#include "lean_float_text.hpp"

#include <algorithm>

#include "coq_float_text.hpp"
#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

/// Binary32 values are multiples of 2^-149.
constexpr int finest_scale = 149;

/// Operands of a row from the first to the last.
std::uint64_t span_of(const AffineRow& row) {
  if (row.terms.empty()) return 0;
  return std::uint64_t{row.terms.back().operand} - row.terms.front().operand + 1;
}

/// Lean writes a row from its first operand to its last and executes all of them. Products with 0
/// change no sum, but they count in segments and as roundings.
bool is_executed_as_written(const AffineLayer& layer, const AffineRow& row) {
  if (!row.taps.empty() || row.terms.empty()) return false;
  const std::uint64_t span = span_of(row);
  return span == row.terms.size() ||
         (span <= layer.k_segment && span + (layer.biased ? 1 : 0) <= layer.roundings);
}

/// Whether a row is one segment of products in the order of their operands, each once.
bool is_one_segment(const AffineLayer& layer, const AffineRow& row) {
  const std::vector<AffineTerm>& taps = row.taps.empty() ? row.terms : row.taps;
  if (taps.size() > layer.k_segment) return false;
  std::uint64_t next = 0;
  return std::all_of(taps.begin(), taps.end(), [&](const AffineTerm& tap) {
    if (tap.operand == padding_operand) return true;
    const bool in_order = tap.operand >= next;
    next = std::uint64_t{tap.operand} + 1;
    return in_order;
  });
}

/// Products with operands between those of the row, and with padding, add 0: one segment is as long
/// as the widest row.
void fill_gaps(AffineLayer& layer) {
  std::uint64_t widest = 1;
  for (AffineRow& row : layer.rows) {
    row.taps.clear();
    widest = std::max(widest, span_of(row));
  }
  layer.k_segment = widest;
  const std::uint64_t roundings = widest + (layer.biased ? 1 : 0);
  layer.roundings = static_cast<std::uint32_t>(std::max<std::uint64_t>(layer.roundings, roundings));
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
    const auto holds = [&](auto predicate) {
      return std::all_of(layer.rows.begin(), layer.rows.end(),
                         [&](const AffineRow& row) { return predicate(layer, row); });
    };
    if (layer.execution == RowExecution::contraction && !holds(is_executed_as_written) &&
        holds(is_one_segment)) {
      fill_gaps(layer);
    }
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
        !std::all_of(layer.rows.begin(), layer.rows.end(),
                     [&](const AffineRow& row) { return is_executed_as_written(layer, row); }))
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
