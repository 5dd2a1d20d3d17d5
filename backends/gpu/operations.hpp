// Which operations are done on a device, as chains of the steps of work.hpp.
#pragma once

#include <map>

#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::backends::gpu {

using Results = core::Result<std::vector<Array>>;

/// A call whose operands are sent to the device when they are first asked for.
class DeviceCall {
 public:
  DeviceCall(Work& on, const reference::Call& of) : work(on), call(of) {}

  /// An operand that must be there, on the device.
  Made operand(std::size_t index);
  [[nodiscard]] bool has(std::size_t index) const { return call.find_operand(index) != nullptr; }
  [[nodiscard]] const core::Node& node() const { return call.node; }

  Work& work;
  const reference::Call& call;

 private:
  std::map<std::size_t, Array> sent_;
};

/// Whether run_operation() does the operation for data of this type.
bool is_on_device(core::Op op, core::Dtype dtype);

/// One array per output. The call is well-formed and its types are served. Refuses what the
/// reference refuses, if not with the same words; what the device refuses; and
/// backend_operation_unsupported for forms that kernels do not have.
Results run_operation(DeviceCall& call);

// By kind; each for the operations that operations.cpp sends there.
Results run_elementwise(DeviceCall& call);
Results run_activation(DeviceCall& call);
Results run_normalisation(DeviceCall& call);
Results run_reduction(DeviceCall& call);
Results run_contraction(DeviceCall& call);
Results run_pool(DeviceCall& call);
Results run_movement(DeviceCall& call);
Results run_quantised(DeviceCall& call);

/// The one result of an operation.
inline Results one(Made made) {
  if (!made) return tl::make_unexpected(std::move(made).error());
  return std::vector<Array>{*std::move(made)};
}

}  // namespace isotrace::backends::gpu
