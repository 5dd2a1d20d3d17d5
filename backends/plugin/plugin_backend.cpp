#include <isotrace/backends/plugin/plugin_backend.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/plugin/elf.hpp>
#include <isotrace/backends/plugin/placement.hpp>
#include <isotrace/backends/plugin/process.hpp>
#include <isotrace/backends/plugin/wire.hpp>
#include <isotrace/core/digest.hpp>
#include <isotrace/core/file.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::backends {
namespace {

using core::RefusalCode;
using core::Result;
using plugin::Answer;
using plugin::Reply;

RefusalCode code_of(Answer answer) {
  switch (answer) {
    case Answer::no_operation:
    case Answer::no_call: return RefusalCode::backend_operation_unsupported;
    case Answer::no_dtype: return RefusalCode::operation_dtype_unsupported;
    case Answer::bad_shape: return RefusalCode::shape_mismatch;
    case Answer::bad_value: return RefusalCode::operand_value_invalid;
    case Answer::bad_attribute: return RefusalCode::operation_attribute_invalid;
    case Answer::no_device: return RefusalCode::device_absent;
    case Answer::no_memory: return RefusalCode::limit_exceeded;
    case Answer::failed: return RefusalCode::plugin_failed;
    case Answer::malformed: return RefusalCode::plugin_malformed;
    case Answer::unloadable: return RefusalCode::plugin_unloadable;
    case Answer::version_unsupported: return RefusalCode::plugin_version_unsupported;
    case Answer::sandbox_failed: return RefusalCode::sandbox_failed;
    case Answer::ok:
    case Answer::contract_broken: break;
  }
  return RefusalCode::backend_contract_broken;
}

/// What a plugin says may go to a terminal and into files: one line of ASCII.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

bool is_printable(const std::string& text) { return !text.empty() && printable(text) == text; }

bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

core::Result<core::Done> write_at(int file, core::ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t size = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      return core::refuse(RefusalCode::limit_exceeded, "operands", "no shared memory for them");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return core::Done{};
}

/// False where the file does not have so much.
bool read_at(int file, std::span<std::uint8_t> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t size = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return true;
}

auto contract_broken(const std::string& where, const std::string& why) {
  return core::refuse(RefusalCode::backend_contract_broken, where, why);
}

/// A copy of a result, which must be in the file and be a tensor.
Result<core::Tensor> read_result(int file, const plugin::PlacedTensor& result, std::size_t index) {
  const std::string where = "result " + std::to_string(index);
  ISOTRACE_TRY(const std::size_t bytes, core::byte_count(result.dtype, result.shape));
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  const auto size = known ? static_cast<std::uint64_t>(status.st_size) : 0;
  // Before memory is allocated for what need not be there.
  if (result.data > size || bytes > size - result.data) {
    return contract_broken(where, "lies outside of the shared memory");
  }
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make_for_overwrite(result.dtype, result.shape));
  if (!read_at(file, tensor.mutable_bytes(), result.data)) {
    return contract_broken(where, "lies outside of the shared memory");
  }
  const auto sound = core::check_tensor(tensor.dtype(), tensor.shape(), tensor.bytes());
  if (!sound) return contract_broken(where, core::describe(sound.error()));
  return tensor;
}

class PluginBackend final : public Backend {
 public:
  PluginBackend(std::string path, PluginOptions options, CapabilityMatrix defined,
                std::string digest)
      : path_(std::move(path)),
        options_(std::move(options)),
        defined_(std::move(defined)),
        digest_(std::move(digest)) {}

  /// Starts the process and takes its description; the second time it must be the same.
  Result<core::Done> start() const {
    ISOTRACE_TRY(plugin::Process process, plugin::Process::start(path_, options_));
    process_.emplace(std::move(process));
    ISOTRACE_TRY(const auto deadline, make_deadline());
    ISOTRACE_TRY(const Reply reply, take_reply(deadline));
    ISOTRACE_TRY_DONE(judge(reply));
    if (!reply.description) return broken("start", "no description");
    const plugin::Description& said = *reply.description;
    if (!is_name(said.name)) return broken("name", printable(said.name));
    if (!is_printable(said.version)) return broken("plugin_version", printable(said.version));
    if (!is_printable(said.device)) return broken("device", printable(said.device));
    const BackendInfo info{
        std::string(plugin_prefix) + said.name, BackendState::available,
        said.device + "; " + said.name + " " + said.version + ", sha256 " + digest_};
    if (!info_.name.empty() && (info_.name != info.name || info_.device != info.device)) {
      return broken("start", "another description than the first time");
    }
    info_ = info;
    return core::Done{};
  }

  [[nodiscard]] BackendInfo info() const override { return info_; }

  [[nodiscard]] Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override {
    ISOTRACE_TRY_DONE(find_support(defined_, node, operand_dtypes));
    plugin::Question question = question_of(node);
    auto dtype = operand_dtypes.begin();
    for (const core::ValueId input : node.inputs) {
      const bool present = input != core::no_value;
      question.operands.push_back(present ? std::optional(*dtype++) : std::nullopt);
    }
    const std::lock_guard lock(mutex_);
    ISOTRACE_TRY(const auto deadline, make_deadline());
    ISOTRACE_TRY_DONE(ask({std::move(question), {}}, deadline));
    return core::Done{};
  }

  void limit_results(std::uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    results_bytes_max_ = bytes;
  }

  Result<std::vector<core::Tensor>> run(const core::Node& node, core::Operands operands) override {
    const std::lock_guard lock(mutex_);
    const std::uint64_t bytes_max = std::exchange(results_bytes_max_, options_.memory_bytes);
    ISOTRACE_TRY_DONE(start_if_ended());
    ISOTRACE_TRY(const auto deadline, make_deadline());
    ISOTRACE_TRY(plugin::Request request, place_operands(node, operands));
    ISOTRACE_TRY(const Reply reply, ask(request, deadline));
    if (reply.results.size() != node.outputs.size()) {
      return broken("run", std::to_string(reply.results.size()) + " results, not " +
                               std::to_string(node.outputs.size()));
    }
    // A file of shared memory may be larger than all memory there is.
    std::uint64_t bytes = 0;
    for (const plugin::PlacedTensor& result : reply.results) {
      ISOTRACE_TRY(const std::size_t size, core::byte_count(result.dtype, result.shape));
      bytes += size;
      if (bytes > bytes_max) {
        return broken("run", "results of " + std::to_string(bytes) + " bytes and more, not " +
                                 std::to_string(bytes_max) + " at most");
      }
    }
    std::vector<core::Tensor> results;
    for (std::size_t i = 0; i < reply.results.size(); ++i) {
      ISOTRACE_TRY(core::Tensor result, read_result(process_->results(), reply.results[i], i));
      results.push_back(std::move(result));
    }
    return results;
  }

 private:
  Result<plugin::Deadline> make_deadline() const {
    auto deadline = plugin::Deadline::make(std::chrono::seconds(options_.seconds));
    if (!deadline) return core::refuse(RefusalCode::sandbox_failed, "timerfd");
    return *std::move(deadline);
  }

  static plugin::Question question_of(const core::Node& node) {
    return {node.op, node.attributes, {}, static_cast<std::uint32_t>(node.outputs.size())};
  }

  /// Copies the operands into shared memory.
  Result<plugin::Request> place_operands(const core::Node& node, core::Operands operands) const {
    plugin::Request request{question_of(node), {}};
    auto& placed = request.operands.emplace();
    const int file = process_->operands();
    // Emptied first, so that what lies around them is zero.
    if (::ftruncate(file, 0) != 0) return core::refuse(RefusalCode::sandbox_failed, "ftruncate");
    std::uint64_t end = 0;
    for (const auto& operand : operands) {
      request.question.operands.push_back(operand ? std::optional(operand->dtype()) : std::nullopt);
      if (!operand) {
        placed.emplace_back();
        continue;
      }
      const plugin::Placement at = plugin::place(end, operand->bytes().size());
      ISOTRACE_TRY_DONE(write_at(file, operand->bytes(), at.data));
      const core::Shape shape(operand->shape().begin(), operand->shape().end());
      placed.emplace_back(plugin::PlacedTensor{operand->dtype(), shape, at.data});
      end = at.end();
    }
    if (::ftruncate(file, static_cast<off_t>(end)) != 0) {
      return core::refuse(RefusalCode::limit_exceeded, "operands", "no shared memory for them");
    }
    return request;
  }

  Result<core::Done> start_if_ended() const {
    if (process_) return core::Done{};
    auto started = start();
    if (!started) process_.reset();
    return started;
  }

  /// Asks and waits; refuses unless the answer is ok.
  Result<Reply> ask(const plugin::Request& request, const plugin::Deadline& deadline) const {
    ISOTRACE_TRY_DONE(start_if_ended());
    const core::Bytes message = plugin::write_request(request);
    if (message.size() > plugin::message_bytes_max) {
      return core::refuse(RefusalCode::limit_exceeded, path_, "too many attributes for a plugin");
    }
    if (auto sent = process_->channel().send(message, &deadline); !sent) {
      return tl::make_unexpected(give_up(sent.error()));
    }
    ISOTRACE_TRY(Reply reply, take_reply(deadline));
    ISOTRACE_TRY_DONE(judge(reply));
    return reply;
  }

  Result<Reply> take_reply(const plugin::Deadline& deadline) const {
    const auto bytes = process_->channel().receive(&deadline);
    process_->output().forward();
    if (!bytes) return tl::make_unexpected(give_up(bytes.error()));
    auto reply = plugin::parse_reply(*bytes);
    if (!reply) return broken("reply", core::describe(reply.error()));
    return reply;
  }

  Result<core::Done> judge(const Reply& reply) const {
    if (reply.answer == Answer::ok) return core::Done{};
    // After breaking the contract its memory is nobody knows what.
    if (reply.answer == Answer::contract_broken) kill();
    return core::refuse(code_of(reply.answer), path_, printable(reply.detail));
  }

  /// Ends the process, whose answer is no good.
  tl::unexpected<core::Refusal> broken(const std::string& where, const std::string& why) const {
    kill();
    return contract_broken(path_ + ": " + where, why);
  }

  void kill() const {
    process_->kill();
    process_.reset();
  }

  core::Refusal give_up(plugin::ChannelEnd end) const {
    std::string how;
    if (end == plugin::ChannelEnd::closed) how = process_->end();
    kill();
    switch (end) {
      case plugin::ChannelEnd::closed: return {RefusalCode::plugin_ended, path_, how};
      case plugin::ChannelEnd::late:
        return {RefusalCode::plugin_timeout, path_,
                "no answer within " + std::to_string(options_.seconds) + " seconds"};
      case plugin::ChannelEnd::too_long: break;
    }
    return {RefusalCode::backend_contract_broken, path_, "an answer over the limit"};
  }

  std::string path_;
  PluginOptions options_;
  CapabilityMatrix defined_;
  std::string digest_;
  // supports() asks the other process, too: one call at a time, and a new process where the last
  // one has ended.
  mutable std::mutex mutex_;
  mutable std::optional<plugin::Process> process_;
  std::uint64_t results_bytes_max_ = options_.memory_bytes;  ///< of the next run
  mutable BackendInfo info_{"", BackendState::available, ""};
};

}  // namespace

Result<std::unique_ptr<Backend>> make_plugin_backend(const std::string& path,
                                                     const PluginOptions& options) {
  core::PosixFiles files;
  ISOTRACE_TRY(const core::Bytes bytes, files.read(path, core::limits::plugin_bytes_max));
  if (auto sound = plugin::check_shared_library(bytes); !sound) {
    return core::refuse_within(path, std::move(sound).error());
  }
  ISOTRACE_TRY(CapabilityMatrix defined, capability_matrix("reference"));
  auto backend =
      std::make_unique<PluginBackend>(path, options, std::move(defined), core::sha256(bytes).hex());
  ISOTRACE_TRY_DONE(backend->start());
  return backend;
}

}  // namespace isotrace::backends
