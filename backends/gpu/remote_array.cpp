#include <isotrace/backends/gpu/remote_array.hpp>

#include <algorithm>

namespace isotrace::backends::gpu {

RemoteArray::RemoteArray(Device& device, RemoteArrays& all, Array array)
    : device_(device),
      all_(all),
      dtype_(array.dtype),
      shape_(array.shape),
      array_(std::move(array)) {
  all_.alive.insert(this);
  use();
}

RemoteArray::~RemoteArray() {
  const std::lock_guard lock(all_.mutex);
  all_.alive.erase(this);
  array_.reset();
}

core::Result<core::Digest> RemoteArray::digest(std::span<const std::int64_t> shape) {
  const std::lock_guard lock(all_.mutex);
  core::Shape asked(shape.begin(), shape.end());
  if (array_) {
    auto digest = Work(device_).digest(array_->reshaped(asked));
    if (digest || digest.error().code != core::RefusalCode::limit_exceeded) return digest;
    ISOTRACE_TRY_DONE(evict());  // no memory for the tree of chunks
  }
  return core::tensor_digest({dtype_, asked, evicted_.bytes()});
}

core::Result<core::Tensor> RemoteArray::fetch() {
  const std::lock_guard lock(all_.mutex);
  if (array_) return Work(device_).download(*array_);
  ISOTRACE_TRY(core::Tensor copy, core::Tensor::make_for_overwrite(dtype_, shape_));
  std::ranges::copy(evicted_.bytes(), copy.mutable_bytes().begin());
  return copy;
}

core::Result<std::size_t> RemoteArray::evict() {
  if (!array_) return 0;
  ISOTRACE_TRY(evicted_, Work(device_).download(*array_));
  const std::size_t bytes = array_->buffer.use_count() == 1 ? array_->bytes() : 0;
  array_.reset();
  return bytes;
}

}  // namespace isotrace::backends::gpu
