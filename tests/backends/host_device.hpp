// The kernels of backends/gpu on the host: every block phase by phase, all its threads one after
// the other. A test of their source, never a backend.
#pragma once

#include <map>
#include <vector>

#include <isotrace/backends/gpu/device.hpp>

namespace isotrace::backends::gpu {

/// Threads, and blocks, from the first to the last or the other way round: what they leave must not
/// depend on it.
enum class HostOrder { forwards, backwards };

class HostDevice final : public Device {
 public:
  HostDevice(unsigned multiprocessors, HostOrder order)
      : multiprocessors_(multiprocessors), order_(order) {}

  [[nodiscard]] std::string description() const override { return "the host, for tests"; }
  [[nodiscard]] unsigned multiprocessors() const override { return multiprocessors_; }
  core::Result<Address> allocate(std::size_t bytes) override;
  void release(Address address) override;
  core::Result<core::Done> upload(Address to, core::ByteView from) override;
  core::Result<core::Done> download(std::span<std::uint8_t> to, Address from) override;
  core::Result<core::Done> launch(std::string_view kernel, Grid grid,
                                  core::ByteView arguments) override;

  /// How often each kernel was launched.
  [[nodiscard]] const std::map<std::string, int, std::less<>>& launches() const {
    return launches_;
  }
  /// Allocations that have not been released.
  [[nodiscard]] std::size_t held() const { return memory_.size(); }

 private:
  unsigned multiprocessors_;
  HostOrder order_;
  std::map<Address, std::unique_ptr<std::uint8_t[]>> memory_;
  std::map<std::string, int, std::less<>> launches_;
};

}  // namespace isotrace::backends::gpu
