// The columns of a deformable convolution (docs/spec/contract.md): every tap of a window is moved
// by an offset of its own, and reads between the elements of the image.
#pragma once

#include <isotrace/backends/gpu/kernels/window.hpp>

namespace isotrace::backends::gpu {

/// The two elements around a position along one axis; what lies outside or weighs nothing is left
/// out.
struct DeformTaps {
  std::int64_t at[2];
  double weight[2];
  bool counts[2];
};
ISOTRACE_KERNEL_CODE DeformTaps deform_taps(double x, std::int64_t size) {
  const double below = round_down(x);
  const double ratio = x - below;
  DeformTaps taps;
  for (std::uint32_t i = 0; i < 2; ++i) {
    const double at = below + i;
    taps.weight[i] = i == 0 ? 1 - ratio : ratio;
    taps.counts[i] = at >= 0 && at <= static_cast<double>(size - 1) && taps.weight[i] != 0;
    taps.at[i] = taps.counts[i] ? static_cast<std::int64_t>(at) : 0;
  }
  return taps;
}

/// out[image][channel][tap][point] = the channel at that tap of the window of that point, times the
/// mask.
template <class Number>
struct SampleColumns {
  struct Arguments {
    std::uint64_t count;
    Window window;
    std::uint32_t rank;  ///< axes that the tensor has: the last ones of the window
    std::uint64_t channels;
    std::uint64_t group_channels;  ///< that share their offsets
    std::uint64_t taps;
    std::uint64_t points;
    std::uint64_t plane;  ///< elements of a channel of x
    const Number* x;
    const Number* offsets;  ///< [image][group][tap][axis][point]
    const Number* mask;     ///< [image][group][tap][point], or null
    Number* out;
  };

  /// The sum over the taps of the axes from this one on: w v first, then fused.
  template <std::uint32_t axis>
  ISOTRACE_KERNEL_CODE static Number sum(const Arguments& a,
                                         const DeformTaps (&taps)[window_axes_max],
                                         std::int64_t offset) {
    if constexpr (axis == window_axes_max) {
      return a.x[offset];
    } else {
      Number t = 0;
      bool first = true;
      for (std::uint32_t i = 0; i < 2; ++i) {
        if (!taps[axis].counts[i]) continue;
        const auto weight = static_cast<Number>(taps[axis].weight[i]);
        std::int64_t stride = 1;
        for (std::uint32_t b = axis + 1; b < window_axes_max; ++b) stride *= a.window.input[b];
        const Number v = sum<axis + 1>(a, taps, offset + taps[axis].at[i] * stride);
        t = first ? weight * v : multiply_add(weight, v, t);
        first = false;
      }
      return t;
    }
  }

  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint64_t point = i % a.points;
    const std::uint64_t tap = i / a.points % a.taps;
    const std::uint64_t plane = i / a.points / a.taps;  // image and channel
    const std::uint64_t groups = a.channels / a.group_channels;
    const std::uint64_t part =
        (plane / a.channels * groups + plane % a.channels / a.group_channels) * a.taps + tap;
    DeformTaps taps[window_axes_max];
    std::uint64_t position_left = point;
    std::uint64_t tap_left = tap;
    for (std::uint32_t axis = window_axes_max; axis-- > 0;) {
      const auto outputs = static_cast<std::uint64_t>(a.window.output[axis]);
      const auto kernel = static_cast<std::uint64_t>(a.window.kernel[axis]);
      const std::int64_t fixed =
          static_cast<std::int64_t>(position_left % outputs) * a.window.stride[axis] -
          a.window.pad_begin[axis] +
          static_cast<std::int64_t>(tap_left % kernel) * a.window.dilation[axis];
      position_left /= outputs;
      tap_left /= kernel;
      auto x = static_cast<double>(fixed);
      const std::uint32_t missing = window_axes_max - a.rank;
      if (axis >= missing) {
        x = x + static_cast<double>(a.offsets[(part * a.rank + axis - missing) * a.points + point]);
      }
      if (x != x) {  // no position has no value
        a.out[i] = static_cast<Number>(x);
        return;
      }
      taps[axis] = deform_taps(x, a.window.input[axis]);
    }
    const Number value = sum<0>(a, taps, static_cast<std::int64_t>(plane * a.plane));
    a.out[i] = a.mask == nullptr ? value : value * a.mask[part * a.points + point];
  }
};

}  // namespace isotrace::backends::gpu
