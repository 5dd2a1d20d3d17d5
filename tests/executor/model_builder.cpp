#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Dtype;
using onnx::TensorProto;

int onnx_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return TensorProto::FLOAT;
    case Dtype::f64: return TensorProto::DOUBLE;
    case Dtype::f16: return TensorProto::FLOAT16;
    case Dtype::bf16: return TensorProto::BFLOAT16;
    case Dtype::i8: return TensorProto::INT8;
    case Dtype::u8: return TensorProto::UINT8;
    case Dtype::i16: return TensorProto::INT16;
    case Dtype::u16: return TensorProto::UINT16;
    case Dtype::i32: return TensorProto::INT32;
    case Dtype::u32: return TensorProto::UINT32;
    case Dtype::i64: return TensorProto::INT64;
    case Dtype::u64: return TensorProto::UINT64;
    case Dtype::boolean: return TensorProto::BOOL;
    case Dtype::f8e4m3fn: return 17;  // the header in use may be older than these
    case Dtype::f8e4m3fnuz: return 18;
    case Dtype::f8e5m2: return 19;
    case Dtype::f8e5m2fnuz: return 20;
    case Dtype::u4: return 21;
    case Dtype::i4: return 22;
    case Dtype::f4e2m1: return 23;
    case Dtype::u2: return 25;
    case Dtype::i2: return 26;
  }
  return 0;
}

template <class T>
void add_int32(TensorProto& proto, const core::Tensor& value) {
  const auto* data = reinterpret_cast<const T*>(value.bytes().data());
  for (std::size_t i = 0; i < value.elements(); ++i) proto.add_int32_data(data[i]);
}

bool is_packed(Dtype dtype) { return dtype >= Dtype::i4; }

/// Two elements of 4 bits or four of 2 bits per byte, the first one lowest.
std::string packed(const core::Tensor& value) {
  const bool two = value.dtype() == Dtype::i2 || value.dtype() == Dtype::u2;
  const std::size_t each = two ? 4 : 2;
  std::string bytes((value.elements() + each - 1) / each, '\0');
  for (std::size_t i = 0; i < value.elements(); ++i) {
    const int bits = value.bytes()[i] & (two ? 3 : 15);
    bytes[i / each] = static_cast<char>(bytes[i / each] | bits << (8 / each * (i % each)));
  }
  return bytes;
}

void add_typed(TensorProto& proto, const core::Tensor& value) {
  switch (value.dtype()) {
    case Dtype::f32:
      for (float v : value.data<float>()) proto.add_float_data(v);
      break;
    case Dtype::f64:
      for (double v : value.data<double>()) proto.add_double_data(v);
      break;
    case Dtype::i64:
      for (auto v : value.data<std::int64_t>()) proto.add_int64_data(v);
      break;
    case Dtype::u64:
      for (auto v : value.data<std::uint64_t>()) proto.add_uint64_data(v);
      break;
    case Dtype::u32:
      for (auto v : value.data<std::uint32_t>()) proto.add_uint64_data(v);
      break;
    case Dtype::i32: add_int32<std::int32_t>(proto, value); break;
    case Dtype::i16: add_int32<std::int16_t>(proto, value); break;
    case Dtype::i8: add_int32<std::int8_t>(proto, value); break;
    case Dtype::i4:
    case Dtype::i2:
    case Dtype::u2:
    case Dtype::f4e2m1:
    case Dtype::u4:
      for (const char byte : packed(value)) proto.add_int32_data(static_cast<std::uint8_t>(byte));
      break;
    case Dtype::f8e4m3fn:
    case Dtype::f8e4m3fnuz:
    case Dtype::f8e5m2:
    case Dtype::f8e5m2fnuz:
    case Dtype::boolean:
    case Dtype::u8: add_int32<std::uint8_t>(proto, value); break;
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::u16: add_int32<std::uint16_t>(proto, value); break;
  }
}

}  // namespace

TensorProto tensor_proto(const std::string& name, const core::Tensor& value, Encoding encoding) {
  TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(onnx_type(value.dtype()));
  for (std::int64_t dim : value.shape()) proto.add_dims(dim);
  if (encoding == Encoding::raw && is_packed(value.dtype())) {
    proto.set_raw_data(packed(value));
  } else if (encoding == Encoding::raw) {
    proto.set_raw_data(value.bytes().data(), value.bytes().size());
  } else {
    add_typed(proto, value);
  }
  return proto;
}

onnx::AttributeProto& NodeBuilder::add(const std::string& name,
                                       onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node_.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

NodeBuilder& NodeBuilder::attribute(const std::string& name, std::int64_t value) {
  add(name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, float value) {
  add(name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, const char* value) {
  add(name, onnx::AttributeProto::STRING).set_s(value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, const Ints& values) {
  auto& attribute = add(name, onnx::AttributeProto::INTS);
  for (std::int64_t value : values) attribute.add_ints(value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, const std::vector<float>& values) {
  auto& attribute = add(name, onnx::AttributeProto::FLOATS);
  for (float value : values) attribute.add_floats(value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, const core::Tensor& value) {
  *add(name, onnx::AttributeProto::TENSOR).mutable_t() = tensor_proto("", value);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& name, const onnx::GraphProto& value) {
  *add(name, onnx::AttributeProto::GRAPH).mutable_g() = value;
  return *this;
}
NodeBuilder& NodeBuilder::reference(const std::string& name, const std::string& outer,
                                    onnx::AttributeProto::AttributeType type) {
  add(name, type).set_ref_attr_name(outer);
  return *this;
}
NodeBuilder& NodeBuilder::named(const std::string& name) {
  node_.set_name(name);
  return *this;
}

ModelBuilder::ModelBuilder(std::int64_t opset) {
  model_.set_ir_version(7);
  auto& entry = *model_.add_opset_import();
  entry.set_domain("");
  entry.set_version(opset);
  model_.mutable_graph()->set_name("graph");
}

namespace {

void declare(onnx::ValueInfoProto& value, const std::string& name, const Ints& shape, int type) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape();
  for (std::int64_t dim : shape) {
    auto& entry = *tensor.mutable_shape()->add_dim();
    if (dim >= 0) {
      entry.set_dim_value(dim);
    } else {
      entry.set_dim_param("N");
    }
  }
}

}  // namespace

ModelBuilder& ModelBuilder::input(const std::string& name, const Ints& shape, int type) {
  declare(*model_.mutable_graph()->add_input(), name, shape, type);
  return *this;
}

ModelBuilder& ModelBuilder::shapeless_input(const std::string& name) {
  auto& input = *model_.mutable_graph()->add_input();
  input.set_name(name);
  input.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::FLOAT);
  return *this;
}

ModelBuilder& ModelBuilder::output(const std::string& name, const Ints& shape, int type) {
  declare(*model_.mutable_graph()->add_output(), name, shape, type);
  return *this;
}

ModelBuilder& ModelBuilder::initializer(const std::string& name, const core::Tensor& value,
                                        Encoding encoding) {
  *model_.mutable_graph()->add_initializer() = tensor_proto(name, value, encoding);
  return *this;
}

ModelBuilder& ModelBuilder::output(const std::string& name) {
  model_.mutable_graph()->add_output()->set_name(name);
  return *this;
}

NodeBuilder ModelBuilder::node(const std::string& op, const Names& inputs, const Names& outputs) {
  onnx::NodeProto& node = *model_.mutable_graph()->add_node();
  node.set_op_type(op);
  for (const std::string& name : inputs) node.add_input(name);
  for (const std::string& name : outputs) node.add_output(name);
  return NodeBuilder(node);
}

core::Bytes ModelBuilder::bytes() const {
  const std::string text = model_.SerializeAsString();
  return {text.begin(), text.end()};
}

core::Tensor floats(const core::Shape& shape, std::vector<float> values) {
  return core::Tensor::of<float>(shape, std::span<const float>(values));
}

core::Tensor integers(std::vector<std::int64_t> values) {
  return core::Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())},
                                        std::span<const std::int64_t>(values));
}

}  // namespace isotrace::tests
