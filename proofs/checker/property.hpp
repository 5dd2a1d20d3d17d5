// Properties in VNN-LIB 1.0 (input boxes, linear constraints, and/or/not), read exactly. The
// file describes the UNSAFE region: the property holds if no input in a case's box gives outputs
// that satisfy all of the case's rows.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <isotrace/core/rational.hpp>

namespace isotrace::proofs {

/// lower <= X_i <= upper, exactly; a strict side excludes its end point.
struct InputRange {
  core::Rational lower;
  core::Rational upper;
  bool lower_strict = false;
  bool upper_strict = false;
};

struct Term {
  std::size_t index;  ///< j of Y_j, or i of X_i
  core::Rational coefficient;
};

/// sum of terms <= bound (or < bound). Terms ascend by index and have no zero coefficients.
struct LinearRow {
  std::vector<Term> terms;        ///< over the outputs
  std::vector<Term> input_terms;  ///< over the inputs; some term stands here or above
  core::Rational bound;
  bool strict = false;
  /// Comes from a negated comparison, which holds too where an output is not a number.
  bool negated = false;
};

/// One disjunct of the unsafe region: a box and a conjunction.
struct Case {
  std::vector<InputRange> box;  ///< one per declared X_i
  std::vector<LinearRow> rows;  ///< empty: every input in the box is unsafe
};

struct Property {
  std::size_t inputs = 0;   ///< declared X_i
  std::size_t outputs = 0;  ///< declared Y_j
  /// Disjunctive normal form in file order: the first `or` varies slowest.
  std::vector<Case> cases;
};

/// Refuses property_malformed, property_unsupported, property_input_unbounded, limit_exceeded, with
/// line and column. A case whose box is empty is dropped.
core::Result<Property> parse_vnnlib(std::string_view text);

/// Whether concrete values lie in one case, exactly. NaN satisfies negated rows alone; values that
/// are not finite are compared as the extended reals (a sum with both infinities is no number).
bool lies_in_case(const Case& unsafe, std::span<const float> inputs,
                  std::span<const float> outputs);

/// Whether concrete values (binary32, exactly as executed) lie in the unsafe region: the number of
/// the first such case. The spans have property.inputs and property.outputs elements.
std::optional<std::size_t> find_violated_case(const Property& property,
                                              std::span<const float> inputs,
                                              std::span<const float> outputs);

}  // namespace isotrace::proofs
