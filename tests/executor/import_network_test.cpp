// Lowering of recurrent layers, normalisations, pooling and image operations: older forms give the
// program of the newest one, and hostile sizes are refused before anything is allocated.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Op;
using core::RefusalCode;
using core::Shape;
using Floats = std::vector<float>;

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}

std::string digest(const ModelBuilder& model) { return core::program_digest(import(model)).hex(); }

void expect_refused(const ModelBuilder& model, RefusalCode code) {
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(core::refusal_info(program.error().code).name, core::refusal_info(code).name)
      << core::describe(program.error());
}

/// One node; x is an input, the others are initialisers. An empty name stands for one left out.
struct Single {
  Single(std::int64_t opset, const std::string& op, const Ints& shape,
         const std::vector<std::pair<std::string, core::Tensor>>& operands = {},
         const Names& outputs = {"y"})
      : model(opset) {
    model.input("x", shape);
    for (const std::string& name : outputs) {
      if (!name.empty()) model.output(name);
    }
    Names names = {"x"};
    for (const auto& [name, value] : operands) {
      names.push_back(name);
      if (!name.empty()) model.initializer(name, value);
    }
    model.node(op, names, outputs);
  }
  template <class Value>
  Single& with(const std::string& name, const Value& value) {
    NodeBuilder(*model.proto().mutable_graph()->mutable_node(0)).attribute(name, value);
    return *this;
  }
  Single& with_texts(const std::string& name, const Names& values) {
    auto& attribute = *model.proto().mutable_graph()->mutable_node(0)->add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) attribute.add_strings(value);
    return *this;
  }
  [[nodiscard]] std::optional<Shape> shape(std::size_t output = 0) const {
    const core::Program program = import(model);
    const auto shapes = executor::infer_shapes(program, {});
    EXPECT_TRUE(shapes.has_value()) << core::describe(shapes.error());
    return shapes->values[program.outputs[output].value].shape;
  }
  ModelBuilder model;
};

core::Tensor filled(const Shape& shape, float value = 0.5F) {
  return floats(shape, Floats(*core::element_count(shape), value));
}

Single recurrent(std::int64_t opset, const std::string& op, std::int64_t gates,
                 const Names& outputs = {"y"}, std::int64_t directions = 1,
                 const Ints& x = {4, 2, 3}) {
  return Single(
      opset, op, x,
      {{"w", filled({directions, gates * 5, 3})}, {"r", filled({directions, gates * 5, 5})}},
      outputs);
}

TEST(LowerRecurrent, DefaultsAreWrittenOut) {
  const core::Program program =
      import(recurrent(7, "LSTM", 4, {"y"}, 2).with("direction", "bidirectional").model);
  const core::Node& node = program.nodes[0];
  EXPECT_EQ(node.text("activations"), "Sigmoid Tanh Tanh Sigmoid Tanh Tanh");
  EXPECT_EQ(node.reals("activation_alpha"), Floats(6, 0));
  EXPECT_EQ(node.real("clip"), std::numeric_limits<float>::infinity());
  EXPECT_EQ(digest(recurrent(7, "GRU", 3).model),
            digest(recurrent(14, "GRU", 3)
                       .with("hidden_size", 5)
                       .with("direction", "forward")
                       .with("layout", 0)
                       .with_texts("activations", {"Sigmoid", "Tanh"})
                       .model));
}

TEST(LowerRecurrent, ParametersGoToTheFunctionsThatTakeThem) {
  const core::Program program =
      import(recurrent(14, "LSTM", 4)
                 .with_texts("activations", {"HardSigmoid", "Tanh", "Elu"})
                 .with("activation_alpha", Floats{0.25F, 2})
                 .with("activation_beta", Floats{0.75F})
                 .model);
  EXPECT_EQ(program.nodes[0].reals("activation_alpha"), (Floats{0.25F, 0, 2}));
  EXPECT_EQ(program.nodes[0].reals("activation_beta"), (Floats{0.75F, 0, 0}));
  const core::Program defaults =
      import(recurrent(14, "RNN", 1).with_texts("activations", {"LeakyRelu"}).model);
  EXPECT_EQ(defaults.nodes[0].reals("activation_alpha"), Floats{0.01F});
}

TEST(LowerRecurrent, ResultsThatNobodyReadsAreLeftOut) {
  const core::Program last = import(recurrent(14, "LSTM", 4, {"", "h"}).model);
  ASSERT_EQ(last.nodes[0].outputs.size(), 2U);
  EXPECT_EQ(last.nodes[0].outputs[0], core::no_value);
  EXPECT_EQ(recurrent(14, "LSTM", 4, {"y", "h", "c"}).shape(0), (Shape{4, 1, 2, 5}));
  EXPECT_EQ(recurrent(14, "LSTM", 4, {"y", "h", "c"}).shape(2), (Shape{1, 2, 5}));
}

TEST(LowerRecurrent, BatchFirstIsTransposed) {
  Single model = recurrent(14, "GRU", 3, {"y", "h"}, 1, {2, 4, 3});
  model.with("layout", 1);
  EXPECT_EQ(model.shape(0), (Shape{2, 4, 1, 5}));
  EXPECT_EQ(model.shape(1), (Shape{2, 1, 5}));
}

TEST(LowerRecurrent, Refusals) {
  expect_refused(recurrent(14, "RNN", 1).with("hidden_size", 4).model, RefusalCode::shape_mismatch);
  expect_refused(recurrent(14, "LSTM", 3).model, RefusalCode::shape_mismatch);
  expect_refused(recurrent(14, "RNN", 1).with("direction", "up").model,
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(recurrent(14, "RNN", 1).with_texts("activations", {"Sine"}).model,
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(recurrent(14, "RNN", 1).with_texts("activations", {"Tanh", "Tanh"}).model,
                 RefusalCode::operation_attribute_invalid);
  expect_refused(recurrent(14, "RNN", 1).with("activation_alpha", Floats{1}).model,
                 RefusalCode::operation_attribute_invalid);
}

TEST(LowerNormalise, GroupParametersAreRepeatedForTheirChannels) {
  const core::Program old = import(Single(18, "GroupNormalization", {2, 6, 4},
                                          {{"s", floats({2}, {1, 2})}, {"b", floats({2}, {3, 4})}})
                                       .with("num_groups", 2)
                                       .model);
  EXPECT_EQ(old.nodes.back().op, Op::group_normalization);
  EXPECT_EQ(old.nodes.size(), 7U);  // unsqueeze, expand, reshape for each
  Single unknown(18, "GroupNormalization", {2, -1, 4},
                 {{"s", floats({2}, {1, 2})}, {"b", floats({2}, {3, 4})}});
  unknown.with("num_groups", 2);
  EXPECT_EQ(import(unknown.model).nodes.size(), 10U);  // shape, div, concat for both
  EXPECT_EQ(unknown.shape(), (Shape{2, -1, 4}));
  expect_refused(Single(18, "GroupNormalization", {2, 6, 4},
                        {{"s", floats({2}, {1, 2})}, {"b", floats({2}, {3, 4})}})
                     .with("num_groups", 0)
                     .model,
                 RefusalCode::operation_attribute_invalid);
  const core::Program fresh =
      import(Single(21, "GroupNormalization", {2, 6, 4}, {{"s", filled({6})}, {"b", filled({6})}})
                 .with("num_groups", 2)
                 .model);
  EXPECT_EQ(fresh.nodes.size(), 1U);
}

TEST(LowerNormalise, BatchStatisticsOfTrainingAndOfSingleElements) {
  const std::vector<std::pair<std::string, core::Tensor>> channels = {
      {"s", filled({3})}, {"b", filled({3})}, {"m", filled({3})}, {"v", filled({3})}};
  Single training(15, "BatchNormalization", {2, 3, 4}, channels, {"y", "mean", "var"});
  training.with("training_mode", 1);
  EXPECT_EQ(training.shape(0), (Shape{2, 3, 4}));
  EXPECT_EQ(training.shape(1), (Shape{3}));
  const std::vector<std::pair<std::string, core::Tensor>> elements = {
      {"s", filled({3, 4})}, {"b", filled({3, 4})}, {"m", filled({3, 4})}, {"v", filled({3, 4})}};
  Single single(7, "BatchNormalization", {2, 3, 4}, elements);
  single.with("spatial", 0);
  EXPECT_EQ(single.shape(), (Shape{2, 3, 4}));
}

TEST(LowerNormalise, LayerStatisticsAreF32) {
  Single model(17, "LayerNormalization", {2, 3, 4}, {{"s", filled({4})}}, {"y", "", "r"});
  EXPECT_EQ(model.shape(1), (Shape{2, 3, 1}));
  EXPECT_EQ(import(model.model).nodes[0].outputs.size(), 3U);
}

TEST(LowerVision, UpsampleAndOldResizeAreOne) {
  const core::Tensor scales = floats({4}, {1, 1, 2, 1.5F});
  const std::string newest = digest(Single(13, "Resize", {1, 1, 4, 4}, {{"", {}}, {"s", scales}})
                                        .with("coordinate_transformation_mode", "asymmetric")
                                        .with("nearest_mode", "floor")
                                        .model);
  EXPECT_EQ(digest(Single(7, "Upsample", {1, 1, 4, 4}).with("scales", Floats{1, 1, 2, 1.5F}).model),
            newest);
  EXPECT_EQ(digest(Single(9, "Upsample", {1, 1, 4, 4}, {{"s", scales}}).model), newest);
  EXPECT_EQ(digest(Single(10, "Resize", {1, 1, 4, 4}, {{"s", scales}}).model), newest);
  expect_refused(Single(10, "Upsample", {1, 1, 4, 4}, {{"s", scales}}).model,
                 RefusalCode::onnx_operation_unsupported);
}

TEST(LowerVision, OperandsOfResizeThatSayNothingAreDropped) {
  const core::Tensor none = floats({0}, {});
  const core::Tensor sizes = integers({2, 5});
  const Single bare(18, "Resize", {4, 4}, {{"", {}}, {"", {}}, {"s", sizes}});
  EXPECT_EQ(bare.shape(), (Shape{2, 5}));
  EXPECT_EQ(digest(bare.model),
            digest(Single(11, "Resize", {4, 4},
                          {{"r", floats({4}, {0, 0, 1, 1})}, {"e", none}, {"s", sizes}})
                       .model));
}

TEST(LowerVision, ModesOfGridSampleWereNamedForTwoAxes) {
  const std::vector<std::pair<std::string, core::Tensor>> grid = {{"g", filled({1, 2, 2, 2})}};
  EXPECT_EQ(digest(Single(16, "GridSample", {1, 1, 4, 4}, grid).with("mode", "bicubic").model),
            digest(Single(20, "GridSample", {1, 1, 4, 4}, grid).with("mode", "cubic").model));
  EXPECT_EQ(digest(Single(16, "GridSample", {1, 1, 4, 4}, grid).model),
            digest(Single(20, "GridSample", {1, 1, 4, 4}, grid).model));
  expect_refused(Single(20, "GridSample", {1, 1, 4, 4}, grid).with("mode", "bilinear").model,
                 RefusalCode::onnx_attribute_unsupported);
}

TEST(LowerVision, RegionsMovedByHalfAnElementSinceSet16) {
  const std::vector<std::pair<std::string, core::Tensor>> regions = {{"r", filled({2, 4})},
                                                                     {"b", integers({0, 0})}};
  EXPECT_EQ(digest(Single(10, "RoiAlign", {1, 1, 4, 4}, regions).model),
            digest(Single(16, "RoiAlign", {1, 1, 4, 4}, regions)
                       .with("coordinate_transformation_mode", "output_half_pixel")
                       .model));
}

TEST(LowerVision, SuppressionIsBoundedByWhatIsAskedFor) {
  Single model(11, "NonMaxSuppression", {2, 100, 4},
               {{"s", filled({2, 3, 100})}, {"m", core::Tensor::of<std::int64_t>({}, {7})}});
  const core::Program program = import(model.model);
  const auto shapes = executor::infer_shapes(program, {});
  ASSERT_TRUE(shapes);
  const auto& info = shapes->values[program.outputs[0].value];
  EXPECT_EQ(info.shape, (Shape{-1, 3}));
  EXPECT_EQ(info.elements_max, 2U * 3U * 7U * 3U);
}

TEST(LowerVision, HugeSizesAreRefusedAtImport) {
  expect_refused(Single(13, "Resize", {4}, {{"", {}}, {"s", floats({1}, {1e30F})}}).model,
                 RefusalCode::limit_exceeded);
  expect_refused(Single(13, "Resize", {4}, {{"", {}}, {"s", floats({1}, {-1})}}).model,
                 RefusalCode::operand_value_invalid);
  expect_refused(
      Single(20, "AffineGrid", {1, 2, 3}, {{"s", integers({1, 1, 1LL << 40, 1LL << 40})}}).model,
      RefusalCode::limit_exceeded);
  expect_refused(
      Single(16, "RoiAlign", {1, 1, 4, 4}, {{"r", filled({2, 4})}, {"b", integers({0, 0})}})
          .with("output_height", std::int64_t{1} << 40)
          .model,
      RefusalCode::operation_attribute_invalid);
  expect_refused(
      Single(18, "Col2Im", {1, 4, 4}, {{"i", integers({1LL << 40, 2})}, {"b", integers({2, 2})}})
          .model,
      RefusalCode::shape_mismatch);
}

TEST(LowerVision, OpenSizesStayOpen) {
  const core::Tensor scales = floats({2}, {1, 2});
  EXPECT_EQ(Single(13, "Resize", {-1, 3}, {{"", {}}, {"s", scales}}).shape(), (Shape{-1, -1}));
  EXPECT_EQ(Single(16, "GridSample", {-1, 3, 4, 4}, {{"g", filled({1, 2, 2, 2})}}).shape(),
            (Shape{-1, 3, 2, 2}));
  EXPECT_EQ(Single(18, "LpPool", {1, 1, -1}).with("kernel_shape", Ints{2}).shape(),
            (Shape{1, 1, -1}));
}

}  // namespace
}  // namespace isotrace::tests
