// Values of a run (internal to the executor). A value lives as long as somebody holds it: the run
// until its last use, a record until it is written. Several values may share their elements, so a
// change of shape copies nothing.
#pragma once

#include <memory>
#include <optional>

#include <isotrace/executor/spending.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::executor {

/// A tensor that an execution has made; its bytes are taken as long as it lives.
class OwnedTensor {
 public:
  /// The bytes are checked before, by Spending::check_bytes.
  OwnedTensor(core::Tensor tensor, Spending& spending);
  /// One that is still with the backend; until it is fetched, `tensor` is empty.
  OwnedTensor(std::shared_ptr<backends::RemoteTensor> remote, Spending& spending);
  ~OwnedTensor() { spending_.return_bytes(bytes_); }
  OwnedTensor(const OwnedTensor&) = delete;
  OwnedTensor& operator=(const OwnedTensor&) = delete;

  [[nodiscard]] const core::Tensor& tensor() const { return tensor_; }
  [[nodiscard]] core::Tensor take() { return std::move(tensor_); }
  [[nodiscard]] const std::shared_ptr<backends::RemoteTensor>& remote() const { return remote_; }
  [[nodiscard]] bool is_here() const { return is_here_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Refuses what the backend refuses.
  core::Result<core::Done> fetch();

 private:
  core::Tensor tensor_;
  std::shared_ptr<backends::RemoteTensor> remote_;
  bool is_here_ = true;
  Spending& spending_;
  std::uint64_t bytes_;
};

class RunValue;
using ValuePtr = std::shared_ptr<RunValue>;

class RunValue {
 public:
  /// A tensor of somebody who outlives the run: an input, a constant.
  static ValuePtr borrow(const core::TensorView& tensor);
  /// A tensor of this execution.
  static ValuePtr own(core::Tensor tensor, Spending& spending);
  /// The same, its elements still with the backend.
  static ValuePtr own(std::shared_ptr<backends::RemoteTensor> remote, Spending& spending);
  /// The same elements under another shape of as many elements.
  static ValuePtr reshape(const ValuePtr& value, core::Shape shape);
  /// The value as a tensor of its own: moved if nobody else holds it, else a copy. Refuses
  /// limit_exceeded where memory does not suffice for one, and what fetch() refuses.
  static core::Result<core::Tensor> take(ValuePtr value);

  RunValue(core::Shape shape, core::Dtype dtype, core::ByteView bytes,
           std::shared_ptr<OwnedTensor> owner, bool is_here);
  RunValue(const RunValue&) = delete;
  RunValue& operator=(const RunValue&) = delete;

  /// Its elements must be here.
  [[nodiscard]] const core::TensorView& view() const;
  /// Type and shape; its elements, where they are here.
  [[nodiscard]] const core::TensorView& outline() const { return view_; }
  [[nodiscard]] bool is_here() const { return is_here_; }
  /// Gets the elements from the backend, unless they are here; refuses what that refuses.
  core::Result<core::Done> fetch();
  /// Where the backend has them; nullptr where it never had.
  [[nodiscard]] std::shared_ptr<backends::RemoteTensor> remote() const;
  /// core::tensor_digest, found where the elements are.
  core::Result<core::Digest> find_digest() const;

  /// What a trace says of it, once it is known; `record_awaited`: somebody is finding it.
  std::optional<trace::TensorRecord> record;
  bool record_awaited = false;

 private:
  core::Shape shape_;
  core::TensorView view_;  // of shape_; without bytes until is_here_
  bool is_here_;
  std::shared_ptr<OwnedTensor> owner_;  // of the elements; nullptr: not this execution
};

/// A copy; refuses limit_exceeded where memory does not suffice.
core::Result<core::Tensor> copy_tensor(const core::TensorView& view);

}  // namespace isotrace::executor
