// Counts the messages in ONNX bytes without building any (internal to the importer): two bytes of
// input can cost protobuf hundreds of bytes of memory, so the count is limited before it parses.
#pragma once

#include <isotrace/core/bytes.hpp>

namespace isotrace::executor {

/// Messages of onnx.proto that are looked into; everything else is opaque.
enum class MessageKind : std::uint8_t {
  opaque,
  model,
  graph,
  node,
  attribute,
  tensor,
  sparse_tensor,
  value_info,
  type,
  value_type,
  tensor_type,
  shape,
  function,
  sequence,
  optional,
};

/// At most this many messages inside each other: the programs that may be nested
/// (limits::program_nesting_max) take three each, what stands in the innermost takes the rest.
inline constexpr int onnx_nesting_max = 64;

/// At most this many messages and strings in one model.
inline constexpr std::uint64_t onnx_messages_max = 1U << 22;

/// Refuses limit_exceeded (too many messages, or too deep inside each other); bytes that are no
/// messages pass (protobuf refuses them).
core::Result<core::Done> check_message_count(core::ByteView bytes, MessageKind kind);

}  // namespace isotrace::executor
