// Pooling over windows of up to three spatial axes (docs/spec/pool.md).
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

inline constexpr std::uint32_t window_axes_max = 3;

/// As in reference/window.hpp; axes that a tensor does not have are of one position and one tap.
struct Window {
  std::int64_t input[window_axes_max];
  std::int64_t kernel[window_axes_max];
  std::int64_t stride[window_axes_max];
  std::int64_t dilation[window_axes_max];
  std::int64_t pad_begin[window_axes_max];
  std::int64_t pad_end[window_axes_max];
  std::int64_t output[window_axes_max];
};

/// The taps [first, end) of one window that lie on the input, and how many lie on the input or its
/// padding.
struct Taps {
  std::int64_t origin[window_axes_max];  ///< position of tap 0
  std::int64_t first[window_axes_max];
  std::int64_t end[window_axes_max];
  std::int64_t padded;
};

ISOTRACE_KERNEL_CODE std::int64_t limit_taps(std::int64_t distance, std::int64_t dilation,
                                             std::int64_t kernel) {
  const std::int64_t taps = distance <= 0 ? 0 : (distance + dilation - 1) / dilation;
  return taps < kernel ? taps : kernel;
}

/// The window of the output position with this number in its channel.
ISOTRACE_KERNEL_CODE Taps find_taps(const Window& w, std::uint64_t position) {
  Taps taps;
  taps.padded = 1;
  for (std::uint32_t a = window_axes_max; a-- > 0;) {
    const auto outputs = static_cast<std::uint64_t>(w.output[a]);
    const std::int64_t origin =
        static_cast<std::int64_t>(position % outputs) * w.stride[a] - w.pad_begin[a];
    position /= outputs;
    taps.origin[a] = origin;
    taps.first[a] = limit_taps(-origin, w.dilation[a], w.kernel[a]);
    taps.end[a] = limit_taps(w.input[a] - origin, w.dilation[a], w.kernel[a]);
    taps.padded *= limit_taps(w.input[a] + w.pad_end[a] - origin, w.dilation[a], w.kernel[a]);
  }
  return taps;
}

/// visit(offset of the tap's element in its channel, its position along every axis) for the taps of
/// a window, row-major.
template <class Visit>
ISOTRACE_KERNEL_CODE void visit_taps(const Window& w, const Taps& taps, Visit&& visit) {
  for (std::int64_t i = taps.first[0]; i < taps.end[0]; ++i) {
    const std::int64_t x = taps.origin[0] + i * w.dilation[0];
    for (std::int64_t j = taps.first[1]; j < taps.end[1]; ++j) {
      const std::int64_t y = taps.origin[1] + j * w.dilation[1];
      for (std::int64_t k = taps.first[2]; k < taps.end[2]; ++k) {
        const std::int64_t z = taps.origin[2] + k * w.dilation[2];
        visit((x * w.input[1] + y) * w.input[2] + z, x, y, z);
      }
    }
  }
}

template <class Number>
struct PoolArguments {
  std::uint64_t count;      ///< output elements
  std::uint64_t positions;  ///< output positions per channel
  std::uint64_t plane;      ///< input elements per channel
  const Number* x;
  Number* out;
  std::int64_t* indices;  ///< MaxPool: where the first greatest element stands, or null
  std::int64_t numbering[window_axes_max];  ///< what such a number counts along each axis
  bool count_padding;                       ///< AveragePool
  Window window;
};

/// Every window has a tap on the input.
template <class Number>
struct MaxPool {
  using Arguments = PoolArguments<Number>;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint64_t channel = i / a.positions;
    const Number* x = a.x + channel * a.plane;
    Number greatest = lowest<Number>();
    Number leader = greatest;
    std::int64_t number = -1;
    visit_taps(a.window, find_taps(a.window, i % a.positions),
               [&](std::int64_t offset, std::int64_t p, std::int64_t q, std::int64_t r) {
                 const Number value = x[offset];
                 greatest = maximum(greatest, value);
                 if (number < 0 || is_greater(value, leader)) {
                   leader = value;
                   number = p * a.numbering[0] + q * a.numbering[1] + r * a.numbering[2];
                 }
               });
    a.out[i] = canonical(greatest);
    if (a.indices != nullptr) {
      a.indices[i] = static_cast<std::int64_t>(channel * a.plane) + number;
    }
  }
};

template <class Number>
struct AveragePool {
  using Arguments = PoolArguments<Number>;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Number* x = a.x + i / a.positions * a.plane;
    const Taps taps = find_taps(a.window, i % a.positions);
    Number sum = 0;
    std::int64_t inside = 0;
    visit_taps(a.window, taps, [&](std::int64_t offset, std::int64_t, std::int64_t, std::int64_t) {
      sum += x[offset];
      ++inside;
    });
    a.out[i] = canonical(divide(sum, static_cast<Number>(a.count_padding ? taps.padded : inside)));
  }
};

/// What Col2Im makes of columns [channel][tap][window]: every element of an image is the sum of
/// those that hold it, taps row-major. The window's input is the image, its outputs are the
/// columns.
template <class Number>
struct CollectColumns {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t plane;    ///< elements of a channel of the image
    std::uint64_t taps;     ///< of a window
    std::uint64_t windows;  ///< per channel
    Window window;
    const Number* x;
    Number* out;
  };
  /// Which window holds this position as this tap; -1 if none does.
  ISOTRACE_KERNEL_CODE static std::int64_t find_window(const Window& w, std::uint64_t position,
                                                       std::uint64_t tap) {
    std::int64_t number = 0;
    std::int64_t stride = 1;
    for (std::uint32_t a = window_axes_max; a-- > 0;) {
      const auto size = static_cast<std::uint64_t>(w.input[a]);
      const auto kernel = static_cast<std::uint64_t>(w.kernel[a]);
      const std::int64_t from = static_cast<std::int64_t>(position % size) + w.pad_begin[a] -
                                static_cast<std::int64_t>(tap % kernel) * w.dilation[a];
      if (from < 0 || from % w.stride[a] != 0 || from / w.stride[a] >= w.output[a]) return -1;
      number += from / w.stride[a] * stride;
      stride *= w.output[a];
      position /= size;
      tap /= kernel;
    }
    return number;
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Number* x = a.x + i / a.plane * a.taps * a.windows;
    Number sum = 0;
    for (std::uint64_t tap = 0; tap < a.taps; ++tap) {
      const std::int64_t number = find_window(a.window, i % a.plane, tap);
      if (number >= 0) sum = add(sum, x[tap * a.windows + static_cast<std::uint64_t>(number)]);
    }
    a.out[i] = canonical(sum);
  }
};

/// What LpPool adds up: magnitudes (p = 1), squares with one rounding each (2), or numbers that are
/// powers already (0).
struct SumPool {
  struct Arguments {
    PoolArguments<float> pool;
    std::uint64_t count;
    std::uint32_t p;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const float* x = a.pool.x + i / a.pool.positions * a.pool.plane;
    float sum = 0;
    visit_taps(a.pool.window, find_taps(a.pool.window, i % a.pool.positions),
               [&](std::int64_t offset, std::int64_t, std::int64_t, std::int64_t) {
                 const float value = x[offset];
                 if (a.p == 2) {
                   sum = multiply_add(value, value, sum);
                 } else {
                   sum = sum + (a.p == 1 ? magnitude(value) : value);
                 }
               });
    a.pool.out[i] = canonical(sum);
  }
};

}  // namespace isotrace::backends::gpu
