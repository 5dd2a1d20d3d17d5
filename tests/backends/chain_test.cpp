// Chains against their steps one by one on the reference: products, convolutions and element-wise
// steps followed by element-wise steps of every kind, on all instruction sets and threads.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

using core::TensorView;

/// A step after the first, and which of its operands the step before makes.
struct Link {
  Sample call;
  std::size_t chained = 0;
};

struct Chain {
  Sample first;
  std::vector<Link> rest;

  [[nodiscard]] std::vector<core::Node> nodes() const {
    std::vector<core::Node> nodes = {first.node};
    for (const Link& link : rest) nodes.push_back(link.call.node);
    return nodes;
  }
};

/// The result of the last step, or nothing where a step is refused.
std::optional<Tensor> run_steps(const Chain& chain) {
  const core::FloatEnvironment environment;
  auto results = reference::evaluate(chain.first.node, chain.first.views());
  for (const Link& link : chain.rest) {
    if (!results) return std::nullopt;
    const Tensor before = std::move(results->front());
    auto operands = link.call.views();
    operands[link.chained] = before.view();
    results = reference::evaluate(link.call.node, operands);
  }
  if (!results) return std::nullopt;
  return std::move(results->front());
}

std::optional<Tensor> run_chain(const Chain& chain, Backend& backend) {
  std::vector<std::vector<std::optional<TensorView>>> operands = {chain.first.views()};
  for (const Link& link : chain.rest) operands.push_back(link.call.views());
  std::vector<ChainStep> steps = {{chain.first.node, operands[0], 0}};
  for (std::size_t i = 0; i < chain.rest.size(); ++i) {
    steps.push_back({chain.rest[i].call.node, operands[i + 1], chain.rest[i].chained});
  }
  return backend.run_chain(steps);
}

/// Operand `chained` left out: the step before makes it.
Link make_link(Op op, std::vector<Attribute> attributes, std::vector<std::optional<Shape>> shapes,
               std::size_t chained, std::uint64_t seed) {
  Link link{make_call(op, std::move(attributes), shapes, seed), chained};
  link.call.node.inputs[chained] = 0;
  return link;
}

Link unary(Op op, std::vector<Attribute> attributes = {}) {
  return make_link(op, std::move(attributes), {std::nullopt}, 0, 0);
}
Link after(Op op, const Shape& other, std::uint64_t seed) {
  return make_link(op, {}, {std::nullopt, other}, 0, seed);
}
Link before(Op op, const Shape& other, std::uint64_t seed) {
  return make_link(op, {}, {other, std::nullopt}, 1, seed);
}
Link clip(float low, float high) {
  Link link = make_link(Op::clip, {}, {std::nullopt, Shape{}, Shape{}}, 0, 0);
  link.call.operands[1] = Tensor::of<float>({}, {low});
  link.call.operands[2] = Tensor::of<float>({}, {high});
  return link;
}
Link batch_normalization(std::int64_t channels, std::uint64_t seed) {
  const Shape each{channels};
  Link link = make_link(Op::batch_normalization, {{"epsilon", 1e-5F}},
                        {std::nullopt, each, each, each, each}, 0, seed);
  for (float& variance : link.call.operands[4]->data<float>()) variance = std::fabs(variance);
  return link;
}

std::vector<Attribute> conv_attributes(std::int64_t group, std::int64_t stride, std::int64_t pad) {
  return {{"auto_pad", std::string("NOTSET")},
          {"dilations", Ints{1, 1}},
          {"group", group},
          {"k_segment", std::int64_t{256}},
          {"pads", Ints{pad, pad, pad, pad}},
          {"strides", Ints{stride, stride}}};
}

Sample matmul(const Shape& a, const Shape& b, std::uint64_t seed) {
  return make_call(Op::matmul, {{"k_segment", std::int64_t{256}}}, {a, b}, seed);
}

Sample conv(const Shape& x, const Shape& w, std::int64_t group, std::int64_t stride,
            std::int64_t pad, std::uint64_t seed) {
  return make_call(Op::conv, conv_attributes(group, stride, pad), {x, w, Shape{w[0]}}, seed);
}

class Chains : public CpuBackends {
 protected:
  /// Equal bits, if the backend takes the chain; returns whether it does.
  bool expect_same_chain(const Chain& chain) {
    const auto expected = run_steps(chain);
    bool taken = true;
    for (const auto& backend : backends_) {
      const auto actual = run_chain(chain, *backend);
      taken = taken && actual.has_value();
      if (!actual) continue;
      EXPECT_TRUE(expected.has_value());
      EXPECT_TRUE(expected && actual->shape() == expected->shape());
      EXPECT_TRUE(expected && identical(*actual, *expected)) << backend->info().device;
    }
    return taken;
  }
  void expect_taken(const Chain& chain) {
    EXPECT_EQ(backends_.front()->chain_length(chain.nodes()), chain.rest.size() + 1);
    EXPECT_TRUE(expect_same_chain(chain));
  }
};

/// Convolutions of all kinds that the backend tells apart, and the shapes of their results.
std::vector<std::pair<Sample, Shape>> convolutions(std::uint64_t seed) {
  return {
      {conv({2, 5, 9, 33}, {26, 5, 1, 1}, 1, 1, 0, seed), {2, 26, 9, 33}},
      {conv({1, 20, 24, 25}, {26, 20, 1, 1}, 1, 1, 0, seed), {1, 26, 24, 25}},
      {conv({1, 3, 40, 51}, {13, 3, 3, 3}, 1, 2, 1, seed), {1, 13, 20, 26}},
      {conv({1, 40, 13, 9}, {32, 40, 3, 3}, 1, 1, 1, seed), {1, 32, 13, 9}},
      {conv({2, 30, 7, 7}, {64, 30, 3, 3}, 1, 1, 1, seed), {2, 64, 7, 7}},
      {conv({2, 30, 14, 13}, {64, 30, 1, 1}, 1, 2, 0, seed), {2, 64, 7, 7}},
      {conv({1, 1100, 5, 7}, {64, 1100, 1, 1}, 1, 1, 0, seed), {1, 64, 5, 7}},
      {conv({2, 6, 19, 21}, {6, 1, 3, 3}, 6, 1, 1, seed), {2, 6, 19, 21}},
      {conv({2, 6, 19, 21}, {12, 1, 3, 3}, 6, 2, 1, seed), {2, 12, 10, 11}},
      {conv({1, 6, 7, 7}, {6, 1, 5, 5}, 6, 1, 2, seed), {1, 6, 7, 7}},
      {conv({1, 8, 5, 30}, {6, 4, 3, 3}, 2, 1, 1, seed), {1, 6, 5, 30}},
  };
}

TEST_F(Chains, convolutions_with_what_usually_follows) {
  for (const auto& [call, shape] : convolutions(1)) {
    expect_taken({call, {unary(Op::relu)}});
    expect_taken({call, {clip(0, 6)}});
    expect_taken(
        {call, {batch_normalization(shape[1], 5), after(Op::add, shape, 6), unary(Op::relu)}});
    expect_taken({call,
                  {after(Op::add, shape, 9), after(Op::add, {shape[1], 1, 1}, 10),
                   clip(-0.5F, 0.5F), after(Op::add, shape, 11), unary(Op::relu)}});
    expect_taken({call,
                  {before(Op::add, {shape[1], 1, 1}, 12), batch_normalization(shape[1], 13),
                   batch_normalization(shape[1], 14), after(Op::add, shape, 15)}});
    expect_taken(
        {call, {before(Op::mul, {shape[1], 1, 1}, 7), unary(Op::sigmoid), after(Op::sub, {}, 8)}});
  }
}

TEST_F(Chains, products_with_what_usually_follows) {
  const std::pair<Sample, Shape> calls[] = {
      {matmul({2, 50, 300}, {300, 70}, 1), {2, 50, 70}},
      {matmul({2, 3, 20, 9}, {2, 3, 9, 40}, 2), {2, 3, 20, 40}},
      {matmul({5, 700}, {700, 33}, 3), {5, 33}},
      {matmul({1, 4000}, {4000, 100}, 4), {1, 100}},
      {matmul({40, 7}, {7, 1}, 5), {40, 1}},
      {matmul({20, 16}, {16, 1500}, 6), {20, 1500}},
      {make_call(Op::gemm,
                 {{"alpha", 0.5F},
                  {"beta", 2.0F},
                  {"k_segment", std::int64_t{256}},
                  {"transA", std::int64_t{0}},
                  {"transB", std::int64_t{1}}},
                 {Shape{30, 90}, Shape{40, 90}, Shape{40}}, 7),
       {30, 40}},
  };
  for (const auto& [call, shape] : calls) {
    expect_taken({call, {unary(Op::relu)}});
    expect_taken({call, {before(Op::add, {shape.back()}, 5), unary(Op::erf)}});
    expect_taken({call,
                  {before(Op::add, {shape.back()}, 8), after(Op::add, shape, 9),
                   after(Op::add, {}, 10), clip(0, 1)}});
    expect_taken({call, {after(Op::div, {}, 6), after(Op::max, shape, 7)}});
  }
}

TEST_F(Chains, elementwise_steps_alone) {
  // The activation of BERT, from its parts.
  const Shape shape{2, 13, 700};
  Sample first = make_call(Op::div, {}, {shape, Shape{}}, 1);
  expect_taken(
      {std::move(first),
       {unary(Op::erf), after(Op::add, {}, 2), before(Op::mul, shape, 3), after(Op::mul, {}, 4)}});
  expect_taken({make_call(Op::add, {}, {Shape{700}, shape}, 5), {unary(Op::relu)}});
  expect_taken({make_call(Op::mul, {}, {Shape{2, 5, 30, 40}, Shape{5, 1, 1}}, 6),
                {after(Op::add, {1, 5, 1, 1}, 7), unary(Op::tanh)}});
  expect_taken({make_call(Op::sigmoid, {}, {Shape{3, 3}}, 8), {after(Op::mul, {3, 3}, 9)}});
}

TEST_F(Chains, clip_at_every_kind_of_bound) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const float bounds[] = {-infinity, -0.5F, -0.0F, 0.0F, 0.5F, infinity, nan};
  const Sample call = conv({1, 5, 9, 33}, {26, 5, 1, 1}, 1, 1, 0, 3);
  for (const float low : bounds) {
    for (const float high : bounds) expect_taken({call, {unary(Op::neg), clip(low, high)}});
  }
}

TEST_F(Chains, what_changes_the_shape_is_not_taken) {
  const Sample call = conv({1, 5, 9, 33}, {26, 5, 1, 1}, 1, 1, 0, 3);
  for (const auto& backend : backends_) {
    EXPECT_FALSE(run_chain({call, {after(Op::add, {4, 26, 9, 33}, 1)}}, *backend));
    EXPECT_FALSE(run_chain({call, {after(Op::add, {25, 1, 1}, 1)}}, *backend));
    EXPECT_FALSE(run_chain({call, {batch_normalization(25, 1)}}, *backend));
  }
  const auto reshape = make_call(Op::reshape, {}, {std::nullopt, std::nullopt}, 1);
  const Chain chain{call, {unary(Op::relu), {reshape, 0}, unary(Op::relu)}};
  EXPECT_EQ(backends_.front()->chain_length(chain.nodes()), 2U);
}

TEST_F(Chains, lists_of_operands_may_have_gaps) {
  const Shape shape{3, 40};
  const Sample gap = make_call(Op::sum, {}, {shape, std::nullopt}, 1);
  const Sample whole = make_call(Op::sum, {}, {shape, shape}, 2);
  for (const auto& backend : backends_) {
    EXPECT_FALSE(run_chain({gap, {unary(Op::relu)}}, *backend));
    EXPECT_FALSE(run_chain({whole, {{gap, 0}}}, *backend));
    EXPECT_FALSE(run_chain({whole, {{make_call(Op::sum, {}, {std::nullopt}, 3), 0}}}, *backend));
  }
  expect_taken({whole, {after(Op::sum, shape, 4)}});
}

Link any_link(const Shape& shape) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  if (*rc::gen::inRange(0, 3) == 0) {
    return unary(*rc::gen::element(Op::neg, Op::abs, Op::sqrt, Op::relu, Op::floor, Op::softsign,
                                   Op::exp, Op::erf, Op::tanh, Op::sigmoid));
  }
  if (*rc::gen::inRange(0, 4) == 0) return clip(-0.25F, 0.5F);
  if (shape.size() > 2 && *rc::gen::inRange(0, 4) == 0) {
    return batch_normalization(shape[1], seed);
  }
  const Op op = *rc::gen::element(Op::add, Op::sub, Op::mul, Op::div, Op::max, Op::min);
  // Some sizes become 1, some leading ones are left out.
  Shape other = shape;
  for (auto& size : other) {
    if (*rc::gen::arbitrary<bool>()) size = 1;
  }
  if (*rc::gen::arbitrary<bool>()) other = shape;
  other.erase(other.begin(), other.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                                 0, static_cast<std::ptrdiff_t>(other.size()) + 1));
  return *rc::gen::arbitrary<bool>() ? after(op, other, seed) : before(op, other, seed);
}

RC_GTEST_FIXTURE_PROP(Chains, any_chain_has_the_bits_of_its_steps, ()) {
  const auto size = [](std::int64_t most) { return *rc::gen::inRange<std::int64_t>(1, most); };
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  Chain chain;
  Shape shape;
  const int kind = *rc::gen::inRange(0, 3);
  if (kind == 0) {
    auto calls = convolutions(seed);
    auto& [call, result] = calls[*rc::gen::inRange<std::size_t>(0, calls.size())];
    chain.first = std::move(call);
    shape = result;
  } else if (kind == 1) {
    const std::int64_t depth = size(600);
    shape = {size(3), size(40), size(70)};
    chain.first = matmul({shape[0], shape[1], depth}, {depth, shape[2]}, seed);
  } else {
    shape = {size(4), size(5), size(30), size(80)};
    chain.first = make_call(Op::relu, {}, {shape}, seed);
  }
  const int steps = *rc::gen::inRange(1, 5);
  for (int i = 0; i < steps; ++i) chain.rest.push_back(any_link(shape));
  RC_TAG(expect_same_chain(chain));
  RC_ASSERT(!HasFailure());
}

}  // namespace
}  // namespace isotrace::backends
