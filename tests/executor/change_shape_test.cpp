// Changes of shape share their operand's elements: the definition's results, and no memory.
#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/executor/change_shape.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::tests {
namespace {

using core::Node;
using core::Op;
using core::Shape;
using core::Tensor;

Node node_of(Op op, std::size_t operands) {
  Node node{op, {}, {9}, {}, {}};
  for (std::size_t i = 0; i < operands; ++i) node.inputs.push_back(static_cast<core::ValueId>(i));
  if (op == Op::reshape) node.attributes = {{"allowzero", std::int64_t{0}}};
  if (op == Op::flatten) node.attributes = {{"axis", std::int64_t{0}}};
  return node;
}

/// The executor answers only where the reference does, with its shape; else nothing is found.
void expect_as_defined(const Node& node, const std::vector<Tensor>& operands) {
  const std::vector<std::optional<core::TensorView>> views(operands.begin(), operands.end());
  const auto expected = reference::evaluate(node, views);
  const std::optional<Shape> found = executor::find_changed_shape(node, views);
  ASSERT_EQ(found.has_value(), expected.has_value()) << core::shape_text(operands[0].shape());
  if (!expected) return;
  Tensor actual = operands[0];
  actual.reshape(*found);
  EXPECT_TRUE(core::identical(actual, expected->front()));
}

TEST(ChangeShape, IsTheDefinitionsOnAnyShapeAndList) {
  core::PhiloxStream random(5);
  const auto below = [&](std::uint64_t end) {
    return static_cast<std::int64_t>(random.next_below(end));
  };
  const core::Dtype dtypes[] = {core::Dtype::f32, core::Dtype::i8, core::Dtype::boolean,
                                core::Dtype::f64};
  for (int round = 0; round < 4000; ++round) {
    Shape shape;
    for (std::int64_t axis = below(4); axis > 0; --axis) shape.push_back(below(4));
    Tensor x(dtypes[random.next_below(4)], shape);
    for (std::uint8_t& byte : x.mutable_bytes()) byte = static_cast<std::uint8_t>(below(2));
    std::vector<std::int64_t> list;
    for (std::int64_t entry = below(4); entry > 0; --entry) list.push_back(below(9) - 2);
    const Tensor numbers =
        Tensor::of<std::int64_t>({std::ssize(list)}, std::span<const std::int64_t>(list));
    expect_as_defined(node_of(Op::identity, 1), {x});
    expect_as_defined(node_of(Op::squeeze, 1), {x});
    expect_as_defined(node_of(Op::squeeze, 2), {x, numbers});
    expect_as_defined(node_of(Op::unsqueeze, 2), {x, numbers});
    Node flatten = node_of(Op::flatten, 1);
    flatten.attributes[0].value = below(9) - 4;
    expect_as_defined(flatten, {x});
    Node reshape = node_of(Op::reshape, 2);
    reshape.attributes[0].value = below(2);
    expect_as_defined(reshape, {x, numbers});
  }
}

TEST(ChangeShape, LeavesEverythingElseToTheBackend) {
  const Tensor x(core::Dtype::f32, {2, 3});
  const std::vector<std::optional<core::TensorView>> one = {x.view()};
  EXPECT_FALSE(executor::find_changed_shape(node_of(Op::relu, 1), one).has_value());
  const std::vector<std::optional<core::TensorView>> left_out = {x.view(), std::nullopt};
  EXPECT_FALSE(executor::find_changed_shape(node_of(Op::reshape, 2), left_out).has_value());
}

/// x -> Relu -> a chain of changes of shape, the first result of which is read again at the end.
core::Program chain_program(int length) {
  core::Program program;
  program.inputs = {{"x", core::Dtype::f32, {1024}}};
  program.constants = {Tensor::of<std::int64_t>({2}, {32, 32}),
                       Tensor::of<std::int64_t>({1}, {-1})};
  core::ValueId last = 3;
  program.nodes.push_back({Op::relu, {0}, {last}, {}, "relu"});
  for (int i = 0; i < length; ++i, ++last) {
    const auto list = static_cast<core::ValueId>(1 + i % 2);
    program.nodes.push_back(
        {Op::reshape, {last, list}, {last + 1}, {{"allowzero", std::int64_t{0}}}, "reshape"});
  }
  program.nodes.push_back({Op::add, {3, last}, {last + 1}, {}, "add"});
  program.outputs = {{"y", last + 1}, {"flat", last}, {"x", 0}, {"again", last}, {"relu", 3}};
  return program;
}

TEST(ChangeShape, TakesNoMemoryEvenWhereTheOperandIsReadLater) {
  const core::Program program = chain_program(6);
  ASSERT_TRUE(core::check_program(program).has_value());
  Tensor x(core::Dtype::f32, {1024});
  for (std::size_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = static_cast<float>(i) - 100;
  const std::vector<executor::NamedTensor> inputs = {{"x", x}};
  const auto backend = *backends::make_backend("reference", {});
  executor::ExecuteLimits limits;
  limits.bytes_max = 2 * 4096;  // Relu's result and the sum
  const auto outputs = executor::execute(program, inputs, *backend, {}, limits);
  ASSERT_TRUE(outputs.has_value()) << core::describe(outputs.error());
  for (std::size_t i = 0; i < x.elements(); ++i) {
    const float relu = i < 100 ? 0.0F : static_cast<float>(i) - 100;
    ASSERT_EQ((*outputs)[0].value.data<float>()[i], relu + relu);
    for (const std::size_t output : {1U, 3U, 4U}) {
      ASSERT_EQ((*outputs)[output].value.data<float>()[i], relu) << output;
    }
  }
  EXPECT_EQ((*outputs)[1].value.shape(), Shape{1024});
  EXPECT_TRUE(core::identical((*outputs)[2].value, x));
}

TEST(ChangeShape, OfAnInputOrConstantIsAnOutputOfItsOwn) {
  core::Program program;
  program.inputs = {{"x", core::Dtype::f32, {6}}};
  program.constants = {Tensor::of<std::int64_t>({2}, {2, 3})};
  program.nodes.push_back({Op::reshape, {0, 1}, {2}, {{"allowzero", std::int64_t{0}}}, {}});
  program.nodes.push_back({Op::identity, {1}, {3}, {}, {}});
  program.outputs = {{"matrix", 2}, {"shape", 3}};
  ASSERT_TRUE(core::check_program(program).has_value());
  const std::vector<executor::NamedTensor> inputs = {
      {"x", Tensor::of<float>({6}, {1, 2, 3, 4, 5, 6})}};
  const auto backend = *backends::make_backend("cpu", {});
  const auto outputs = executor::execute(program, inputs, *backend);
  ASSERT_TRUE(outputs.has_value()) << core::describe(outputs.error());
  EXPECT_TRUE(core::identical((*outputs)[0].value, Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6})));
  EXPECT_TRUE(core::identical((*outputs)[1].value, program.constants[0]));
  EXPECT_NE((*outputs)[1].value.bytes().data(), program.constants[0].bytes().data());
}

}  // namespace
}  // namespace isotrace::tests
