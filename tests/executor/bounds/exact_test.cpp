// Exact values by MPFR: they, and the canonical results, lie in the bands of every operation.
#include <algorithm>
#include <functional>
#include <iostream>

#include "tests/executor/bounds/real.hpp"
#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

using Reals = std::vector<Real>;

Reals reals_of(const Floats& values) { return {values.begin(), values.end()}; }

Real sum_of(const Reals& values) {
  Real sum;
  for (const Real& value : values) sum = sum + value;
  return sum;
}

Reals map(const Reals& values, const std::function<Real(const Real&)>& f) {
  Reals mapped;
  for (const Real& value : values) mapped.push_back(f(value));
  return mapped;
}

Reals zip(const Reals& a, const Reals& b, Real (*f)(const Real&, const Real&)) {
  Reals zipped;
  for (std::size_t i = 0; i < a.size(); ++i) zipped.push_back(f(a[i], b[i]));
  return zipped;
}

/// Every exact value and every canonical one lies in its band. Returns how often.
std::size_t expect_in_bands(const Bounded& bounded, const Reals& exact, const std::string& what) {
  const auto canonical = bounded.canonical[0].data<float>();
  EXPECT_EQ(canonical.size(), exact.size()) << what;
  EXPECT_FALSE(bounded.bounds[0].exact) << what;
  std::size_t known = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const Band band = bounded.bounds[0].bands[i];
    if (!std::isfinite(band.error) || !std::isfinite(band.middle)) continue;
    ++known;
    const Real off = abs(exact[i] - Real(band.middle));
    EXPECT_TRUE(off <= Real(band.error))
        << what << " element " << i << ": exact " << exact[i].to_double() << ", band "
        << band.middle << " +- " << band.error;
    if (!std::isfinite(canonical[i])) continue;
    EXPECT_LE(std::fabs(canonical[i] - band.middle), band.error)
        << what << " element " << i << ": canonical " << canonical[i];
  }
  return known;
}

struct Unary {
  Op op;
  std::function<Real(const Real&)> exact;
  bool positive = false;  ///< the operand's sign is dropped
  float scale = 1;        ///< and it is multiplied by this
  std::vector<core::Attribute> attributes = {};
};

Real logistic(const Real& x) { return Real(1) / (Real(1) + exp(Real() - x)); }
Real softplus(const Real& x) { return apply(mpfr_log1p, exp(x)); }
Real linear_above(const Real& x, double alpha) {
  return x < Real() ? Real(alpha) * apply(mpfr_expm1, x) : x;
}
Real gelu(const Real& x) { return x * (Real(1) + apply(mpfr_erf, x / sqrt(Real(2)))) / Real(2); }
Real gelu_tanh(const Real& x) {
  const Real root =
      sqrt(Real(2) /
           apply([](mpfr_t y, const mpfr_t, mpfr_rnd_t r) { return mpfr_const_pi(y, r); }, Real()));
  const Real inner = root * (x + Real(0.044715) * x * x * x);
  return x * (Real(1) + tanh(inner)) / Real(2);
}
Real clamp_unit(const Real& x) { return x < Real() ? Real() : Real(1) < x ? Real(1) : x; }

std::vector<Unary> unary_operations() {
  const auto plain = [](Real::Function function) {
    return [function](const Real& x) { return apply(function, x); };
  };
  return {
      {Op::exp, plain(mpfr_exp)},
      {Op::log, plain(mpfr_log), true},
      {Op::sin, plain(mpfr_sin)},
      {Op::cos, plain(mpfr_cos)},
      {Op::tan, plain(mpfr_tan)},
      {Op::asin, plain(mpfr_asin), false, 0.25F},
      {Op::acos, plain(mpfr_acos), false, 0.25F},
      {Op::atan, plain(mpfr_atan)},
      {Op::sinh, plain(mpfr_sinh)},
      {Op::cosh, plain(mpfr_cosh)},
      {Op::tanh, plain(mpfr_tanh)},
      {Op::asinh, plain(mpfr_asinh)},
      {Op::atanh, plain(mpfr_atanh), false, 0.25F},
      {Op::erf, plain(mpfr_erf)},
      {Op::sigmoid, logistic, false, 30},
      {Op::softplus, softplus, false, 20},
      {Op::elu, [](const Real& x) { return linear_above(x, 1); }, false, 8},
      {Op::celu, [](const Real& x) { return linear_above(x, 1); }, false, 8},
      {Op::selu,
       [](const Real& x) { return Real(1.05F) * linear_above(x, 1.67F); },
       false,
       1,
       {{"alpha", 1.67F}, {"gamma", 1.05F}}},
      {Op::mish, [](const Real& x) { return x * tanh(softplus(x)); }, false, 8},
      {Op::gelu, gelu, false, 4, {core::Attribute{"approximate", std::string("none")}}},
      {Op::gelu, gelu_tanh, false, 4, {core::Attribute{"approximate", std::string("tanh")}}},
      {Op::softsign, [](const Real& x) { return x / (Real(1) + abs(x)); }},
      {Op::hard_swish, [](const Real& x) { return x * clamp_unit(x / Real(6) + Real(0.5)); }, false,
       3},
      {Op::hard_sigmoid,
       [](const Real& x) { return clamp_unit(x * Real(0.2F) + Real(0.5)); },
       false,
       2,
       {{"alpha", 0.2F}, {"beta", 0.5F}}},
      {Op::leaky_relu,
       [](const Real& x) { return x < Real() ? x * Real(0.01F) : x; },
       false,
       1,
       {core::Attribute{"alpha", 0.01F}}},
      {Op::reciprocal, [](const Real& x) { return Real(1) / x; }},
      {Op::sqrt, plain(mpfr_sqrt), true},
  };
}

TEST(BoundsOfFunctions, HoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());  // of e^x for large x, too
  core::PhiloxStream random(1, 0);
  for (const Unary& operation : unary_operations()) {
    const std::string name(core::op_info(operation.op).name);
    std::size_t known = 0;
    for (const Draw kind : all_draws) {
      Floats x = draw(kind, 200, random);
      const bool narrow = operation.scale < 1;  // of a function whose domain ends
      for (float& value : x) {
        value *= operation.scale;
        if (operation.positive) value = std::fabs(value);
        if (narrow) value = std::fmod(value, 1.0F);
      }
      const Bounded bounded =
          bound_of(make_node(operation.op, operation.attributes), {tensor_of({200}, x)});
      known += expect_in_bands(bounded, map(reals_of(x), operation.exact), name);
    }
    EXPECT_GT(known, 500U) << name;
  }
}

TEST(BoundsOfArithmetic, HoldTheExactValue) {
  core::PhiloxStream random(2, 0);
  const std::pair<Op, Real (*)(const Real&, const Real&)> operations[] = {
      {Op::add, [](const Real& a, const Real& b) { return a + b; }},
      {Op::sub, [](const Real& a, const Real& b) { return a - b; }},
      {Op::mul, [](const Real& a, const Real& b) { return a * b; }},
      {Op::div, [](const Real& a, const Real& b) { return a / b; }},
  };
  for (const auto& [op, f] : operations) {
    for (const Draw kind : all_draws) {
      const Floats a = draw(kind, 300, random);
      Floats b = draw(kind, 300, random);
      for (std::size_t i = 0; i < b.size(); i += 2) b[i] = std::nextafter(-a[i], 1.0F);
      const Bounded bounded = bound_of(make_node(op), {tensor_of({300}, a), tensor_of({300}, b)});
      EXPECT_GT(expect_in_bands(bounded, zip(reals_of(a), reals_of(b), f),
                                std::string(core::op_info(op).name)),
                250U);
    }
  }
}

/// An operation on one row of numbers.
struct RowOperation {
  std::string name;
  Node node;
  std::function<Operands(const Floats&)> operands;
  std::function<Reals(const Reals&)> exact;
  bool positive = false;
};

Operands only(const Floats& row) {
  return {tensor_of({1, static_cast<std::int64_t>(row.size())}, row)};
}
Operands planes(const Floats& row) {
  return {tensor_of({1, 1, static_cast<std::int64_t>(row.size())}, row)};
}

Reals softmax(const Reals& row) {
  const Real sum = sum_of(map(row, [](const Real& x) { return exp(x); }));
  return map(row, [&sum](const Real& x) { return exp(x) / sum; });
}

/// (x - mean) / sqrt(variance + epsilon) times 1.5, and shifted by 0.25.
Reals normalised(const Reals& row, double epsilon) {
  const Real n(static_cast<double>(row.size()));
  const Real mean = sum_of(row) / n;
  const Real variance =
      sum_of(map(row, [&](const Real& x) { return (x - mean) * (x - mean); })) / n;
  const Real root = sqrt(variance + Real(epsilon));
  return map(row, [&](const Real& x) { return Real(1.5) * (x - mean) / root + Real(0.25); });
}

Reals one(const Real& value) { return Reals{value}; }

std::vector<RowOperation> sums_over_rows() {
  const auto square = [](const Real& x) { return x * x; };
  return {
      {"ReduceSum", make_node(Op::reduce_sum), only, [](const Reals& x) { return one(sum_of(x)); }},
      {"ReduceMean", make_node(Op::reduce_mean), only,
       [](const Reals& x) { return one(sum_of(x) / Real(double(x.size()))); }},
      {"ReduceL1", make_node(Op::reduce_l1), only,
       [](const Reals& x) { return one(sum_of(map(x, [](const Real& v) { return abs(v); }))); }},
      {"ReduceSumSquare", make_node(Op::reduce_sum_square), only,
       [square](const Reals& x) { return one(sum_of(map(x, square))); }},
      {"ReduceL2", make_node(Op::reduce_l2), only,
       [square](const Reals& x) { return one(sqrt(sum_of(map(x, square)))); }},
      {"ReduceLogSum", make_node(Op::reduce_log_sum), only,
       [](const Reals& x) { return one(log(sum_of(x))); }, true},
      {"ReduceLogSumExp", make_node(Op::reduce_log_sum_exp), only,
       [](const Reals& x) {
         return one(log(sum_of(map(x, [](const Real& v) { return exp(v); }))));
       }},
      {"ReduceProd", make_node(Op::reduce_prod), only,
       [](const Reals& x) {
         Real product(1);
         for (const Real& value : x) product = product * value;
         return one(product);
       }},
      {"GlobalAveragePool", make_node(Op::global_average_pool), planes,
       [](const Reals& x) { return one(sum_of(x) / Real(double(x.size()))); }},
  };
}

std::vector<RowOperation> normalisations_of_rows() {
  const auto square = [](const Real& x) { return x * x; };
  const auto scalar = [](float value) { return tensor_of({1}, {value}); };
  return {
      {"Softmax", make_node(Op::softmax, {{"axis", std::int64_t{-1}}}), only, softmax},
      {"LogSoftmax", make_node(Op::log_softmax, {{"axis", std::int64_t{-1}}}), only,
       [](const Reals& x) { return map(softmax(x), [](const Real& y) { return log(y); }); }},
      {"LayerNormalization", make_node(Op::layer_normalization),
       [scalar](const Floats& x) {
         Operands operands = only(x);
         operands.push_back(scalar(1.5F));
         operands.push_back(scalar(0.25F));
         return operands;
       },
       [](const Reals& x) { return normalised(x, 1e-5F); }},
      {"InstanceNormalization", make_node(Op::instance_normalization),
       [scalar](const Floats& x) {
         Operands operands = planes(x);
         operands.push_back(scalar(1.5F));
         operands.push_back(scalar(0.25F));
         return operands;
       },
       [](const Reals& x) { return normalised(x, 1e-5F); }},
      {"LpNormalization",
       make_node(Op::lp_normalization, {{"axis", std::int64_t{-1}}, {"p", std::int64_t{2}}}), only,
       [square](const Reals& x) {
         const Real norm = sqrt(sum_of(map(x, square)));
         return map(x, [&norm](const Real& v) { return v / norm; });
       }},
      {"MatMul", make_node(Op::matmul),
       [](const Floats& x) {
         const auto k = static_cast<std::int64_t>(x.size());
         Floats reversed(x.rbegin(), x.rend());
         return Operands{tensor_of({1, k}, x), tensor_of({k, 1}, reversed)};
       },
       [](const Reals& x) {
         Real sum;
         for (std::size_t i = 0; i < x.size(); ++i) sum = sum + x[i] * x[x.size() - 1 - i];
         return one(sum);
       }},
      {"BatchNormalization", make_node(Op::batch_normalization),
       [scalar](const Floats& x) {
         Operands operands = planes(x);
         for (const float value : {1.5F, 0.25F, 0.75F, 0.5F}) operands.push_back(scalar(value));
         return operands;
       },
       [](const Reals& x) {
         const Real root = sqrt(Real(0.5) + Real(1e-5F));
         return map(
             x, [&](const Real& v) { return (v - Real(0.75)) / root * Real(1.5) + Real(0.25); });
       }},
  };
}

TEST(BoundsOfRows, HoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(3, 0);
  std::vector<RowOperation> operations = sums_over_rows();
  std::ranges::move(normalisations_of_rows(), std::back_inserter(operations));
  for (const RowOperation& operation : operations) {
    std::size_t known = 0;
    for (const Draw kind : all_draws) {
      for (const std::size_t n : {1U, 2U, 17U, 300U}) {
        Floats x = draw(kind, n, random);
        if (operation.positive) {
          for (float& value : x) value = std::fabs(value);
        }
        const Bounded bounded = bound_of(operation.node, operation.operands(x));
        known += expect_in_bands(bounded, operation.exact(reals_of(x)), operation.name);
      }
    }
    EXPECT_GT(known, 8U) << operation.name;
  }
}

/// A window of three with a padding of one: y[i] = w . x[i-1 .. i+1] + bias.
TEST(BoundsOfConvolution, HoldTheExactValue) {
  core::PhiloxStream random(4, 0);
  for (const Draw kind : all_draws) {
    const Floats x = draw(kind, 40, random);
    const Floats w = draw(kind, 3, random);
    const Node node = make_node(Op::conv, {{"pads", std::vector<std::int64_t>{1, 1}}});
    const Bounded bounded =
        bound_of(node, {tensor_of({1, 1, 40}, x), tensor_of({1, 1, 3}, w), tensor_of({1}, {0.3F})});
    Reals exact;
    for (int i = 0; i < 40; ++i) {
      Real sum(0.3F);
      for (int tap = 0; tap < 3; ++tap) {
        const int at = i + tap - 1;
        if (at >= 0 && at < 40) sum = sum + Real(w[size_t(tap)]) * Real(x[size_t(at)]);
      }
      exact.push_back(sum);
    }
    EXPECT_EQ(expect_in_bands(bounded, exact, "Conv"), 40U);
  }
}

}  // namespace
}  // namespace isotrace::tests
