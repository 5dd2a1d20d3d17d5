// What a run and the process of its plugin say to each other, and how it is written. Contents of
// tensors are not in the messages: they lie in two files of shared memory, one for the operands and
// one for the results, at places that the messages name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::plugin {

/// Descriptors that the plugin's process is started with.
inline constexpr int channel_descriptor = 3;
inline constexpr int operands_descriptor = 4;
inline constexpr int results_descriptor = 5;

/// Longest texts of a plugin.
inline constexpr std::size_t name_bytes_max = 64;
inline constexpr std::size_t device_bytes_max = 200;
inline constexpr std::size_t detail_bytes_max = 500;

/// A call without its operands' shapes and contents.
struct Question {
  core::Op op;
  std::vector<core::Attribute> attributes;
  std::vector<std::optional<core::Dtype>> operands;  ///< nothing: left out
  std::uint32_t results = 0;
};

/// A tensor in one of the files.
struct PlacedTensor {
  core::Dtype dtype;
  core::Shape shape;
  std::uint64_t data = 0;  ///< where its bytes begin
};

struct Request {
  Question question;
  /// To be executed; empty where it is asked whether it is supported.
  std::optional<std::vector<std::optional<PlacedTensor>>> operands;
};

enum class Answer : std::uint8_t {
  // As in isotrace_backend.h.
  ok = 0,
  no_operation = 1,
  no_dtype = 2,
  no_call = 3,
  bad_shape = 4,
  bad_value = 5,
  bad_attribute = 6,
  no_device = 7,
  no_memory = 8,
  failed = 9,
  // What the process around the plugin finds.
  contract_broken = 10,
  malformed = 11,
  unloadable = 12,
  version_unsupported = 13,
  sandbox_failed = 14,
};
inline constexpr auto answer_last = Answer::sandbox_failed;

/// What the plugin says that it is.
struct Description {
  std::string name;
  std::string version;
  std::string device;
};

struct Reply {
  Answer answer = Answer::ok;
  std::string detail;
  std::vector<PlacedTensor> results;       ///< of a call
  std::optional<Description> description;  ///< in the first reply, which nobody asks for
};

core::Bytes write_request(const Request& request);
core::Bytes write_reply(const Reply& reply);
/// Refuse what is not such a message; nothing is allocated that is not there.
core::Result<Request> parse_request(core::ByteView bytes);
core::Result<Reply> parse_reply(core::ByteView bytes);

}  // namespace isotrace::backends::plugin
