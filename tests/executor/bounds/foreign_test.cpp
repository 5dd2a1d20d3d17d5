// Other evaluations of the same operations, as engines write them: all stay within the bounds.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <numeric>

#include <isotrace/core/convert.hpp>

#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

/// Ways to add products.
float in_order(const Floats& a, const Floats& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
float backwards_fused(const Floats& a, const Floats& b) {
  float sum = 0;
  for (std::size_t i = a.size(); i-- > 0;) sum = std::fma(a[i], b[i], sum);
  return sum;
}
float in_binary64(const Floats& a, const Floats& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return static_cast<float>(sum);
}
float pairwise(const Floats& a, const Floats& b) {
  Floats sums;
  for (std::size_t i = 0; i < a.size(); ++i) sums.push_back(a[i] * b[i]);
  while (sums.size() > 1) {
    Floats next;
    for (std::size_t i = 0; i + 1 < sums.size(); i += 2) next.push_back(sums[i] + sums[i + 1]);
    if (sums.size() % 2 == 1) next.push_back(sums.back());
    sums = std::move(next);
  }
  return sums.empty() ? 0.0F : sums[0];
}
float in_lanes(const Floats& a, const Floats& b) {
  Floats lanes(16, 0);
  for (std::size_t i = 0; i < a.size(); ++i) lanes[i % 16] = std::fma(a[i], b[i], lanes[i % 16]);
  return std::accumulate(lanes.begin(), lanes.end(), 0.0F);
}
/// Large terms last: the sum of small ones is kept; and first: they are lost.
float by_magnitude(const Floats& a, const Floats& b, bool ascending) {
  Floats terms;
  for (std::size_t i = 0; i < a.size(); ++i) terms.push_back(a[i] * b[i]);
  std::ranges::sort(terms, [ascending](float x, float y) {
    return ascending ? std::fabs(x) < std::fabs(y) : std::fabs(y) < std::fabs(x);
  });
  return std::accumulate(terms.begin(), terms.end(), 0.0F);
}

const std::vector<std::pair<std::string, std::function<float(const Floats&, const Floats&)>>> dots =
    {{"in order", in_order},
     {"backwards, fused", backwards_fused},
     {"in binary64", in_binary64},
     {"pairwise", pairwise},
     {"in lanes", in_lanes},
     {"small first", [](const Floats& a, const Floats& b) { return by_magnitude(a, b, true); }},
     {"large first", [](const Floats& a, const Floats& b) { return by_magnitude(a, b, false); }}};

TEST(ForeignEvaluations, OfProductsStayWithinInEveryOrder) {
  core::PhiloxStream random(11, 0);
  for (const std::size_t k : {1U, 3U, 64U, 1000U, 4096U}) {
    const auto size = static_cast<std::int64_t>(k);
    double most = 0;
    std::vector<double> medians;
    for (const Draw kind : all_draws) {
      for (int repeat = 0; repeat < 10; ++repeat) {
        const Floats a = draw(kind, k, random);
        const Floats b = draw(kind, k, random);
        const Bounded bounded =
            bound_of(make_node(Op::matmul), {tensor_of({1, size}, a), tensor_of({size, 1}, b)});
        for (const auto& [name, dot] : dots) {
          const TensorJudgement judged = bounded.judge(Floats{dot(a, b)});
          expect_within(judged, name + ", K = " + std::to_string(k));
          if (!judged.worst) continue;
          most = std::max(most, judged.worst->ratio);
          medians.push_back(judged.worst->ratio);
        }
      }
    }
    if (medians.empty()) continue;
    std::ranges::nth_element(medians, medians.begin() + std::ssize(medians) / 2);
    std::cout << "K = " << k << ": used/allowed " << most << " at most, "
              << medians[medians.size() / 2] << " in the median of those that differ\n";
    // A bound for every order is not reached by an average one; but it is no more than K times u.
    if (k > 1) {
      EXPECT_GT(most * static_cast<double>(k), 0.05) << k;
    }
  }
}

/// Mean of squares minus square of the mean, everything in binary32.
Floats normalise_in_one_pass(const Floats& x, float epsilon) {
  float sum = 0;
  float squares = 0;
  for (const float v : x) {
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<float>(x.size());
  const float mean = sum / n;
  const float inverse = 1 / std::sqrt(squares / n - mean * mean + epsilon);
  Floats y;
  for (const float v : x) y.push_back(v * inverse + (0 - mean * inverse));
  return y;
}

Floats normalise_in_two_passes(const Floats& x, float epsilon) {
  const auto n = static_cast<float>(x.size());
  const float mean = std::accumulate(x.rbegin(), x.rend(), 0.0F) / n;
  float variance = 0;
  for (const float v : x) variance += (v - mean) * (v - mean);
  Floats y;
  for (const float v : x) y.push_back((v - mean) / std::sqrt(variance / n + epsilon));
  return y;
}

TEST(ForeignEvaluations, OfLayerNormalizationStayWithin) {
  core::PhiloxStream random(12, 0);
  for (int repeat = 0; repeat < 40; ++repeat) {
    Floats x = draw(repeat % 2 == 0 ? Draw::plain : Draw::wide, 96, random);
    if (repeat % 4 == 2) {
      for (float& v : x) v += 5;  // a mean beside which the deviation is small
    }
    const Bounded bounded = bound_of(make_node(Op::layer_normalization),
                                     {tensor_of({1, 96}, x), tensor_of({96}, Floats(96, 1))});
    expect_within(bounded.judge(normalise_in_one_pass(x, 1e-5F)), "one pass");
    expect_within(bounded.judge(normalise_in_two_passes(x, 1e-5F)), "two passes");
  }
}

TEST(ForeignEvaluations, OfFoldedBatchNormalizationStayWithin) {
  core::PhiloxStream random(13, 0);
  for (const Draw kind : {Draw::plain, Draw::cancelling, Draw::wide}) {
    const Floats x = draw(kind, 500, random);
    const float scale = 1.3F;
    const float bias = -0.4F;
    const float mean = 0.9F;
    const float variance = 0.02F;
    const Bounded bounded =
        bound_of(make_node(Op::batch_normalization),
                 {tensor_of({1, 1, 500}, x), tensor_of({1}, {scale}), tensor_of({1}, {bias}),
                  tensor_of({1}, {mean}), tensor_of({1}, {variance})});
    const float factor = scale / std::sqrt(variance + 1e-5F);
    const float shift = bias - mean * factor;
    Floats folded;
    Floats fused;
    for (const float v : x) {
      folded.push_back(v * factor + shift);
      fused.push_back(std::fma(v, factor, shift));
    }
    expect_within(bounded.judge(folded), "folded");
    expect_within(bounded.judge(fused), "folded and fused");
  }
}

TEST(ForeignEvaluations, OfSoftmaxStayWithin) {
  core::PhiloxStream random(14, 0);
  for (const float scale : {1.0F, 10.0F, 60.0F}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      Floats x = draw(Draw::plain, 77, random);
      for (float& v : x) v *= scale;
      const float greatest = *std::ranges::max_element(x);
      Floats y;
      for (const float v : x) y.push_back(std::exp(v - greatest));
      const float inverse = 1 / std::accumulate(y.rbegin(), y.rend(), 0.0F);
      for (float& v : y) v *= inverse;
      const Bounded bounded =
          bound_of(make_node(Op::softmax, {{"axis", std::int64_t{-1}}}), {tensor_of({1, 77}, x)});
      expect_within(bounded.judge(y), "exp of the host, reciprocal of the sum");
    }
  }
}

/// The naive forms that engines use.
TEST(ForeignEvaluations, OfActivationsStayWithin) {
  core::PhiloxStream random(15, 0);
  struct Form {
    Op op;
    float (*f)(float);
  };
  const Form forms[] = {
      {Op::sigmoid, [](float x) { return 1 / (1 + std::exp(-x)); }},
      {Op::sigmoid, [](float x) { return 0.5F * std::tanh(0.5F * x) + 0.5F; }},
      {Op::softplus, [](float x) { return x > 20 ? x : std::log(1 + std::exp(x)); }},
      {Op::elu, [](float x) { return x < 0 ? std::exp(x) - 1 : x; }},
      {Op::gelu, [](float x) { return 0.5F * x * (1 + std::erf(x * 0.70710678118654752440F)); }},
      {Op::gelu, [](float x) { return 0.5F * x * std::erfc(-x * 0.70710678118654752440F); }},
      {Op::mish, [](float x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {Op::hard_swish, [](float x) { return x * std::min(std::max(x + 3, 0.0F), 6.0F) / 6; }},
      {Op::hard_swish,
       [](float x) { return x * std::min(std::max(std::fma(x, 1 / 6.0F, 0.5F), 0.0F), 1.0F); }},
      {Op::softsign, [](float x) { return x / (1 + std::fabs(x)); }},
      {Op::reciprocal, [](float x) { return static_cast<float>(1.0 / x); }},
  };
  for (const Form& form : forms) {
    for (const float scale : {0.01F, 1.0F, 3.0F, 8.0F}) {
      Floats x = draw(Draw::plain, 1000, random);
      Floats y;
      for (float& v : x) {
        v *= scale;
        y.push_back(form.f(v));
      }
      std::vector<core::Attribute> attributes;
      if (form.op == Op::gelu) attributes.push_back({"approximate", std::string("none")});
      expect_within(bound_of(make_node(form.op, attributes), {tensor_of({1000}, x)}).judge(y),
                    std::string(core::op_info(form.op).name));
    }
  }
}

TEST(ForeignEvaluations, InBinary16StayWithin) {
  core::PhiloxStream random(16, 0);
  std::vector<core::Half> a;
  std::vector<core::Half> b;
  std::vector<core::Half> sums;
  for (const float v : draw(Draw::plain, 512, random)) a.push_back(core::to_half(v));
  for (const float v : draw(Draw::plain, 512, random)) b.push_back(core::to_half(v));
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{to_f32(a[i])} * to_f32(b[i]);
  const auto half = [](Shape shape, const std::vector<core::Half>& values) {
    return Tensor::of<core::Half>(std::move(shape), std::span<const core::Half>(values));
  };
  const Bounded product = bound_of(make_node(Op::matmul), {half({1, 512}, a), half({512, 1}, b)});
  expect_within(product.judge(half({1, 1}, {core::to_half(sum)})), "binary64 sums");
  for (std::size_t i = 0; i < a.size(); ++i)
    sums.push_back(core::to_half(to_f32(a[i]) + to_f32(b[i])));
  expect_within(
      bound_of(make_node(Op::add), {half({512}, a), half({512}, b)}).judge(half({512}, sums)),
      "Add");
}

/// Subnormal numbers become zero, on the way in and on the way out.
float flush(float x) { return std::fabs(x) < 0x1p-126F ? 0.0F : x; }

TEST(ForeignEvaluations, ThatFlushSubnormalsAreWithinOnlyIfThatIsAllowed) {
  core::PhiloxStream random(17, 0);
  const Floats a = draw(Draw::subnormal, 400, random);
  const Floats b = draw(Draw::plain, 400, random);
  Floats flushed;
  for (std::size_t i = 0; i < a.size(); ++i) flushed.push_back(flush(flush(a[i]) * flush(b[i])));
  const Operands operands = {tensor_of({400}, a), tensor_of({400}, b)};
  const Node node = make_node(Op::mul);
  EXPECT_EQ(bound_of(node, operands).judge(flushed).agreement, Agreement::outside);
  expect_within(bound_of(node, operands, {.flush_subnormals = true}).judge(flushed), "Mul");

  float sum = 0;
  for (std::size_t i = 0; i < 400; i += 2) sum = flush(sum + flush(flush(a[i]) * flush(b[i])));
  Floats small(a);
  for (std::size_t i = 1; i < 400; i += 2) small[i] = 0;
  const Operands product = {tensor_of({1, 400}, small), tensor_of({400, 1}, b)};
  const Node matmul = make_node(Op::matmul);
  EXPECT_EQ(bound_of(matmul, product).judge(Floats{sum}).agreement, Agreement::outside);
  expect_within(bound_of(matmul, product, {.flush_subnormals = true}).judge(Floats{sum}), "MatMul");
}

}  // namespace
}  // namespace isotrace::tests
