// The functions of a driver's library as we call them: CUDA's driver interface and HIP's have the
// same binary forms. A test compares them with HIP's headers where those are.
#pragma once

#include <cstddef>

#include <isotrace/backends/gpu/device.hpp>
#include <isotrace/backends/gpu/driver_errors.hpp>

namespace isotrace::backends::gpu {

struct DriverFunctions {
  using Status = DriverStatus;

  Status (*init)(unsigned flags) = nullptr;
  Status (*device_count)(int* count) = nullptr;
  Status (*device_name)(char* name, int size, int device) = nullptr;
  Status (*driver_version)(int* version) = nullptr;
  Status (*allocate)(Address* address, std::size_t bytes) = nullptr;
  Status (*release)(Address address) = nullptr;
  Status (*to_device)(Address to, const void* from, std::size_t bytes) = nullptr;
  Status (*to_host)(void* to, Address from, std::size_t bytes) = nullptr;
  Status (*load_module)(void** module, const void* image) = nullptr;
  Status (*find_function)(void** function, void* module, const char* name) = nullptr;
  Status (*launch)(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                   void* stream, void** parameters, void** extra) = nullptr;
  Status (*retain_context)(void** context, int device) = nullptr;
  Status (*choose_context)(void* context) = nullptr;
  Status (*choose_number)(int device) = nullptr;
  Status (*attribute)(int* value, int attribute, int device) = nullptr;
  Status (*make_event)(void** event, unsigned flags) = nullptr;
  Status (*record_event)(void* event, void* stream) = nullptr;
  Status (*wait_for_event)(void* event) = nullptr;
  Status (*event_distance)(float* milliseconds, void* from, void* to) = nullptr;
};

}  // namespace isotrace::backends::gpu
