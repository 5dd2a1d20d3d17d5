// The constructors behind make_backend: one per backend, each in the file of that name.
#pragma once

#include <isotrace/backends/backend.hpp>

namespace isotrace::backends {

/// The loops of the reference room on one thread. Refuses backend_unknown for any isa.
core::Result<std::unique_ptr<Backend>> make_reference_backend(const BackendOptions& options);

/// Packed SIMD products on a pool of threads; everything else by the reference loops. Refuses
/// backend_unknown or device_absent by isa, value_out_of_range or limit_exceeded by threads.
core::Result<std::unique_ptr<Backend>> make_cpu_backend(const BackendOptions& options);

/// Kernels on the first device of the driver (gpu/driver.hpp); what they do not compute is refused.
/// Refuse backend_unknown for any isa, device_absent.
core::Result<std::unique_ptr<Backend>> make_cuda_backend(const BackendOptions& options);
core::Result<std::unique_ptr<Backend>> make_hip_backend(const BackendOptions& options);

}  // namespace isotrace::backends
