// Files that keep nothing: a run without --trace still computes its root through the trace writer.
#pragma once

#include <isotrace/core/file.hpp>

namespace isotrace::tools {

class DiscardFiles final : public core::Files {
 public:
  core::Result<core::Bytes> read(const std::string& path, std::uint64_t /*bytes_max*/) override {
    return core::refuse(core::RefusalCode::file_not_found, path);
  }
  core::Result<std::unique_ptr<core::PendingFile>> begin(const std::string& /*path*/) override {
    return std::make_unique<Pending>();
  }

 private:
  struct Pending final : core::PendingFile {
    core::Result<core::Done> append(core::ByteView /*bytes*/) override { return core::Done{}; }
    core::Result<core::Done> publish() override { return core::Done{}; }
    core::Result<core::Done> leave_unfinished() override { return core::Done{}; }
  };
};

}  // namespace isotrace::tools
