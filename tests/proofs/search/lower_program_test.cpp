#include <gtest/gtest.h>

#include <cmath>

#include <isotrace/proofs/search/lower_program.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

using core::Op;
using core::RefusalCode;
using tests::Chain;

/// The lowered network computes what the reference computes, up to rounding.
void expect_same_function(const core::Program& program, std::size_t inputs) {
  const auto network = lower_program(program, Level::any_order);
  ASSERT_TRUE(network.has_value()) << core::describe(network.error());
  ASSERT_EQ(network->inputs, inputs);
  core::PhiloxStream random(3);
  for (int round = 0; round < 20; ++round) {
    const auto x = tests::uniforms(random, inputs);
    const auto expected = tests::run_reference(program, x);
    const auto found = tests::run_network(*network, x);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], double{expected[i]}, 1e-5) << "output " << i;
    }
  }
}

void expect_refused(const core::Program& program, RefusalCode code, const std::string& where) {
  const auto network = lower_program(program, Level::any_order);
  ASSERT_FALSE(network.has_value());
  EXPECT_EQ(network.error().code, code) << core::describe(network.error());
  EXPECT_NE(network.error().where.find(where), std::string::npos) << network.error().where;
}

std::vector<core::Attribute> conv_attributes(const std::string& auto_pad,
                                             std::vector<std::int64_t> dilations,
                                             std::int64_t group, std::vector<std::int64_t> pads,
                                             std::vector<std::int64_t> strides) {
  return {{"auto_pad", auto_pad},    {"dilations", std::move(dilations)},
          {"group", group},          {"k_segment", std::int64_t{256}},
          {"pads", std::move(pads)}, {"strides", std::move(strides)}};
}

TEST(LowerProgram, dense_layers_with_every_gemm_attribute) {
  core::PhiloxStream random(1);
  Chain chain({1, 3});
  const int w = chain.floats({4, 3}, tests::uniforms(random, 12));
  const int c = chain.floats({1, 4}, tests::uniforms(random, 4));
  chain.gemm(w, c, 0.5F, -2.0F, true).relu().relu();
  expect_same_function(chain.build(), 3);
}

TEST(LowerProgram, matmul_from_both_sides) {
  core::PhiloxStream random(2);
  Chain chain({2, 3});
  const int right = chain.floats({3, 4}, tests::uniforms(random, 12));
  const int left = chain.floats({5, 2}, tests::uniforms(random, 10));
  const std::vector<core::Attribute> segment = {{"k_segment", std::int64_t{256}}};
  chain.then(Op::matmul, {-1, right}, segment).relu().then(Op::matmul, {left, -1}, segment);
  expect_same_function(chain.build(), 6);
}

TEST(LowerProgram, elementwise_steps_broadcast_and_merge) {
  core::PhiloxStream random(3);
  Chain chain({2, 3});
  const int row = chain.floats({3}, {0.5F, -2.0F, 4.0F});
  const int column = chain.floats({2, 1}, {3.0F, -1.0F});
  const int scalar = chain.floats({}, {0.25F});
  const int wide = chain.floats({2, 2, 3}, tests::uniforms(random, 12));
  chain.then(Op::sub, {-1, row}).then(Op::mul, {column, -1}).relu();
  chain.then(Op::div, {-1, row}).then(Op::sub, {scalar, -1}).then(Op::neg, {-1});
  chain.then(Op::add, {-1, wide}).then(Op::add, {scalar, -1});
  expect_same_function(chain.build(), 6);
}

TEST(LowerProgram, data_movement_permutes) {
  core::PhiloxStream random(4);
  Chain chain({1, 2, 3});
  const int w = chain.floats({6, 6}, tests::uniforms(random, 36));
  const int axes = chain.integers({0});
  const int front = chain.integers({0, 3});
  const int open = chain.integers({-1, 6});
  chain.then(Op::squeeze, {-1, axes});
  chain.then(Op::transpose, {-1}, {{"perm", std::vector<std::int64_t>{1, 0}}}).relu();
  chain.then(Op::unsqueeze, {-1, front});
  chain.then(Op::flatten, {-1}, {{"axis", std::int64_t{1}}});
  chain.then(Op::reshape, {-1, open}, {{"allowzero", std::int64_t{0}}});
  chain.then(Op::matmul, {-1, w}, {{"k_segment", std::int64_t{256}}}).then(Op::identity, {-1});
  expect_same_function(chain.build(), 6);
}

TEST(LowerProgram, convolution_with_groups_strides_dilations_and_padding) {
  core::PhiloxStream random(5);
  Chain chain({1, 2, 5, 6});
  const int w = chain.floats({4, 1, 2, 3}, tests::uniforms(random, 24));
  const int b = chain.floats({4}, tests::uniforms(random, 4));
  chain.then(Op::conv, {-1, w, b}, conv_attributes("NOTSET", {1, 2}, 2, {1, 0, 2, 1}, {2, 1}));
  chain.then(Op::transpose, {-1}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}}).relu();
  expect_same_function(chain.build(), 60);
}

TEST(LowerProgram, convolution_along_one_axis_with_automatic_padding) {
  core::PhiloxStream random(6);
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    Chain chain({1, 2, 7});
    const int w = chain.floats({3, 2, 4}, tests::uniforms(random, 24));
    chain.then(Op::conv, {-1, w}, conv_attributes(mode, {1}, 1, {0, 0}, {2}));
    expect_same_function(chain.build(), 14);
  }
}

TEST(LowerProgram, real_arithmetic_has_no_roundings) {
  core::PhiloxStream random(7);
  const core::Program program = tests::random_dense(random, {2, 3, 1});
  const Network exact = *lower_program(program, Level::real);
  for (const Layer& layer : exact.layers) EXPECT_EQ(layer.roundings, 0U);
  EXPECT_EQ(lower_program(program, Level::any_order)->layers[0].roundings, 3U);
}

TEST(LowerProgram, prove_unsupported_for_an_operation_without_bound) {
  Chain chain({1, 2});
  chain.then(Op::softsign, {-1});
  expect_refused(chain.build(), RefusalCode::prove_unsupported, "node 0 (Softsign");
}

TEST(LowerProgram, prove_unsupported_for_a_product_of_two_values) {
  Chain chain({1, 2});
  chain.relu().then(Op::mul, {-1, -1});
  expect_refused(chain.build(), RefusalCode::prove_unsupported, "node 1 (Mul");
}

TEST(LowerProgram, prove_unsupported_for_division_by_zero_and_infinite_weights) {
  Chain zero({1, 2});
  const int z = zero.floats({2}, {1.0F, 0.0F});
  zero.then(Op::div, {-1, z});
  expect_refused(zero.build(), RefusalCode::prove_unsupported, "weights");
  Chain infinite({1, 2});
  const int i = infinite.floats({2}, {1.0F, HUGE_VALF});
  infinite.then(Op::add, {-1, i});
  expect_refused(infinite.build(), RefusalCode::prove_unsupported, "weights");
}

TEST(LowerProgram, limit_exceeded_by_values_that_double) {
  tests::Graph graph({1, 2});
  int value = tests::Graph::input;
  for (int i = 0; i < 40; ++i) {
    value = graph.node(Op::concat, {value, value}, {{"axis", std::int64_t{1}}});
  }
  expect_refused(graph.build({value}), RefusalCode::limit_exceeded, "(Concat");
}

TEST(LowerProgram, limit_exceeded_by_a_huge_matrix) {
  core::Tensor weights(core::Dtype::f32, {1 << 14, 1 << 12});
  const auto product = [](const core::Tensor& of) {
    Chain chain({1, 1 << 14});
    chain.then(Op::matmul, {-1, chain.constant(of)}, {{"k_segment", std::int64_t{256}}});
    return chain.build();
  };
  // Weights of zero do not stand.
  weights.data<float>()[77] = 2;
  EXPECT_TRUE(lower_program(product(weights), Level::any_order));
  std::fill(weights.data<float>().begin(), weights.data<float>().end(), 1.0F);
  expect_refused(product(weights), RefusalCode::limit_exceeded, "node 0");
}

}  // namespace
}  // namespace isotrace::proofs::search
