// The windows of pooling, for any number of spatial axes: where their taps lie on the input, and
// the loop over all of them. Also the loop of the global forms.
#pragma once

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::reference {

/// The taps of one window that lie on the input: along each axis tap positions first, first +
/// dilation, ... Found by arithmetic, so that huge kernels over padding cost nothing.
struct PoolWindow {
  Shape taps;                       ///< taps on the input per axis
  std::int64_t start = 0;           ///< offset of the first in its channel
  std::vector<std::int64_t> first;  ///< its position
  std::int64_t padded_taps = 1;     ///< taps on the input or its padding
};

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline PoolWindow place_window(const std::vector<WindowAxis>& axes,
                               std::span<const std::int64_t> position, const Strides& strides) {
  PoolWindow window;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const WindowAxis& axis = axes[a];
    const std::int64_t origin = position[a] * axis.stride - axis.pad_begin;
    // Taps k with 0 <= origin + k * dilation < input, and with < input + pad_end.
    const std::int64_t skipped = origin < 0 ? divide_up(-origin, axis.dilation) : 0;
    auto taps_below = [&](std::int64_t end) {
      return std::clamp<std::int64_t>(divide_up(end - origin, axis.dilation), 0, axis.kernel);
    };
    const std::int64_t end = origin < axis.input ? taps_below(axis.input) : 0;
    window.taps.push_back(std::max<std::int64_t>(end - skipped, 0));
    // Without a tap the position would lie anywhere, far beyond what an offset can express.
    window.first.push_back(window.taps.back() == 0 ? 0 : origin + skipped * axis.dilation);
    window.start += window.first.back() * strides[a];
    window.padded_taps *= taps_below(axis.input + axis.pad_end);
  }
  return window;
}

/// Strides from tap to tap; where the dilation leaves room for one tap only, none is ever taken.
inline Strides tap_strides(const std::vector<WindowAxis>& axes, const Strides& strides) {
  Strides result;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const bool several = axes[a].dilation < axes[a].input;
    result.push_back(several ? strides[a] * axes[a].dilation : 0);
  }
  return result;
}

/// visit(channel, window) for every output element in row-major order; refuses a window without any
/// input element if `needs_input`.
template <class Visit>
Result<core::Done> visit_windows(const PoolGeometry& geometry, const Strides& strides,
                                 bool needs_input, Visit visit) {
  const auto spatial = std::span<const std::int64_t>(geometry.output).subspan(2);
  const std::size_t channels = product(geometry.output, 0, 2);
  const std::size_t positions = product(geometry.output, 2, geometry.output.size());
  if (channels == 0) return core::Done{};
  Odometer at(spatial);
  for (std::size_t i = 0; i < channels * positions; ++i) {
    const PoolWindow window = place_window(geometry.axes, at.position(), strides);
    if (needs_input && product(window.taps, 0, window.taps.size()) == 0) {
      return refuse_shape("a window lies entirely in the padding");
    }
    visit(i / positions, window);
    at.next();
  }
  return core::Done{};
}

/// f of all elements of each channel.
template <class T, class F>
Result<Tensor> pool_globally(const TensorView& x, F f) {
  if (x.rank() < 2) return refuse_shape(core::shape_text(x.shape()) + ": no channels");
  Shape shape(x.rank(), 1);
  shape[0] = x.dim(0);
  shape[1] = x.dim(1);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  if (out.elements() == 0) return out;
  const std::size_t plane = product(x.shape(), 2, x.rank());
  const Widened<T> wide(x.data<T>());
  for (std::size_t i = 0; i < out.elements(); ++i) {
    out.data<T>()[i] = narrow<T>(f(wide.values().subspan(i * plane, plane)));
  }
  return out;
}

}  // namespace isotrace::reference
