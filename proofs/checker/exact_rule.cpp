#include "exact_rule.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

using core::exact_rational;
using core::Rational;
using Form = std::vector<Rational>;  ///< coefficients of a layer's results, then the constant

// What one leaf may cost.
constexpr std::size_t weights_max = std::size_t{1} << 16;
constexpr std::size_t parts_max = 32;

std::size_t count_weights(const Network& network) {
  std::size_t weights = 0;
  for (const Layer& layer : network.layers) {
    const Matrix& matrix = layer.affine.weights;
    weights += matrix.is_dense() ? matrix.rows * matrix.columns : matrix.column.size();
  }
  return weights;
}

/// lambda . (W h + b) as a form over h; false if a weight is not known exactly.
bool pass_affine(const AffineLayer& layer, const Form& form, Form& below) {
  const Matrix& matrix = layer.weights;
  for (std::size_t o = 0; o < matrix.rows; ++o) {
    if (form[o] == 0) continue;
    below.back() += form[o] * exact_rational(layer.bias[o]);
    if (matrix.is_dense()) {
      for (std::size_t i = 0; i < matrix.columns; ++i) {
        below[i] += form[o] * exact_rational(matrix.dense_row(o)[i]);
      }
      continue;
    }
    for (std::size_t q = matrix.row_start[o]; q < matrix.row_start[o + 1]; ++q) {
      if (matrix.lower[q] != matrix.upper[q]) return false;
      below[matrix.column[q]] += form[o] * exact_rational(matrix.lower[q]);
    }
  }
  return true;
}

/// The same for relu(h), where no ReLU that counts is open.
bool pass_relu(std::size_t active, const Bounds& given, const Form& form, Form& below) {
  for (std::size_t i = 0; i + 1 < form.size(); ++i) {
    const bool passes = i >= active || given.lower[i] >= 0;
    if (!passes && given.upper[i] > 0 && form[i] != 0) return false;
    if (passes) below[i] = form[i];
  }
  return true;
}

}  // namespace

bool has_exact_multipliers(const Case& unsafe, const std::vector<SignSplit>& signs,
                           const ProofNode& leaf) {
  return !unsafe.rows.empty() && leaf.multipliers.size() > unsafe.rows.size() + signs.size();
}

std::string find_exact_fault(const Network& network, Level level, const Case& unsafe,
                             const NodeBounds& node, const std::vector<SignSplit>& signs,
                             const ProofNode& leaf) {
  const std::size_t rows = unsafe.rows.size();
  const std::size_t count = rows + signs.size();
  if (level != Level::real || network.order_only || leaf.multipliers.size() % count != 0 ||
      leaf.multipliers.size() / count > parts_max || count_weights(network) > weights_max) {
    return "wrong number of multipliers";
  }
  Form multipliers(count);
  for (std::size_t i = 0; i < leaf.multipliers.size(); ++i) {
    const double part = leaf.multipliers[i];
    if (!(part >= 0 && part <= coefficient_max)) return "a multiplier is negative or too large";
    multipliers[i % count] += exact_rational(part);
  }
  Form form(network.outputs() + 1);
  bool strict = false;
  for (std::size_t r = 0; r < rows; ++r) {
    const LinearRow& row = unsafe.rows[r];
    for (const Term& term : row.terms) form[term.index] += multipliers[r] * term.coefficient;
    form.back() -= multipliers[r] * row.bound;
    strict = strict || (row.strict && multipliers[r] > 0);
  }
  for (std::size_t k = network.layers.size(); k-- > 0;) {
    const Layer& layer = network.layers[k];
    Form below(layer.inputs + 1);
    below.back() = form.back();
    const bool passed =
        layer.kind == Layer::Kind::affine
            ? pass_affine(layer.affine, form, below)
            : !layer.is_curve() && pass_relu(layer.active, node.layers[k].values, form, below);
    if (!passed) return "an open ReLU, a curve or a rounded weight in an exact leaf";
    for (std::size_t s = 0; s < signs.size(); ++s) {
      if (signs[s].layer != k) continue;
      below[signs[s].element] -= multipliers[rows + s] * exact_rational(signs[s].sign);
    }
    form = std::move(below);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (const Term& term : unsafe.rows[r].input_terms) {
      form[term.index] += multipliers[r] * term.coefficient;
    }
  }
  // The node's box is that of the case, rounded outward, and cut.
  const Bounds& box = node.layers[0].values;
  Rational least = form.back();
  for (std::size_t i = 0; i < network.inputs; ++i) {
    if (form[i] > 0) least += form[i] * std::max(exact_rational(box.lower[i]), unsafe.box[i].lower);
    if (form[i] < 0) least += form[i] * std::min(exact_rational(box.upper[i]), unsafe.box[i].upper);
  }
  if (least > 0 || (strict && least >= 0)) return {};
  return "the exact bound does not exclude the unsafe rows";
}

}  // namespace isotrace::proofs
