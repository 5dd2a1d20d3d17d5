// The backend of a device that runs kernels. CUDA and HIP differ in the device alone.
#pragma once

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/gpu/device.hpp>

namespace isotrace::backends::gpu {

/// `name` is a name of backend_names(), whose capability matrix holds.
core::Result<std::unique_ptr<Backend>> make_gpu_backend(std::string name,
                                                        std::unique_ptr<Device> device);

}  // namespace isotrace::backends::gpu
