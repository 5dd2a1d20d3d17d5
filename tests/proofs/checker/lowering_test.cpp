// Which programs the checker reads, and what it refuses by name.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Program;
using core::RefusalCode;
using core::Tensor;
using tests::ChainBuilder;

core::Result<Network> lower(const Program& program) {
  EXPECT_TRUE(core::check_program(program).has_value());
  const DownwardRounding downward;
  return lower_program(program);
}

std::string refusal(const Program& program) {
  const auto network = lower(program);
  if (network) return "read";
  return std::string(core::refusal_info(network.error().code).name) + ": " + network.error().where;
}

TEST(Lowering, BiasJoinsTheSumsItFollows) {
  ChainBuilder net({1, 3});
  net.matmul({3, 4}, std::vector<float>(12, 0.5F)).elementwise(Op::add, {4}, {1, 2, 3, 4}).relu();
  const auto network = lower(net.program());
  ASSERT_TRUE(network);
  ASSERT_EQ(network->layers.size(), 2U);
  EXPECT_EQ(network->layers[0].affine.roundings, 4U) << "three products and the bias";
  EXPECT_EQ(network->layers[0].affine.bias[2], 3);
  EXPECT_TRUE(network->layers[0].affine.weights.is_dense());
  EXPECT_EQ(network->relus, 4U);
}

TEST(Lowering, OtherOperationsStayLayersOfTheirOwn) {
  ChainBuilder net({1, 3});
  net.elementwise(Op::sub, {3}, {1, 2, 3}).elementwise(Op::div, {1}, {3});
  net.matmul({3, 2}, {1, 2, 3, 4, 5, 6}).elementwise(Op::mul, {1}, {2});
  net.elementwise(Op::add, {1}, {1});
  const auto network = lower(net.program());
  ASSERT_TRUE(network);
  ASSERT_EQ(network->layers.size(), 5U);
  const Matrix& third = network->layers[1].affine.weights;
  EXPECT_LT(third.lower[0], third.upper[0]) << "1/3 is no binary64 number";
  EXPECT_EQ(network->layers[4].affine.roundings, 1U);
}

TEST(Lowering, OperationsThatOnlyMoveDoNotRound) {
  const auto roundings = [](ChainBuilder& net) {
    const auto network = lower(net.program());
    EXPECT_TRUE(network);
    return network ? network->layers.back().affine.roundings : 99;
  };
  const auto after = [&](Op op, const std::vector<float>& values) {
    ChainBuilder net({1, 2});
    return roundings(net.elementwise(op, {2}, values));
  };
  EXPECT_EQ(after(Op::sub, {0, -0.0F}), 0U);
  EXPECT_EQ(after(Op::mul, {1, -1}), 0U);
  EXPECT_EQ(after(Op::div, {1, 1}), 0U);
  EXPECT_EQ(after(Op::sub, {0, 0x1p-149F}), 1U) << "one element rounds";
  EXPECT_EQ(after(Op::mul, {1, 2}), 1U);
  ChainBuilder swap({1, 2});
  EXPECT_EQ(roundings(swap.matmul({2, 2}, {0, 1, -1, 0})), 0U);
  ChainBuilder sums({1, 2});
  EXPECT_EQ(roundings(sums.matmul({2, 2}, {3, 1, 1, 3})), 2U);
  ChainBuilder shifted({1, 2});
  shifted.matmul({2, 2}, {0, 1, 1, 0}).elementwise(Op::add, {2}, {1, 2});
  EXPECT_EQ(roundings(shifted), 1U) << "the bias alone";
}

TEST(Lowering, DataMovementIsExact) {
  ChainBuilder net({-1, 2, 3});
  net.node(Op::transpose, {}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
  net.node(Op::flatten, {}, {{"axis", std::int64_t{1}}});
  const auto network = lower(net.program());
  ASSERT_TRUE(network);
  ASSERT_EQ(network->layers.size(), 1U);
  const AffineLayer& layer = network->layers[0].affine;
  EXPECT_EQ(layer.roundings, 0U);
  EXPECT_TRUE(layer.transposes_exactly);
  EXPECT_EQ(layer.weights.column, (std::vector<std::uint32_t>{0, 3, 1, 4, 2, 5}));
}

TEST(Lowering, FoldsMovementOfConstants) {
  ChainBuilder net({1, 3});
  net.matmul({3, 2}, {1, 2, 3, 4, 5, 6});
  Program program = net.program();
  // The same weights, stored transposed and turned in the graph.
  program.constants[0] = Tensor::of<float>({2, 3}, {1, 3, 5, 2, 4, 6});
  core::Node turn;
  turn.op = Op::transpose;
  turn.inputs = {1};
  turn.outputs = {2};
  turn.attributes = {{"perm", std::vector<std::int64_t>{1, 0}}};
  program.nodes.insert(program.nodes.begin(), turn);
  program.nodes[1].inputs[1] = 2;
  program.nodes[1].outputs = {3};
  program.outputs[0].value = 3;
  const auto folded = lower(program);
  const auto plain = lower(net.program());
  ASSERT_TRUE(folded && plain);
  EXPECT_EQ(folded->layers[0].affine.weights.dense, plain->layers[0].affine.weights.dense);
}

TEST(Lowering, RefusesOperationsItHasNoBoundFor) {
  ChainBuilder net({1, 2});
  net.relu().node(Op::softsign);
  EXPECT_EQ(refusal(net.program()), "prove_unsupported: node 1 (Softsign)");
}

TEST(Lowering, RefusesControlFlowByName) {
  ChainBuilder inside({1, 2});
  Program body = inside.relu().program();
  body.inputs[0].shape = core::any_rank;
  auto branch = core::SubProgram::make(std::move(body));
  ASSERT_TRUE(branch) << core::describe(branch.error());
  ChainBuilder net({1, 2});
  net.relu();
  net.node(Op::branch, {net.constant(Tensor(core::Dtype::boolean, {}))},
           {{"else_branch", *branch}, {"then_branch", *branch}}, true);
  EXPECT_EQ(refusal(net.program()), "prove_unsupported: node 1 (If)");
}

TEST(Lowering, ReadsGraphsWhoseValuesAreUsedAgain) {
  ChainBuilder net({1, 2});
  net.relu().relu().elementwise(Op::add, {2}, {0, 0});
  Program program = net.program();
  program.nodes[2].inputs = {2, 3};
  const auto residual = lower(program);
  ASSERT_TRUE(residual);
  EXPECT_EQ(residual->outputs(), 2U);
  EXPECT_EQ(residual->layers.back().affine.rounded, 2U);
  program.nodes[2].inputs = {3, 3};
  const auto twice = lower(program);
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->layers.back().affine.weights.row_start.back(), 4U) << "two entries a row";
  program = net.program();
  program.outputs[0].value = 2;
  program.outputs.push_back({"z", 3});
  const auto several = lower(program);
  ASSERT_TRUE(several);
  EXPECT_EQ(several->outputs(), 4U);
}

TEST(Lowering, RefusesAGemmWhoseBiasIsNotConstant) {
  ChainBuilder net({1, 2});
  net.relu().gemm({2, 2}, {1, 2, 3, 4}, {1, 1}, false);
  Program program = net.program();
  program.nodes[1].inputs[2] = program.nodes[0].inputs[0];
  EXPECT_EQ(refusal(program), "prove_unsupported: node 1 (Gemm)");
}

TEST(Lowering, RefusesProductsOfTwoValues) {
  ChainBuilder net({1, 2});
  net.elementwise(Op::mul, {2}, {1, 1});
  Program program = net.program();
  program.nodes[0].inputs = {0, 0};
  EXPECT_EQ(refusal(program), "prove_unsupported: node 0 (Mul)");
}

TEST(Lowering, RefusesOtherElementTypes) {
  ChainBuilder net({1, 2});
  net.relu();
  Program program = net.program();
  program.inputs[0].dtype = core::Dtype::f64;
  EXPECT_EQ(refusal(program), "prove_unsupported: program");
  ChainBuilder mixed({1, 2});
  mixed.node(Op::add, {mixed.constant(Tensor::of<double>({1}, {1.0}))});
  EXPECT_EQ(refusal(mixed.program()), "prove_unsupported: node 0 (Add)");
}

TEST(Lowering, RefusesConstantsThatAreNotFinite) {
  for (const float bad : {HUGE_VALF, -HUGE_VALF, std::nanf("")}) {
    ChainBuilder net({1, 2});
    net.matmul({2, 1}, {1, bad});
    EXPECT_EQ(refusal(net.program()), "prove_unsupported: node 0 (MatMul)");
  }
  ChainBuilder zero({1, 2});
  zero.elementwise(Op::div, {1}, {0});
  EXPECT_EQ(refusal(zero.program()), "prove_unsupported: node 0 (Div)");
  ChainBuilder over({1, 2});
  over.elementwise(Op::div, {1}, {1}, true);
  EXPECT_EQ(refusal(over.program()), "prove_unsupported: node 0 (Div)");
}

TEST(Lowering, RefusesShapesThatDoNotFit) {
  ChainBuilder net({1, 2});
  net.matmul({3, 1}, {1, 2, 3});
  EXPECT_EQ(refusal(net.program()), "prove_unsupported: node 0 (MatMul)");
  ChainBuilder add({1, 2});
  add.elementwise(Op::add, {3}, {1, 2, 3});
  EXPECT_EQ(refusal(add.program()), "prove_unsupported: node 0 (Add)");
  ChainBuilder conv({1, 2, 4});
  conv.conv({1, 3, 2}, std::vector<float>(6), {}, {});
  EXPECT_EQ(refusal(conv.program()), "prove_unsupported: node 0 (Conv)");
  ChainBuilder large({1, 1, 2});
  large.conv({1, 1, 3}, {1, 2, 3}, {}, {});
  EXPECT_EQ(refusal(large.program()), "prove_unsupported: node 0 (Conv)");
  ChainBuilder empty({0, 2});
  EXPECT_EQ(refusal(empty.relu().program()), "prove_unsupported: program");
}

TEST(Lowering, RefusesNetworksOverTheLimit) {
  ChainBuilder net({1 << 13});
  net.elementwise(Op::add, {1 << 14, 1}, std::vector<float>(1 << 14));
  EXPECT_EQ(refusal(net.program()), "limit_exceeded: node 0 (Add)");
}

}  // namespace
}  // namespace isotrace::proofs
