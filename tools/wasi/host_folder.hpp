// Folders of the operating system that a program may work in.
#pragma once

#include <isotrace/tools/wasi/unique_descriptor.hpp>
#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::tools::wasi {

class HostFolder final : public wasm::wasi::Folder {
 public:
  explicit HostFolder(UniqueDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  wasm::wasi::Answer<wasm::wasi::FileStatus> status() override;
  wasm::wasi::Answer<core::Done> sync() override;
  wasm::wasi::Answer<core::Done> set_times(const wasm::wasi::NewTimes& times) override;
  /// Refuses overflow where there are more than 2^20.
  wasm::wasi::Answer<std::vector<std::string>> names() override;
  /// Refuses not_supported for devices, pipes and sockets.
  wasm::wasi::Answer<wasm::wasi::Opened> open(std::string_view path,
                                              const wasm::wasi::OpenRequest& request) override;
  wasm::wasi::Answer<wasm::wasi::FileStatus> status_of(std::string_view path,
                                                       bool follow_links) override;
  wasm::wasi::Answer<core::Done> create_folder(std::string_view path) override;
  wasm::wasi::Answer<core::Done> remove_file(std::string_view path) override;
  wasm::wasi::Answer<core::Done> remove_folder(std::string_view path) override;
  wasm::wasi::Answer<core::Done> set_times_of(std::string_view path, bool follow_links,
                                              const wasm::wasi::NewTimes& times) override;
  /// Refuses not_capable where the link is absolute: it tells of the machine.
  wasm::wasi::Answer<std::string> read_link(std::string_view path) override;
  wasm::wasi::Answer<core::Done> create_link(std::string_view text, std::string_view path) override;
  wasm::wasi::Answer<core::Done> link(std::string_view path, bool follow_links,
                                      wasm::wasi::Folder& target,
                                      std::string_view target_path) override;
  wasm::wasi::Answer<core::Done> rename(std::string_view path, Folder& target,
                                        std::string_view target_path) override;

 private:
  UniqueDescriptor descriptor_;
};

}  // namespace isotrace::tools::wasi
