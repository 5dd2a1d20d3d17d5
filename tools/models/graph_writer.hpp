// Builds one ONNX graph node by node. Values are strings, the names of ONNX; weights are drawn from
// Philox streams, one per weight in the order they are asked for, so a seed determines every bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

namespace isotrace::models {

using Value = std::string;
using Ints = std::vector<std::int64_t>;

/// One node under construction: attributes by chaining; converts to its first result.
class NodeWriter {
 public:
  explicit NodeWriter(onnx::NodeProto& node) : node_(node) {}
  NodeWriter& set(const char* name, std::int64_t value);
  NodeWriter& set(const char* name, float value);
  NodeWriter& set(const char* name, const Ints& values);
  operator Value() const { return node_.output(0); }  // NOLINT(google-explicit-constructor)

 private:
  onnx::NodeProto& node_;
};

class GraphWriter {
 public:
  GraphWriter(const std::string& name, std::int64_t opset, std::uint64_t seed);

  Value input(const std::string& name, int type, const Ints& shape);
  /// Makes the result of the last node an output, under this name from now on.
  void output(const std::string& name, const Ints& shape);
  NodeWriter node(const std::string& op, const std::vector<Value>& inputs);
  /// The results of a node with several.
  std::vector<Value> split(const Value& x, std::int64_t parts, std::int64_t axis);

  /// Uniform in [center - spread, center + spread).
  std::vector<float> draw(const Ints& shape, float spread, float center = 0.0F);
  Value constant(const Ints& shape, const std::vector<float>& values);
  Value integers(const Ints& values);  ///< a list
  Value index(std::int64_t value);     ///< an integer scalar
  Value booleans(const Ints& shape, const std::vector<bool>& values);
  Value scalar(float value) { return constant({}, {value}); }
  Value weight(const Ints& shape, float spread, float center = 0.0F) {
    return constant(shape, draw(shape, spread, center));
  }

  onnx::ModelProto take() { return std::move(model_); }

 private:
  onnx::TensorProto& add_initializer(int type, const Ints& shape);

  onnx::ModelProto model_;
  onnx::GraphProto& graph_;
  std::uint64_t seed_;
  std::uint32_t weights_ = 0;
  int values_ = 0;
};

}  // namespace isotrace::models
