// Normalisations that need no row of their own choosing: per instance, per group of channels, over
// fixed axes, by a norm, across neighbouring channels (docs/spec/normalise.md). Compiled with FMA.
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/normalise_rows.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/rows.hpp>

namespace isotrace::reference {
namespace {

Shape shape_of(const TensorView& x) { return {x.shape().begin(), x.shape().end()}; }

/// x [N, C, D...] in rows of C / groups channels each.
template <class T>
Result<Tensor> normalise_groups(const Call& call, std::size_t groups) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape_of(x)));
  if (out.elements() == 0) return out;
  const auto channels = static_cast<std::size_t>(x.dim(1));
  const std::size_t plane = product(x.shape(), 2, x.rank());
  const std::size_t length = channels / groups * plane;
  const Widened<T> scale(call.operand(1).data<T>());
  const Widened<T> bias(call.operand(2).data<T>());
  const Wide<T> epsilon = call.node.real("epsilon");
  std::vector<std::size_t> offsets(length);
  for (std::size_t start = 0; start < out.elements(); start += length) {
    for (std::size_t i = 0; i < length; ++i) offsets[i] = start + i;
    const CentredRow<Wide<T>> row = centre_row(std::span<const std::size_t>(offsets), x.data<T>());
    const Wide<T> r = inverse_deviation(row.variance, epsilon);
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t channel = (start + i) / plane % channels;
      out.data<T>()[start + i] =
          narrow<T>(std::fma(row.d[i] * r, scale.values()[channel], bias.values()[channel]));
    }
  }
  return out;
}

/// x has channels, and scale and bias one element for each.
Result<core::Done> check_channels(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.rank() < 2) return refuse_shape(core::shape_text(x.shape()) + ": no channels");
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const TensorView& parameter = call.operand(i);
    ISOTRACE_TRY_DONE(check_same_dtype(x, parameter));
    if (parameter.rank() != 1 || parameter.dim(0) != x.dim(1)) {
      return refuse_shape("parameter " + core::shape_text(parameter.shape()) + " for " +
                          std::to_string(x.dim(1)) + " channels");
    }
  }
  return core::Done{};
}

Outcome evaluate_groups(const Call& call, std::int64_t groups) {
  return one(visit_floats(call.operand(0).dtype(), [&](auto type) {
    return normalise_groups<typename decltype(type)::type>(call, static_cast<std::size_t>(groups));
  }));
}

/// d = x - mean, q = sqrt(variance) + 1e-9, y = d / q.
template <class T>
void standardise_row(std::span<const std::size_t> offsets, std::span<const T> x, std::span<T> out) {
  using Number = Wide<T>;
  const CentredRow<Number> row = centre_row(offsets, x);
  const Number q = std::sqrt(row.variance) + static_cast<Number>(1e-9F);
  for (std::size_t i = 0; i < offsets.size(); ++i) out[offsets[i]] = narrow<T>(row.d[i] / q);
}

/// The 1-norm or 2-norm of a row, added in the order R.
template <class T>
Wide<T> norm_of(std::span<const std::size_t> offsets, std::span<const T> x, std::int64_t p) {
  using Number = Wide<T>;
  const auto absolute = [&](std::size_t i) { return std::fabs(widen(x[offsets[i]])); };
  if (p == 1) {
    return reduce_with<Number>(offsets.size(),
                               [&](Number lane, std::size_t i) { return lane + absolute(i); });
  }
  return std::sqrt(reduce_with<Number>(offsets.size(), [&](Number lane, std::size_t i) {
    return std::fma(absolute(i), absolute(i), lane);
  }));
}

/// Calls visit(row offsets, x, out) for the rows along `axes`.
template <class Visit>
Outcome map_rows(const TensorView& x, const std::vector<std::size_t>& axes, Visit visit) {
  return one(visit_floats(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape_of(x)));
    Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
      visit(offsets, x.data<T>(), out.data<T>());
    });
    return out;
  }));
}

/// Per position, s = the squares of `size` neighbouring channels, fma by fma; y = x / (bias +
/// alpha / size * s)^beta.
template <class T>
Result<Tensor> normalise_responses(const Call& call, std::int64_t size) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape_of(x)));
  if (out.elements() == 0) return out;
  const std::int64_t channels = x.dim(1);
  const std::size_t plane = product(x.shape(), 2, x.rank());
  using R = Wide<T>;
  const R alpha = static_cast<R>(call.node.real("alpha")) / static_cast<R>(size);
  const R beta = call.node.real("beta");
  const R bias = call.node.real("bias");
  const Widened<T> wide(x.data<T>());
  for (std::size_t i = 0; i < out.elements(); ++i) {
    const auto channel = static_cast<std::int64_t>(i / plane) % channels;
    const std::int64_t first = std::max<std::int64_t>(0, channel - (size - 1) / 2);
    const std::int64_t last = std::min(channels - 1, channel + size / 2);
    R sum = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      const R value = wide.values()[i + static_cast<std::size_t>(c) * plane -
                                    static_cast<std::size_t>(channel) * plane];
      sum = std::fma(value, value, sum);
    }
    out.data<T>()[i] = narrow<T>(wide.values()[i] / real::pow(std::fma(alpha, sum, bias), beta));
  }
  return out;
}

}  // namespace

// [normalise.instance_normalization]
Outcome evaluate_instance_normalization(const Call& call) {
  ISOTRACE_TRY_DONE(check_channels(call));
  return evaluate_groups(call, call.operand(0).dim(1));
}

// [normalise.group_normalization]
Outcome evaluate_group_normalization(const Call& call) {
  ISOTRACE_TRY_DONE(check_channels(call));
  const std::int64_t groups = call.node.integer("num_groups");
  if (groups < 1) return refuse_attribute("num_groups " + std::to_string(groups));
  if (call.operand(0).dim(1) % groups != 0) {
    return refuse_shape(std::to_string(call.operand(0).dim(1)) + " channels in " +
                        std::to_string(groups) + " groups");
  }
  return evaluate_groups(call, groups);
}

// [normalise.mean_variance_normalization]
Outcome evaluate_mean_variance_normalization(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto axes, resolve_axes(call.node.integers("axes"), x.rank()));
  return map_rows(x, axes, [](auto offsets, auto source, auto target) {
    standardise_row(offsets, source, target);
  });
}

// [normalise.lp_normalization]
Outcome evaluate_lp_normalization(const Call& call) {
  const TensorView& x = call.operand(0);
  const std::int64_t p = call.node.integer("p");
  if (p != 1 && p != 2) return refuse_attribute("p " + std::to_string(p));
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  return map_rows(x, {axis}, [p](auto offsets, auto source, auto target) {
    using T = std::remove_cvref_t<decltype(target[0])>;
    const Wide<T> norm = norm_of<T>(offsets, source, p);
    for (const std::size_t at : offsets) {
      target[at] = narrow<T>(norm == 0 ? Wide<T>{0} : widen(source[at]) / norm);
    }
  });
}

// [normalise.lrn]
Outcome evaluate_lrn(const Call& call) {
  const TensorView& x = call.operand(0);
  const std::int64_t size = call.node.integer("size");
  if (size < 1 || size > (std::int64_t{1} << 24)) {
    return refuse_attribute("size " + std::to_string(size));
  }
  if (x.rank() < 2) return refuse_shape(core::shape_text(x.shape()) + ": no channels");
  return one(visit_floats(x.dtype(), [&](auto type) {
    return normalise_responses<typename decltype(type)::type>(call, size);
  }));
}

}  // namespace isotrace::reference
