// A device that launches kernels (kernels.def): memory and launches, one after the other. What it
// does wrong or cannot do is a refusal: limit_exceeded without enough memory, device_failed for
// everything that the driver reports.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::backends::gpu {

/// A place in the memory of the device.
using Address = std::uint64_t;

/// Blocks of a launch.
struct Grid {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t z = 1;
};
/// What a launch may have along each axis, and has one of at least. Drivers take fewer along y and
/// z (driver.hpp), which is for whoever asks them.
inline constexpr Grid grid_max = {0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF};

/// What multiplies bytes: nothing of its own, instructions for four of them, or tensor cores.
enum class ByteUnits { none, dot_products, tensor_cores };

class Device {
 public:
  virtual ~Device() = default;
  /// What it is: name, architecture, driver.
  [[nodiscard]] virtual std::string description() const = 0;
  /// How many blocks run side by side at least, one on each multiprocessor.
  [[nodiscard]] virtual unsigned multiprocessors() const = 0;
  [[nodiscard]] virtual ByteUnits byte_units() const = 0;
  virtual core::Result<Address> allocate(std::size_t bytes) = 0;
  virtual void release(Address address) = 0;
  virtual core::Result<core::Done> upload(Address to, core::ByteView from) = 0;
  /// After everything launched before.
  virtual core::Result<core::Done> download(std::span<std::uint8_t> to, Address from) = 0;
  /// `arguments` are those of the kernel.
  virtual core::Result<core::Done> launch(std::string_view kernel, Grid grid,
                                          core::ByteView arguments) = 0;
};

/// Memory of a device, released at the end.
class Buffer {
 public:
  static core::Result<Buffer> make(Device& device, std::size_t bytes) {
    ISOTRACE_TRY(const Address address, device.allocate(bytes));
    return Buffer(device, address);
  }
  Buffer(Buffer&& other) noexcept
      : device_(std::exchange(other.device_, nullptr)), address_(other.address_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(address_, other.address_);
    return *this;
  }
  ~Buffer() {
    if (device_ != nullptr) device_->release(address_);
  }
  [[nodiscard]] Address address() const { return address_; }

 private:
  Buffer(Device& device, Address address) : device_(&device), address_(address) {}
  Device* device_;
  Address address_;
};

}  // namespace isotrace::backends::gpu
