// A tiny ReLU network and one linear question about it as a term over reals (QF_LRA, exact
// rationals; QF_LIRA where inputs are integers). Trust: none; answers are re-run by whoever asked.
#pragma once

#include <string>
#include <vector>

#include <isotrace/smt/sorted.hpp>

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

struct NetworkInput {
  core::Rational lower;
  core::Rational upper;
  bool whole = false;  ///< an integer
  bool lower_strict = false;
  bool upper_strict = false;
};

/// Is there x in the box whose outputs satisfy every constraint?
struct NetworkQuery {
  std::vector<NetworkInput> box;
  std::vector<AffineLayer> layers;
  std::vector<LinearConstraint> constraints;
};

/// Name of the variable of input `index`: "x3".
std::string input_name(std::size_t index);

/// True of the inputs that are sought. Refuses limit_exceeded, and shape_mismatch where sizes do
/// not fit.
core::Result<sorted::Term> encode_network(sorted::Pool& pool, const NetworkQuery& query);

}  // namespace isotrace::smt
