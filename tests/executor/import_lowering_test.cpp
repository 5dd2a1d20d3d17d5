// Every older form of an operation must lower to the same program as the newest form: equal
// digests.
#include <gtest/gtest.h>

#include <isotrace/core/convert.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}

std::string digest(const ModelBuilder& model) { return core::program_digest(import(model)).hex(); }

/// A model of one node with input x, output y and the given initialisers i0, i1, ...
struct OneNode {
  OneNode(std::int64_t opset, const std::string& op, const Ints& shape,
          const std::vector<core::Tensor>& operands = {}, int type = onnx::TensorProto::FLOAT)
      : model(opset) {
    model.input("x", shape, type).output("y");
    Names names = {"x"};
    for (std::size_t i = 0; i < operands.size(); ++i) {
      names.push_back("i" + std::to_string(i));
      model.initializer(names.back(), operands[i]);
    }
    model.node(op, names, {"y"});
  }
  template <class Value>
  OneNode& with(const std::string& name, const Value& value) {
    NodeBuilder(*model.proto().mutable_graph()->mutable_node(0)).attribute(name, value);
    return *this;
  }
  ModelBuilder model;
};

TEST(Lowering, AxesAttributesBecomeOperands) {
  const Ints shape = {1, 3, 1, 4};
  EXPECT_EQ(digest(OneNode(11, "Squeeze", shape).with("axes", Ints{0, 2}).model),
            digest(OneNode(13, "Squeeze", shape, {integers({0, 2})}).model));
  EXPECT_EQ(digest(OneNode(11, "Unsqueeze", shape).with("axes", Ints{0}).model),
            digest(OneNode(13, "Unsqueeze", shape, {integers({0})}).model));
  EXPECT_EQ(digest(OneNode(11, "ReduceSum", shape).with("axes", Ints{1}).model),
            digest(OneNode(13, "ReduceSum", shape, {integers({1})}).model));
  for (const char* op : {"ReduceMean", "ReduceMax", "ReduceMin"}) {
    EXPECT_EQ(digest(OneNode(13, op, shape).with("axes", Ints{1, 3}).with("keepdims", 0).model),
              digest(OneNode(18, op, shape, {integers({1, 3})}).with("keepdims", 0).model));
  }
}

TEST(Lowering, ClipBoundsBecomeOperands) {
  EXPECT_EQ(digest(OneNode(6, "Clip", {4}).with("min", -1.0F).with("max", 6.0F).model),
            digest(OneNode(11, "Clip", {4}, {floats({}, {-1}), floats({}, {6})}).model));
  const core::Tensor half = core::Tensor::of<core::Half>({}, {core::to_half(0.5F)});
  const int f16 = onnx::TensorProto::FLOAT16;
  EXPECT_EQ(digest(OneNode(6, "Clip", {4}, {}, f16).with("min", 0.5F).model),
            digest(OneNode(12, "Clip", {4}, {half}, f16).model));
}

TEST(Lowering, PadSliceSplitAttributesBecomeOperands) {
  EXPECT_EQ(digest(OneNode(10, "Pad", {2, 2}).with("pads", Ints{0, 1, 0, 1}).model),
            digest(OneNode(11, "Pad", {2, 2}, {integers({0, 1, 0, 1})}).model));
  EXPECT_EQ(digest(OneNode(2 + 4, "Pad", {2, 2})
                       .with("pads", Ints{0, 1, 0, 1})
                       .with("value", 2.0F)
                       .with("mode", "constant")
                       .model),
            digest(OneNode(13, "Pad", {2, 2}, {integers({0, 1, 0, 1}), floats({}, {2})}).model));
  EXPECT_EQ(
      digest(OneNode(9, "Slice", {5, 5})
                 .with("starts", Ints{1})
                 .with("ends", Ints{3})
                 .with("axes", Ints{1})
                 .model),
      digest(OneNode(10, "Slice", {5, 5}, {integers({1}), integers({3}), integers({1})}).model));
  EXPECT_EQ(digest(OneNode(11, "Split", {5}).with("split", Ints{5}).model),
            digest(OneNode(13, "Split", {5}, {integers({5})}).model));
  EXPECT_EQ(digest(OneNode(13, "Split", {5}).model),
            digest(OneNode(18, "Split", {5}).with("num_outputs", 1).model));
}

TEST(Lowering, SoftmaxOfOldSetsFlattens) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    const core::Program old = import(OneNode(12, op, {2, 3, 4}).model);
    EXPECT_EQ(old.nodes[0].integer("axis"), 1);
    EXPECT_EQ(old.nodes[0].integer("flatten"), 1);
    const core::Program fresh = import(OneNode(13, op, {2, 3, 4}).model);
    EXPECT_EQ(fresh.nodes[0].integer("axis"), -1);
    EXPECT_EQ(fresh.nodes[0].integer("flatten"), 0);
  }
}

TEST(Lowering, CastNamesOurElementTypes) {
  const int to = onnx::TensorProto::INT64;
  const core::Program program = import(OneNode(9, "Cast", {2}).with("to", to).model);
  EXPECT_EQ(program.nodes[0].integer("to"), static_cast<std::int64_t>(core::Dtype::i64));
  EXPECT_EQ(digest(OneNode(9, "Cast", {2}).with("to", to).model),
            digest(OneNode(19, "Cast", {2}).with("to", to).with("saturate", 1).model));
}

ModelBuilder legacy_add(std::int64_t opset, const core::Tensor& bias) {
  ModelBuilder model(opset);
  model.input("x", {2, 3, 4}).initializer("b", bias).output("y");
  return model;
}

TEST(Lowering, AxisBroadcastOfOperatorSet6GainsTrailingAxes) {
  const core::Tensor bias = floats({3}, {1, 2, 3});
  ModelBuilder old = legacy_add(6, bias);
  old.node("Add", {"x", "b"}, {"y"}).attribute("broadcast", 1).attribute("axis", 1);
  ModelBuilder fresh = legacy_add(13, bias);
  fresh.initializer("axes", integers({1}));
  fresh.node("Unsqueeze", {"b", "axes"}, {"wide"});
  fresh.node("Add", {"x", "wide"}, {"y"});
  EXPECT_EQ(digest(old), digest(fresh));
}

TEST(Lowering, AxisBroadcastAtTheEndIsNumpyBroadcast) {
  const core::Tensor bias = floats({3, 4}, std::vector<float>(12, 1));
  ModelBuilder old = legacy_add(6, bias);
  old.node("Add", {"x", "b"}, {"y"}).attribute("broadcast", 1).attribute("axis", 1);
  ModelBuilder fresh = legacy_add(13, bias);
  fresh.node("Add", {"x", "b"}, {"y"});
  EXPECT_EQ(digest(old), digest(fresh));
}

TEST(Lowering, PreluSlopePerChannelGainsTrailingAxes) {
  ModelBuilder old = legacy_add(6, floats({3}, {1, 2, 3}));
  old.node("PRelu", {"x", "b"}, {"y"});
  const core::Program program = import(old);
  ASSERT_EQ(program.nodes.size(), 2U);
  EXPECT_EQ(program.nodes[0].op, core::Op::unsqueeze);
  EXPECT_EQ(program.nodes[1].op, core::Op::prelu);
}

TEST(Lowering, GemmBroadcastOfOperatorSet6IsTheModernAddend) {
  const auto model = [](std::int64_t opset) {
    ModelBuilder built(opset);
    built.input("a", {2, 3}).input("b", {3, 4}).input("c", {4}).output("y");
    return built;
  };
  ModelBuilder old = model(6);
  old.node("Gemm", {"a", "b", "c"}, {"y"}).attribute("broadcast", 1);
  ModelBuilder fresh = model(13);
  fresh.node("Gemm", {"a", "b", "c"}, {"y"}).attribute("alpha", 1.0F).attribute("transA", 0);
  EXPECT_EQ(digest(old), digest(fresh));
}

ModelBuilder batch_normalization(std::int64_t opset) {
  ModelBuilder model(opset);
  model.input("x", {1, 2, 3}).output("y");
  Names operands = {"x"};
  for (const char* name : {"scale", "bias", "mean", "var"}) {
    model.initializer(name, floats({2}, {1, static_cast<float>(operands.size())}));
    operands.push_back(name);
  }
  model.node("BatchNormalization", operands, {"y"});
  return model;
}

NodeBuilder first_node(ModelBuilder& model) {
  return NodeBuilder(*model.proto().mutable_graph()->mutable_node(0));
}

TEST(Lowering, BatchNormalizationOfInferenceKeepsEpsilonOnly) {
  ModelBuilder old = batch_normalization(6);
  first_node(old).attribute("is_test", 1).attribute("momentum", 0.5F).attribute("spatial", 1);
  EXPECT_EQ(digest(old), digest(batch_normalization(15)));
}

TEST(Lowering, DropoutIsTheIdentity) {
  ModelBuilder model(12);
  model.input("x", {2}).initializer("ratio", floats({}, {0.5F}));
  model.initializer("training", core::Tensor::of<core::Bool8>({}, {core::Bool8{0}}));
  model.node("Dropout", {"x", "ratio", "training"}, {"y", "mask"}).attribute("seed", 3);
  model.output("y");
  EXPECT_EQ(digest(model), digest(OneNode(13, "Identity", {2}).model));
  EXPECT_EQ(digest(OneNode(6, "Dropout", {2}).with("is_test", 1).with("ratio", 0.1F).model),
            digest(OneNode(13, "Identity", {2}).model));
}

TEST(Lowering, ConstantFormsAreConstants) {
  const auto program = [](const char* name, const auto& value) {
    ModelBuilder model(13);
    model.output("y");
    model.node("Constant", {}, {"y"}).attribute(name, value);
    return import(model);
  };
  EXPECT_TRUE(
      core::identical(program("value", floats({2}, {1, 2})).constants[0], floats({2}, {1, 2})));
  EXPECT_TRUE(core::identical(program("value_float", 2.0F).constants[0], floats({}, {2})));
  EXPECT_TRUE(core::identical(program("value_floats", std::vector<float>{1, 2}).constants[0],
                              floats({2}, {1, 2})));
  EXPECT_TRUE(core::identical(program("value_int", 7).constants[0],
                              core::Tensor::of<std::int64_t>({}, {7})));
  EXPECT_TRUE(core::identical(program("value_ints", Ints{7, 8}).constants[0], integers({7, 8})));
}

TEST(Lowering, ConstantOfShapeDefaultsToOneFloatZero) {
  const int i64 = onnx::TensorProto::INT64;
  EXPECT_EQ(
      digest(OneNode(9, "ConstantOfShape", {2}, {}, i64).model),
      digest(OneNode(21, "ConstantOfShape", {2}, {}, i64).with("value", floats({1}, {0})).model));
}

ModelBuilder conv_model(std::int64_t opset = 13) {
  ModelBuilder model(opset);
  model.input("x", {1, 2, 5, 5}).output("y");
  model.initializer("w", floats({3, 2, 3, 3}, std::vector<float>(54, 1)));
  model.node("Conv", {"x", "w"}, {"y"});
  return model;
}

TEST(Lowering, ConvDefaultsEqualTheirExplicitForm) {
  ModelBuilder explicit_form = conv_model(6);
  first_node(explicit_form)
      .attribute("kernel_shape", Ints{3, 3})
      .attribute("strides", Ints{1, 1})
      .attribute("dilations", Ints{1, 1})
      .attribute("pads", Ints{0, 0, 0, 0})
      .attribute("group", 1)
      .attribute("auto_pad", "NOTSET");
  EXPECT_EQ(digest(conv_model()), digest(explicit_form));
  const core::Program program = import(conv_model());
  EXPECT_EQ(program.nodes[0].integer("k_segment"), 256);
}

TEST(Lowering, PoolDefaultsEqualTheirExplicitForm) {
  const Ints shape = {1, 1, 6, 6};
  EXPECT_EQ(digest(OneNode(6, "MaxPool", shape).with("kernel_shape", Ints{2, 2}).model),
            digest(OneNode(12, "MaxPool", shape)
                       .with("kernel_shape", Ints{2, 2})
                       .with("ceil_mode", 0)
                       .with("storage_order", 1)
                       .with("dilations", Ints{1, 1})
                       .with("strides", Ints{1, 1})
                       .model));
  EXPECT_EQ(digest(OneNode(6, "AveragePool", shape).with("kernel_shape", Ints{2, 2}).model),
            digest(OneNode(19, "AveragePool", shape)
                       .with("kernel_shape", Ints{2, 2})
                       .with("count_include_pad", 0)
                       .with("pads", Ints{0, 0, 0, 0})
                       .model));
}

TEST(Lowering, QuantisationAnnotationsChangeNothing) {
  ModelBuilder annotated = conv_model();
  auto& annotation = *annotated.proto().mutable_graph()->add_quantization_annotation();
  annotation.set_tensor_name(annotated.graph().node(0).output(0));
  auto& scale = *annotation.add_quant_parameter_tensor_names();
  scale.set_key("SCALE_TENSOR");
  scale.set_value(annotated.graph().node(0).input(1));
  EXPECT_EQ(digest(annotated), digest(conv_model()));
}

TEST(Lowering, TransposeWithoutPermIsTheReversal) {
  EXPECT_EQ(digest(OneNode(13, "Transpose", {2, 3, 4}).model),
            digest(OneNode(13, "Transpose", {2, 3, 4}).with("perm", Ints{2, 1, 0}).model));
}

TEST(Lowering, EveryOperationWithDefaultsHasTheTablesAttributes) {
  // check_program runs in import_onnx and compares with core/ops.def; none may fail.
  for (const char* op : {"LeakyRelu",    "Elu",
                         "Selu",         "HardSigmoid",
                         "Softplus",     "Softsign",
                         "Shape",        "Flatten",
                         "ArgMax",       "ReduceSum",
                         "Identity",     "Sigmoid",
                         "Exp",          "Log",
                         "Sqrt",         "Reciprocal",
                         "Floor",        "Ceil",
                         "Neg",          "Abs",
                         "Relu",         "Tanh",
                         "Sum",          "Max",
                         "Min",          "GlobalAveragePool",
                         "GlobalMaxPool"}) {
    EXPECT_EQ(import(OneNode(13, op, {1, 2, 3}).model).nodes.size(), 1U) << op;
  }
}

}  // namespace
}  // namespace isotrace::tests
