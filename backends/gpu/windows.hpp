// The windows of the reference as kernels read them.
#pragma once

#include <isotrace/backends/gpu/kernels/window.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::gpu {

/// Refuses backend_operation_unsupported for more spatial axes than kernels have.
inline core::Result<Window> make_window(const std::vector<reference::WindowAxis>& axes) {
  if (axes.size() > window_axes_max) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                        "windows of more than " + std::to_string(window_axes_max) + " axes");
  }
  Window window{};
  for (std::size_t i = 0; i < window_axes_max; ++i) {
    const std::size_t missing = window_axes_max - axes.size();
    const reference::WindowAxis axis =
        i < missing ? reference::WindowAxis{1, 1, 1, 1, 0, 0, 1} : axes[i - missing];
    window.input[i] = axis.input;
    window.kernel[i] = axis.kernel;
    window.stride[i] = axis.stride;
    window.dilation[i] = axis.dilation;
    window.pad_begin[i] = axis.pad_begin;
    window.pad_end[i] = axis.pad_end;
    window.output[i] = axis.output;
  }
  return window;
}

}  // namespace isotrace::backends::gpu
