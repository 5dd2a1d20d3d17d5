// A model message without its weights (internal to the importer): protobuf parses the rest, and
// weights go from where they are into tensors, with no copy between.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/executor/model_bytes.hpp>

namespace isotrace::executor {

/// The raw_data of a tensor message, left where it is.
struct RawData {
  std::uint64_t offset;
  std::uint64_t size;
};

/// Raw data smaller than this stay in the message.
inline constexpr std::uint64_t raw_data_bytes_min = 4096;

struct OnnxSkeleton {
  core::Bytes message;  ///< a ModelProto; where raw data are left out, empty ones stand
  std::vector<std::optional<RawData>> initializers;  ///< by index in the model's graph
};

/// Bytes that are no message are passed on for protobuf to refuse. Refuses limit_exceeded (more
/// than protobuf's 2 GiB, or than the memory has) and what the bytes refuse.
core::Result<OnnxSkeleton> make_skeleton(const ModelBytes& model);

}  // namespace isotrace::executor
