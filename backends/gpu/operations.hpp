// Which operations are done on a device, as chains of the steps of work.hpp.
#pragma once

#include <map>

#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::backends::gpu {

using Results = core::Result<std::vector<Array>>;

/// Arrays that are on the device already, by the host's address of their elements.
using Residents = std::map<const std::uint8_t*, Array>;

/// A call whose operands are sent to the device when they are first asked for, unless they are
/// there already.
class DeviceCall {
 public:
  DeviceCall(Work& on, const reference::Call& of, const Residents& there)
      : work(on), call(of), residents_(there) {}
  /// Gives an operand that no host has: the result of the step before.
  void give(std::size_t index, Array array) { sent_.insert_or_assign(index, std::move(array)); }

  /// An operand that must be there, on the device.
  Made operand(std::size_t index);
  /// The same in the type that its elements are computed in.
  Made wide(std::size_t index);
  /// The element type of the data, which is that of operand 0.
  [[nodiscard]] core::Dtype dtype() const { return call.operand(0).dtype(); }
  /// A result in that type, rounded once.
  Made narrow(Made wide) {
    if (!wide) return wide;
    return work.convert(*wide, dtype());
  }
  [[nodiscard]] bool has(std::size_t index) const { return call.find_operand(index) != nullptr; }
  [[nodiscard]] const core::Node& node() const { return call.node; }

  Work& work;
  const reference::Call& call;

 private:
  const Residents& residents_;
  std::map<std::size_t, Array> sent_;
};

/// Whether run_operation() does the operation for data of this type.
bool is_on_device(core::Op op, core::Dtype dtype);

/// A type that has arithmetic, or operation_dtype_unsupported.
core::Result<core::Dtype> number_type(core::Dtype dtype);

/// Whether the operation takes this operand from the device alone: its elements are never looked
/// at on the host. Then it may be the result of a step that was not downloaded.
bool takes_from_device(core::Op op, std::size_t operand);

/// One array per output. The call is well-formed and its types are served. Refuses what the
/// reference refuses, if not with the same words; what the device refuses; and
/// backend_operation_unsupported for forms that kernels do not have.
Results run_operation(DeviceCall& call);

// By kind; each for the operations that operations.cpp sends there.
Results run_activation(DeviceCall& call);
Results run_cast(DeviceCall& call);
Results run_contraction(DeviceCall& call);
Results run_deform_conv(DeviceCall& call);
Results run_determinant(DeviceCall& call);
Results run_einsum(DeviceCall& call);
Results run_elementwise(DeviceCall& call);
Results run_grid(DeviceCall& call);
Results run_logic(DeviceCall& call);
Results run_loss(DeviceCall& call);
Results run_movement(DeviceCall& call);
Results run_ngrams(DeviceCall& call);
Results run_normalisation(DeviceCall& call);
Results run_placement(DeviceCall& call);
Results run_pool(DeviceCall& call);
Results run_power(DeviceCall& call);
Results run_quantise_linear(DeviceCall& call);
Results run_quantised(DeviceCall& call);
Results run_recurrent(DeviceCall& call);
Results run_reduction(DeviceCall& call);
Results run_regions(DeviceCall& call);
Results run_resize(DeviceCall& call);
Results run_scan(DeviceCall& call);
Results run_signal(DeviceCall& call);

/// An activation of recurrent layers by its ONNX name (reference/recurrent_activation.hpp), of x in
/// f32.
Made apply_activation(Work& work, std::string_view name, const Array& x, float alpha, float beta);

/// The one result of an operation.
inline Results one(Made made) {
  if (!made) return tl::make_unexpected(std::move(made).error());
  return std::vector<Array>{*std::move(made)};
}

}  // namespace isotrace::backends::gpu
