// The kernels of backends/gpu on the host: every block phase by phase, all its threads one after
// the other. A test of their source, never a backend.
#pragma once

#include <map>
#include <new>
#include <optional>
#include <vector>

#include <isotrace/backends/gpu/device.hpp>

namespace isotrace::backends::gpu {

/// Threads, and blocks, from the first to the last or the other way round: what they leave must not
/// depend on it.
enum class HostOrder { forwards, backwards };

class HostDevice final : public Device {
 public:
  HostDevice(unsigned multiprocessors, HostOrder order,
             ByteUnits byte_units = ByteUnits::tensor_cores)
      : multiprocessors_(multiprocessors), order_(order), byte_units_(byte_units) {}

  [[nodiscard]] std::string description() const override { return "the host, for tests"; }
  [[nodiscard]] unsigned multiprocessors() const override { return multiprocessors_; }
  [[nodiscard]] ByteUnits byte_units() const override;
  core::Result<Address> allocate(std::size_t bytes) override;
  void release(Address address) override;
  core::Result<core::Done> upload(Address to, core::ByteView from) override;
  core::Result<core::Done> download(std::span<std::uint8_t> to, Address from) override;
  core::Result<core::Done> launch(std::string_view kernel, Grid grid,
                                  core::ByteView arguments) override;

  /// Refuses allocations (limit_exceeded) that would let it hold more bytes.
  void limit_memory(std::size_t bytes) { bytes_max_ = bytes; }
  /// How often each kernel was launched.
  [[nodiscard]] const std::map<std::string, int, std::less<>>& launches() const {
    return launches_;
  }
  /// Bytes sent to the device, and fetched from it.
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::size_t fetched() const { return fetched_; }
  /// Allocations that have not been released.
  [[nodiscard]] std::size_t held() const { return memory_.size(); }

 private:
  unsigned multiprocessors_;
  HostOrder order_;
  ByteUnits byte_units_;
  /// As drivers align it.
  struct Aligned {
    static constexpr std::align_val_t bytes{256};
    void operator()(std::uint8_t* memory) const { ::operator delete[](memory, bytes); }
  };
  struct Memory {
    std::unique_ptr<std::uint8_t[], Aligned> bytes;
    std::size_t size;
  };
  std::map<Address, Memory> memory_;
  std::size_t bytes_held_ = 0;
  std::size_t bytes_max_ = ~std::size_t{0};
  std::map<std::string, int, std::less<>> launches_;
  std::size_t sent_ = 0;
  std::size_t fetched_ = 0;
};

/// What a model of a device's memory counted while kernels ran (ptx_counts.hpp).
struct KernelCounts {
  struct Requests {
    std::uint64_t requests;  ///< of warps
    std::uint64_t steps;     ///< sectors of 32 bytes, or passes over the banks of shared memory
    std::uint64_t ideal;     ///< the fewest that carry the same bytes

    [[nodiscard]] double efficiency() const {
      return steps == 0 ? 1 : static_cast<double>(ideal) / static_cast<double>(steps);
    }
  };
  std::uint64_t instructions;  ///< of threads
  std::uint64_t fused;         ///< multiply-adds among them
  Requests global_reads, global_writes, shared_reads, shared_writes, local_reads, local_writes;
};

/// Forgets what was counted and counts from now on, or no longer; false where kernels are not PTX,
/// of which alone there are counts.
bool count_kernels(bool on);
/// Nothing of a kernel that did not run since.
std::optional<KernelCounts> counts_of(const std::string& kernel);

}  // namespace isotrace::backends::gpu
