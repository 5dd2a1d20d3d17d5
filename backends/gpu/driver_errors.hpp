// What drivers report, and what becomes of it. CUDA's driver interface and HIP's number the errors
// of this table alike.
#pragma once

#include <span>
#include <string>

namespace isotrace::backends::gpu {

/// What a driver's function returns; 0 is success.
using DriverStatus = int;

enum class DriverFault : unsigned char {
  no_memory,  ///< limit_exceeded: less may fit
  failed,     ///< device_failed: this call alone
  lost,       ///< device_failed: the device answers nothing any more
};

struct DriverError {
  DriverStatus status;
  DriverFault fault;
  const char* meaning;  ///< for people
};

/// All that are known, by number.
std::span<const DriverError> driver_errors();
/// Of a number that nobody knows: failed.
DriverFault fault_of(DriverStatus status);
/// "an illegal address (error 700)"; "error 12345" of a number that nobody knows.
std::string describe_error(DriverStatus status);

}  // namespace isotrace::backends::gpu
