// What we believe of HIP's functions and numbers, against HIP's own headers. Compiled where they
// are installed.
#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>

#include <isotrace/backends/gpu/driver.hpp>
#include <isotrace/backends/gpu/driver_errors.hpp>
#include <isotrace/backends/gpu/driver_functions.hpp>

namespace isotrace::backends::gpu {
namespace {

/// Whether a call passes both in the same way: addresses, and numbers of one size and signedness.
template <class T>
inline constexpr bool is_address = std::is_pointer_v<T>;
template <class A, class B>
constexpr bool passes_alike() {
  if constexpr (std::is_enum_v<B>) {
    return passes_alike<A, std::underlying_type_t<B>>() || sizeof(A) == sizeof(B);
  } else if constexpr (is_address<A> || is_address<B>) {
    return sizeof(A) == sizeof(B);  // an Address is a number of 64 bits
  } else {
    return std::is_integral_v<A> && std::is_integral_v<B> && sizeof(A) == sizeof(B) &&
           std::is_signed_v<A> == std::is_signed_v<B>;
  }
}
template <class Ours, class Theirs>
inline constexpr bool is_alike = false;
template <class R, class... A, class Q, class... B>
requires(sizeof...(A) == sizeof...(B)) inline constexpr bool is_alike<R (*)(A...), Q (*)(B...)> =
    passes_alike<R, Q>() && (passes_alike<A, B>() && ...);

static_assert(is_alike<int (*)(unsigned), hipError_t (*)(unsigned)>);
static_assert(!is_alike<int (*)(unsigned), hipError_t (*)(int)>);
static_assert(!is_alike<int (*)(unsigned), hipError_t (*)(unsigned, void*)>);
static_assert(!is_alike<int (*)(int), hipError_t (*)(std::size_t)>);

/// The function that hip_driver names at this place is that one, and takes what we give it.
#define EXPECT_HIP(place, function)                                               \
  static_assert(is_alike<decltype(DriverFunctions::place), decltype(&function)>); \
  EXPECT_STREQ(hip_driver.place, #function)

TEST(HipHeaders, have_the_functions_that_are_called) {
  EXPECT_HIP(init, hipInit);
  EXPECT_HIP(device_count, hipGetDeviceCount);
  EXPECT_HIP(device_name, hipDeviceGetName);
  EXPECT_HIP(driver_version, hipDriverGetVersion);
  EXPECT_HIP(release, hipFree);
  EXPECT_HIP(to_device, hipMemcpyHtoD);
  EXPECT_HIP(to_host, hipMemcpyDtoH);
  EXPECT_HIP(load_module, hipModuleLoadData);
  EXPECT_HIP(find_function, hipModuleGetFunction);
  EXPECT_HIP(launch, hipModuleLaunchKernel);
  EXPECT_HIP(make_event, hipEventCreateWithFlags);
  EXPECT_HIP(record_event, hipEventRecord);
  EXPECT_HIP(wait_for_event, hipEventSynchronize);
  EXPECT_HIP(event_distance, hipEventElapsedTime);
}

TEST(HipHeaders, have_the_functions_that_others_overload) {
  using Malloc = hipError_t (*)(void**, std::size_t);
  static_assert(is_alike<decltype(DriverFunctions::allocate), Malloc>);
  static_assert(std::is_same_v<decltype(static_cast<Malloc>(&hipMalloc)), Malloc>);
  EXPECT_STREQ(hip_driver.allocate, "hipMalloc");
  static_assert(is_alike<decltype(DriverFunctions::choose_number), decltype(&hipSetDevice)>);
  EXPECT_STREQ(hip_driver.choose, "hipSetDevice");
  EXPECT_EQ(hip_driver.retain_context, nullptr);
  EXPECT_EQ(hip_driver.attribute, nullptr);
}

TEST(HipHeaders, give_errors_the_numbers_of_the_table) {
  static_assert(hipSuccess == 0 && hipErrorNotFound == 500);  // driver.cpp
  static_assert(hipEventDefault == 0);
  const struct {
    hipError_t error;
    DriverFault fault;
  } rows[] = {
      {hipErrorInvalidValue, DriverFault::failed},
      {hipErrorOutOfMemory, DriverFault::no_memory},
      {hipErrorNotInitialized, DriverFault::failed},
      {hipErrorDeinitialized, DriverFault::lost},
      {hipErrorInsufficientDriver, DriverFault::failed},
      {hipErrorNoDevice, DriverFault::failed},
      {hipErrorInvalidDevice, DriverFault::failed},
      {hipErrorInvalidImage, DriverFault::failed},
      {hipErrorInvalidContext, DriverFault::lost},
      {hipErrorNoBinaryForGpu, DriverFault::failed},
      {hipErrorECCNotCorrectable, DriverFault::lost},
      {hipErrorInvalidKernelFile, DriverFault::failed},
      {hipErrorOperatingSystem, DriverFault::failed},
      {hipErrorInvalidHandle, DriverFault::failed},
      {hipErrorNotFound, DriverFault::failed},
      {hipErrorIllegalAddress, DriverFault::lost},
      {hipErrorLaunchOutOfResources, DriverFault::failed},
      {hipErrorLaunchTimeOut, DriverFault::lost},
      {hipErrorContextIsDestroyed, DriverFault::lost},
      {hipErrorAssert, DriverFault::lost},
      {hipErrorLaunchFailure, DriverFault::lost},
      {hipErrorCooperativeLaunchTooLarge, DriverFault::failed},
      {hipErrorNotSupported, DriverFault::failed},
      {hipErrorUnknown, DriverFault::lost},
  };
  for (const auto& [error, fault] : rows) {
    const bool listed = std::ranges::any_of(
        driver_errors(), [&](const DriverError& row) { return row.status == int{error}; });
    EXPECT_TRUE(listed) << error;
    EXPECT_EQ(fault_of(error), fault) << error;
  }
}

}  // namespace
}  // namespace isotrace::backends::gpu
