// Normalisations. Engines find variances in two passes or as E[x^2] - E[x]^2, and fold factors into
// scale and shift; the bounds cover all of these, so they grow with the mean square of a row, not
// with its variance.
#include <algorithm>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/rows.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

/// (x - mean) * factor + shift, or x * factor + (shift - mean * factor): at most four roundings act
/// on each of the three products, whatever is folded into what.
Band scale_and_shift(const Arithmetic& a, double x, Band mean, Band factor, double shift) {
  if (!std::isfinite(factor.middle) && factor.error == 0) {
    return {(x - mean.middle) * factor.middle + shift, 0};
  }
  const double apart = std::fabs(x) + std::fabs(mean.middle) + mean.error;
  const double reach = apart * (std::fabs(factor.middle) + factor.error) + std::fabs(shift);
  const double middle = (x - mean.middle) * factor.middle + shift;
  if (!std::isfinite(x)) return {middle, 0};
  const double inherited = std::fabs(x - mean.middle) * factor.error +
                           mean.error * (std::fabs(factor.middle) + factor.error);
  const double roundings = gamma(5, a.roundoff()) + gamma(5, binary64_roundoff);
  const double lost = (4 + std::fabs(factor.middle)) * (a.underflow() + a.flush());
  const Band band = {middle, (inherited + reach * roundings + lost) * (1 + 0x1p-40)};
  return a.is_finite({reach, 0}) ? band : unknown_band();
}

/// Mean and variance of a row, and 1 / sqrt(variance + epsilon).
struct Statistics {
  Band mean;
  Band variance;
  Band inverse;
};

Statistics find_statistics(const Arithmetic& a, const Reals& row, double epsilon) {
  const auto n = static_cast<double>(row.size());
  double sum = 0;
  double magnitude = 0;
  double squares = 0;
  for (const double x : row) {
    sum += x;
    magnitude += std::fabs(x);
    squares += x * x;
  }
  const double mean = sum / n;
  double variance = 0;
  for (const double x : row) variance += (x - mean) * (x - mean);
  variance /= n;
  if (!std::isfinite(squares)) return {{mean, 0}, {variance, 0}, {std::nan(""), 0}};
  const double u = a.sum_roundoff();
  const double own = gamma(n + 4, binary64_roundoff);
  // The sum, and the division by n or a product with its rounded inverse.
  // Statistics may be kept in the format, with one rounding each.
  const double kept = a.roundoff() > u ? a.roundoff() : 0.0;
  const double mean_error = (gamma(n + 1, u) + own) * magnitude / n + kept * std::fabs(mean) +
                            4 * (a.underflow() + a.flush());
  const double square = squares / n;
  const double shift = 2 * std::fabs(mean) * mean_error + 2 * mean_error * mean_error;
  const double spread_error =
      ((gamma(n + 6, u) + own) * (square + mean * mean) + shift + kept * square +
       4 * n * (a.underflow() + a.flush() * (1 + std::fabs(mean)))) *
      (1 + 0x1p-40);
  const Band spread = {variance, spread_error};
  // The smallest that a variance can be is 0 in two passes; in one, what cancels may be below it.
  const Band root = a.sqrt(a.add(spread, a.load(epsilon)));
  const bool negative = variance + epsilon <= spread_error;
  const Band inverse = negative ? unknown_band() : a.round(a.divide({1, 0}, root));
  return {{mean, mean_error}, spread, inverse};
}

std::vector<ResultBound> bound_batch(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  const Reals scale = read_reals(subject.operand(1));
  const Reals bias = read_reals(subject.operand(2));
  const Reals mean = read_reals(subject.operand(3));
  const Reals variance = read_reals(subject.operand(4));
  const Band epsilon = a.load(subject.node.real("epsilon"));
  std::vector<Band> factors(scale.size());
  for (std::size_t c = 0; c < factors.size(); ++c) {
    const Band inverse = a.divide({1, 0}, a.sqrt(a.add(a.load(variance[c]), epsilon)));
    factors[c] = a.round(a.multiply(inverse, a.load(scale[c])));
  }
  const std::size_t plane = x.rank() < 2 ? 1 : reference::product(x.shape(), 2, x.rank());
  const Reals values = read_reals(x);
  std::vector<Band> bands(values.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const std::size_t c = i / plane % factors.size();
    bands[i] = scale_and_shift(a, values[i], a.load(mean[c]), factors[c], bias[c]);
  }
  return one_bound(std::move(bands));
}

Reals take_row(const Reals& values, std::span<const std::size_t> offsets) {
  Reals row;
  row.reserve(offsets.size());
  for (const std::size_t offset : offsets) row.push_back(values[offset]);
  return row;
}

/// Results 1 and 2 are mean and inverse deviation by row.
Bounds bound_layer(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const std::size_t first,
               reference::resolve_axis(subject.node.integer("axis"), x.rank()));
  std::vector<std::size_t> axes;
  for (std::size_t axis = first; axis < x.rank(); ++axis) axes.push_back(axis);
  const Reals values = read_reals(x);
  const Reals scale = spread_reals(subject.operand(1), x.shape());
  const Reals bias =
      subject.has(2) ? spread_reals(subject.operand(2), x.shape()) : Reals(values.size(), 0);
  const double epsilon = subject.node.real("epsilon");
  std::vector<ResultBound> bounds(3);
  for (ResultBound& bound : bounds) bound.exact = false;
  bounds[0].bands.resize(values.size());
  reference::Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
    const Statistics row = find_statistics(a, take_row(values, offsets), epsilon);
    for (const std::size_t at : offsets) {
      const Band factor = a.multiply(row.inverse, a.load(scale[at]));
      bounds[0].bands[at] = scale_and_shift(a, values[at], row.mean, factor, bias[at]);
    }
    const Arithmetic single(core::Dtype::f32, subject.options);
    bounds[1].bands.push_back(single.round(row.mean));
    bounds[2].bands.push_back(single.round(row.inverse));
  });
  bounds.resize(subject.results.size());
  return bounds;
}

/// Instances and groups: rows of consecutive channels.
Bounds bound_groups(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  const auto channels = static_cast<std::size_t>(x.dim(1));
  const std::size_t groups = subject.node.op == Op::instance_normalization
                                 ? channels
                                 : static_cast<std::size_t>(subject.node.integer("num_groups"));
  const std::size_t plane = reference::product(x.shape(), 2, x.rank());
  const std::size_t length = channels / groups * plane;
  const Reals values = read_reals(x);
  const Reals scale = read_reals(subject.operand(1));
  const Reals bias = read_reals(subject.operand(2));
  std::vector<Band> bands(values.size());
  for (std::size_t start = 0; start < values.size(); start += length) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(start);
    const Reals row(begin, begin + static_cast<std::ptrdiff_t>(length));
    const Statistics found = find_statistics(a, row, subject.node.real("epsilon"));
    for (std::size_t i = start; i < start + length; ++i) {
      const std::size_t c = i / plane % channels;
      const Band factor = a.multiply(found.inverse, a.load(scale[c]));
      bands[i] = scale_and_shift(a, values[i], found.mean, factor, bias[c]);
    }
  }
  return one_bound(std::move(bands));
}

Bounds bound_mean_variance(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const auto axes, reference::resolve_axes(subject.node.integers("axes"), x.rank()));
  const Reals values = read_reals(x);
  std::vector<Band> bands(values.size());
  reference::Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
    const Statistics row = find_statistics(a, take_row(values, offsets), 0);
    const Band root = a.add(a.sqrt(row.variance), a.load(1e-9F));
    const Band factor = a.round(a.divide({1, 0}, root));
    for (const std::size_t at : offsets) {
      bands[at] = scale_and_shift(a, values[at], row.mean, factor, 0);
    }
  });
  return one_bound(std::move(bands));
}

/// x over the sum of magnitudes, or the root of the sum of squares, of its row.
Bounds bound_lp(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(subject.node.integer("axis"), x.rank()));
  const bool squared = subject.node.integer("p") == 2;
  const Reals values = read_reals(x);
  std::vector<Band> bands(values.size());
  reference::Rows(x.shape(), {axis}).visit([&](std::size_t, std::span<const std::size_t> offsets) {
    double sum = 0;
    for (const std::size_t at : offsets) {
      sum += squared ? values[at] * values[at] : std::fabs(values[at]);
    }
    Band norm = a.sum(sum, sum, static_cast<double>(offsets.size()), squared ? 1 : 0);
    if (squared) norm = a.sqrt(norm);
    for (const std::size_t at : offsets) {
      bands[at] = sum == 0 ? Band{} : a.round(a.divide(a.load(values[at]), norm));
    }
  });
  return one_bound(std::move(bands));
}

/// base^beta: relative errors of the base count beta times, those of the library once.
Band power(const Arithmetic& a, Band base, double beta) {
  if (!a.is_finite(base) || base.middle <= base.error) return unknown_band();
  const double middle = reference::exp64(beta * reference::log64(base.middle));
  const double relative = base.error / (base.middle - base.error);
  const double shift = std::fabs(beta) * relative * reference::exp64(std::fabs(beta) * relative);
  return a.round({middle, middle * (shift + 2 * a.library() + 0x1p-40) + a.least_normal()});
}

/// x / (bias + alpha / size * sum of squares of neighbouring channels)^beta.
Bounds bound_responses(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  const Reals values = read_reals(x);
  const std::int64_t size = subject.node.integer("size");
  const std::int64_t channels = x.dim(1);
  const std::size_t plane = reference::product(x.shape(), 2, x.rank());
  const double alpha = double{subject.node.real("alpha")} / static_cast<double>(size);
  const Band bias = a.load(subject.node.real("bias"));
  std::vector<Band> bands(values.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const auto channel = static_cast<std::int64_t>(i / plane) % channels;
    const std::int64_t first = std::max<std::int64_t>(0, channel - (size - 1) / 2);
    const std::int64_t last = std::min(channels - 1, channel + size / 2);
    double sum = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      const double value = values[i + static_cast<std::size_t>(c) * plane -
                                  static_cast<std::size_t>(channel) * plane];
      sum += value * value;
    }
    const Band squares = a.sum(sum, sum, static_cast<double>(size), 1);
    const Band scaled = a.round(a.multiply(a.round({alpha, 0}), squares));
    const Band root = power(a, a.add(bias, scaled), subject.node.real("beta"));
    bands[i] = a.round(a.divide(a.load(values[i]), root));
  }
  return one_bound(std::move(bands));
}

}  // namespace

Bounds bound_normalisation(const Subject& subject) {
  switch (subject.node.op) {
    case Op::batch_normalization: return bound_batch(subject);
    case Op::layer_normalization: return bound_layer(subject);
    case Op::mean_variance_normalization: return bound_mean_variance(subject);
    case Op::lp_normalization: return bound_lp(subject);
    case Op::lrn: return bound_responses(subject);
    default: return bound_groups(subject);
  }
}

}  // namespace isotrace::executor
