// The bounds against brute force: every value that binary32 gives, in any order of summation, must
// lie inside them.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::PhiloxStream;
using core::Program;
using tests::ChainBuilder;
using tests::random_floats;

struct Forms {
  std::vector<std::vector<double>> weights;
  std::vector<double> least;
  Bounds outputs;
};

/// Bounds of the outputs, and of random combinations of them, over a box.
std::optional<Forms> bound(const Program& program, const std::vector<float>& low,
                           const std::vector<float>& high, Level level, PhiloxStream& random) {
  std::vector<std::vector<float>> raw;
  for (int i = 0; i < 4; ++i) raw.push_back(random_floats(random, 64, 1));
  const DownwardRounding downward;
  const auto network = lower_program(program);
  EXPECT_TRUE(network.has_value()) << core::describe(network.error());
  if (!network) return std::nullopt;
  Bounds box(low.size());
  std::copy(low.begin(), low.end(), box.lower.begin());
  std::copy(high.begin(), high.end(), box.upper.begin());
  const auto node = NodeBounder(*network, level).bound(box, nullptr);
  if (!node) return std::nullopt;
  Forms forms;
  forms.outputs = node->layers.back().values;
  LinearForms rows(raw.size(), network->outputs());
  for (std::size_t r = 0; r < raw.size(); ++r) {
    forms.weights.emplace_back(raw[r].begin(), raw[r].begin() + static_cast<int>(rows.width));
    std::copy(forms.weights[r].begin(), forms.weights[r].end(), rows.row(r));
  }
  forms.least = bound_below(
      substitute(*network, network->layers.size(), node->layers, {&node->relaxations, 1}, rows, {}),
      box);
  return forms;
}

/// A point of the box: random, or at a corner.
std::vector<float> sample(PhiloxStream& random, const std::vector<float>& low,
                          const std::vector<float>& high) {
  std::vector<float> point(low.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    const auto kind = random.next_below(4);
    const float inside = low[i] + (high[i] - low[i]) * random.next_f32();
    point[i] = kind == 0 ? low[i] : kind == 1 ? high[i] : std::clamp(inside, low[i], high[i]);
  }
  return point;
}

template <class Float>
void expect_inside(const Forms& forms, const std::vector<Float>& outputs, double slack) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto value = static_cast<double>(outputs[i]);
    ASSERT_GE(value, forms.outputs.lower[i] - slack);
    ASSERT_LE(value, forms.outputs.upper[i] + slack);
  }
  for (std::size_t r = 0; r < forms.weights.size(); ++r) {
    double sum = 0;  // binary64 to nearest: far more exact than the bounds
    double size = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      sum += forms.weights[r][i] * static_cast<double>(outputs[i]);
      size += std::fabs(forms.weights[r][i] * static_cast<double>(outputs[i]));
    }
    ASSERT_GE(sum, forms.least[r] - slack - size * 0x1p-48);
  }
}

void check_net(const Program& program, std::size_t inputs, PhiloxStream& random, int samples,
               float scale = 1) {
  std::vector<float> low = random_floats(random, inputs, scale);
  std::vector<float> high = low;
  const float radius = std::ldexp(scale, -static_cast<int>(random.next_below(24)));
  for (float& v : high) v += radius * random.next_f32();
  const auto any = bound(program, low, high, Level::any_order, random);
  const auto real = bound(program, low, high, Level::real, random);
  ASSERT_TRUE(any && real);
  for (int s = 0; s < samples; ++s) {
    const auto point = sample(random, low, high);
    for (const tests::Order order : tests::all_orders) {
      expect_inside(*any, tests::evaluate(program, point, order), 0);
    }
    const auto exact = tests::evaluate_real(program, point);
    double size = 0;
    for (double v : exact) size = std::max(size, std::fabs(v));
    expect_inside(*real, exact, (size + static_cast<double>(scale)) * 0x1p-40);
  }
}

TEST(Soundness, DenseNets) {
  PhiloxStream random(1);
  for (int net = 0; net < 150; ++net) {
    std::vector<std::int64_t> widths{1 + static_cast<std::int64_t>(random.next_below(6))};
    const auto depth = 1 + random.next_below(4);
    for (std::uint64_t k = 0; k < depth; ++k) {
      widths.push_back(1 + static_cast<std::int64_t>(random.next_below(20)));
    }
    const Program program = tests::dense_net(random, widths);
    check_net(program, static_cast<std::size_t>(widths[0]), random, 40);
  }
}

TEST(Soundness, LargeBiasesMakeRoundingVisible) {
  PhiloxStream random(2);
  for (int net = 0; net < 100; ++net) {
    ChainBuilder chain({1, 4});
    chain.gemm({8, 4}, random_floats(random, 32, 1), random_floats(random, 8, 1e6F), true).relu();
    chain.matmul({8, 8}, random_floats(random, 64, 1));
    chain.elementwise(Op::sub, {1, 8}, random_floats(random, 8, 1e6F)).relu();
    chain.gemm({8, 3}, random_floats(random, 24, 1), random_floats(random, 3, 1e5F), false, 0.7F,
               1.0F);
    check_net(chain.program(), 4, random, 40);
  }
}

TEST(Soundness, ElementwiseOperations) {
  PhiloxStream random(3);
  for (int net = 0; net < 100; ++net) {
    ChainBuilder chain({1, 5});
    chain.elementwise(Op::sub, {5}, random_floats(random, 5, 10));
    chain.elementwise(Op::div, {5}, {3, -7, 0.1F, 1e-3F, 49});
    chain.elementwise(Op::mul, {1}, random_floats(random, 1, 3)).node(Op::neg).relu();
    chain.elementwise(Op::add, {2, 1}, random_floats(random, 2, 3), net % 2 == 0);
    chain.elementwise(Op::sub, {5}, random_floats(random, 5, 3), true).relu();
    chain.node(Op::flatten, {}, {{"axis", std::int64_t{0}}});
    chain.matmul({10, 3}, random_floats(random, 30, 1));
    check_net(chain.program(), 5, random, 40);
  }
}

TEST(Soundness, ConvolutionsAndMovement) {
  PhiloxStream random(4);
  for (int net = 0; net < 40; ++net) {
    ChainBuilder chain({1, 2, 5, 4});
    chain.conv({4, 1, 3, 2}, random_floats(random, 24, 1), random_floats(random, 4, 1),
               {1, 0, 1, 1}, {2, 1}, 2);
    chain.relu().node(Op::transpose, {}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
    // 1 x 3 x 4 x 4
    const std::int64_t shape[] = {1, 4, 12};
    const auto target = chain.constant(core::Tensor::of<std::int64_t>({3}, shape));
    chain.node(Op::reshape, {target}, {{"allowzero", std::int64_t{0}}});
    chain.conv({2, 4, 5}, random_floats(random, 40, 1), {}, {0, 2}, {3});
    chain.node(Op::flatten, {}, {{"axis", std::int64_t{1}}});
    check_net(chain.program(), 40, random, 10);
  }
}

TEST(Soundness, SubnormalNumbers) {
  PhiloxStream random(5);
  for (int net = 0; net < 100; ++net) {
    ChainBuilder chain({1, 3});
    chain.matmul({3, 6}, random_floats(random, 18, 1e-3F)).relu();
    chain.matmul({6, 2}, random_floats(random, 12, 1));
    check_net(chain.program(), 3, random, 40, 1e-38F);
  }
}

/// The exact minimum over the box of an affine chain's only output.
core::Rational exact_minimum(const Program& program, const Bounds& box) {
  std::vector<core::Rational> row{1};
  core::Rational constant = 0;
  for (std::size_t k = program.nodes.size(); k-- > 0;) {
    const core::Tensor& operand = *program.find_constant(program.nodes[k].inputs[1]);
    const auto at = [&](std::size_t i) { return core::exact_rational(operand.data<float>()[i]); };
    if (program.nodes[k].op == Op::add) {
      for (std::size_t i = 0; i < row.size(); ++i) constant += row[i] * at(i);
      continue;
    }
    std::vector<core::Rational> previous(static_cast<std::size_t>(operand.dim(0)), 0);
    for (std::size_t i = 0; i < previous.size(); ++i) {
      for (std::size_t j = 0; j < row.size(); ++j) previous[i] += at(i * row.size() + j) * row[j];
    }
    row = std::move(previous);
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    constant += row[i] * core::exact_rational(row[i] >= 0 ? box.lower[i] : box.upper[i]);
  }
  return constant;
}

TEST(Soundness, AffineBoundsAreBelowTheExactMinimumAndClose) {
  PhiloxStream random(7);
  for (int net = 0; net < 200; ++net) {
    ChainBuilder chain({1, 4});
    chain.matmul({4, 6}, random_floats(random, 24, 1));
    chain.elementwise(Op::add, {6}, random_floats(random, 6, 1));
    chain.matmul({6, 5}, random_floats(random, 30, 1)).matmul({5, 1}, random_floats(random, 5, 1));
    const Program program = chain.program();
    const auto low = random_floats(random, 4, 3);
    Bounds box(4);
    double least = 0;
    {
      const DownwardRounding downward;
      const auto network = lower_program(program);
      ASSERT_TRUE(network);
      // Points and thin boxes on both sides of 0: the sign of the error of a coefficient matters.
      for (std::size_t i = 0; i < 4; ++i) {
        box.lower[i] = low[i];
        box.upper[i] = net % 2 == 0 ? low[i] : low[i] + 0.01;
      }
      const auto node = NodeBounder(*network, Level::real).bound(box, nullptr);
      ASSERT_TRUE(node);
      LinearForms form(1, 1);
      form.row(0)[0] = 1;
      least = bound_below(substitute(*network, network->layers.size(), node->layers,
                                     {&node->relaxations, 1}, form, {}),
                          box)[0];
    }
    const core::Rational exact = exact_minimum(program, box);
    ASSERT_LE(core::exact_rational(least), exact);
    ASSERT_GE(core::exact_rational(least), exact - core::Rational(1, 1000000000000));
  }
}

TEST(Soundness, MagnitudesNearOverflowAreNotJudged) {
  PhiloxStream random(6);
  ChainBuilder chain({1, 2});
  chain.matmul({2, 1}, {0x1p100F, -0x1p100F});
  const Program program = chain.program();
  EXPECT_TRUE(bound(program, {0, 0}, {0x1p20F, 0x1p20F}, Level::any_order, random));
  EXPECT_FALSE(bound(program, {0, 0}, {0x1p27F, 0x1p27F}, Level::any_order, random))
      << "the difference of two large products overflows although the result may be 0";
}

TEST(Rounding, GuardRestoresTheCallersMode) {
  const volatile double one = 1;
  const volatile double tiny = 0x1p-60;
  {
    const DownwardRounding downward;
    EXPECT_LT(one - tiny, 1.0);
  }
  EXPECT_EQ(one - tiny, 1.0);
}

}  // namespace
}  // namespace isotrace::proofs
