#include <isotrace/executor/onnx_scan.hpp>

namespace isotrace::executor {
namespace {

using core::ByteView;

/// What the length-delimited field `number` of a message holds (onnx.proto).
MessageKind child_of(MessageKind kind, std::uint64_t number) {
  switch (kind) {
    case MessageKind::model:
      if (number == 25) return MessageKind::function;
      return number == 7 ? MessageKind::graph : MessageKind::opaque;
    case MessageKind::function:
      if (number == 7) return MessageKind::node;
      return number == 11 ? MessageKind::attribute : MessageKind::opaque;
    case MessageKind::graph:
      if (number == 1) return MessageKind::node;
      if (number == 5) return MessageKind::tensor;
      return number >= 11 && number <= 13 ? MessageKind::value_info : MessageKind::opaque;
    case MessageKind::node: return number == 5 ? MessageKind::attribute : MessageKind::opaque;
    case MessageKind::attribute:
      if (number == 5 || number == 10) return MessageKind::tensor;
      if (number == 22) return MessageKind::sparse_tensor;
      if (number == 14 || number == 15) return MessageKind::type;
      return number == 6 || number == 11 ? MessageKind::graph : MessageKind::opaque;
    case MessageKind::sparse_tensor:
      return number == 1 || number == 2 ? MessageKind::tensor : MessageKind::opaque;
    case MessageKind::value_info: return number == 2 ? MessageKind::type : MessageKind::opaque;
    case MessageKind::type:
      // Sequence and Optional hold a type under number 1, a tensor's type holds none there.
      if (number == 4 || number == 9) return MessageKind::value_type;
      return number == 1 ? MessageKind::tensor_type : MessageKind::opaque;
    case MessageKind::value_type: return number == 1 ? MessageKind::type : MessageKind::opaque;
    case MessageKind::sequence:
      if (number == 5) return MessageKind::sequence;
      if (number == 7) return MessageKind::optional;
      return number == 3 ? MessageKind::tensor : MessageKind::opaque;
    case MessageKind::optional:
      if (number == 5) return MessageKind::sequence;
      if (number == 7) return MessageKind::optional;
      return number == 3 ? MessageKind::tensor : MessageKind::opaque;
    case MessageKind::tensor_type: return number == 2 ? MessageKind::shape : MessageKind::opaque;
    default: return MessageKind::opaque;
  }
}

/// Walks wire-format bytes. Damage ends the walk: what protobuf would build from the bytes before
/// it has been counted.
class Scan {
 public:
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool too_deep() const { return too_deep_; }

  /// False once the bytes are damaged or the count is over the limit.
  bool walk(ByteView bytes, MessageKind kind, int depth) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      std::uint64_t tag = 0;
      if (!varint(bytes, at, tag) || !field(bytes, at, tag, kind, depth)) return false;
    }
    return true;
  }

 private:
  static bool varint(ByteView bytes, std::size_t& at, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
      const std::uint8_t byte = bytes[at++];
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  static bool skip(ByteView bytes, std::size_t& at, std::uint64_t size) {
    if (size > bytes.size() - at) return false;
    at += static_cast<std::size_t>(size);
    return true;
  }

  bool field(ByteView bytes, std::size_t& at, std::uint64_t tag, MessageKind kind, int depth) {
    std::uint64_t value = 0;
    switch (tag & 7) {
      case 0: return varint(bytes, at, value);
      case 1: return skip(bytes, at, 8);
      case 5: return skip(bytes, at, 4);
      case 2: break;
      default: return true;  // groups: onnx.proto has none, protobuf keeps them as unknown fields
    }
    const bool whole = varint(bytes, at, value) && value <= bytes.size() - at;
    if (++count_ > onnx_messages_max) return false;
    const MessageKind child = child_of(kind, tag >> 3);
    const ByteView inside =
        bytes.subspan(at, whole ? static_cast<std::size_t>(value) : bytes.size() - at);
    if (child != MessageKind::opaque) {
      too_deep_ = too_deep_ || depth == onnx_nesting_max;
      if (too_deep_ || !walk(inside, child, depth + 1)) return false;
    }
    return whole && skip(bytes, at, value);
  }

  std::uint64_t count_ = 0;
  bool too_deep_ = false;
};

}  // namespace

core::Result<core::Done> check_message_count(ByteView bytes, MessageKind kind) {
  Scan scan;
  scan.walk(bytes, kind, 0);
  if (scan.too_deep()) {
    return core::refuse(
        core::RefusalCode::limit_exceeded, "model",
        "more than " + std::to_string(onnx_nesting_max) + " messages inside each other");
  }
  if (scan.count() <= onnx_messages_max) return core::Done{};
  return core::refuse(core::RefusalCode::limit_exceeded, "model",
                      "more than " + std::to_string(onnx_messages_max) + " parts");
}

}  // namespace isotrace::executor
