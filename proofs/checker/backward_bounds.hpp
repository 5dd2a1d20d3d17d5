// Lower bounds of linear forms over a layer's results by substitution back to the input box.
// Trusted base.
#pragma once

#include <span>

#include "bounds.hpp"
#include "curve_rule.hpp"
#include "relu_rule.hpp"

namespace isotrace::proofs {

/// Coefficients beyond this are given up on (their bound is -infinity), so that no product of a
/// coefficient and a value overflows.
inline constexpr double coefficient_max = 0x1p400;

/// Linear forms over the results of one layer, with exact binary64 coefficients.
struct LinearForms {
  std::size_t count = 0;
  std::size_t width = 0;             ///< elements of the layer
  std::vector<double> coefficients;  ///< count x padded(width), or longer
  std::vector<double> constants;     ///< count

  LinearForms(std::size_t forms, std::size_t elements)
      : count(forms),
        width(elements),
        coefficients(forms * padded(elements), 0.0),
        constants(forms, 0.0) {}
  /// The same number of forms over another layer; coefficients are left as they happen to be.
  void reshape(std::size_t elements) {
    width = elements;
    if (coefficients.size() < count * padded(width)) coefficients.resize(count * padded(width));
  }
  [[nodiscard]] double* row(std::size_t form) { return coefficients.data() + form * padded(width); }
};

/// The relaxations of a network's activations, by layer; of affine layers nothing.
struct Relaxation {
  ReluRelaxation relu;
  CurveRelaxation curve;
};
using Relaxations = std::vector<Relaxation>;

/// The relaxations of the first `layers` layers: those `known` of curves, and of ReLUs with slopes
/// k/255, one for each element or for each that is unstable. Or why there are none.
std::string relax_with_slopes(const Network& network, std::size_t layers,
                              const NetworkBounds& bounds, const Relaxations& known,
                              const std::vector<std::uint8_t>& slopes, Relaxations& made);

/// A term of the first form over another layer: c * (element of the input of layer `layer`), or of
/// the last layer's results, with lower <= c <= upper.
struct FormTerm {
  std::size_t layer;
  std::size_t element;
  double lower;
  double upper;
};

/// Forms over the inputs that bound forms over the results of the first `layers` layers from below,
/// with the terms added to the first one. The bounds of those layers must be known; relaxations are
/// one for all forms, or one for each, which may differ in ReLUs. To be called while rounding
/// downward.
LinearForms substitute(const Network& network, std::size_t layers, const NetworkBounds& bounds,
                       std::span<const Relaxations> relaxations, LinearForms forms,
                       const std::vector<FormTerm>& terms);

/// Lower bounds of forms over the inputs in a box. To be called while rounding downward.
std::vector<double> bound_below(LinearForms forms, const Bounds& box);

}  // namespace isotrace::proofs
