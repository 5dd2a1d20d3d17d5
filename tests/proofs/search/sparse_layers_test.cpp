// Convolutions wide enough to be kept as rows of the weights that stand: the same function, the
// same bounds as from a dense matrix, and proofs that do not depend on the number of threads.
#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/bounds.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/problem.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

using core::Op;
using tests::Chain;

constexpr std::size_t side = 12;
constexpr std::size_t inputs = 2 * side * side;
using Kind = ProveOutcome::Kind;

std::vector<core::Attribute> conv_attributes(std::int64_t stride) {
  return {{"auto_pad", std::string("NOTSET")},
          {"dilations", std::vector<std::int64_t>{1, 1}},
          {"group", std::int64_t{1}},
          {"k_segment", std::int64_t{256}},
          {"pads", std::vector<std::int64_t>{1, 1, 1, 1}},
          {"strides", std::vector<std::int64_t>{stride, stride}}};
}

/// Two convolutions and a small dense layer: [1, 2, 12, 12] to 3 outputs.
core::Program convolutional(core::PhiloxStream& random) {
  const auto weights = [&random](std::size_t count, std::size_t terms) {
    auto values = tests::uniforms(random, count);
    for (float& value : values) value *= 1.7F / std::sqrt(static_cast<float>(terms));
    return values;
  };
  Chain chain({1, 2, side, side});
  const int first = chain.floats({4, 2, 3, 3}, weights(72, 18));
  const int bias = chain.floats({4}, tests::uniforms(random, 4));
  const int second = chain.floats({3, 4, 3, 3}, weights(108, 36));
  const int last = chain.floats({108, 3}, weights(324, 108));
  chain.then(Op::conv, {-1, first, bias}, conv_attributes(1)).relu();
  chain.then(Op::conv, {-1, second}, conv_attributes(2)).relu();
  chain.then(Op::flatten, {-1}, {{"axis", std::int64_t{1}}});
  chain.then(Op::matmul, {-1, last}, {{"k_segment", std::int64_t{256}}});
  return chain.build();
}

/// The same network with every matrix dense.
Network densified(Network network) {
  for (Layer& layer : network.layers) {
    if (layer.kind != Layer::Kind::sparse) continue;
    const std::size_t stride = padded(layer.in);
    std::vector<double> weights(layer.out * stride, 0);
    layer.transposed.assign(layer.in * padded(layer.out), 0);
    for (std::size_t o = 0; o < layer.out; ++o) {
      layer.for_each_weight(o, [&](std::size_t i, double weight) {
        weights[o * stride + i] = weight;
        layer.transposed[i * padded(layer.out) + o] = weight;
      });
    }
    layer.kind = Layer::Kind::dense;
    layer.sparse = {};
    layer.absolute = weights;
    for (double& weight : layer.absolute) weight = std::fabs(weight);
    layer.weights = std::move(weights);
  }
  return network;
}

Box box_around(const std::vector<float>& x, double radius) {
  Box box{std::vector<double>(padded(x.size()), 0), std::vector<double>(padded(x.size()), 0)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    box.lower[i] = double{x[i]} - radius;
    box.upper[i] = double{x[i]} + radius;
  }
  return box;
}

TEST(SparseLayers, convolutions_are_kept_so_and_compute_the_same) {
  core::PhiloxStream random(61);
  const core::Program program = convolutional(random);
  const Network network = *lower_program(program, Level::any_order);
  std::size_t sparse = 0;
  for (const Layer& layer : network.layers) sparse += layer.kind == Layer::Kind::sparse ? 1 : 0;
  EXPECT_EQ(sparse, 2U);
  for (int round = 0; round < 10; ++round) {
    const auto x = tests::uniforms(random, inputs);
    const auto expected = tests::run_reference(program, x);
    const auto found = evaluate(network, {x.begin(), x.end()});
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], double{expected[i]}, 1e-4);
  }
}

TEST(SparseLayers, bounds_are_those_of_the_dense_matrix) {
  core::PhiloxStream random(62);
  const Network sparse = *lower_program(convolutional(random), Level::any_order);
  const Network dense = densified(sparse);
  const Box box = box_around(tests::uniforms(random, inputs), 0.05);
  Relaxation of_sparse(sparse, best_kernels());
  Relaxation of_dense(dense, best_kernels());
  Bounds found = unknown_bounds(sparse);
  Bounds expected = unknown_bounds(dense);
  of_sparse.tighten(found, box);
  of_dense.tighten(expected, box);
  std::size_t compared = 0;
  for (std::size_t k = 0; k < sparse.layers.size(); ++k) {
    for (std::size_t i = 0; i < found.lower[k].size(); ++i, ++compared) {
      ASSERT_NEAR(found.lower[k][i], expected.lower[k][i], 1e-10);
      ASSERT_NEAR(found.upper[k][i], expected.upper[k][i], 1e-10);
    }
  }
  EXPECT_GT(compared, 600U);
  RowForm row{std::vector<double>(padded(sparse.outputs()), 0), {}};
  row.outputs[0] = 1;
  row.outputs[2] = -1;
  Slopes after_sparse(sparse.layers.size()), after_dense(dense.layers.size());
  const auto a = of_sparse.bound_row(row, of_sparse.default_slopes(), &after_sparse);
  const auto b = of_dense.bound_row(row, of_dense.default_slopes(), &after_dense);
  EXPECT_NEAR(a.least, b.least, 1e-10);
  const Slopes at = of_sparse.relaxed_values(a, of_sparse.default_slopes(), after_sparse);
  const Slopes at_dense = of_dense.relaxed_values(b, of_dense.default_slopes(), after_dense);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(at.back()[i], at_dense.back()[i], 1e-10);
}

TEST(SparseLayers, verdicts_agree_with_samples_and_proofs_depend_on_no_jobs) {
  core::PhiloxStream random(63);
  int count[3] = {};
  for (int round = 0; round < 6; ++round) {
    const core::Program program = convolutional(random);
    const auto centre = tests::uniforms(random, inputs);
    std::vector<float> low, high;
    for (const float x : centre) {
      low.push_back(x - 0.01F);
      high.push_back(x + 0.01F);
    }
    const auto y = tests::run_reference(program, centre);
    const float limit = y[0] + (round % 2 == 0 ? 0.3F : 0.002F);
    const std::string text =
        tests::box_text(low, high, 3) + "(assert (>= Y_0 " + std::to_string(limit) + "))\n";
    ProveOptions options;
    options.nodes_max = 200;
    const auto outcome = prove(program, text, options);
    options.jobs = 3;
    const auto again = prove(program, text, options);
    ASSERT_TRUE(outcome && again);
    ++count[static_cast<int>(outcome->kind)];
    EXPECT_EQ(write_proof(outcome->proof), write_proof(again->proof));
    const Property property = *parse_vnnlib(text);
    if (outcome->kind == Kind::violated) {
      const auto found = tests::run_reference(program, outcome->proof.counterexample.inputs);
      EXPECT_GE(double{found[0]}, double{limit} - 1e-6);
    }
    for (int i = 0; i < 100 && outcome->kind == Kind::proved; ++i) {
      std::vector<float> x = low;
      for (std::size_t j = 0; j < x.size(); ++j)
        x[j] = random.next_below(2) == 0 ? low[j] : high[j];
      EXPECT_FALSE(find_violated_case(property, x, tests::run_reference(program, x)));
    }
  }
  EXPECT_GE(count[static_cast<int>(Kind::proved)], 3);
  EXPECT_GE(count[static_cast<int>(Kind::violated)], 1);
}

}  // namespace
}  // namespace isotrace::proofs::search
