#include <isotrace/executor/memory_trace.hpp>

namespace isotrace::executor {
namespace {

/// Holds the one file that a recording writes.
class MemoryFile final : public core::Files {
 public:
  core::Result<core::Bytes> read(const std::string& path, std::uint64_t /*bytes_max*/) override {
    return core::refuse(core::RefusalCode::file_not_found, path);
  }
  core::Result<std::unique_ptr<core::PendingFile>> begin(const std::string& /*path*/) override {
    return std::make_unique<Pending>(bytes_);
  }
  [[nodiscard]] core::ByteView bytes() const { return bytes_; }

 private:
  struct Pending final : core::PendingFile {
    explicit Pending(core::Bytes& target) : bytes(target) {}
    core::Result<core::Done> append(core::ByteView more) override {
      bytes.insert(bytes.end(), more.begin(), more.end());
      return core::Done{};
    }
    core::Result<core::Done> leave_unfinished() override { return core::Done{}; }
    core::Result<core::Done> publish() override { return core::Done{}; }
    core::Bytes& bytes;
  };
  core::Bytes bytes_;
};

}  // namespace

core::Result<trace::Trace> record_in_memory(const core::Program& program,
                                            std::span<const NamedTensor> inputs,
                                            backends::Backend& backend, RecordOptions options) {
  MemoryFile file;
  options.path = "memory";
  ISOTRACE_TRY([[maybe_unused]] const Recording done,
               record(program, inputs, backend, file, options));
  return trace::parse_trace(file.bytes());
}

}  // namespace isotrace::executor
