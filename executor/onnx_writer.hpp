// One step of a program as an ONNX model: to hand it to another engine, or to keep the smallest
// model that shows a difference. What the importer lowered is brought back to ONNX's own form.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

/// A node with everything around it that a model must say.
struct OnnxStep {
  const core::Node& node;
  core::Operands operands;
  std::vector<ValueInfo> results;  ///< their types and shapes are declared, as far as known
  /// By operand: its value becomes an initialiser of the model, not an input. Where the list ends
  /// operands are inputs.
  std::vector<bool> constant = {};
};

/// What the results of an executed step were.
std::vector<ValueInfo> infos_of(std::span<const core::TensorView> results);

/// The model, and the names that its inputs and outputs have there: "x0" is operand 0, "y1" result
/// 1. An empty name stands for an operand that is no input or a result that nobody asked for.
struct OnnxStepModel {
  core::Bytes bytes;
  std::vector<std::string> inputs;   ///< by operand
  std::vector<std::string> outputs;  ///< by result
};

/// Refuses onnx_inexpressible (control flow, sequences and optionals: `where` names the operation)
/// and limit_exceeded (a model above 2 GiB). Importing the model gives the same node back, but for
/// k_segment, which ONNX does not know: it is the importer's.
core::Result<OnnxStepModel> write_onnx_step(const OnnxStep& step);
/// The shape that operand `index` has in the model: its own, but for the bounds of Clip, which are
/// scalars in ONNX.
core::Shape step_operand_shape(const OnnxStep& step, std::size_t index);

}  // namespace isotrace::executor
