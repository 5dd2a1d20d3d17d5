#include <isotrace/backends/gpu/driver_errors.hpp>

#include <algorithm>

namespace isotrace::backends::gpu {
namespace {

using enum DriverFault;

// Before the backend is there, whatever a driver reports is device_absent.
constexpr DriverError errors[] = {
    {1, failed, "a value that the driver does not take"},
    {2, no_memory, "no memory left on the device"},
    {3, failed, "the driver is not initialised"},
    {4, lost, "the driver is shutting down"},
    {34, failed, "the library is a stub, no driver"},
    {35, failed, "the driver is too old"},
    {36, failed, "the driver is too old for what it was asked"},
    {46, lost, "the device is unavailable"},
    {100, failed, "no device"},
    {101, failed, "no such device"},
    {102, failed, "the device has no licence"},
    {200, failed, "kernels that are damaged"},
    {201, lost, "the context is gone"},
    {209, failed, "the kernels do not serve this architecture"},
    {214, lost, "memory that could not be corrected"},
    {218, failed, "kernels that the driver cannot compile"},
    {220, lost, "a link that could not be corrected"},
    {221, failed, "the driver lacks its compiler of kernels"},
    {222, failed, "the driver is too old for the kernels"},
    {223, failed, "the driver may not compile kernels"},
    {226, lost, "an error of the device that was contained"},
    {304, failed, "a call of the operating system failed"},
    {400, failed, "a handle that the driver does not know"},
    {401, failed, "a resource that is not ready"},
    {500, failed, "not found"},
    {700, lost, "an illegal address"},
    {701, failed, "a launch that needs more than the device has"},
    {702, lost, "a launch that took too long"},
    {709, lost, "the context is destroyed"},
    {710, lost, "an assertion of a kernel"},
    {714, lost, "an error of a hardware stack"},
    {715, lost, "an illegal instruction"},
    {716, lost, "a misaligned address"},
    {717, lost, "an address of the wrong kind"},
    {718, lost, "an illegal program counter"},
    {719, lost, "a launch that failed"},
    {720, failed, "a launch that is too large"},
    {800, failed, "not permitted"},
    {801, failed, "not supported"},
    {802, failed, "the system is not ready"},
    {803, failed, "the driver is too old for its library, or the other way round"},
    {804, failed, "a compatible driver does not serve this device"},
    {805, failed, "no connection to the server that shares the device"},
    {806, lost, "the server that shares the device does not answer"},
    {807, failed, "the server that shares the device is not ready"},
    {808, failed, "too many programs share the device"},
    {809, failed, "too many connections to the server that shares the device"},
    {810, lost, "the server that shares the device ended this program's work"},
    {999, lost, "an error that the driver does not know"},
};
static_assert(std::ranges::is_sorted(errors, {}, &DriverError::status));

const DriverError* find_error(DriverStatus status) {
  const auto* error = std::ranges::lower_bound(errors, status, {}, &DriverError::status);
  return error != std::end(errors) && error->status == status ? error : nullptr;
}

}  // namespace

std::span<const DriverError> driver_errors() { return errors; }

DriverFault fault_of(DriverStatus status) {
  const DriverError* error = find_error(status);
  return error == nullptr ? failed : error->fault;
}

std::string describe_error(DriverStatus status) {
  const DriverError* error = find_error(status);
  const std::string number = "error " + std::to_string(status);
  return error == nullptr ? number : std::string(error->meaning) + " (" + number + ")";
}

}  // namespace isotrace::backends::gpu
