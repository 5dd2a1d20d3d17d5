// Pooling (docs/spec/pool.md), for any number of spatial axes.
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/pool_windows.hpp>
#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

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
  auto visit = [&](std::size_t channel, const PoolWindow& window) {
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
  auto visit = [&](std::size_t channel, const PoolWindow& window) {
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
