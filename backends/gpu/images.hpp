// The kernels as the compilers of devices have made them, one image per family (kernels.def). Empty
// where the build had no such compiler.
#pragma once

#include <span>

#include <isotrace/core/bytes.hpp>

namespace isotrace::backends::gpu {

std::span<const core::ByteView> cuda_images();
std::span<const core::ByteView> hip_images();

}  // namespace isotrace::backends::gpu
