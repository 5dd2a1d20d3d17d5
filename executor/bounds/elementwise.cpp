// One or few operations per element, each rounded once: bands follow the canonical sequence and
// cover the usual other ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

template <class F>
std::vector<ResultBound> map_bands(const Subject& subject, F f) {
  const Arithmetic arithmetic = subject.arithmetic();
  std::vector<Band> bands;
  bands.reserve(subject.results[0].elements());
  for (const double x : read_reals(subject.operand(0))) bands.push_back(f(arithmetic.load(x)));
  return one_bound(std::move(bands));
}

template <class F>
std::vector<ResultBound> zip_bands(const Subject& subject, F f) {
  const Arithmetic arithmetic = subject.arithmetic();
  const auto shape = subject.results[0].shape();
  const Reals a = spread_reals(subject.operand(0), shape);
  const Reals b = spread_reals(subject.operand(1), shape);
  std::vector<Band> bands(a.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    bands[i] = f(arithmetic.load(a[i]), arithmetic.load(b[i]));
  }
  return one_bound(std::move(bands));
}

/// Sum and Mean of several operands, in any order.
std::vector<ResultBound> add_operands(const Subject& subject) {
  const Arithmetic arithmetic = subject.arithmetic();
  const auto shape = subject.results[0].shape();
  Reals value(subject.results[0].elements(), 0);
  Reals magnitude = value;
  for (const auto& operand : subject.operands) {
    const Reals terms = spread_reals(*operand, shape);
    for (std::size_t i = 0; i < value.size(); ++i) {
      value[i] += terms[i];
      magnitude[i] += std::fabs(terms[i]);
    }
  }
  const auto count = static_cast<double>(subject.operands.size());
  std::vector<Band> bands(value.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    bands[i] = arithmetic.sum(value[i], magnitude[i], count);
    // Divided, or multiplied by a rounded reciprocal.
    if (subject.node.op == Op::mean) {
      bands[i] = arithmetic.round(arithmetic.divide(bands[i], {count, 0}));
    }
  }
  return one_bound(std::move(bands));
}

/// x < 0 ? slope * x : x. The side is decided by x as it stands.
Band leak(const Arithmetic& arithmetic, Band x, Band slope) {
  return x.middle < 0 ? arithmetic.multiply(slope, x) : x;
}

Band shrink(const Arithmetic& arithmetic, const core::Node& node, Band x) {
  const double bias = node.real("bias");
  const double lambd = node.real("lambd");
  if (x.middle < -lambd) return arithmetic.add(x, arithmetic.load(bias));
  if (x.middle > lambd) return arithmetic.subtract(x, arithmetic.load(bias));
  return {0, 0};
}

/// 1 / 6 may be rounded before the product or come after it as a division, and x + 3 may be clamped
/// to 6 before.
Band hard_swish(const Arithmetic& arithmetic, Band x) {
  if (!std::isfinite(x.middle)) return {x.middle > 0 ? x.middle : std::nan(""), 0};
  const Band sixth = arithmetic.round(arithmetic.round({x.middle / 6, x.error}));
  Band half = arithmetic.round(arithmetic.add(sixth, {0.5, 0}));
  half.error += arithmetic.roundoff();  // of x + 3 where it is small beside 3
  return arithmetic.round(arithmetic.multiply(x, arithmetic.clamp(half, 0, 1)));
}

/// The exact value, rounded once. Only what overflows depends on more than that.
std::vector<ResultBound> cast(const Subject& subject) {
  return map_bands(subject, [a = subject.arithmetic()](Band x) { return a.round(x); });
}

/// start + i * delta, or delta added i times.
std::vector<ResultBound> range(const Subject& subject) {
  const Arithmetic arithmetic = subject.arithmetic();
  const double start = read_reals(subject.operand(0))[0];
  const double delta = read_reals(subject.operand(2))[0];
  std::vector<Band> bands(subject.results[0].elements());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const auto steps = static_cast<double>(i);
    bands[i] = arithmetic.sum(start + steps * delta, std::fabs(start) + steps * std::fabs(delta),
                              steps + 1, 1);
  }
  return one_bound(std::move(bands));
}

}  // namespace

Bounds bound_elementwise(const Subject& subject) {
  const core::Node& node = subject.node;
  const Arithmetic a = subject.arithmetic();
  switch (node.op) {
    case Op::add: return zip_bands(subject, [&a](Band x, Band y) { return a.add(x, y); });
    case Op::sub: return zip_bands(subject, [&a](Band x, Band y) { return a.subtract(x, y); });
    case Op::mul: return zip_bands(subject, [&a](Band x, Band y) { return a.multiply(x, y); });
    case Op::div: return zip_bands(subject, [&a](Band x, Band y) { return a.divide(x, y); });
    case Op::prelu: return zip_bands(subject, [&a](Band x, Band y) { return leak(a, x, y); });
    case Op::reciprocal: return map_bands(subject, [&a](Band x) { return a.divide({1, 0}, x); });
    case Op::sqrt: return map_bands(subject, [&a](Band x) { return a.sqrt(x); });
    case Op::sum:
    case Op::mean: return add_operands(subject);
    case Op::cast: return cast(subject);
    case Op::range: return range(subject);
    case Op::leaky_relu:
      return map_bands(
          subject, [&a, alpha = a.load(node.real("alpha"))](Band x) { return leak(a, x, alpha); });
    case Op::shrink: return map_bands(subject, [&](Band x) { return shrink(a, node, x); });
    case Op::hard_sigmoid:
      return map_bands(subject, [&](Band x) {
        const Band product = a.multiply(a.load(node.real("alpha")), x);
        return a.clamp(a.add(product, a.load(node.real("beta"))), 0, 1);
      });
    case Op::hard_swish: return map_bands(subject, [&a](Band x) { return hard_swish(a, x); });
    case Op::softsign:
      return map_bands(subject, [&a](Band x) {
        const Band magnitude = {std::fabs(x.middle), x.error};
        return a.divide(x, a.add({1, 0}, magnitude));
      });
    default: return refuse_bound(subject);
  }
}

}  // namespace isotrace::executor
