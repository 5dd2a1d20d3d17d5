// Properties that people ask for by name, one per line (docs/proofs/properties.md):
//
//     domain x in [0, 1]              domain x[3] in [-0.5, 0.5]
//     robust "seven.npy" within 0.05 label 7
//     bounds y in [-1, 1]             bounds y[0] in [0, 2.5]
//     monotone y[0] up x[2] within 1e-4
//     argmax is 3                     argmax not 3
//     order y[0] > y[2]
//     fair x[4] within 0.01           fair x[4] argmax
//     equivalent "other.onnx" within 1e-3
//     probabilities within 1e-5
//     finite
//
// Numbers are decimals or fractions and mean exactly what they say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/rational.hpp>

namespace isotrace::proofs {

/// Numbers keep their text: it goes into the property that is proved.
struct NamedProperty {
  enum class Kind {
    robust,
    bounds,
    monotone,
    argmax_is,
    argmax_not,
    order,
    fair_values,
    fair_argmax,
    equivalent,
    probabilities,
    finite,
  };
  Kind kind = Kind::finite;
  std::string text;                   ///< the line, blanks reduced
  std::string file;                   ///< robust: the input; equivalent: the other model
  std::optional<std::size_t> output;  ///< y[j]; nothing: every output (bounds), or label not given
  std::size_t other = 0;              ///< order: the smaller output
  std::size_t input = 0;              ///< x[i]
  bool upward = true;                 ///< monotone
  std::string low, high;              ///< bounds
  std::string within;                 ///< tolerance, radius

  /// About two executions, whose inputs are related: the program is put beside itself or another.
  [[nodiscard]] bool compares_two_runs() const;
};

/// x in [low, high]; of one input, or of all that no other line names.
struct DomainRange {
  std::optional<std::size_t> input;
  std::string low, high;
};

struct PropertyList {
  std::vector<DomainRange> domain;
  std::vector<NamedProperty> properties;
};

/// Lines as above; '#' starts a comment. Refuses property_malformed with the line's number.
core::Result<PropertyList> parse_named_properties(std::string_view text);
/// Whether a property file is of this language rather than VNN-LIB, whose first word is in
/// parentheses.
bool is_named_property_file(std::string_view text);

}  // namespace isotrace::proofs
