// Builds ONNX models in code for tests.
#pragma once

#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include <isotrace/core/tensor.hpp>

namespace isotrace::tests {

using Names = std::vector<std::string>;
using Ints = std::vector<std::int64_t>;

/// Where a TensorProto keeps its elements.
enum class Encoding { raw, typed };

onnx::TensorProto tensor_proto(const std::string& name, const core::Tensor& value,
                               Encoding encoding = Encoding::raw);

/// One node under construction: attributes by chaining.
class NodeBuilder {
 public:
  explicit NodeBuilder(onnx::NodeProto& node) : node_(node) {}
  NodeBuilder& attribute(const std::string& name, std::int64_t value);
  NodeBuilder& attribute(const std::string& name, int value) {
    return attribute(name, std::int64_t{value});
  }
  NodeBuilder& attribute(const std::string& name, float value);
  NodeBuilder& attribute(const std::string& name, const char* value);
  NodeBuilder& attribute(const std::string& name, const Ints& values);
  NodeBuilder& attribute(const std::string& name, const std::vector<float>& values);
  NodeBuilder& attribute(const std::string& name, const core::Tensor& value);
  NodeBuilder& attribute(const std::string& name, const onnx::GraphProto& value);
  /// An attribute that stands for one of the function around.
  NodeBuilder& reference(const std::string& name, const std::string& outer,
                         onnx::AttributeProto::AttributeType type);
  NodeBuilder& named(const std::string& name);
  onnx::NodeProto& proto() { return node_; }

 private:
  onnx::AttributeProto& add(const std::string& name, onnx::AttributeProto::AttributeType type);
  onnx::NodeProto& node_;
};

class ModelBuilder {
 public:
  explicit ModelBuilder(std::int64_t opset = 13);
  ModelBuilder& input(const std::string& name, const Ints& shape,
                      int type = onnx::TensorProto::FLOAT);
  ModelBuilder& initializer(const std::string& name, const core::Tensor& value,
                            Encoding encoding = Encoding::raw);
  /// Without a shape.
  ModelBuilder& shapeless_input(const std::string& name);
  ModelBuilder& output(const std::string& name);
  /// Of a declared type and shape.
  ModelBuilder& output(const std::string& name, const Ints& shape,
                       int type = onnx::TensorProto::FLOAT);
  NodeBuilder node(const std::string& op, const Names& inputs, const Names& outputs);
  onnx::ModelProto& proto() { return model_; }
  /// The graph alone, for an attribute.
  [[nodiscard]] const onnx::GraphProto& graph() const { return model_.graph(); }
  [[nodiscard]] core::Bytes bytes() const;

 private:
  onnx::ModelProto model_;
};

core::Tensor floats(const core::Shape& shape, std::vector<float> values);
core::Tensor integers(std::vector<std::int64_t> values);

}  // namespace isotrace::tests
