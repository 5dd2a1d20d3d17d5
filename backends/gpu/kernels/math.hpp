// Elementary functions, correctly rounded: the sequences of reference/math in binary64. Where even
// the fine one leaves two answers, the element is reported, and the host settles it.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>

namespace isotrace::backends::gpu {

/// Counts in memory that all threads share.
ISOTRACE_KERNEL_CODE std::uint32_t take_number(std::uint32_t* counter) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return atomicAdd(counter, 1U);
#else
  return (*counter)++;
#endif
}

template <class Function>
struct MapMath {
  using Arguments = MathArguments;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    using reference::Fine;
    using reference::Quick;
    using Lane = reference::ScalarLane;
    const Lane x = static_cast<double>(a.x[i]);
    const Lane quick = Function::template value<Quick>(x);
    if (Function::ordinary(x) && Lane::is_clear(quick, Quick::window)) {
      a.out[i] = static_cast<float>(quick.value);
      return;
    }
    if (!Function::domain(x)) {
      a.out[i] = canonical(static_cast<float>(Function::outside(x).value));
      return;
    }
    const double fine = Function::template value<Fine>(x).value;
    const auto above = static_cast<float>(fma(fine, Fine::error_max, fine));
    const auto below = static_cast<float>(fma(fine, -Fine::error_max, fine));
    a.out[i] = above;
    if (above == below) return;
    const std::uint32_t number = take_number(a.doubts);
    if (number < a.doubtful_max) a.doubtful[number] = i;
  }
};

}  // namespace isotrace::backends::gpu
