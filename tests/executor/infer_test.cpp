// Shape inference: what follows, what is left open, what is refused.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using core::Shape;

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return *std::move(program);
}

/// Inferred shape of the first output; nothing if its rank is open.
std::optional<Shape> inferred(const ModelBuilder& model, const std::vector<Shape>& inputs = {}) {
  const core::Program program = import(model);
  const auto shapes = executor::infer_shapes(program, inputs);
  EXPECT_TRUE(shapes.has_value()) << core::describe(shapes.error());
  return shapes->values[program.outputs[0].value].shape;
}

TEST(InferShapes, LeavesOpenWhatDoesNotFollow) {
  ModelBuilder model(13);
  model.input("x", {-1, 3}).input("z", {1, 3}).output("y");
  model.node("Add", {"x", "z"}, {"y"});
  EXPECT_EQ(inferred(model), (Shape{-1, 3}));
  EXPECT_EQ(inferred(model, {{7, 3}, {1, 3}}), (Shape{7, 3}));
  ModelBuilder free(13);
  free.input("x", {2}).input("s", {-1}, onnx::TensorProto::INT64).output("y");
  free.node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(inferred(free), std::nullopt);
}

TEST(InferShapes, OneOpenConvolutionAxis) {
  ModelBuilder model(13);
  model.input("x", {-1, 2, 8, -1}).output("y");
  model.initializer("w", floats({4, 2, 3, 3}, std::vector<float>(72, 1)));
  model.node("Conv", {"x", "w"}, {"y"}).attribute("strides", Ints{2, 2});
  EXPECT_EQ(inferred(model), (Shape{-1, 4, 3, -1}));
  EXPECT_EQ(inferred(model, {{5, 2, 8, 9}}), (Shape{5, 4, 3, 4}));
}

TEST(InferShapes, OpenTransposedConvolutionAndPool) {
  ModelBuilder model(13);
  model.input("x", {-1, 2, 8}).output("y");
  model.initializer("w", floats({2, 3, 4}, std::vector<float>(24, 1)));
  model.node("ConvTranspose", {"x", "w"}, {"h"}).attribute("strides", Ints{2});
  model.node("AveragePool", {"h"}, {"y"})
      .attribute("kernel_shape", Ints{4})
      .attribute("strides", Ints{3})
      .attribute("ceil_mode", 1);
  EXPECT_EQ(inferred(model), (Shape{-1, 3, 6}));
  EXPECT_EQ(inferred(model, {{1, 2, 8}}), (Shape{1, 3, 6}));
}

/// y = Reshape(x, Concat(Gather(Shape(x), 0), [-1])): what PyTorch exports for flatten.
ModelBuilder exported_flatten() {
  ModelBuilder model(13);
  model.input("x", {-1, 3, 4}).output("y");
  model.initializer("zero", core::Tensor::of<std::int64_t>({}, {0}));
  model.initializer("axes", integers({0})).initializer("rest", integers({-1}));
  model.node("Shape", {"x"}, {"s"});
  model.node("Gather", {"s", "zero"}, {"n"});
  model.node("Unsqueeze", {"n", "axes"}, {"n1"});
  model.node("Concat", {"n1", "rest"}, {"t"}).attribute("axis", 0);
  model.node("Reshape", {"x", "t"}, {"y"});
  return model;
}

TEST(InferShapes, FollowsShapesThroughArithmetic) {
  EXPECT_EQ(inferred(exported_flatten(), {{5, 3, 4}}), (Shape{5, 12}));
  EXPECT_EQ(inferred(exported_flatten()), (Shape{-1, -1}));
}

TEST(InferShapes, FollowsRangeTileAndSize) {
  ModelBuilder model(13);
  model.input("x", {-1, 3}).output("y").initializer("axis", integers({0}));
  for (const auto& [name, value] : {std::pair{"zero", 0}, {"one", 1}}) {
    model.initializer(name, core::Tensor::of<std::int64_t>({}, {value}));
  }
  model.node("Size", {"x"}, {"n"});
  model.node("Range", {"zero", "n", "one"}, {"r"});
  model.node("Unsqueeze", {"n", "axis"}, {"n1"});
  model.node("Tile", {"r", "n1"}, {"y"});
  EXPECT_EQ(inferred(model, {{2, 3}}), (Shape{36}));
  EXPECT_EQ(inferred(model), (Shape{-1}));
}

/// What exporters write for an arange of known length, used as a shape.
TEST(InferShapes, ComputesSmallContentsThatDependOnContents) {
  ModelBuilder model(13);
  model.input("x", {6}).output("y").initializer("n", integers({2}));
  model.initializer("three", integers({2}));
  model.node("ConstantOfShape", {"n"}, {"ones"})
      .attribute("value", core::Tensor::of<std::int64_t>({1}, {1}));
  model.node("NonZero", {"ones"}, {"positions"});  // [[0, 1]]
  model.node("Squeeze", {"positions"}, {"flat"});
  model.node("Add", {"flat", "three"}, {"shape"});
  model.node("Reshape", {"x", "shape"}, {"y"});
  EXPECT_EQ(inferred(model), (Shape{2, 3}));
}

TEST(InferShapes, LeavesOpenSizesThatDependOnContents) {
  ModelBuilder model(13);
  model.input("x", {4, 5}).output("y");
  model.node("NonZero", {"x"}, {"y"});
  EXPECT_EQ(inferred(model), (Shape{2, -1}));
  const core::Program program = import(model);
  const auto shapes = executor::infer_shapes(program);
  ASSERT_TRUE(shapes.has_value());
  EXPECT_EQ(shapes->values[program.outputs[0].value].elements_max, 40U);
}

TEST(InferShapes, RefusesInputsThatContradictTheDeclaration) {
  const core::Program program = import(exported_flatten());
  const std::vector<Shape> wrong = {{5, 3, 5}};
  EXPECT_EQ(executor::infer_shapes(program, wrong).error().code, RefusalCode::input_mismatch);
  const std::vector<Shape> rank = {{5, 3}};
  EXPECT_EQ(executor::infer_shapes(program, rank).error().code, RefusalCode::input_mismatch);
}

TEST(InferShapes, RefusesWhatCannotFitNamingTheNode) {
  ModelBuilder model(13);
  model.input("x", {-1, 3}).output("y").initializer("s", integers({4, 2}));
  model.node("Reshape", {"x", "s"}, {"y"}).named("fold");
  const core::Program program = import(model);
  const std::vector<Shape> shapes = {{3, 3}};
  const auto result = executor::infer_shapes(program, shapes);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, RefusalCode::shape_mismatch);
  EXPECT_EQ(result.error().where.find("node 0 (Reshape, fold)"), 0U) << result.error().where;
}

}  // namespace
}  // namespace isotrace::tests
