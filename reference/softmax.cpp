// Softmax and LogSoftmax (docs/spec/normalise.md), and Hardmax, which has the same rows.
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/reduce.hpp>
#include <isotrace/reference/rows.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

/// The axes that one row spans: one axis, or with `flatten` (operator sets before 13) all from
/// `axis` on, which may then also be the rank.
Result<std::vector<std::size_t>> softmax_axes(const Call& call) {
  const std::size_t rank = call.operand(0).rank();
  const std::int64_t axis = call.node.integer("axis");
  std::vector<std::size_t> axes;
  if (call.node.integer("flatten") == 0) {
    ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, rank));
    axes.push_back(resolved);
    return axes;
  }
  if (axis == static_cast<std::int64_t>(rank)) return axes;
  ISOTRACE_TRY(const std::size_t first, resolve_axis(axis, rank));
  for (std::size_t i = first; i < rank; ++i) axes.push_back(i);
  return axes;
}

/// For each row: m = max, d = x - m, e = exp(d), s = R(e); then y = finish(d, e, s), rounded.
template <class F>
Outcome softmax(const Call& call, F finish) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto axes, softmax_axes(call));
  return one(visit_floats(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    using Float = Wide<T>;
    ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
    Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
      std::vector<Float> d;
      Float m = lowest<Float>();
      for (std::size_t offset : offsets) {
        d.push_back(widen(x.data<T>()[offset]));
        m = maximum(m, d.back());
      }
      std::vector<Float> e;
      for (Float& value : d) {
        value -= m;
        e.push_back(real::exp(value));
      }
      const Float s = reduce_sum<Float>(e);
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        out.data<T>()[offsets[i]] = narrow<T>(finish(d[i], e[i], s));
      }
    });
    return out;
  }));
}

}  // namespace

// [normalise.softmax]
Outcome evaluate_softmax(const Call& call) {
  return softmax(call, [](auto, auto e, auto s) { return e / s; });
}

// [normalise.log_softmax]
Outcome evaluate_log_softmax(const Call& call) {
  return softmax(call, [](auto d, auto, auto s) { return d - real::log(s); });
}

// [activation.hardmax]
Outcome evaluate_hardmax(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto axes, softmax_axes(call));
  return one(visit_floats(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
    const auto source = x.data<T>();
    Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
      if (offsets.empty()) return;
      std::size_t best = offsets[0];
      for (std::size_t offset : offsets) {
        if (is_greater(widen(source[offset]), widen(source[best]))) best = offset;
      }
      out.data<T>()[best] = narrow<T>(1);
    });
    return out;
  }));
}

}  // namespace isotrace::reference
