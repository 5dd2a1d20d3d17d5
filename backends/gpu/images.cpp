#include <isotrace/backends/gpu/images.hpp>

// The file's bytes between two symbols. cmake/IsotraceGpu.cmake names the folders.
#define ISOTRACE_IMAGE(symbol, path)                                                   \
  asm(".pushsection .rodata\n.balign 64\n" #symbol ":\n.incbin \"" path "\"\n" #symbol \
      "_end:\n.byte 0\n.popsection");                                                  \
  extern "C" const std::uint8_t symbol[];                                              \
  extern "C" const std::uint8_t symbol##_end[];

#define ISOTRACE_VIEW(symbol) \
  core::ByteView(symbol, static_cast<std::size_t>(symbol##_end - symbol))

#if defined(ISOTRACE_CUDA_IMAGES)
ISOTRACE_IMAGE(isotrace_cuda_elements, ISOTRACE_CUDA_IMAGES "/elements.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_functions, ISOTRACE_CUDA_IMAGES "/functions.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_integers, ISOTRACE_CUDA_IMAGES "/integers.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_movement, ISOTRACE_CUDA_IMAGES "/movement.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_products, ISOTRACE_CUDA_IMAGES "/products.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_rows, ISOTRACE_CUDA_IMAGES "/rows.fatbin")
ISOTRACE_IMAGE(isotrace_cuda_wide, ISOTRACE_CUDA_IMAGES "/wide.fatbin")
#endif
#if defined(ISOTRACE_HIP_IMAGES)
ISOTRACE_IMAGE(isotrace_hip_elements, ISOTRACE_HIP_IMAGES "/elements.hsaco")
ISOTRACE_IMAGE(isotrace_hip_functions, ISOTRACE_HIP_IMAGES "/functions.hsaco")
ISOTRACE_IMAGE(isotrace_hip_integers, ISOTRACE_HIP_IMAGES "/integers.hsaco")
ISOTRACE_IMAGE(isotrace_hip_movement, ISOTRACE_HIP_IMAGES "/movement.hsaco")
ISOTRACE_IMAGE(isotrace_hip_products, ISOTRACE_HIP_IMAGES "/products.hsaco")
ISOTRACE_IMAGE(isotrace_hip_rows, ISOTRACE_HIP_IMAGES "/rows.hsaco")
ISOTRACE_IMAGE(isotrace_hip_wide, ISOTRACE_HIP_IMAGES "/wide.hsaco")
#endif

namespace isotrace::backends::gpu {

std::span<const core::ByteView> cuda_images() {
#if defined(ISOTRACE_CUDA_IMAGES)
  static const core::ByteView images[] = {
      ISOTRACE_VIEW(isotrace_cuda_elements), ISOTRACE_VIEW(isotrace_cuda_functions),
      ISOTRACE_VIEW(isotrace_cuda_integers), ISOTRACE_VIEW(isotrace_cuda_movement),
      ISOTRACE_VIEW(isotrace_cuda_products), ISOTRACE_VIEW(isotrace_cuda_rows),
      ISOTRACE_VIEW(isotrace_cuda_wide)};
  return images;
#else
  return {};
#endif
}

std::span<const core::ByteView> hip_images() {
#if defined(ISOTRACE_HIP_IMAGES)
  static const core::ByteView images[] = {
      ISOTRACE_VIEW(isotrace_hip_elements), ISOTRACE_VIEW(isotrace_hip_functions),
      ISOTRACE_VIEW(isotrace_hip_integers), ISOTRACE_VIEW(isotrace_hip_movement),
      ISOTRACE_VIEW(isotrace_hip_products), ISOTRACE_VIEW(isotrace_hip_rows),
      ISOTRACE_VIEW(isotrace_hip_wide)};
  return images;
#else
  return {};
#endif
}

}  // namespace isotrace::backends::gpu
