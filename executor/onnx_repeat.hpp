// Bodies that are executed again and again: those of Loop and Scan (internal to the importer).
// States go in and come back; what Loop and Scan put around them differs.
#pragma once

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {

/// What a body takes and gives.
struct BodyForm {
  std::vector<ValueInfo> before;  ///< inputs in front of the states
  std::vector<ValueInfo> states;
  std::vector<ValueInfo> after;    ///< inputs behind the states
  std::size_t outputs_before = 0;  ///< outputs in front of the states'
};

/// A body that was imported with its inputs.
struct Repeated {
  Body body;
  std::vector<std::size_t> outputs;
  std::vector<bool> wrapped;  ///< states that the graph gives back as what an optional holds
};

/// The graph that a node has as its attribute, all its other attributes read before.
core::Result<const onnx::GraphProto*> read_graph(Lowering& node, std::string_view name);

/// Imports a body for a node that will stand in the draft `around` (`through`: Body). Ranks of
/// states that nothing declares are taken to stay as they begin; where that does not hold, the body
/// is imported once more without.
core::Result<Repeated> import_body(Lowering& node, const onnx::GraphProto& graph,
                                   const BodyForm& form, const Draft& around,
                                   Body* through = nullptr);

/// The declared shapes of the outputs from `first` on as the attribute scan_shapes: what an element
/// is where there is none. Free sizes are 0; without a declaration an element is a scalar.
Integers scan_shapes(const onnx::GraphProto& graph, std::size_t first);

/// What is known of `count` operands from `first` on.
std::vector<ValueInfo> infos_of(Lowering& node, std::size_t first, std::size_t count);

/// The operands of a node with those that its body captured behind them.
std::vector<DraftValue> join_operands(std::vector<DraftValue> operands,
                                      const std::vector<std::size_t>& captures);

}  // namespace isotrace::executor
