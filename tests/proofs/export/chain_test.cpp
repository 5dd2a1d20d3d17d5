// The affine chain computes what the program computes, and refuses what is no chain.
#include <gtest/gtest.h>

#include <cmath>

#include <isotrace/proofs/export/affine_chain.hpp>

#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using core::Attribute;
using core::Op;
using core::RefusalCode;
using core::Shape;

const std::vector<Attribute> segment = {{"k_segment", std::int64_t{256}}};

std::vector<double> run(const proofs::AffineChain& chain, std::vector<double> h) {
  for (const proofs::AffineLayer& layer : chain.layers) {
    std::vector<double> next;
    for (const proofs::AffineRow& row : layer.rows) {
      double sum = row.bias;
      for (const proofs::AffineTerm& term : row.terms) sum += term.weight * h[term.operand];
      next.push_back(layer.relu ? std::max(0.0, sum) : sum);
    }
    h = std::move(next);
  }
  return h;
}

proofs::AffineChain chain_of(const core::Program& program, bool exact = false) {
  const auto chain = proofs::make_affine_chain(program, exact);
  EXPECT_TRUE(chain) << describe(chain.error());
  return chain ? *chain : proofs::AffineChain{};
}

RefusalCode refusal_of(const core::Program& program, bool exact = false) {
  const auto chain = proofs::make_affine_chain(program, exact);
  return chain ? RefusalCode::artifact_unknown : chain.error().code;
}

std::vector<Attribute> gemm(float alpha, float beta, std::int64_t trans_a, std::int64_t trans_b) {
  return {{"alpha", alpha},
          {"beta", beta},
          {"k_segment", std::int64_t{256}},
          {"transA", trans_a},
          {"transB", trans_b}};
}

std::vector<Attribute> convolution(Shape pads, Shape strides, std::int64_t group) {
  return {{"auto_pad", std::string("NOTSET")},
          {"dilations", std::vector<std::int64_t>{1, 1}},
          {"group", group},
          {"k_segment", std::int64_t{256}},
          {"pads", std::move(pads)},
          {"strides", std::move(strides)}};
}

TEST(Chain, dense_layers_take_their_biases_in) {
  const core::Program program = dense_network({3, 5, 4, 2}, 3);
  const proofs::AffineChain chain = chain_of(program);
  ASSERT_EQ(chain.layers.size(), 3U);
  EXPECT_EQ(chain.layers[0].roundings, 4U);  // three products and a bias
  EXPECT_EQ(chain.layers[1].roundings, 6U);
  EXPECT_TRUE(chain.layers[0].relu);
  EXPECT_FALSE(chain.layers[2].relu);
  const std::vector<double> x = {0.25, -0.5, 0.75};
  const auto expected = evaluate_dense(program, x);
  const auto found = run(chain, x);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-12);
  for (const auto& layer : chain_of(program, true).layers) EXPECT_EQ(layer.roundings, 0U);
}

TEST(Chain, every_elementwise_operation_is_a_layer) {
  ProgramBuilder builder({2});
  const auto c = builder.constant({2}, {3, 4});
  const auto d = builder.constant({}, {5});
  auto v = builder.node(Op::sub, {input_value(), c});
  v = builder.node(Op::mul, {d, v});
  v = builder.node(Op::neg, {v});
  v = builder.node(Op::sub, {d, v});
  builder.node(Op::div, {v, c});
  const proofs::AffineChain chain = chain_of(builder.finish());
  ASSERT_EQ(chain.layers.size(), 5U);
  std::vector<std::uint32_t> roundings;
  for (const auto& layer : chain.layers) roundings.push_back(layer.roundings);
  EXPECT_EQ(roundings, (std::vector<std::uint32_t>{1, 1, 0, 1, 2}));
  const auto y = run(chain, {10, 20});
  EXPECT_NEAR(y[0], (5 + 5 * (10 - 3)) / 3.0, 1e-12);
  EXPECT_NEAR(y[1], (5 + 5 * (20 - 4)) / 4.0, 1e-12);
}

TEST(Chain, gemm_with_all_attributes) {
  ProgramBuilder builder({1, 2});
  const auto b = builder.constant({2, 2}, {1, 2, 3, 4});
  const auto c = builder.constant({2}, {10, 20});
  builder.node(Op::gemm, {input_value(), b, c}, gemm(2, 0.5F, 0, 1));
  const proofs::AffineChain chain = chain_of(builder.finish());
  const auto y = run(chain, {5, 7});
  EXPECT_EQ(y, (std::vector<double>{2 * (5 + 14) + 5, 2 * (15 + 28) + 10}));
  ASSERT_EQ(chain.layers.size(), 3U);
  EXPECT_EQ(chain.layers[2].roundings, 2U);  // beta * C, and the sum
}

TEST(Chain, movements_only_rename) {
  ProgramBuilder builder({-1, 2, 3});
  const auto w = builder.constant({6, 1}, {1, 10, 100, 1000, 10000, 100000});
  const auto shape = builder.integers({0, -1});
  const auto axes = builder.integers({0});
  auto v =
      builder.node(Op::transpose, {input_value()}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
  v = builder.node(Op::flatten, {v}, {{"axis", std::int64_t{1}}});
  v = builder.node(Op::squeeze, {v, axes});
  v = builder.node(Op::unsqueeze, {v, axes});
  v = builder.node(Op::reshape, {v, shape}, {{"allowzero", std::int64_t{0}}});
  v = builder.node(Op::identity, {v});
  builder.node(Op::matmul, {v, w}, segment);
  const proofs::AffineChain chain = chain_of(builder.finish());
  ASSERT_EQ(chain.layers.size(), 1U);
  // Transposed order: 0 3 1 4 2 5.
  EXPECT_EQ(run(chain, {1, 2, 3, 4, 5, 6})[0], 1 + 40 + 200 + 5000 + 30000 + 600000);
}

TEST(Chain, a_movement_at_the_end_is_a_layer_without_roundings) {
  ProgramBuilder builder({2, 2});
  builder.node(Op::transpose, {input_value()}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  const proofs::AffineChain chain = chain_of(builder.finish());
  ASSERT_EQ(chain.layers.size(), 1U);
  EXPECT_EQ(chain.layers[0].roundings, 0U);
  EXPECT_EQ(run(chain, {1, 2, 3, 4}), (std::vector<double>{1, 3, 2, 4}));
}

TEST(Chain, matmul_from_the_left_and_in_several_lines) {
  ProgramBuilder builder({2, 2});
  const auto w = builder.constant({1, 2}, {10, 1});
  builder.node(Op::matmul, {w, input_value()}, segment);
  EXPECT_EQ(run(chain_of(builder.finish()), {1, 2, 3, 4}), (std::vector<double>{13, 24}));
  ProgramBuilder lines({2, 2});
  const auto v = lines.constant({2, 1}, {10, 1});
  lines.node(Op::matmul, {input_value(), v}, segment);
  EXPECT_EQ(run(chain_of(lines.finish()), {1, 2, 3, 4}), (std::vector<double>{12, 34}));
}

TEST(Chain, convolution_with_padding_stride_groups_and_bias) {
  // Two channels of 3x3, one 2x2 kernel per channel, padding 1 at the beginning, stride 2.
  ProgramBuilder builder({1, 2, 3, 3});
  const auto w = builder.constant({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const auto b = builder.constant({2}, {100, 200});
  builder.node(Op::conv, {input_value(), w, b}, convolution({1, 1, 0, 0}, {2, 2}, 2));
  const proofs::AffineChain chain = chain_of(builder.finish());
  EXPECT_EQ(chain.layers[0].roundings, 5U);
  std::vector<double> x(18);
  for (std::size_t i = 0; i < 18; ++i) x[i] = static_cast<double>(i + 1);
  const auto y = run(chain, x);
  ASSERT_EQ(y.size(), 8U);
  EXPECT_EQ(y[0], 100 + 4 * 1);
  EXPECT_EQ(y[1], 100 + 3 * 2 + 4 * 3);
  EXPECT_EQ(y[3], 100 + 1 * 5 + 2 * 6 + 3 * 8 + 4 * 9);
  EXPECT_EQ(y[7], 200 + 5 * 14 + 6 * 15 + 7 * 17 + 8 * 18);
}

TEST(Chain, relu_of_the_input_gets_a_layer) {
  ProgramBuilder builder({2});
  builder.node(Op::relu, {input_value()});
  EXPECT_EQ(run(chain_of(builder.finish()), {-1, 2}), (std::vector<double>{0, 2}));
}

TEST(Chain, a_residual_connection_is_refused) {
  ProgramBuilder builder({2});
  const auto v = builder.node(Op::relu, {input_value()});
  builder.node(Op::add, {v, input_value()});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::prove_unsupported);
}

TEST(Chain, a_value_from_before_its_bias_is_refused) {
  ProgramBuilder builder({1, 1});
  const auto w = builder.constant({1, 1}, {2});
  const auto b = builder.constant({1}, {3});
  const auto product = builder.node(Op::matmul, {input_value(), w}, segment);
  builder.node(Op::add, {product, b});
  builder.node(Op::neg, {product});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::prove_unsupported);
}

TEST(Chain, programs_that_would_take_all_memory_are_refused) {
  ProgramBuilder builder({std::int64_t{1} << 20});
  auto v = input_value();
  for (int i = 0; i < 64; ++i) v = builder.node(Op::identity, {v});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::prove_unsupported);
}

TEST(Chain, unknown_operations_are_refused) {
  ProgramBuilder builder({2});
  builder.node(Op::tanh, {input_value()});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::prove_unsupported);
}

TEST(Chain, constants_that_are_not_finite_are_refused) {
  ProgramBuilder builder({1});
  const auto c = builder.constant({1}, {INFINITY});
  builder.node(Op::add, {input_value(), c});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::prove_unsupported);
}

TEST(Chain, exact_division_by_three_is_refused) {
  ProgramBuilder builder({1});
  const auto c = builder.constant({1}, {3});
  builder.node(Op::div, {input_value(), c});
  const core::Program program = builder.finish();
  EXPECT_EQ(refusal_of(program, true), RefusalCode::prove_unsupported);
  EXPECT_EQ(chain_of(program).layers[0].roundings, 2U);
}

TEST(Chain, shapes_that_do_not_fit_are_refused) {
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({3, 1}, {1, 2, 3});
  builder.node(Op::matmul, {input_value(), w}, segment);
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::shape_mismatch);
}

TEST(Chain, a_permutation_that_is_none_is_refused) {
  ProgramBuilder builder({2, 2});
  builder.node(Op::transpose, {input_value()}, {{"perm", std::vector<std::int64_t>{0, 0}}});
  EXPECT_EQ(refusal_of(builder.finish()), RefusalCode::operation_attribute_invalid);
}

}  // namespace
}  // namespace isotrace::tests
