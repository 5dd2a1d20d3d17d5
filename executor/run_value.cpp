#include <isotrace/executor/run_value.hpp>

namespace isotrace::executor {

using core::Result;
using core::Shape;

OwnedTensor::OwnedTensor(core::Tensor tensor, Spending& spending)
    : tensor_(std::move(tensor)), spending_(spending), bytes_(tensor_.bytes().size()) {
  spending_.bytes += bytes_;
}

OwnedTensor::OwnedTensor(std::shared_ptr<backends::RemoteTensor> remote, Spending& spending)
    : remote_(std::move(remote)),
      is_here_(false),
      spending_(spending),
      bytes_(core::byte_count(remote_->dtype(), remote_->shape()).value()) {
  spending_.bytes += bytes_;
}

Result<core::Done> OwnedTensor::fetch() {
  if (is_here_) return core::Done{};
  ISOTRACE_TRY(tensor_, remote_->fetch());
  ISOTRACE_CHECK(tensor_.bytes().size() == bytes_, tensor_.bytes().size(), bytes_);
  is_here_ = true;
  return core::Done{};
}

RunValue::RunValue(Shape shape, core::Dtype dtype, core::ByteView bytes,
                   std::shared_ptr<OwnedTensor> owner, bool is_here)
    : shape_(std::move(shape)),
      view_(dtype, shape_, bytes),
      is_here_(is_here),
      owner_(std::move(owner)) {}

const core::TensorView& RunValue::view() const {
  ISOTRACE_CHECK(is_here_, core::shape_text(shape_));
  return view_;
}

Result<core::Done> RunValue::fetch() {
  if (is_here_) return core::Done{};
  ISOTRACE_TRY_DONE(owner_->fetch());
  view_ = core::TensorView(view_.dtype(), shape_, owner_->tensor().bytes());
  is_here_ = true;
  return core::Done{};
}

std::shared_ptr<backends::RemoteTensor> RunValue::remote() const {
  return owner_ ? owner_->remote() : nullptr;
}

Result<core::Digest> RunValue::find_digest() const {
  if (is_here_) return core::tensor_digest(view_);
  return owner_->remote()->digest(shape_);
}

ValuePtr RunValue::borrow(const core::TensorView& tensor) {
  return std::make_shared<RunValue>(Shape(tensor.shape().begin(), tensor.shape().end()),
                                    tensor.dtype(), tensor.bytes(), nullptr, true);
}

ValuePtr RunValue::own(core::Tensor tensor, Spending& spending) {
  auto owner = std::make_shared<OwnedTensor>(std::move(tensor), spending);
  const core::Tensor& kept = owner->tensor();
  return std::make_shared<RunValue>(kept.shape(), kept.dtype(), kept.bytes(), std::move(owner),
                                    true);
}

ValuePtr RunValue::own(std::shared_ptr<backends::RemoteTensor> remote, Spending& spending) {
  auto owner = std::make_shared<OwnedTensor>(std::move(remote), spending);
  const backends::RemoteTensor& kept = *owner->remote();
  const core::ByteView elsewhere(static_cast<const std::uint8_t*>(nullptr), owner->bytes());
  return std::make_shared<RunValue>(kept.shape(), kept.dtype(), elsewhere, std::move(owner), false);
}

ValuePtr RunValue::reshape(const ValuePtr& value, Shape shape) {
  if (value->shape_ == shape) return value;
  return std::make_shared<RunValue>(std::move(shape), value->view_.dtype(), value->view_.bytes(),
                                    value->owner_, value->is_here_);
}

Result<core::Tensor> RunValue::take(ValuePtr value) {
  ISOTRACE_TRY_DONE(value->fetch());
  if (value.use_count() != 1 || value->owner_.use_count() != 1) return copy_tensor(value->view_);
  core::Tensor tensor = value->owner_->take();
  tensor.reshape(value->shape_);
  return tensor;
}

Result<core::Tensor> copy_tensor(const core::TensorView& view) {
  ISOTRACE_TRY(core::Tensor copy,
               core::Tensor::make_for_overwrite(view.dtype(),
                                                Shape(view.shape().begin(), view.shape().end())));
  std::copy(view.bytes().begin(), view.bytes().end(), copy.mutable_bytes().begin());
  return copy;
}

}  // namespace isotrace::executor
