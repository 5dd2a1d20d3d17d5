// Shape inference: element type and shape of every value of a program, as far as they follow from
// the shapes of the inputs, before anything is executed. Used to refuse impossible graphs early, to
// know a step's memory and work before it runs, and to describe a program.
//
// It never guesses: what does not follow is left open, and a graph is refused only where every
// execution would be. Shapes follow the ONNX operator definitions (docs/spec).
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::executor {

/// What is known of a value without computing it.
struct ValueInfo {
  core::Dtype dtype = core::Dtype::f32;
  std::optional<core::Shape> shape;         ///< nothing: rank unknown; -1: size unknown
  std::optional<core::TensorView> content;  ///< the value itself, where known
  /// Where a size depends on contents (NonZero, Unique): the result has no more elements, whatever
  /// the sizes that `shape` leaves open are.
  std::optional<std::uint64_t> elements_max = {};
};

/// Operands of a node; one that is left out is empty.
using OperandInfos = std::span<const std::optional<ValueInfo>>;

/// What is known of a view: everything.
ValueInfo info_of(const core::TensorView& tensor);

/// Results of one node, one entry per output. The node's operand count must be within its
/// operation's bounds. With whole operands given every shape is known, or elements_max is. Refuses
/// shape_mismatch, operation_attribute_invalid, operation_dtype_unsupported and limit_exceeded;
/// contents are never filled in.
core::Result<std::vector<ValueInfo>> infer_node(const core::Node& node, OperandInfos operands);

/// Infers node after node and computes small integer values (shapes on their way through Shape,
/// Gather, Concat, ...) with the reference.
class ShapeInference {
 public:
  /// infer_node, with contents where they are small and follow.
  core::Result<std::vector<ValueInfo>> infer(const core::Node& node, OperandInfos operands);
  /// The same for a node that need not be reached, inside a control-flow node: where no execution
  /// could take it with these shapes, what follows from the element types alone.
  core::Result<std::vector<ValueInfo>> infer_inside(const core::Node& node, OperandInfos operands);

 private:
  std::deque<core::Tensor> folded_;  // owns the contents handed out
};

/// The known facts about every value of a program, by ValueId.
struct ProgramShapes {
  std::vector<ValueInfo> values;
  ShapeInference inference;  ///< owns folded contents; contents of constants are the program's
};

/// Infers all values. `input_shapes` are concrete shapes of the inputs in order, or empty to use
/// the declared ones. Refusals name the node ("node 3 (Conv, name)"); additionally refuses
/// input_mismatch if a given shape contradicts the declared one.
core::Result<ProgramShapes> infer_shapes(const core::Program& program,
                                         std::span<const core::Shape> input_shapes = {});

/// What is known of the outputs of a program inside another, on inputs of which this much is known.
/// Refuses operation_dtype_unsupported (an input of another type) and what infer_inside refuses.
core::Result<std::vector<ValueInfo>> infer_outputs(const core::Program& program,
                                                   std::span<const ValueInfo> inputs);

/// What holds for either value; refuses operation_dtype_unsupported for different types.
core::Result<ValueInfo> join(const ValueInfo& a, const ValueInfo& b);

/// Whether the input may be given a value of this shape.
bool admits(const core::ProgramInput& input, std::span<const std::int64_t> shape);

/// Name of a node for display, with the path of the program it is in.
std::string display_name(const core::Node& node, const std::string& path);
/// "node 3 (Conv, name)"; the name is left out if there is none.
std::string node_place(std::string_view noun, std::size_t index, const core::Node& node,
                       const std::string& path = {});

}  // namespace isotrace::executor
