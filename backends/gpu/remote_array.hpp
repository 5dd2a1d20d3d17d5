// Results that stay in the memory of a device until somebody asks for their elements, or until
// steps need that memory more than they do: then those that were used longest ago go to the host.
#pragma once

#include <mutex>
#include <set>

#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/backends/remote_tensor.hpp>

namespace isotrace::backends::gpu {

class RemoteArray;

/// The arrays of one device that are alive, the number of the step that uses the device, and the
/// lock that whoever does so holds.
struct RemoteArrays {
  std::mutex mutex;
  std::set<RemoteArray*> alive;
  std::uint64_t step = 0;
};

class RemoteArray final : public RemoteTensor {
 public:
  /// The lock is held; device and `all` outlive the array.
  RemoteArray(Device& device, RemoteArrays& all, Array array);
  ~RemoteArray() override;
  RemoteArray(const RemoteArray&) = delete;
  RemoteArray& operator=(const RemoteArray&) = delete;

  [[nodiscard]] core::Dtype dtype() const override { return dtype_; }
  [[nodiscard]] const core::Shape& shape() const override { return shape_; }
  core::Result<core::Digest> digest(std::span<const std::int64_t> shape) override;
  core::Result<core::Tensor> fetch() override;

  // For who holds the lock.

  /// The array, while it is on the device.
  [[nodiscard]] const std::optional<Array>& array() const { return array_; }
  /// Its elements, once they have gone to the host.
  [[nodiscard]] core::ByteView bytes() const { return evicted_.bytes(); }
  /// The last step that made or read it.
  [[nodiscard]] std::uint64_t used() const { return used_; }
  void use() { used_ = all_.step; }
  /// Sends the elements to the host and gives their memory back; returns its bytes, 0 where another
  /// array has the same. Refuses what the device refuses, and limit_exceeded.
  core::Result<std::size_t> evict();

 private:
  Device& device_;
  RemoteArrays& all_;
  core::Dtype dtype_;
  core::Shape shape_;
  std::optional<Array> array_;
  core::Tensor evicted_;
  std::uint64_t used_ = 0;
};

}  // namespace isotrace::backends::gpu
