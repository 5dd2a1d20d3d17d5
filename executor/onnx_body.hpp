// Graphs inside nodes on their way to programs inside nodes (internal to the importer). A program
// sees its inputs and nothing else, so every value of the graph around it that it reads becomes an
// operand of the node and an input of the program: a capture.
#pragma once

#include <map>

#include <onnx/onnx_pb.h>

#include <isotrace/executor/draft.hpp>

namespace isotrace::executor {

/// A program inside a node, under construction.
class Body {
 public:
  /// `around`: the draft that the node will stand in. If that is a body's, and the names come from
  /// outside it, `through` is that body. Both must outlive the object.
  explicit Body(const Draft& around, Body* through = nullptr)
      : draft_(Draft::Place::inside), around_(around), through_(through) {}

  Draft& draft() { return draft_; }
  /// The next input; all come before the first capture. `declared` is part of the program, `info`
  /// is what is known here.
  std::size_t add_input(const core::Shape& declared, ValueInfo info);
  /// The input that stands for a value of the draft around (of the one around `through`).
  std::size_t capture(std::size_t value);
  /// Values of the draft around that are captured so far, in the order of the inputs.
  [[nodiscard]] const std::vector<std::size_t>& captures() const { return captures_; }
  /// The program with these outputs; refuses what SubProgram::make refuses.
  core::Result<core::SubProgram> finish(const std::vector<std::size_t>& outputs) &&;

 private:
  Draft draft_;
  const Draft& around_;
  Body* through_;
  std::vector<std::size_t> captures_;
  std::map<std::size_t, std::size_t> captured_;  // value around -> input
  std::size_t inputs_ = 0;
};

/// Imports the graphs inside a node: names that a graph does not give itself are those around it.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Adds the graph to the body, its inputs standing for the values given; returns its outputs.
  virtual core::Result<std::vector<std::size_t>> import_graph(
      const onnx::GraphProto& graph, Body& body, std::span<const std::size_t> inputs) = 0;
};

}  // namespace isotrace::executor
