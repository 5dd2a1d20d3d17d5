// What each backend can do: one entry per operation and element type. supports() answers from this
// table, `isotrace backends --matrix` prints it, and a test compares it with what the reference
// really does. What is not in it is refused; nothing falls back in silence.
#pragma once

#include <string_view>
#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::backends {

enum class Support : std::uint8_t {
  refused,
  reference_loop,  ///< the plain loop of the reference room, whatever the backend
  simd,            ///< the backend's own kernels, with the same bits
  device,          ///< kernels on a device, with the same bits
  plugin,          ///< a plugin's, which alone knows how
};
std::string_view support_name(Support support);

struct Capability {
  core::Op op;
  core::Dtype dtype;  ///< of the data; indices and conditions have the types of their own
  Support support;
};

/// Every operation but control flow with every element type, in the order of core/ops.def and
/// core/dtype.hpp.
using CapabilityMatrix = std::vector<Capability>;

/// The matrix of a backend of backend_names(); refuses backend_unknown.
core::Result<CapabilityMatrix> capability_matrix(std::string_view backend);

/// How the matrix serves a node on operands of these types (absent operands left out). Refuses
/// backend_operation_unsupported if it serves the operation for no type, else
/// operation_dtype_unsupported if it does not for these.
core::Result<Support> find_support(const CapabilityMatrix& matrix, const core::Node& node,
                                   std::span<const core::Dtype> operand_dtypes);

}  // namespace isotrace::backends
