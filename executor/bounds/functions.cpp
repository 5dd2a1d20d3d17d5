// Elementary functions and the activations made from them. The canonical result is the exact value
// rounded once, or a short fixed sequence, so that it serves as the middle of the band; the other
// engine's library is allowed its stated error. Activations with values in [0, 1] or with e^x - 1
// in them are allowed it of 1, not of the value: engines clamp arguments and cancel there.
#include <algorithm>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

/// What an argument and the canonical result at it say.
struct Point {
  double x;
  double y;
};

/// An error of the exact value: `relative` times |y|, and `absolute`.
struct Allowance {
  double relative;
  double absolute;
};

/// 0.5 x (1 + erf(x / sqrt 2)): the argument of erf is off by 3u at most, which its slope makes
/// less than 2u; the sum is of the size of 1.
Allowance gelu(const Arithmetic& a, bool tanh, double x) {
  const double u = a.roundoff();
  const double inner = tanh ? 2 * a.library() + 12 * u : a.library() + 9 * u;
  return {6 * u, 0.5 * std::fabs(x) * inner};
}

/// By how much both sides together may be off, for a finite x and a finite y.
Allowance allowance(const Arithmetic& a, const core::Node& node, Point at) {
  const double u = a.roundoff();
  const double library = a.library();
  const bool negative = at.x < 0;
  switch (node.op) {
    case Op::sigmoid: return {4 * u, library + 2 * u};
    case Op::softplus: return {library + 6 * u, library + 4 * u};
    case Op::elu:
      return {4 * u, negative ? std::fabs(node.real("alpha")) * (library + 4 * u) : 0.0};
    case Op::celu:
      return {4 * u, negative ? std::fabs(node.real("alpha")) * (library + 8 * u) : 0.0};
    case Op::selu:
      return {6 * u, negative ? std::fabs(double{node.real("alpha")} * node.real("gamma")) *
                                    (library + 8 * u)
                              : 0.0};
    case Op::mish: return {6 * u, std::fabs(at.x) * (3 * library + 8 * u)};
    case Op::gelu: return gelu(a, node.text("approximate") == "tanh", at.x);
    default: return {library + 2 * u, 0};
  }
}

Band function_band(const Arithmetic& a, const core::Node& node, Point at) {
  if (std::isnan(at.y) || !std::isfinite(at.x)) return {at.y, 0};
  // Past the greatest number an error of a few units decides about infinity: log(0) alone is sure.
  if (std::isinf(at.y)) return at.x == 0 ? Band{at.y, 0} : unknown_band();
  const Allowance off = allowance(a, node, at);
  const double reach = std::fabs(at.y) * (1 + 4 * a.roundoff()) + a.least_normal();
  return {at.y, (off.relative * reach + off.absolute + 2 * a.least_normal()) * (1 + 0x1p-40)};
}

}  // namespace

Bounds bound_function(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& result = subject.results[0];
  const Reals x = spread_reals(subject.operand(0), result.shape());
  const Reals y = read_reals(result);
  std::vector<Band> bands(y.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    bands[i] = function_band(a, subject.node, {x[i], y[i]});
  }
  return one_bound(std::move(bands));
}

}  // namespace isotrace::executor
