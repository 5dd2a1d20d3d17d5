#include <isotrace/executor/run_value.hpp>

namespace isotrace::executor {

using core::Result;
using core::Shape;

OwnedTensor::OwnedTensor(core::Tensor tensor, Spending& spending)
    : tensor_(std::move(tensor)), spending_(spending), bytes_(tensor_.bytes().size()) {
  spending_.bytes += bytes_;
}

RunValue::RunValue(Shape shape, core::Dtype dtype, core::ByteView bytes,
                   std::shared_ptr<OwnedTensor> owner)
    : shape_(std::move(shape)), view_(dtype, shape_, bytes), owner_(std::move(owner)) {}

ValuePtr RunValue::borrow(const core::TensorView& tensor) {
  return std::make_shared<RunValue>(Shape(tensor.shape().begin(), tensor.shape().end()),
                                    tensor.dtype(), tensor.bytes(), nullptr);
}

ValuePtr RunValue::own(core::Tensor tensor, Spending& spending) {
  auto owner = std::make_shared<OwnedTensor>(std::move(tensor), spending);
  const core::Tensor& kept = owner->tensor();
  return std::make_shared<RunValue>(kept.shape(), kept.dtype(), kept.bytes(), std::move(owner));
}

ValuePtr RunValue::reshape(const ValuePtr& value, Shape shape) {
  if (value->shape_ == shape) return value;
  return std::make_shared<RunValue>(std::move(shape), value->view_.dtype(), value->view_.bytes(),
                                    value->owner_);
}

Result<core::Tensor> RunValue::take(ValuePtr value) {
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
