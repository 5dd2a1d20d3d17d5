// Files in memory: a trace that is compared at once and never kept.
#pragma once

#include <map>

#include <isotrace/core/file.hpp>

namespace isotrace::tools {

class MemoryFiles final : public core::Files {
 public:
  core::Result<core::Bytes> read(const std::string& path, std::uint64_t /*bytes_max*/) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return core::refuse(core::RefusalCode::file_not_found, path);
    return found->second;
  }
  core::Result<std::unique_ptr<core::PendingFile>> begin(const std::string& path) override {
    return std::make_unique<Pending>(files_[path]);
  }

 private:
  struct Pending final : core::PendingFile {
    explicit Pending(core::Bytes& target) : published(target) {}
    core::Result<core::Done> append(core::ByteView bytes) override {
      pending.insert(pending.end(), bytes.begin(), bytes.end());
      return core::Done{};
    }
    core::Result<core::Done> publish() override {
      published = std::move(pending);
      return core::Done{};
    }
    core::Bytes& published;
    core::Bytes pending;
  };
  std::map<std::string, core::Bytes> files_;
};

}  // namespace isotrace::tools
