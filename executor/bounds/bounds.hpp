// How far another engine's result may lie from the canonical one: bounds derived from the operation
// and its actual operands, valid for every evaluation in the stated arithmetic - any order of
// summation, fused or not, in the format or wider. docs/bounds.md derives each formula.
#pragma once

#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::executor {

/// What the other engine is assumed to do.
struct BoundOptions {
  /// Subnormal operands and results may become zero.
  bool flush_subnormals = false;
  /// Error of its elementary functions (exp, tanh, ...) in units in the last place.
  double library_ulps = 4;
};

/// The exact value and every value that an admissible evaluation can give lie in [middle - error,
/// middle + error]. An infinite error: nothing is known of the element. A middle that is no finite
/// number, with error 0: exactly this infinity, or NaN.
struct Band {
  double middle = 0;
  double error = 0;
};

struct ResultBound {
  /// Whether the operation computes nothing that could differ: then every bit must be the same (but
  /// for the payload of NaN), and there are no bands.
  bool exact = true;
  std::vector<Band> bands;  ///< by element
};

/// One bound per result. `results` are the canonical ones. Refuses bound_unknown for an operation,
/// or element types, without a derivation (`where`: the operation's ONNX name), and what the
/// reference refuses.
core::Result<std::vector<ResultBound>> derive_bounds(const core::Node& node,
                                                     core::Operands operands,
                                                     std::span<const core::TensorView> results,
                                                     const BoundOptions& options = {});

}  // namespace isotrace::executor
