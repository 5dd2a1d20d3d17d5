// Models with control flow for tests.
#pragma once

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {

inline constexpr int onnx_bool = onnx::TensorProto::BOOL;
inline constexpr int onnx_i64 = onnx::TensorProto::INT64;

inline core::Tensor truth(bool value) {
  return core::Tensor::of<core::Bool8>({}, {core::Bool8{static_cast<std::uint8_t>(value)}});
}
inline core::Tensor count(std::int64_t value) {
  return core::Tensor::of<std::int64_t>({}, {value});
}

/// A graph without inputs whose output is one operation on names around it.
inline onnx::GraphProto one_node_graph(const std::string& op, const Names& inputs,
                                       const std::string& name = {}) {
  ModelBuilder graph;
  graph.output("result");
  graph.node(op, inputs, {"result"}).named(name);
  return graph.graph();
}

/// A body of Loop under construction: iteration "i", condition "go" and states.
inline ModelBuilder loop_body(const Names& states) {
  ModelBuilder body;
  body.input("i", {}, onnx_i64).input("go", {}, onnx_bool);
  for (const std::string& state : states) body.shapeless_input(state);
  return body;
}

/// x f32 [2], n i64, flag bool. An outer Loop of n rounds; in each, if flag then an inner Loop of i
/// rounds adds x (from two levels up) and the outer round's total, else x is subtracted.
inline ModelBuilder nested_model() {
  ModelBuilder inner = loop_body({"acc"});
  inner.output("go").output("sum");
  inner.node("Add", {"acc", "x"}, {"more"}).named("add_x");
  inner.node("Add", {"more", "total"}, {"sum"}).named("add_total");
  ModelBuilder then_branch;
  then_branch.output("grown");
  then_branch.node("Loop", {"round", "", "total"}, {"grown"})
      .named("inner")
      .attribute("body", inner.graph());
  ModelBuilder outer;
  outer.input("round", {}, onnx_i64).input("go_on", {}, onnx_bool).shapeless_input("total");
  outer.output("go_on").output("next").output("next");
  outer.node("If", {"flag"}, {"next"})
      .named("which")
      .attribute("then_branch", then_branch.graph())
      .attribute("else_branch", one_node_graph("Sub", {"total", "x"}, "take_x"));
  ModelBuilder model(16);
  model.input("x", {2}).input("n", {}, onnx_i64).input("flag", {}, onnx_bool);
  model.output("last").output("all");
  model.node("Loop", {"n", "", "x"}, {"last", "all"})
      .named("outer")
      .attribute("body", outer.graph());
  return model;
}

inline std::vector<executor::NamedTensor> nested_inputs(std::int64_t rounds, bool flag) {
  return {{"x", floats({2}, {1, 10})}, {"n", count(rounds)}, {"flag", truth(flag)}};
}

}  // namespace isotrace::tests
