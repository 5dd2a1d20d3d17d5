// DFT, STFT and the window functions. A transform is a sum of products with numbers of magnitude 1,
// whether it is summed as it is defined or by Cooley and Tukey's factors: then every operand
// reaches every result on one path of at most log2(n) complex multiplications and additions.
#include <algorithm>
#include <bit>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>
#include <isotrace/reference/signal_shape.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

constexpr double upward = 1 + 0x1p-40;

/// A factor's cosine or sine: a library's error, and that of an angle below a turn which itself was
/// rounded a few times.
double factor_error(const Arithmetic& a) { return a.library() + 24 * a.sum_roundoff(); }

/// How far a component may be off from the exact one, relative to the sum of the magnitudes of all
/// real and imaginary parts that go into it; `each` more roundings are done per element.
double transform_error(const Arithmetic& a, std::size_t length, double each) {
  const double u = a.sum_roundoff();
  const double direct = gamma(2 * static_cast<double>(length) + 8, u) + factor_error(a);
  // (1 + e)^stages - 1, of which each stage is a factor, a product and an addition.
  const double stage = factor_error(a) + 8 * u;
  double staged = 0;
  const std::size_t stages = static_cast<std::size_t>(std::bit_width(length)) + 1;
  for (std::size_t i = 0; i < stages; ++i) staged += stage + staged * stage;
  return (std::max(direct, staged) + gamma(each, u)) * upward;
}

/// Around the canonical result, which is one of the admissible ones: so twice what one may be off.
Band around(const Arithmetic& a, double canonical, double magnitude, double relative,
            double terms) {
  if (!std::isfinite(canonical) || !std::isfinite(magnitude)) return unknown_band();
  const double lost = 4 * (terms + 1) * (a.underflow() + a.flush());
  const double error = 2 * (relative * magnitude + lost);
  const double ending = 2 * a.roundoff() * (std::fabs(canonical) + error) + 2 * a.underflow();
  const Band band = {canonical, (error + ending) * upward};
  return a.is_finite({magnitude, band.error}) ? band : unknown_band();
}

/// Sums of |x| over the parts and along the axis, cut to `given` positions.
Reals magnitudes_along(const core::TensorView& x, std::size_t axis, std::size_t given) {
  const Reals values = read_reals(x);
  const std::size_t outer = reference::product(x.shape(), 0, axis);
  const auto size = static_cast<std::size_t>(x.dim(axis));
  const std::size_t inner = reference::product(x.shape(), axis + 1, x.rank() - 1);
  const auto parts = static_cast<std::size_t>(x.dim(x.rank() - 1));
  Reals sums(outer * inner, 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = i / parts / inner;
    if (at % size < given) sums[at / size * inner + i / parts % inner] += std::fabs(values[i]);
  }
  return sums;
}

core::Result<std::optional<std::int64_t>> optional_integer(const Subject& subject,
                                                           std::size_t operand) {
  if (!subject.has(operand)) return std::optional<std::int64_t>();
  ISOTRACE_TRY(const std::int64_t value, reference::read_integer(subject.operand(operand)));
  return std::optional(value);
}

Bounds bound_dft(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const auto given_length, optional_integer(subject, 1));
  ISOTRACE_TRY(const auto given_axis, optional_integer(subject, 2));
  ISOTRACE_TRY(const auto shape, reference::dft_shape(subject.node, x.shape(),
                                                      given_axis.value_or(-2), given_length));
  const bool inverse = subject.node.integer("inverse") != 0;
  const auto components = static_cast<std::size_t>(shape.output.back());
  const auto length = static_cast<double>(shape.length);
  // Half a spectrum stands for the other half, too.
  const bool half_given = components == 1;
  const auto cut = static_cast<std::size_t>(half_given ? shape.length / 2 + 1 : shape.length);
  const Reals sums = magnitudes_along(x, shape.axis, cut);
  const double scale = (half_given ? 2.0 : 1.0) / (inverse ? length : 1.0);
  const double relative =
      transform_error(a, static_cast<std::size_t>(shape.length), inverse ? 3 : 0);
  const Reals canonical = read_reals(subject.results[0]);
  const std::size_t inner = reference::product(x.shape(), shape.axis + 1, x.rank() - 1);
  const auto bins = static_cast<std::size_t>(shape.bins);
  std::vector<Band> bands(canonical.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const std::size_t place = i / components;
    const double magnitude = sums[place / inner / bins * inner + place % inner];
    bands[i] = around(a, canonical[i], magnitude * scale, relative, 2 * length);
    if (!a.is_finite({magnitude * 2, 0})) bands[i] = unknown_band();
  }
  return one_bound(std::move(bands));
}

Bounds bound_stft(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& signal = subject.operand(0);
  const core::TensorView& result = subject.results[0];
  ISOTRACE_TRY(const std::int64_t step, reference::read_integer(subject.operand(1)));
  ISOTRACE_TRY(const auto given_length, optional_integer(subject, 3));
  const Reals window = subject.has(2) ? read_reals(subject.operand(2)) : Reals{};
  const auto length = given_length ? static_cast<std::size_t>(*given_length) : window.size();
  const Reals values = read_reals(signal);
  const Reals canonical = read_reals(result);
  const auto parts = static_cast<std::size_t>(signal.dim(2));
  const auto frames = static_cast<std::size_t>(result.dim(1));
  const auto per_frame = static_cast<std::size_t>(result.dim(2)) * 2;
  // A flushed element of the signal counts as much as the window's, and the other way round.
  double factor = 1;
  for (const Reals* list : {&window, &values}) {
    for (const double v : *list) factor = std::max(factor, std::fabs(v));
  }
  const double terms = static_cast<double>(2 * length) * (a.flush() > 0 ? 2 * factor : 1.0);
  const double relative = transform_error(a, length, 1);
  std::vector<Band> bands(canonical.size());
  for (std::size_t frame = 0; frame * per_frame < bands.size(); ++frame) {
    const std::size_t start = frame / frames * static_cast<std::size_t>(signal.dim(1)) +
                              frame % frames * static_cast<std::size_t>(step);
    double magnitude = 0;
    for (std::size_t k = 0; k < length * parts; ++k) {
      const double weight = window.empty() ? 1.0 : window[k / parts];
      magnitude += std::fabs(values[start * parts + k] * weight);
    }
    for (std::size_t k = 0; k < per_frame; ++k) {
      const std::size_t i = frame * per_frame + k;
      bands[i] = around(a, canonical[i], magnitude, relative, terms);
    }
  }
  return one_bound(std::move(bands));
}

/// At most 0.5 + 0.5 in magnitude, from one or two cosines.
Bounds bound_window(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  std::vector<Band> bands;
  for (const double y : read_reals(subject.results[0])) {
    bands.push_back(
        {y, 2 * (a.library() + 32 * std::max(a.sum_roundoff(), a.roundoff())) * upward});
  }
  return one_bound(std::move(bands));
}

}  // namespace

Bounds bound_signal(const Subject& subject) {
  if (subject.node.op == Op::dft) return bound_dft(subject);
  if (subject.node.op == Op::stft) return bound_stft(subject);
  return bound_window(subject);
}

}  // namespace isotrace::executor
