// The activations of RNN, GRU and LSTM by their ONNX names (docs/spec/recurrent.md).
#pragma once

#include <optional>
#include <string_view>

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// An activation function of f32 and of f64 with its two parameters, which most ignore.
struct RecurrentActivation {
  float (*function)(float x, float alpha, float beta);
  double (*wide_function)(double x, double alpha, double beta);
  float alpha;
  float beta;

  float operator()(float x) const { return function(x, alpha, beta); }
  double operator()(double x) const { return wide_function(x, alpha, beta); }
};

/// How many parameters a function takes (alpha, then beta), and what they are if nobody says.
struct RecurrentActivationInfo {
  std::string_view name;
  int parameters;
  float alpha;
  float beta;
  float (*function)(float x, float alpha, float beta);
  double (*wide_function)(double x, double alpha, double beta);
};
/// The row of a function, nothing for a name that is none.
const RecurrentActivationInfo* find_recurrent_activation(std::string_view name);

/// The functions that a node names in `activations` (separated by spaces) with their entries in
/// `activation_alpha` and `activation_beta`, one per function. Refuses operation_attribute_invalid
/// unless there are exactly `count`.
Result<std::vector<RecurrentActivation>> read_recurrent_activations(const core::Node& node,
                                                                    std::size_t count);

}  // namespace isotrace::reference
