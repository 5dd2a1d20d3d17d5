// Which programs the checker reads, and what it refuses by name.
#include <algorithm>
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

std::vector<core::Attribute> spread_attributes(std::int64_t stride, std::int64_t pad,
                                               std::vector<std::int64_t> output_shape,
                                               std::string auto_pad = "NOTSET",
                                               std::int64_t group = 1) {
  using Integers = std::vector<std::int64_t>;
  return {{"auto_pad", std::move(auto_pad)},
          {"dilations", Integers{1}},
          {"group", group},
          {"k_segment", std::int64_t{256}},
          {"output_padding", Integers{0}},
          {"output_shape", std::move(output_shape)},
          {"pads", Integers{pad, pad}},
          {"strides", Integers{stride}}};
}

TEST(Lowering, TransposedConvolutionsCountTheTapsThatMeetInputs) {
  ChainBuilder net({1, 2, 3});
  const auto kernel = net.constant(Tensor::of<float>({2, 1, 4}, std::vector<float>(8, 0.5F)));
  net.node(Op::conv_transpose, {kernel}, spread_attributes(2, 1, {}));
  const auto network = lower(net.program());
  ASSERT_TRUE(network) << core::describe(network.error());
  EXPECT_EQ(network->outputs(), 6U);
  EXPECT_EQ(network->layers[0].affine.roundings, 4U) << "two taps of each channel";
  const auto& weights = network->layers[0].affine.weights.dense;
  EXPECT_EQ(std::count(weights.begin(), weights.end(), 0.5), 20) << "the ends meet one";
}

TEST(Lowering, RefusesTransposedConvolutionsOfOtherForms) {
  const auto refused = [](core::Shape kernel, const std::vector<core::Attribute>& attributes) {
    ChainBuilder net({1, 2, 3});
    std::size_t size = 1;
    for (const auto dim : kernel) size *= static_cast<std::size_t>(dim);
    const auto weights = net.constant(Tensor::of<float>(kernel, std::vector<float>(size, 1)));
    net.node(Op::conv_transpose, {weights}, attributes);
    return refusal(net.program());
  };
  const std::string expected = "prove_unsupported: node 0 (ConvTranspose)";
  EXPECT_EQ(refused({2, 1, 4}, spread_attributes(2, 1, {6})), expected);
  EXPECT_EQ(refused({2, 1, 4}, spread_attributes(2, 0, {}, "SAME_UPPER")), expected);
  EXPECT_EQ(refused({2, 1, 4}, spread_attributes(2, 5, {})), expected) << "pads eat everything";
  EXPECT_EQ(refused({3, 1, 4}, spread_attributes(2, 1, {})), expected) << "channels";
  EXPECT_EQ(refused({2, 1, 4}, spread_attributes(2, 1, {}, "NOTSET", 3)), expected) << "groups";
}

TEST(Lowering, RefusesResizesThatAreNotOfWholeFactors) {
  const auto resize = [](float scale, const char* mode, const char* places, const char* nearest) {
    ChainBuilder net({1, 1, 2});
    const auto scales = net.constant(Tensor::of<float>({3}, {1, 1, scale}));
    net.node(Op::resize, {},
             {{"antialias", std::int64_t{0}},
              {"axes", std::vector<std::int64_t>{}},
              {"coordinate_transformation_mode", std::string(places)},
              {"cubic_coeff_a", -0.75F},
              {"exclude_outside", std::int64_t{0}},
              {"extrapolation_value", 0.0F},
              {"keep_aspect_ratio_policy", std::string("stretch")},
              {"mode", std::string(mode)},
              {"nearest_mode", std::string(nearest)}});
    Program program = net.program();
    program.nodes[0].inputs = {0, core::no_value, scales + 1};
    return refusal(program);
  };
  EXPECT_EQ(resize(3, "nearest", "asymmetric", "floor"), "read");
  EXPECT_EQ(resize(2, "nearest", "half_pixel", "round_prefer_floor"), "read");
  const std::string expected = "prove_unsupported: node 0 (Resize)";
  EXPECT_EQ(resize(1.5F, "nearest", "asymmetric", "floor"), expected);
  EXPECT_EQ(resize(0.5F, "nearest", "asymmetric", "floor"), expected);
  EXPECT_EQ(resize(2, "linear", "asymmetric", "floor"), expected);
  EXPECT_EQ(resize(2, "nearest", "asymmetric", "ceil"), expected);
  EXPECT_EQ(resize(2, "nearest", "align_corners", "floor"), expected);
  EXPECT_EQ(resize(2, "nearest", "tf_half_pixel_for_nn", "floor"), expected);
}

TEST(Lowering, RefusesExpansionsAndReductionsThatDoNotFit) {
  const auto refused = [](Op op, std::vector<std::int64_t> list,
                          std::vector<core::Attribute> attributes) {
    ChainBuilder net({2, 3});
    const auto size = static_cast<std::int64_t>(list.size());
    net.node(op, {net.constant(Tensor::of<std::int64_t>({size}, list))}, std::move(attributes));
    return refusal(net.program());
  };
  EXPECT_EQ(refused(Op::expand, {4, 3}, {}), "prove_unsupported: node 0 (Expand)");
  EXPECT_NE(refused(Op::expand, {-1, 2, 3}, {}), "read");
  EXPECT_EQ(refused(Op::expand, {0, 2, 3}, {}), "prove_unsupported: node 0 (Expand)");
  EXPECT_EQ(refused(Op::expand, {1 << 24, 2, 3}, {}), "limit_exceeded: node 0 (Expand)");
  EXPECT_EQ(refused(Op::tile, {1}, {}), "prove_unsupported: node 0 (Tile)");
  EXPECT_EQ(refused(Op::tile, {0, 1}, {}), "prove_unsupported: node 0 (Tile)");
  const std::vector<core::Attribute> keeps = {{"keepdims", std::int64_t{1}},
                                              {"noop_with_empty_axes", std::int64_t{0}}};
  EXPECT_EQ(refused(Op::reduce_sum, {2}, keeps), "prove_unsupported: node 0 (ReduceSum)");
  EXPECT_EQ(refused(Op::reduce_mean, {1, -1}, keeps), "prove_unsupported: node 0 (ReduceMean)");
  EXPECT_EQ(refused(Op::reduce_mean, {1}, keeps), "read");
}

TEST(Lowering, WeightsOfZeroCountLittle) {
  const auto product = [](bool full) {
    std::vector<float> weights(256 * 512, full ? 0.5F : 0.0F);
    for (std::size_t i = 0; i < 256; ++i) weights[i * 512 + i] = 0.5F;
    ChainBuilder net({512, 256});
    net.matmul({256, 512}, weights);
    return net.program();
  };
  EXPECT_EQ(refusal(product(false)), "read");
  EXPECT_EQ(refusal(product(true)), "limit_exceeded: node 0 (MatMul)");
}

TEST(Lowering, RefusesNetworksOverTheLimit) {
  ChainBuilder net({1 << 13});
  net.elementwise(Op::add, {1 << 14, 1}, std::vector<float>(1 << 14));
  EXPECT_EQ(refusal(net.program()), "limit_exceeded: node 0 (Add)");
}

}  // namespace
}  // namespace isotrace::proofs
