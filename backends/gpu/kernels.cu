// The device's code: every kernel of one family (kernels.def) as an entry point of its own.
// Compiled once per family by nvcc or hipcc (cmake/IsotraceGpu.cmake).
#if defined(__HIPCC__) && !defined(__CUDACC__)
#include <hip/hip_runtime.h>
#endif

#include <isotrace/backends/gpu/kernels/all.hpp>

namespace isotrace::backends::gpu {
namespace {

/// Blocks for which a multiprocessor keeps registers: as many as a kernel wants side by side.
template <class Kernel>
constexpr unsigned resident_blocks = 1;
template <class Kernel>
requires(Kernel::resident_blocks >
         1) constexpr unsigned resident_blocks<Kernel> = Kernel::resident_blocks;

template <class Kernel>
__device__ __forceinline__ void run_block(const typename Kernel::Arguments& arguments,
                                          Origin origin) {
  __shared__ typename Kernel::template Shared<BareCell> shared;
  typename Kernel::Own own;
  const At at = {blockIdx.x, blockIdx.y + origin.y, blockIdx.z + origin.z, threadIdx.x};
  const std::uint32_t phases = Kernel::phases(arguments, at);
  for (std::uint32_t phase = 0; phase < phases; ++phase) {
    if (phase != 0) __syncthreads();
    Kernel::run(arguments, at, phase, shared, own);
  }
}

}  // namespace

#if defined(__HIPCC__) && !defined(__CUDACC__)  // counts something else there
#define ISOTRACE_BOUNDS(kernel) __launch_bounds__(kernel::threads)
#else
#define ISOTRACE_BOUNDS(kernel) __launch_bounds__(kernel::threads, resident_blocks<kernel>)
#endif
#define ISOTRACE_KERNEL(name, ...)                                    \
  using name##_kernel = __VA_ARGS__;                                  \
  extern "C" __global__ void ISOTRACE_BOUNDS(name##_kernel)           \
      name(const name##_kernel::Arguments arguments, Origin origin) { \
    run_block<name##_kernel>(arguments, origin);                      \
  }
#include <isotrace/backends/gpu/kernels.def>
#undef ISOTRACE_KERNEL

}  // namespace isotrace::backends::gpu
