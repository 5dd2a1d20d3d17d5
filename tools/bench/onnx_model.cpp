#include <isotrace/tools/bench/onnx_model.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Bytes;
using core::ByteView;
using core::Dtype;

/// Numbers of TensorProto.DataType.
std::uint64_t onnx_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return 1;
    case Dtype::u8: return 2;
    case Dtype::i8: return 3;
    case Dtype::i32: return 6;
    default: ISOTRACE_CHECK(false, static_cast<int>(dtype));
  }
}

/// A message of protocol buffers, field by field.
class Message {
 public:
  Message& number(std::uint64_t field, std::uint64_t value) {
    put(field << 3);
    put(value);
    return *this;
  }
  Message& bytes(std::uint64_t field, ByteView value) {
    put(field << 3 | 2);
    put(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  Message& text(std::uint64_t field, const std::string& value) {
    return bytes(field, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  }
  Message& message(std::uint64_t field, const Message& value) { return bytes(field, value.bytes_); }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  Bytes bytes_;
};

/// ValueInfoProto: a name, an element type and dimensions.
Message value_info(const std::string& name, Dtype dtype, std::span<const std::int64_t> sizes) {
  Message shape;
  for (const std::int64_t size : sizes) {
    shape.message(1, Message().number(1, static_cast<std::uint64_t>(size)));
  }
  const Message tensor = Message().number(1, onnx_type(dtype)).message(2, shape);
  return Message().text(1, name).message(2, Message().message(1, tensor));
}

/// TensorProto.
Message constant(const std::string& name, Dtype dtype, std::span<const std::int64_t> sizes,
                 ByteView bytes) {
  Message tensor;
  for (const std::int64_t size : sizes) tensor.number(1, static_cast<std::uint64_t>(size));
  return tensor.number(2, onnx_type(dtype)).text(8, name).bytes(9, bytes);
}

/// AttributeProto of an integer or a list of them.
Message attribute(const core::Attribute& from) {
  Message to;
  to.text(1, from.name);
  if (const auto* number = std::get_if<std::int64_t>(&from.value)) {
    return to.number(3, static_cast<std::uint64_t>(*number)).number(20, 2);
  }
  for (const std::int64_t number : std::get<std::vector<std::int64_t>>(from.value)) {
    to.number(8, static_cast<std::uint64_t>(number));
  }
  return to.number(20, 7);
}

/// ModelProto of a graph that uses one version of the standard operations.
Bytes model_of(const Message& graph, std::uint64_t operator_set = 13) {
  Message model;
  model.number(1, 8).message(7, graph).message(8, Message().text(1, "").number(2, operator_set));
  return model.take();
}

}  // namespace

Bytes make_product_model(const std::string& operation, MatrixSize size, Dtype a, Dtype b, Dtype y,
                         ByteView b_bytes) {
  const std::int64_t a_shape[] = {size.rows, size.depth};
  const std::int64_t b_shape[] = {size.depth, size.columns};
  const std::int64_t y_shape[] = {size.rows, size.columns};
  const Message node = Message().text(1, "a").text(1, "b").text(2, "y").text(4, operation);
  Message graph;
  graph.message(1, node)
      .text(2, "product")
      .message(5, constant("b", b, b_shape, b_bytes))
      .message(11, value_info("a", a, a_shape))
      .message(12, value_info("y", y, y_shape));
  return model_of(graph);
}

Bytes make_function_model(const std::string& operation, std::int64_t elements) {
  const std::int64_t shape[] = {1, elements};
  const Message node = Message().text(1, "x").text(2, "y").text(4, operation);
  Message graph;
  graph.message(1, node)
      .text(2, "function")
      .message(11, value_info("x", Dtype::f32, shape))
      .message(12, value_info("y", Dtype::f32, shape));
  return model_of(graph, 20);
}

Bytes make_operation_model(const core::Node& node, std::span<const core::Tensor> operands,
                           Dtype result, const core::Shape& result_shape) {
  Message call;
  Message graph;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const core::TensorView operand = operands[i];
    const std::string name = "operand" + std::to_string(i);
    call.text(1, name);
    if (i == 0) {
      graph.message(11, value_info(name, operand.dtype(), operand.shape()));
    } else {
      graph.message(5, constant(name, operand.dtype(), operand.shape(), operand.bytes()));
    }
  }
  call.text(2, "y").text(4, std::string(core::op_info(node.op).name));
  for (const core::Attribute& from : node.attributes) call.message(5, attribute(from));
  graph.message(1, call).text(2, "operation").message(12, value_info("y", result, result_shape));
  return model_of(graph);
}

}  // namespace isotrace::tools::bench
