// Pooling (docs/spec/pool.md), for any number of spatial axes.
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/reduce.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::reference {
namespace {

/// The taps of one window that lie on the input: along each axis tap positions first, first +
/// dilation, ... Found by arithmetic, so that huge kernels over padding cost nothing.
struct Window {
  Shape taps;                       ///< taps on the input per axis
  std::int64_t start = 0;           ///< offset of the first in its channel
  std::vector<std::int64_t> first;  ///< its position
  std::int64_t padded_taps = 1;     ///< taps on the input or its padding
};

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

Window place_window(const std::vector<WindowAxis>& axes, std::span<const std::int64_t> position,
                    const Strides& strides) {
  Window window;
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
Strides tap_strides(const std::vector<WindowAxis>& axes, const Strides& strides) {
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
    const Window window = place_window(geometry.axes, at.position(), strides);
    if (needs_input && product(window.taps, 0, window.taps.size()) == 0) {
      return refuse_shape("a window lies entirely in the padding");
    }
    visit(i / positions, window);
    at.next();
  }
  return core::Done{};
}

/// Strides that number the positions of a channel: row-major, or column-major for storage_order 1.
Strides index_strides(std::span<const std::int64_t> spatial, bool column_major) {
  if (!column_major) return row_major_strides(spatial);
  Shape reversed(spatial.rbegin(), spatial.rend());
  Strides strides = row_major_strides(reversed);
  std::reverse(strides.begin(), strides.end());
  return strides;
}

template <class T>
Result<std::vector<Tensor>> max_pool(const Call& call, const PoolGeometry& geometry) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Tensor values, Tensor::make(x.dtype(), geometry.output));
  const bool with_indices = call.node.outputs.size() == 2;
  ISOTRACE_TRY(Tensor indices, Tensor::make(Dtype::i64, with_indices ? geometry.output : Shape{0}));
  const auto spatial = x.shape().subspan(2);
  const std::size_t plane = product(spatial, 0, spatial.size());
  const Strides strides = row_major_strides(spatial);
  const Strides numbering = index_strides(spatial, call.node.integer("storage_order") != 0);
  const Strides steps = tap_strides(geometry.axes, strides);
  const Strides number_steps = tap_strides(geometry.axes, numbering);
  const auto source = x.data<T>();
  std::size_t next = 0;
  auto visit = [&](std::size_t channel, const Window& window) {
    std::int64_t number = 0;
    for (std::size_t a = 0; a < numbering.size(); ++a) number += window.first[a] * numbering[a];
    Odometer at(window.taps);
    at.add_stream(steps, window.start);
    at.add_stream(number_steps, number);
    auto read = [&] {
      return widen(source[channel * plane + static_cast<std::size_t>(at.offset(0))]);
    };
    Wide<T> greatest = read();
    Wide<T> leader = greatest;
    for (std::size_t tap = 0; tap < product(window.taps, 0, window.taps.size()); ++tap) {
      const Wide<T> value = read();
      greatest = maximum(greatest, value);
      if (is_greater(value, leader)) {
        leader = value;
        number = at.offset(1);
      }
      at.next();
    }
    values.data<T>()[next] = narrow<T>(greatest);
    if (with_indices) {
      indices.data<std::int64_t>()[next] = static_cast<std::int64_t>(channel * plane) + number;
    }
    ++next;
  };
  ISOTRACE_TRY_DONE(visit_windows(geometry, strides, true, visit));
  std::vector<Tensor> results;
  results.push_back(std::move(values));
  if (with_indices) results.push_back(std::move(indices));
  return results;
}

template <class T>
Result<Tensor> average_pool(const TensorView& x, const PoolGeometry& geometry, bool include_pad) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), geometry.output));
  const auto spatial = x.shape().subspan(2);
  const std::size_t plane = product(spatial, 0, spatial.size());
  const Strides strides = row_major_strides(spatial);
  const Strides steps = tap_strides(geometry.axes, strides);
  const auto source = x.data<T>();
  std::size_t next = 0;
  auto visit = [&](std::size_t channel, const Window& window) {
    const std::size_t taps = product(window.taps, 0, window.taps.size());
    Odometer at(window.taps);
    at.add_stream(steps, window.start);
    Wide<T> sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      sum += widen(source[channel * plane + static_cast<std::size_t>(at.offset(0))]);
      at.next();
    }
    const auto count = include_pad ? window.padded_taps : static_cast<std::int64_t>(taps);
    out.data<T>()[next++] = narrow<T>(sum / static_cast<Wide<T>>(count));
  };
  ISOTRACE_TRY_DONE(visit_windows(geometry, strides, !include_pad, visit));
  return out;
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

}  // namespace

// [pool.max_pool]
Outcome evaluate_max_pool(const Call& call) {
  ISOTRACE_TRY(const PoolGeometry geometry, pool_geometry(call.node, call.operand(0).shape()));
  const std::int64_t order = call.node.integer("storage_order");
  if (order != 0 && order != 1) return refuse_attribute("storage_order " + std::to_string(order));
  return visit_numbers(call.operand(0).dtype(), [&](auto type) {
    return max_pool<typename decltype(type)::type>(call, geometry);
  });
}

// [pool.average_pool]
Outcome evaluate_average_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const PoolGeometry geometry, pool_geometry(call.node, x.shape()));
  const bool include_pad = call.node.integer("count_include_pad") != 0;
  return one(visit_floats(x.dtype(), [&](auto type) {
    return average_pool<typename decltype(type)::type>(x, geometry, include_pad);
  }));
}

// [pool.global_max_pool]
Outcome evaluate_global_max_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return pool_globally<T>(x, [](std::span<const Wide<T>> values) {
      Wide<T> greatest = lowest<Wide<T>>();
      for (Wide<T> value : values) greatest = maximum(greatest, value);
      return greatest;
    });
  }));
}

// [pool.global_average_pool]
Outcome evaluate_global_average_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(visit_floats(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return pool_globally<T>(x, [](std::span<const Wide<T>> values) {
      return reduce_sum<Wide<T>>(values) / static_cast<Wide<T>>(values.size());
    });
  }));
}

}  // namespace isotrace::reference
