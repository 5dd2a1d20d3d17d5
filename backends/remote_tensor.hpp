// Results that stay with the backend that computed them, a device's memory for instance: steps that
// follow take them from there, and a recording asks for their digests alone.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <isotrace/core/tensor.hpp>

namespace isotrace::backends {

/// A tensor whose elements are with a backend, which must outlive it.
class RemoteTensor {
 public:
  virtual ~RemoteTensor() = default;
  [[nodiscard]] virtual core::Dtype dtype() const = 0;
  [[nodiscard]] virtual const core::Shape& shape() const = 0;
  /// core::tensor_digest of the elements under this shape of as many; refuses what the device
  /// refuses.
  virtual core::Result<core::Digest> digest(std::span<const std::int64_t> shape) = 0;
  /// The elements; refuses what the device refuses, and limit_exceeded without memory for them.
  virtual core::Result<core::Tensor> fetch() = 0;
};

/// One per result of an operation.
using RemoteResults = std::vector<std::shared_ptr<RemoteTensor>>;
/// One per operand, nullptr for one whose elements are here; or none at all.
using RemoteOperands = std::span<const std::shared_ptr<RemoteTensor>>;

}  // namespace isotrace::backends
