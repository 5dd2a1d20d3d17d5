#include <isotrace/tools/models/graph_writer.hpp>

#include <isotrace/core/philox.hpp>

namespace isotrace::models {
namespace {

onnx::AttributeProto& add_attribute(onnx::NodeProto& node, const char* name,
                                    onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void set_type(onnx::ValueInfoProto& info, const std::string& name, int type, const Ints& shape) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape();
  for (const std::int64_t dim : shape) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

}  // namespace

NodeWriter& NodeWriter::set(const char* name, std::int64_t value) {
  add_attribute(node_, name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}

NodeWriter& NodeWriter::set(const char* name, float value) {
  add_attribute(node_, name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}

NodeWriter& NodeWriter::set(const char* name, const Ints& values) {
  auto& attribute = add_attribute(node_, name, onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
  return *this;
}

GraphWriter::GraphWriter(const std::string& name, std::int64_t opset, std::uint64_t seed)
    : graph_(*model_.mutable_graph()), seed_(seed) {
  model_.set_ir_version(8);
  model_.set_producer_name("make_models");
  auto& entry = *model_.add_opset_import();
  entry.set_domain("");
  entry.set_version(opset);
  graph_.set_name(name);
}

Value GraphWriter::input(const std::string& name, int type, const Ints& shape) {
  set_type(*graph_.add_input(), name, type, shape);
  return name;
}

void GraphWriter::output(const std::string& name, const Ints& shape) {
  graph_.mutable_node(graph_.node_size() - 1)->set_output(0, name);
  set_type(*graph_.add_output(), name, onnx::TensorProto::FLOAT, shape);
}

NodeWriter GraphWriter::node(const std::string& op, const std::vector<Value>& inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(op);
  for (const Value& input : inputs) node.add_input(input);
  node.add_output("v" + std::to_string(values_++));
  return NodeWriter(node);
}

std::vector<Value> GraphWriter::split(const Value& x, std::int64_t parts, std::int64_t axis) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type("Split");
  node.add_input(x);
  std::vector<Value> results;
  for (std::int64_t i = 0; i < parts; ++i) {
    results.push_back("v" + std::to_string(values_++));
    node.add_output(results.back());
  }
  NodeWriter(node).set("axis", axis);
  return results;
}

onnx::TensorProto& GraphWriter::add_initializer(int type, const Ints& shape) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name("c" + std::to_string(graph_.initializer_size()));
  tensor.set_data_type(type);
  for (const std::int64_t dim : shape) tensor.add_dims(dim);
  return tensor;
}

std::vector<float> GraphWriter::draw(const Ints& shape, float spread, float center) {
  std::size_t count = 1;
  for (const std::int64_t dim : shape) count *= static_cast<std::size_t>(dim);
  core::PhiloxStream random(seed_, weights_++);
  std::vector<float> values(count);
  for (float& value : values) value = center + spread * (2.0F * random.next_f32() - 1.0F);
  return values;
}

Value GraphWriter::constant(const Ints& shape, const std::vector<float>& values) {
  onnx::TensorProto& tensor = add_initializer(onnx::TensorProto::FLOAT, shape);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor.name();
}

Value GraphWriter::integers(const Ints& values) {
  onnx::TensorProto& tensor =
      add_initializer(onnx::TensorProto::INT64, {static_cast<std::int64_t>(values.size())});
  tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
  return tensor.name();
}

Value GraphWriter::index(std::int64_t value) {
  onnx::TensorProto& tensor = add_initializer(onnx::TensorProto::INT64, {});
  tensor.set_raw_data(&value, sizeof value);
  return tensor.name();
}

Value GraphWriter::booleans(const Ints& shape, const std::vector<bool>& values) {
  onnx::TensorProto& tensor = add_initializer(onnx::TensorProto::BOOL, shape);
  tensor.set_raw_data(std::string(values.begin(), values.end()));
  return tensor.name();
}

}  // namespace isotrace::models
