// The network over the reals, without rounding: weights are binary64 numbers, so every value is an
// integer times one power of two per layer.
#pragma once

#include <functional>
#include <optional>

#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

/// Whether exact passes are made: of ReLUs alone, and of so few weights that a pass takes
/// milliseconds.
bool has_exact_passes(const Network& network);

/// Linear forms over some variables; each row is their coefficients and then the constant, all
/// times 2^exponent.
struct ExactForms {
  std::size_t variables = 0;
  int exponent = 0;
  std::vector<core::Integer> numbers;  ///< [forms][variables + 1]

  [[nodiscard]] const core::Integer* row(std::size_t form) const {
    return numbers.data() + form * (variables + 1);
  }
  [[nodiscard]] core::Rational value(const core::Integer& number) const;
};

/// Numbers as forms over no variables.
ExactForms exact_constants(const std::vector<float>& values);
/// The variables themselves.
ExactForms exact_variables(std::size_t count);

/// Whether a ReLU hands on what it is given (1) or gives 0 (-1); 0: not known. Sees the forms of
/// its layer before the ReLU.
using SignOf = std::function<int(std::size_t layer, std::size_t neuron, const ExactForms& given)>;

/// The last layer's results. Nothing if a sign is not known.
std::optional<ExactForms> pass_exactly(const Network& network, ExactForms inputs,
                                       const SignOf& sign_of);

/// Whether all rows of the case hold at these inputs, over the reals.
bool holds_exactly(const Network& network, const Case& unsafe, const std::vector<float>& x);

}  // namespace isotrace::proofs::search
