// What the importer refuses, by reason, and the structure it gives programs.
#include <functional>

#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;

/// A model that imports: y = Relu(x).
ModelBuilder relu_model(std::int64_t opset = 13) {
  ModelBuilder model(opset);
  model.input("x", {2, 3}).output("y");
  model.node("Relu", {"x"}, {"y"}).named("act");
  return model;
}

onnx::NodeProto& node_of(ModelBuilder& model, int index = 0) {
  return *model.proto().mutable_graph()->mutable_node(index);
}

void expect_refused(const ModelBuilder& model, RefusalCode code, const std::string& where = "") {
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, code) << core::describe(program.error());
  EXPECT_NE(core::describe(program.error()).find(where), std::string::npos)
      << core::describe(program.error());
}

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}

std::string digest(const ModelBuilder& model) { return core::program_digest(import(model)).hex(); }

TEST(ImportRefuses, BytesThatAreNoModel) {
  const core::Bytes noise = {0x0A, 0xFF, 0xFF, 0xFF};
  EXPECT_EQ(executor::import_onnx(noise).error().code, RefusalCode::onnx_malformed);
  EXPECT_EQ(executor::import_onnx({}).error().code, RefusalCode::onnx_malformed);
}

TEST(ImportRefuses, EverythingUnsupportedAtOnce) {
  ModelBuilder model;
  model.input("x", {2, 3}).input("words", {1}, onnx::TensorProto::STRING).output("y").output("z");
  model.node("NoSuchOperation", {"x"}, {"a"}).named("first");
  model.node("Relu", {"a"}, {"b"});  // may be fine: its operand is unknown
  model.node("Softmax", {"x"}, {"c"}).attribute("surprise", 1);
  model.node("AnotherOne", {"b", "c"}, {"y"});
  model.node("Identity", {"words"}, {"z"});
  model.node("NobodyReadsThis", {"x"}, {"unread"});
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  const core::Refusal& refusal = program.error();
  EXPECT_EQ(refusal.code, RefusalCode::onnx_dtype_unsupported);
  EXPECT_EQ(refusal.where, "input words: element type 8");
  for (const char* part : {"node 0 (NoSuchOperation, first)",
                           "node 2 (Softmax): attribute surprise", "node 3 (AnotherOne)"}) {
    EXPECT_NE(refusal.detail.find(part), std::string::npos) << part << " in " << refusal.detail;
  }
  for (const char* part : {"Relu", "Identity", "NobodyReadsThis"}) {
    EXPECT_EQ(refusal.detail.find(part), std::string::npos) << part << " in " << refusal.detail;
  }
}

TEST(ImportRefuses, ListsTwentyUnsupportedPartsAndCountsTheRest) {
  ModelBuilder model;
  model.input("x", {2, 3});
  for (int i = 0; i < 23; ++i) {
    const std::string name = "y" + std::to_string(i);
    model.node("NoSuchOperation", {"x"}, {name});
    model.output(name);
  }
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().where, "node 0 (NoSuchOperation)");
  EXPECT_NE(program.error().detail.find("node 19 ("), std::string::npos);
  EXPECT_EQ(program.error().detail.find("node 20 ("), std::string::npos);
  EXPECT_TRUE(program.error().detail.ends_with("; and 3 more")) << program.error().detail;
}

TEST(ImportRefuses, MoreMessagesThanTheLimit) {
  // Two bytes of graph each announce an empty node.
  core::Bytes graph;
  for (std::size_t i = 0; i < (1U << 22) + 8; ++i) graph.insert(graph.end(), {0x0A, 0x00});
  core::Bytes model = {0x3A};
  for (std::size_t size = graph.size(); size != 0; size >>= 7) {
    model.push_back(static_cast<std::uint8_t>((size & 0x7F) | (size > 0x7F ? 0x80 : 0)));
  }
  model.insert(model.end(), graph.begin(), graph.end());
  EXPECT_EQ(executor::import_onnx(model).error().code, RefusalCode::limit_exceeded);
}

TEST(ImportRefuses, OperatorSetsOutside6To21) {
  expect_refused(relu_model(0), RefusalCode::onnx_opset_unsupported);
  // Before operator set 6 Relu had another attribute.
  expect_refused(relu_model(5), RefusalCode::onnx_operation_unsupported);
  expect_refused(relu_model(27), RefusalCode::onnx_opset_unsupported);
  EXPECT_EQ(digest(relu_model(6)), digest(relu_model(21)));
  ModelBuilder none = relu_model();
  none.proto().clear_opset_import();
  expect_refused(none, RefusalCode::onnx_opset_unsupported);
}

TEST(ImportRefuses, ModelsOfOtherDomainsAloneNamingTheNode) {
  ModelBuilder model = relu_model();
  model.proto().mutable_opset_import(0)->set_domain("ai.onnx.ml");
  expect_refused(model, RefusalCode::onnx_opset_unsupported);
  model.proto().mutable_graph()->mutable_node(0)->set_domain("ai.onnx.ml");
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, RefusalCode::onnx_operation_unsupported);
  EXPECT_EQ(program.error().where, "node 0 (Relu, act): domain ai.onnx.ml");
  model.proto().mutable_graph()->clear_node();
  expect_refused(model, RefusalCode::onnx_opset_unsupported);
}

TEST(ImportRefuses, UnknownOperationsNamingTheNode) {
  ModelBuilder model = relu_model();
  node_of(model).set_op_type("Mystery");
  expect_refused(model, RefusalCode::onnx_operation_unsupported, "node 0 (Mystery, act)");
}

TEST(ImportRefuses, OperationsOfOtherDomains) {
  ModelBuilder model = relu_model();
  node_of(model).set_domain("com.microsoft");
  expect_refused(model, RefusalCode::onnx_operation_unsupported, "com.microsoft");
  node_of(model).set_domain("ai.onnx");
  EXPECT_EQ(digest(model), digest(relu_model()));
}

TEST(ImportRefuses, OperationsNewerThanTheOperatorSet) {
  ModelBuilder model(8);
  model.input("c", {2}, onnx::TensorProto::BOOL).input("x", {2}).output("y");
  model.node("Where", {"c", "x", "x"}, {"y"});
  expect_refused(model, RefusalCode::onnx_operation_unsupported);
}

TEST(ImportRefuses, AttributesItDoesNotKnow) {
  ModelBuilder model = relu_model();
  NodeBuilder(node_of(model)).attribute("slope", 0.5F);
  expect_refused(model, RefusalCode::onnx_attribute_unsupported, "slope");
}

TEST(ImportRefuses, AttributesOfAnotherTypeOrGivenTwice) {
  ModelBuilder wrong = relu_model();
  node_of(wrong).set_op_type("LeakyRelu");
  NodeBuilder(node_of(wrong)).attribute("alpha", 1);
  expect_refused(wrong, RefusalCode::onnx_malformed, "alpha");
  ModelBuilder twice = relu_model();
  node_of(twice).set_op_type("LeakyRelu");
  NodeBuilder(node_of(twice)).attribute("alpha", 1.0F).attribute("alpha", 2.0F);
  expect_refused(twice, RefusalCode::onnx_malformed, "alpha");
}

TEST(ImportRefuses, AttributesThatReferToFunctions) {
  ModelBuilder model = relu_model();
  node_of(model).set_op_type("LeakyRelu");
  NodeBuilder(node_of(model)).attribute("alpha", 1.0F);
  node_of(model).mutable_attribute(0)->set_ref_attr_name("outer");
  expect_refused(model, RefusalCode::onnx_attribute_unsupported, "alpha");
}

TEST(ImportRefuses, SparseInitializersWithoutAName) {
  ModelBuilder sparse = relu_model();
  sparse.proto().mutable_graph()->add_sparse_initializer();
  expect_refused(sparse, RefusalCode::program_ill_formed);
}

TEST(ImportRefuses, TrainingForms) {
  ModelBuilder dropout = relu_model(6);
  node_of(dropout).set_op_type("Dropout");
  expect_refused(dropout, RefusalCode::onnx_attribute_unsupported, "is_test");
  ModelBuilder mode(13);
  mode.input("x", {2}).output("y");
  mode.initializer("t", core::Tensor::of<core::Bool8>({}, {core::Bool8{1}}));
  mode.node("Dropout", {"x", "", "t"}, {"y"});
  expect_refused(mode, RefusalCode::onnx_attribute_unsupported, "training_mode");
}

ModelBuilder batch_normalization(std::int64_t opset) {
  ModelBuilder model(opset);
  model.input("x", {1, 2, 3}).input("s", {2}).output("y");
  model.node("BatchNormalization", {"x", "s", "s", "s", "s"}, {"y"});
  return model;
}

TEST(ImportRefuses, BatchNormalizationForTraining) {
  expect_refused(batch_normalization(6), RefusalCode::onnx_attribute_unsupported, "is_test");
  ModelBuilder statistics = batch_normalization(9);
  node_of(statistics).add_output("mean");
  EXPECT_EQ(import(statistics).nodes.size(), 1U);
  statistics.output("mean");
  expect_refused(statistics, RefusalCode::onnx_operation_unsupported, "result 1");
}

TEST(ImportRefuses, ElementTypesItDoesNotDefine) {
  ModelBuilder text(13);
  text.input("x", {2}, onnx::TensorProto::STRING).output("x");
  expect_refused(text, RefusalCode::onnx_dtype_unsupported, "input x");
  ModelBuilder complex = relu_model();
  node_of(complex).set_op_type("Cast");
  NodeBuilder(node_of(complex)).attribute("to", int{onnx::TensorProto::COMPLEX64});
  expect_refused(complex, RefusalCode::onnx_dtype_unsupported);
  ModelBuilder sequence = relu_model();
  sequence.proto().mutable_graph()->mutable_input(0)->mutable_type()->mutable_sequence_type();
  expect_refused(sequence, RefusalCode::onnx_dtype_unsupported);
}

TEST(ImportRefuses, InputsThatHoldNoTensors) {
  ModelBuilder map = relu_model();
  map.proto().mutable_graph()->mutable_input(0)->mutable_type()->mutable_map_type();
  expect_refused(map, RefusalCode::onnx_dtype_unsupported, "input x");
  ModelBuilder nested = relu_model();
  nested.proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_sequence_type()
      ->mutable_elem_type()
      ->mutable_sequence_type();
  expect_refused(nested, RefusalCode::onnx_dtype_unsupported, "input x");
  ModelBuilder untyped = relu_model();
  untyped.proto().mutable_graph()->mutable_input(0)->clear_type();
  expect_refused(untyped, RefusalCode::onnx_dtype_unsupported, "input x");
}

/// x + b with the initialiser b given as a message.
ModelBuilder with_initializer(const onnx::TensorProto& proto) {
  ModelBuilder model(13);
  model.input("x", {2}).output("y");
  *model.proto().mutable_graph()->add_initializer() = proto;
  model.node("Add", {"x", "b"}, {"y"});
  return model;
}

TEST(ImportRefuses, DataInOtherFiles) {
  onnx::TensorProto proto = tensor_proto("b", floats({2}, {1, 2}));
  proto.clear_raw_data();
  proto.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& entry = *proto.add_external_data();
  entry.set_key("location");
  entry.set_value("/etc/passwd");
  expect_refused(with_initializer(proto), RefusalCode::onnx_external_data_unsupported, "b");
}

TEST(ImportRefuses, InitializersOfTheWrongSize) {
  onnx::TensorProto raw = tensor_proto("b", floats({2}, {1, 2}));
  raw.set_raw_data("abc");
  expect_refused(with_initializer(raw), RefusalCode::onnx_malformed, "initializer b");
  onnx::TensorProto typed = tensor_proto("b", floats({2}, {1, 2}), Encoding::typed);
  typed.add_float_data(3);
  expect_refused(with_initializer(typed), RefusalCode::onnx_malformed);
  onnx::TensorProto huge = tensor_proto("b", floats({2}, {1, 2}), Encoding::typed);
  huge.set_dims(0, std::int64_t{1} << 33);
  expect_refused(with_initializer(huge), RefusalCode::onnx_malformed);
  onnx::TensorProto negative = tensor_proto("b", floats({2}, {1, 2}), Encoding::typed);
  negative.set_dims(0, -2);
  expect_refused(with_initializer(negative), RefusalCode::onnx_malformed);
}

TEST(ImportRefuses, InitializersWithElementsInAnotherField) {
  onnx::TensorProto both = tensor_proto("b", floats({2}, {1, 2}));
  both.add_float_data(1);
  expect_refused(with_initializer(both), RefusalCode::onnx_malformed);
  onnx::TensorProto other = tensor_proto("b", floats({2}, {1, 2}), Encoding::typed);
  other.add_int64_data(1);
  expect_refused(with_initializer(other), RefusalCode::onnx_malformed);
  onnx::TensorProto wide = tensor_proto("b", core::Tensor(core::Dtype::i8, {2}), Encoding::typed);
  wide.set_int32_data(0, 300);
  expect_refused(with_initializer(wide), RefusalCode::onnx_malformed, "300");
  onnx::TensorProto boolean =
      tensor_proto("b", core::Tensor(core::Dtype::boolean, {2}), Encoding::typed);
  boolean.set_int32_data(0, 2);
  expect_refused(with_initializer(boolean), RefusalCode::onnx_malformed);
}

TEST(ImportRefuses, NamesMadeTwice) {
  ModelBuilder model = relu_model();
  model.node("Neg", {"x"}, {"y"});
  expect_refused(model, RefusalCode::program_ill_formed, "result y");
  ModelBuilder input = relu_model();
  input.input("x", {2, 3});
  expect_refused(input, RefusalCode::program_ill_formed, "input x");
  ModelBuilder initializer = relu_model();
  initializer.initializer("y", floats({1}, {1}));
  expect_refused(initializer, RefusalCode::program_ill_formed, "result y");
}

TEST(ImportRefuses, ValuesThatAreMissingOrMadeLater) {
  ModelBuilder missing = relu_model();
  node_of(missing).set_input(0, "nothing");
  expect_refused(missing, RefusalCode::program_ill_formed, "operand nothing");
  ModelBuilder later(13);
  later.input("x", {2}).output("y");
  later.node("Neg", {"h"}, {"y"});
  later.node("Relu", {"x"}, {"h"});
  expect_refused(later, RefusalCode::program_ill_formed, "operand h");
  ModelBuilder cycle(13);
  cycle.input("x", {2}).output("y");
  cycle.node("Add", {"x", "y"}, {"y"});
  expect_refused(cycle, RefusalCode::program_ill_formed, "operand y");
  ModelBuilder output = relu_model();
  output.output("z");
  expect_refused(output, RefusalCode::program_ill_formed, "output z");
}

TEST(ImportRefuses, GraphsWithoutOutputs) {
  ModelBuilder model = relu_model();
  model.proto().mutable_graph()->clear_output();
  expect_refused(model, RefusalCode::program_ill_formed, "outputs");
}

TEST(ImportRefuses, OperandsMissingOrExtra) {
  ModelBuilder extra = relu_model();
  node_of(extra).add_input("x");
  expect_refused(extra, RefusalCode::program_ill_formed);
  ModelBuilder left_out = relu_model();
  node_of(left_out).set_input(0, "");
  expect_refused(left_out, RefusalCode::program_ill_formed);
}

TEST(ImportRefuses, ShapesThatCannotFit) {
  ModelBuilder model(13);
  model.input("x", {2, 3}).input("z", {4, 5}).output("y");
  model.node("MatMul", {"x", "z"}, {"y"});
  expect_refused(model, RefusalCode::shape_mismatch, "node 0 (MatMul)");
}

TEST(ImportRefuses, AxisBroadcastWhereRanksAreUnknown) {
  ModelBuilder model(6);
  model.input("x", {2, 3, 4}).input("s", {-1}, onnx::TensorProto::INT64).output("y");
  model.initializer("b", floats({2}, {1, 2}));
  model.node("Reshape", {"x", "s"}, {"free"});
  model.node("Add", {"free", "b"}, {"y"}).attribute("broadcast", 1).attribute("axis", 0);
  expect_refused(model, RefusalCode::onnx_attribute_unsupported, "axis");
}

TEST(ImportRefuses, AxisBroadcastOutsideTheFirstOperand) {
  for (const std::int64_t axis : {INT64_MIN, std::int64_t{-9}, std::int64_t{2}, INT64_MAX}) {
    ModelBuilder model(6);
    model.input("x", {2, 3}).initializer("b", floats({2}, {1, 2})).output("y");
    model.node("Add", {"x", "b"}, {"y"}).attribute("broadcast", 1).attribute("axis", axis);
    expect_refused(model, RefusalCode::shape_mismatch, "axis");
  }
}

TEST(ImportRefuses, SplitIntoAnotherNumberOfOutputs) {
  ModelBuilder model(18);
  model.input("x", {4}).output("y");
  model.node("Split", {"x"}, {"y"}).attribute("num_outputs", 2);
  expect_refused(model, RefusalCode::operation_attribute_invalid, "num_outputs");
}

TEST(ImportRefuses, NamesOverTheLimit) {
  ModelBuilder model = relu_model();
  node_of(model).set_name(std::string(5000, 'n'));
  expect_refused(model, RefusalCode::limit_exceeded);
}

TEST(Import, InitializersThatAreInputsAreConstants) {
  ModelBuilder model(13);
  model.input("x", {2}).input("b", {2}).initializer("b", floats({2}, {1, 2})).output("y");
  model.node("Add", {"x", "b"}, {"y"});
  const core::Program program = import(model);
  ASSERT_EQ(program.inputs.size(), 1U);
  EXPECT_EQ(program.inputs[0].name, "x");
  EXPECT_EQ(program.constants.size(), 1U);
}

TEST(Import, OutputsMayBeInputsOrConstants) {
  ModelBuilder model(13);
  model.input("x", {2}).initializer("b", floats({2}, {1, 2})).output("x").output("b");
  const core::Program program = import(model);
  EXPECT_EQ(program.outputs[0].value, 0U);
  EXPECT_EQ(program.outputs[1].value, 1U);
  EXPECT_TRUE(program.nodes.empty());
}

TEST(Import, ValuesThatNobodyReadsAreDropped) {
  ModelBuilder model = relu_model();
  model.initializer("unused", floats({2}, {1, 2}));
  model.node("SomethingUnknown", {"x"}, {"dead"});
  EXPECT_EQ(digest(model), digest(relu_model()));
}

TEST(Import, FreeSizesAreAny) {
  ModelBuilder named(13);
  named.input("x", {-1, 3}).output("x");
  ModelBuilder minus_one(13);
  minus_one.input("x", {0, 3}).output("x");
  minus_one.proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(-1);
  EXPECT_EQ(import(named).inputs[0].shape, (core::Shape{-1, 3}));
  EXPECT_EQ(digest(named), digest(minus_one));
}

/// y = Relu(x W + b) + c, in as many disguises as `disguise` makes.
ModelBuilder disguised(bool disguise) {
  const core::Tensor w = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  const core::Tensor b = floats({2}, {7, 8});
  const Encoding encoding = disguise ? Encoding::typed : Encoding::raw;
  const auto name = [&](const char* text) {
    return (disguise ? "other_" : "") + std::string(text);
  };
  ModelBuilder model(disguise ? 11 : 21);
  model.input("x", {-1, 3}).output("y");
  if (disguise) model.initializer(name("b"), b, encoding).initializer(name("w"), w, encoding);
  if (!disguise) model.initializer(name("w"), w, encoding).initializer(name("b"), b, encoding);
  if (disguise) model.node("Constant", {}, {name("b2")}).attribute("value", b).named("constant");
  auto gemm = model.node("Gemm", {"x", name("w"), name("b")}, {name("h")});
  if (disguise) gemm.attribute("beta", 1.0F).attribute("alpha", 1.0F).named("gemm");
  model.node("Relu", {name("h")}, {name("r")});
  model.node("Add", {name("r"), name(disguise ? "b2" : "b")}, {"y"});
  return model;
}

TEST(Import, TheSameGraphFromAnotherFileHasTheSameDigest) {
  EXPECT_EQ(digest(disguised(false)), digest(disguised(true)));
  EXPECT_EQ(import(disguised(true)).value_names.back(), "y");
}

TEST(Import, OrderOfIndependentNodesDoesNotMatter) {
  const auto model = [](bool swapped) {
    ModelBuilder built(13);
    built.input("x", {2}).output("y");
    built.node(swapped ? "Exp" : "Neg", {"x"}, {swapped ? "b" : "a"});
    built.node(swapped ? "Neg" : "Exp", {"x"}, {swapped ? "a" : "b"});
    built.node("Sub", {"a", "b"}, {"y"});
    return built;
  };
  EXPECT_EQ(digest(model(false)), digest(model(true)));
}

TEST(Import, AnotherGraphHasAnotherDigest) {
  ModelBuilder other = relu_model();
  node_of(other).set_op_type("Neg");
  EXPECT_NE(digest(other), digest(relu_model()));
}

TEST(Import, OperandsLeftOutHaveNoValue) {
  ModelBuilder model(13);
  model.input("x", {2}).initializer("max", floats({}, {1})).output("y");
  model.node("Clip", {"x", "", "max"}, {"y"});
  const core::Program program = import(model);
  EXPECT_EQ(program.nodes[0].inputs[1], core::no_value);
}

}  // namespace
}  // namespace isotrace::tests
