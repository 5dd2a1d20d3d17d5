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

/// ValueInfoProto: a name, an element type and two dimensions.
Message value_info(const std::string& name, Dtype dtype, std::ptrdiff_t rows,
                   std::ptrdiff_t columns) {
  Message shape;
  for (const std::ptrdiff_t size : {rows, columns}) {
    shape.message(1, Message().number(1, static_cast<std::uint64_t>(size)));
  }
  const Message tensor = Message().number(1, onnx_type(dtype)).message(2, shape);
  return Message().text(1, name).message(2, Message().message(1, tensor));
}

}  // namespace

Bytes make_product_model(const std::string& operation, MatrixSize size, Dtype a, Dtype b, Dtype y,
                         ByteView b_bytes) {
  Message constant;  // TensorProto
  constant.number(1, static_cast<std::uint64_t>(size.depth))
      .number(1, static_cast<std::uint64_t>(size.columns))
      .number(2, onnx_type(b))
      .text(8, "b")
      .bytes(9, b_bytes);
  const Message node = Message().text(1, "a").text(1, "b").text(2, "y").text(4, operation);
  Message graph;
  graph.message(1, node)
      .text(2, "product")
      .message(5, constant)
      .message(11, value_info("a", a, size.rows, size.depth))
      .message(12, value_info("y", y, size.rows, size.columns));
  Message model;
  model.number(1, 8).message(7, graph).message(8, Message().text(1, "").number(2, 13));
  return model.take();
}

}  // namespace isotrace::tools::bench
