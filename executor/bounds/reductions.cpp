// Functions of sums over rows, and products over rows.
#include <algorithm>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/reduction.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::Tensor;

double at_least_one(double x) { return std::max(std::fabs(x), 1.0); }

/// f of the bands of another reduction of the same rows.
template <class F>
Bounds map_sums(const Subject& subject, Op op, F f) {
  const core::Node node = with_op(subject.node, op);
  ISOTRACE_TRY(auto bounds, bound_sums({node, subject.operands, subject.results, subject.options}));
  for (Band& band : bounds[0].bands) band = f(band);
  return bounds;
}

/// Relative errors of the factors and of every product; what underflow takes from a partial product
/// may be magnified by all factors above 1 that follow.
Bounds bound_products(const Subject& subject) {
  const Arithmetic arithmetic = subject.arithmetic();
  ISOTRACE_TRY(const Tensor values, evaluate_wide(subject, subject.node));
  ISOTRACE_TRY(const Tensor reaches, evaluate_wide(subject, subject.node, at_least_one));
  auto n = static_cast<double>(subject.operand(0).elements());
  if (subject.node.op == Op::cum_prod) {
    ISOTRACE_TRY(n, scan_length(subject));
  } else if (subject.node.op != Op::reduce_prod) {
    ISOTRACE_TRY(n, count_scattered(subject));
  } else {
    n /= static_cast<double>(std::max<std::size_t>(values.elements(), 1));
  }
  const double relative = gamma(n, arithmetic.roundoff()) + gamma(n + 1, binary64_roundoff);
  std::vector<Band> bands(values.elements());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const double value = values.data<double>()[i];
    const double reach = reaches.data<double>()[i];
    const double lost = 2 * n * arithmetic.underflow() * reach;
    bands[i] = {value, (std::fabs(value) * relative + lost) * (1 + 0x1p-40)};
    if (!arithmetic.is_finite({reach, bands[i].error})) bands[i] = unknown_band();
  }
  return one_bound(std::move(bands));
}

/// m + ln(sum of e^(x - m)), or without m where that does not overflow.
Band log_sum_exp(const Arithmetic& a, const Reals& row) {
  double greatest = -std::numeric_limits<double>::infinity();
  double magnitude = 0;
  for (const double x : row) {
    if (std::isnan(x)) return {x, 0};
    greatest = std::max(greatest, x);
    if (std::isfinite(x)) magnitude = std::max(magnitude, std::fabs(x));
  }
  if (!std::isfinite(greatest)) return {greatest, 0};
  double value = 0;
  double reach = 0;
  for (const double x : row) {
    const Band term = a.exp(a.subtract(a.load(x), a.load(greatest)));
    value += term.middle;
    reach += term.error;
  }
  Band sum = a.sum(value, value + reach, static_cast<double>(row.size()));
  sum.error += reach;
  // Without m the arguments of exp are x as it stands, rounded by nobody, and its error is
  // relative.
  const Band y = a.add(a.load(greatest), a.log(sum));
  return {y.middle, y.error + 4 * a.roundoff() * magnitude + a.library()};
}

Bounds bound_log_sum_exp(const Subject& subject) {
  ISOTRACE_TRY(const auto plan, reference::plan_reduction(subject.call()));
  const core::TensorView& x = subject.operand(0);
  const Reals values = read_reals(x);
  const Arithmetic arithmetic = subject.arithmetic();
  std::vector<Band> bands(subject.results[0].elements(),
                          Band{-std::numeric_limits<double>::infinity(), 0});
  Reals row;
  reference::Rows(x.shape(), plan.axes)
      .visit([&](std::size_t number, std::span<const std::size_t> offsets) {
        row.clear();
        for (const std::size_t offset : offsets) row.push_back(values[offset]);
        bands[number] = log_sum_exp(arithmetic, row);
      });
  return one_bound(std::move(bands));
}

/// x^(1 / p) for x >= 0, a little more.
double root_of(double x, double p) {
  return x == 0 ? 0.0 : reference::exp64(reference::log64(x) / p) * (1 + 0x1p-30);
}

/// (sum of |x|^p)^(1 / p): the terms have one sign, so what sum and powers are off is relative, and
/// a root makes it less. The exponent 1 / p is rounded, too: y^(u) is 1 + u |ln y|. What terms lose
/// to underflow counts with its own root. Around the canonical result, which is an admissible one.
Bounds bound_lp(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  const auto p = static_cast<double>(subject.node.integer("p"));
  double n = 1;
  if (subject.node.op == Op::lp_pool) {
    for (const std::int64_t size : subject.node.integers("kernel_shape")) {
      n *= static_cast<double>(size);
    }
  } else {
    n = static_cast<double>(reference::product(x.shape(), 2, x.rank()));
  }
  const bool library = p > 2;
  const double u = a.sum_roundoff();
  const double powers = library ? 2 * a.library() : 2 * u;
  const double lost = 2 * n * (library ? 2 * a.least_normal() : a.underflow() + a.flush());
  const double carried = p == 1 ? lost : root_of(lost, p);
  std::vector<Band> bands;
  for (const double y : read_reals(subject.results[0])) {
    const double size = y == 0 ? 0.0 : std::fabs(reference::log64(std::fabs(y)));
    const double relative = gamma(n + 1, u) + powers + (library ? 4 * u * size : 0.0);
    const bool fits = std::isfinite(y) && size * p < 87 && relative < 0.1;
    const double error = 2 * (relative * std::fabs(y) * 1.25 + carried);
    bands.push_back(fits || (y == 0) ? a.round({y, error}) : unknown_band());
  }
  return one_bound(std::move(bands));
}

}  // namespace

Bounds bound_reduction(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  switch (subject.node.op) {
    case Op::reduce_l2:
      return map_sums(subject, Op::reduce_sum_square, [&a](Band sum) { return a.sqrt(sum); });
    case Op::reduce_log_sum:
      return map_sums(subject, Op::reduce_sum, [&a](Band sum) { return a.log(sum); });
    case Op::reduce_log_sum_exp: return bound_log_sum_exp(subject);
    case Op::lp_pool:
    case Op::global_lp_pool: return bound_lp(subject);
    default: return bound_products(subject);
  }
}

}  // namespace isotrace::executor
