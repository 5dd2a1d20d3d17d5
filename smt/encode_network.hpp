// A tiny ReLU network and one linear question about it as SMT-LIB 2 text (logic QF_LRA, exact
// rationals). Trust: none; answers are re-run by whoever asked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <isotrace/core/rational.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::smt {

/// Larger networks are refused: Z3 and cvc5 end in time up to about 2 x 15 ReLUs.
inline constexpr std::size_t network_relus_max = 48;
/// Inputs and neurons of all layers together.
inline constexpr std::size_t network_neurons_max = 256;

/// y = W x + b, then max(y, 0) if relu.
struct AffineLayer {
  std::vector<std::vector<core::Rational>> weights;  ///< [out][in]
  std::vector<core::Rational> bias;                  ///< [out]
  bool relu = false;
};

/// coefficients * y <= bound, or < if strict.
struct LinearConstraint {
  std::vector<core::Rational> coefficients;
  core::Rational bound;
  bool strict = false;
};

/// Is there x in the box whose outputs satisfy every constraint?
struct NetworkQuery {
  std::vector<std::pair<core::Rational, core::Rational>> box;
  std::vector<AffineLayer> layers;
  std::vector<LinearConstraint> constraints;
};

/// Name of input `index` in the text: "x3".
std::string input_name(std::size_t index);

/// Whether these inputs lie in the box and their outputs satisfy every constraint, exactly. Sizes
/// must fit.
bool satisfies(const NetworkQuery& query, const std::vector<core::Rational>& inputs);

/// Declarations and assertions; no check-sat. Refuses limit_exceeded, and shape_mismatch where
/// sizes do not fit.
core::Result<std::string> encode_network(const NetworkQuery& query);

}  // namespace isotrace::smt
