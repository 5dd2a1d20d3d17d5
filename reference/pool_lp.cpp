// Pooling by a p-norm (docs/spec/pool.md). Compiled with FMA.
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/pool_windows.hpp>
#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

/// sum + |x|^p.
template <class R>
R add_power(R sum, R x, std::int64_t p) {
  const R a = std::fabs(x);
  if (p == 1) return sum + a;
  if (p == 2) return std::fma(a, a, sum);
  return sum + real::pow(a, static_cast<R>(p));
}

template <class R>
R root(R sum, std::int64_t p) {
  if (p == 1) return sum;
  if (p == 2) return std::sqrt(sum);
  return real::pow(sum, R{1} / static_cast<R>(p));
}

Result<std::int64_t> read_order(const core::Node& node) {
  const std::int64_t p = node.integer("p");
  if (p >= 1 && p <= (std::int64_t{1} << 24)) return p;
  return refuse_attribute("p " + std::to_string(p));
}

template <class T>
Result<Tensor> lp_pool(const TensorView& x, const PoolGeometry& geometry, std::int64_t p) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), geometry.output));
  const auto spatial = x.shape().subspan(2);
  const std::size_t plane = product(spatial, 0, spatial.size());
  const Strides strides = row_major_strides(spatial);
  const Strides steps = tap_strides(geometry.axes, strides);
  const auto source = x.data<T>();
  std::size_t next = 0;
  auto visit = [&](std::size_t channel, const PoolWindow& window) {
    Odometer at(window.taps);
    at.add_stream(steps, window.start);
    Wide<T> sum = 0;
    for (std::size_t tap = 0; tap < product(window.taps, 0, window.taps.size()); ++tap) {
      const T value = source[channel * plane + static_cast<std::size_t>(at.offset(0))];
      sum = add_power(sum, widen(value), p);
      at.next();
    }
    out.data<T>()[next++] = narrow<T>(root(sum, p));
  };
  ISOTRACE_TRY_DONE(visit_windows(geometry, strides, false, visit));
  return out;
}

}  // namespace

// [pool.lp_pool]
Outcome evaluate_lp_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::int64_t p, read_order(call.node));
  ISOTRACE_TRY(const PoolGeometry geometry, pool_geometry(call.node, x.shape()));
  return one(visit_floats(x.dtype(), [&](auto type) {
    return lp_pool<typename decltype(type)::type>(x, geometry, p);
  }));
}

// [pool.global_lp_pool]
Outcome evaluate_global_lp_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::int64_t p, read_order(call.node));
  return one(visit_floats(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    using R = Wide<T>;
    return pool_globally<T>(x, [p](std::span<const R> values) {
      const auto step = [&](R lane, std::size_t i) { return add_power(lane, values[i], p); };
      return root(reduce_with<R>(values.size(), step), p);
    });
  }));
}

}  // namespace isotrace::reference
