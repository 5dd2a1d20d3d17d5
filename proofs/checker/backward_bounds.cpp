#include "backward_bounds.hpp"

#include <algorithm>
#include <limits>

#include "row_kernels.hpp"

namespace isotrace::proofs {
namespace {

constexpr double unknown = -std::numeric_limits<double>::infinity();

/// Lower bounds of the coefficients lambda^T W.
void multiply_sparse(const double* row, const Matrix& matrix, double* out) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const double lambda = row[i];
    if (lambda == 0) continue;
    const auto& weights = lambda > 0 ? matrix.lower : matrix.upper;
    for (std::size_t at = matrix.row_start[i]; at < matrix.row_start[i + 1]; ++at) {
      out[matrix.column[at]] += lambda * weights[at];
    }
  }
}

void multiply(LinearForms& forms, const Matrix& matrix, LinearForms& out) {
  out.reshape(matrix.columns);
  if (matrix.is_dense()) {
    row_kernels().multiply(forms.coefficients.data(), padded(forms.width), forms.count,
                           matrix.dense.data(), matrix.rows, padded(matrix.columns),
                           out.coefficients.data(), padded(out.width));
    return;
  }
  for (std::size_t r = 0; r < forms.count; ++r) {
    std::fill_n(out.row(r), padded(out.width), 0.0);
    multiply_sparse(forms.row(r), matrix, out.row(r));
  }
}

/// A form whose coefficients left the safe range bounds nothing, and stays that way.
void give_up_on_large(LinearForms& forms) {
  for (std::size_t r = 0; r < forms.count; ++r) {
    if (row_kernels().bounded(forms.row(r), padded(forms.width), coefficient_max)) continue;
    std::fill_n(forms.row(r), padded(forms.width), 0.0);
    forms.constants[r] = unknown;
  }
}

/// lambda^T z with z = W h + b + d, |d| <= error: the coefficients of h are lambda^T W, of which
/// only bounds low <= m <= high are known. Where h >= 0, m * h >= low * h. Elsewhere
/// m * h >= low * h + min(0, (high - low) * l) for l <= h.
void through_affine(LinearForms& forms, LinearForms& result, const AffineLayer& layer,
                    const LayerBounds& output, const Bounds& input) {
  const RowKernels& kernels = row_kernels();
  multiply(forms, layer.weights, result);
  for (std::size_t r = 0; r < forms.count; ++r) {
    result.constants[r] =
        forms.constants[r] +
        kernels.offset(forms.row(r), padded(forms.width), layer.bias.data(), output.error.data());
  }
  give_up_on_large(result);
  const bool nonnegative =
      std::all_of(input.lower.begin(), input.lower.end(), [](double l) { return l >= 0; });
  if (nonnegative || layer.transposes_exactly) return;
  // Lower bounds of -lambda^T W are negated upper bounds of lambda^T W.
  for (double& coefficient : forms.coefficients) coefficient = -coefficient;
  LinearForms negated(forms.count, 0);
  multiply(forms, layer.weights, negated);
  for (std::size_t r = 0; r < forms.count; ++r) {
    if (result.constants[r] == unknown) continue;
    result.constants[r] +=
        kernels.correction(result.row(r), negated.row(r), padded(result.width), input.lower.data());
  }
}

/// Adds the terms at one place to the first form. The sum of coefficients is known as an interval;
/// its lower end stays, and the rest is charged at the element's lower bound.
void add_terms(LinearForms& forms, const std::vector<FormTerm>& terms, std::size_t layer,
               const Bounds& values) {
  for (const FormTerm& term : terms) {
    if (term.layer != layer) continue;
    double& coefficient = forms.row(0)[term.element];
    const double negated_upper = -coefficient - term.upper;
    coefficient += term.lower;
    const double negated_gap = coefficient + negated_upper;
    forms.constants[0] += std::min(0.0, negated_gap * -values.lower[term.element]);
  }
  give_up_on_large(forms);
}

void through_relu(LinearForms& forms, std::span<const Relaxations> relaxations, std::size_t layer) {
  for (std::size_t r = 0; r < forms.count; ++r) {
    const ReluRelaxation& relaxation = relaxations[relaxations.size() == 1 ? 0 : r][layer].relu;
    forms.constants[r] += row_kernels().relu(
        forms.row(r), padded(forms.width), relaxation.slope_positive.data(),
        relaxation.slope_negative.data(), relaxation.low.data(), relaxation.high.data());
  }
}

/// m h >= n z + constant, with n = m times the slope of the line below (m >= 0) or above. What the
/// rounding of n leaves, (m slope - n) z, is at least min(0, (m slope - n) l).
void through_curve(LinearForms& forms, const CurveRelaxation& curve, const Bounds& input) {
  for (std::size_t r = 0; r < forms.count; ++r) {
    double* row = forms.row(r);
    for (std::size_t i = 0; i < forms.width; ++i) {
      const double m = row[i];
      const double slope = m < 0 ? curve.upper_slope[i] : curve.lower_slope[i];
      const double shift = m < 0 ? -m * curve.negated_upper_shift[i] : m * curve.lower_shift[i];
      row[i] = m * slope;
      const double negated_gap = row[i] + -m * slope;
      forms.constants[r] += shift + std::min(0.0, negated_gap * -input.lower[i]);
    }
  }
  give_up_on_large(forms);  // lines of steps can be steep
}

}  // namespace

std::string relax_with_slopes(const Network& network, std::size_t layers,
                              const NetworkBounds& bounds, const Relaxations& known,
                              const std::vector<std::uint8_t>& slopes, Relaxations& made) {
  std::size_t relus = 0;
  std::size_t unstable = 0;
  for (std::size_t k = 0; k < layers; ++k) {
    if (network.layers[k].kind != Layer::Kind::relu) continue;
    relus += network.layers[k].active;
    unstable += count_unstable(bounds[k].values, network.layers[k].active);
  }
  const bool for_all = slopes.size() == relus;
  if (!for_all && slopes.size() != unstable) return "wrong number of slopes";
  made.resize(layers);
  std::size_t next = 0;
  for (std::size_t k = 0; k < layers; ++k) {
    const Layer& layer = network.layers[k];
    if (layer.is_curve()) made[k] = known[k];
    if (layer.kind != Layer::Kind::relu) continue;
    std::vector<std::uint8_t> hints(layer.active);
    for (std::size_t i = 0; i < layer.active; ++i) {
      if (for_all || is_unstable(bounds[k].values, i)) hints[i] = slopes[next++];
    }
    made[k].relu = relax_relu(bounds[k].values, layer.active, layer.inputs, hints.data());
  }
  return {};
}

LinearForms substitute(const Network& network, std::size_t layers, const NetworkBounds& bounds,
                       std::span<const Relaxations> relaxations, LinearForms forms,
                       const std::vector<FormTerm>& terms) {
  LinearForms next(forms.count, 0);
  add_terms(forms, terms, layers, bounds[layers].values);
  for (std::size_t k = layers; k-- > 0;) {
    const Layer& layer = network.layers[k];
    if (layer.kind == Layer::Kind::relu) {
      through_relu(forms, relaxations, k);
    } else if (layer.is_curve()) {
      through_curve(forms, relaxations[0][k].curve, bounds[k].values);
    } else {
      through_affine(forms, next, layer.affine, bounds[k + 1], bounds[k].values);
      std::swap(forms, next);
    }
    if (!terms.empty()) add_terms(forms, terms, k, bounds[k].values);
  }
  return forms;
}

std::vector<double> bound_below(LinearForms forms, const Bounds& box) {
  for (std::size_t r = 0; r < forms.count; ++r) {
    forms.constants[r] +=
        row_kernels().box(forms.row(r), padded(forms.width), box.lower.data(), box.upper.data());
  }
  return std::move(forms.constants);
}

}  // namespace isotrace::proofs
