// Older and composed forms of the operations that test, rearrange, select and find elements lower
// to the newest form: equal digests.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using core::Tensor;

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}

std::string digest(const ModelBuilder& model) { return core::program_digest(import(model)).hex(); }

void expect_refused(const ModelBuilder& model, RefusalCode code) {
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, code) << core::describe(program.error());
}

/// y = op(x, operands...) with the attributes that `with` adds.
ModelBuilder one_node(std::int64_t opset, const std::string& op, const Ints& shape,
                      const std::vector<Tensor>& operands = {},
                      int type = onnx::TensorProto::FLOAT) {
  ModelBuilder model(opset);
  model.input("x", shape, type).output("y");
  Names names = {"x"};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    names.push_back("i" + std::to_string(i));
    model.initializer(names.back(), operands[i]);
  }
  model.node(op, names, {"y"});
  return model;
}
template <class Value>
ModelBuilder with(ModelBuilder model, const std::string& name, const Value& value) {
  NodeBuilder(*model.proto().mutable_graph()->mutable_node(0)).attribute(name, value);
  return model;
}

TEST(LowerSelect, TopKHasOneFormInAllSets) {
  const auto fresh = one_node(11, "TopK", {2, 5}, {integers({3})});
  EXPECT_EQ(digest(with(one_node(9, "TopK", {2, 5}), "k", 3)), digest(fresh));
  EXPECT_EQ(digest(one_node(10, "TopK", {2, 5}, {integers({3})})), digest(fresh));
  EXPECT_EQ(digest(with(one_node(21, "TopK", {2, 5}, {integers({3})}), "sorted", 0)),
            digest(fresh));
  EXPECT_NE(digest(with(one_node(11, "TopK", {2, 5}, {integers({3})}), "largest", 0)),
            digest(fresh));
}

TEST(LowerSelect, ScatterIsScatterElements) {
  const std::vector<Tensor> operands = {integers({1}), floats({1}, {5})};
  EXPECT_EQ(digest(one_node(9, "Scatter", {3}, operands)),
            digest(with(one_node(18, "ScatterElements", {3}, operands), "reduction", "none")));
  expect_refused(with(one_node(16, "ScatterElements", {3}, operands), "reduction", "max"),
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(with(one_node(13, "ScatterElements", {3}, operands), "reduction", "add"),
                 RefusalCode::onnx_attribute_unsupported);
  EXPECT_EQ(import(with(one_node(18, "ScatterND", {3, 1},
                                 {Tensor::of<std::int64_t>({1, 1}, {1}), floats({1, 1}, {5})}),
                        "reduction", "max"))
                .nodes[0]
                .text("reduction"),
            "max");
}

TEST(LowerSelect, CastLikeIsCast) {
  const auto like = one_node(15, "CastLike", {2}, {integers({})});
  EXPECT_EQ(digest(like), digest(with(one_node(13, "Cast", {2}), "to", onnx::TensorProto::INT64)));
}

TEST(LowerSelect, WithoutAnAxisTheDataIsFlattenedFirst) {
  const Tensor condition = Tensor::of<core::Bool8>({2}, {core::Bool8{1}, core::Bool8{0}});
  const core::Program flat = import(one_node(11, "Compress", {2, 2}, {condition}));
  ASSERT_EQ(flat.nodes.size(), 2U);
  EXPECT_EQ(flat.nodes[0].op, core::Op::reshape);
  EXPECT_EQ(flat.nodes[1].integer("axis"), 0);
  EXPECT_EQ(import(with(one_node(9, "Compress", {2, 2}, {condition}), "axis", 1)).nodes.size(), 1U);
  EXPECT_EQ(import(one_node(11, "Unique", {2, 2})).nodes.size(), 2U);
}

TEST(LowerSelect, EyeLikeNamesItsType) {
  const int i64 = onnx::TensorProto::INT64;
  EXPECT_EQ(digest(with(one_node(9, "EyeLike", {2, 2}, {}, i64), "dtype", i64)),
            digest(one_node(22, "EyeLike", {2, 2}, {}, i64)));
  expect_refused(with(one_node(9, "EyeLike", {2, 2}), "dtype", 8),
                 RefusalCode::onnx_dtype_unsupported);
}

TEST(LowerSelect, PadWrapsFromOperatorSet19) {
  const std::vector<Tensor> pads = {integers({1, 1})};
  EXPECT_EQ(import(with(one_node(19, "Pad", {3}, pads), "mode", "wrap")).nodes[0].text("mode"),
            "wrap");
  expect_refused(with(one_node(18, "Pad", {3}, pads), "mode", "wrap"),
                 RefusalCode::onnx_attribute_unsupported);
}

TEST(LowerSelect, PadValueKeepsTheSignOfZero) {
  const auto old = [](float value) {
    return with(with(one_node(10, "Pad", {3}), "pads", Ints{1, 1}), "value", value);
  };
  EXPECT_EQ(digest(old(-0.0F)),
            digest(one_node(13, "Pad", {3}, {integers({1, 1}), floats({}, {-0.0F})})));
  EXPECT_EQ(digest(old(0.0F)), digest(one_node(13, "Pad", {3}, {integers({1, 1})})));
}

TEST(LowerSelect, LogicOfOperatorSet6AlignsAtAnAxis) {
  const Tensor b = Tensor::of<core::Bool8>({2}, {core::Bool8{1}, core::Bool8{0}});
  const int type = onnx::TensorProto::BOOL;
  const auto old = with(with(one_node(6, "And", {2, 3}, {b}, type), "broadcast", 1), "axis", 0);
  const core::Program program = import(old);
  ASSERT_EQ(program.nodes.size(), 2U);
  EXPECT_EQ(program.nodes[0].op, core::Op::unsqueeze);
  EXPECT_EQ(program.nodes[1].op, core::Op::logical_and);
}

ModelBuilder dropout(std::int64_t opset, const std::vector<Tensor>& operands) {
  ModelBuilder model(opset);
  model.input("x", {2, -1}).output("y").output("mask");
  Names names = {"x"};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    names.push_back("i" + std::to_string(i));
    model.initializer(names.back(), operands[i]);
  }
  model.node("Dropout", names, {"y", "mask"});
  return model;
}

TEST(LowerSelect, DropoutMaskSaysThatAllIsKept) {
  const core::Program fresh = import(dropout(13, {}));
  ASSERT_EQ(fresh.nodes.size(), 3U);
  EXPECT_EQ(fresh.constants[0].dtype(), core::Dtype::boolean);
  EXPECT_EQ(fresh.constants[0].bytes()[0], 1);
  EXPECT_TRUE(core::identical(import(dropout(7, {})).constants[0], floats({1}, {1})));
  ModelBuilder unread = dropout(13, {});
  unread.proto().mutable_graph()->mutable_output()->RemoveLast();
  EXPECT_EQ(import(unread).nodes.size(), 1U);
}

TEST(LowerSelect, DropoutOfNothingInTrainingIsInference) {
  const Tensor training = Tensor::of<core::Bool8>({}, {core::Bool8{1}});
  EXPECT_EQ(digest(dropout(13, {floats({}, {0}), training})), digest(dropout(13, {})));
  expect_refused(dropout(13, {floats({}, {0.5F}), training}),
                 RefusalCode::onnx_attribute_unsupported);
}

TEST(LowerSelect, DropoutInAModeThatIsAnInputIsLeftToTheExecution) {
  ModelBuilder model(13);
  model.input("x", {2}).input("ratio", {}).input("mode", {}, onnx::TensorProto::BOOL).output("y");
  model.node("Dropout", {"x", "ratio", "mode"}, {"y", "mask"});
  const core::Program program = import(model);
  ASSERT_EQ(program.nodes.size(), 1U);
  EXPECT_EQ(program.nodes[0].op, core::Op::dropout);
}

TEST(LowerSelect, RandomValuesAreRefusedEvenWithASeed) {
  for (const char* op : {"RandomNormalLike", "RandomUniformLike", "Bernoulli"}) {
    expect_refused(with(one_node(15, op, {2}), "seed", 1.0F),
                   RefusalCode::onnx_operation_unsupported);
  }
}

TEST(LowerSelect, MissingAttributesAreRefused) {
  expect_refused(one_node(13, "DepthToSpace", {1, 4, 1, 1}), RefusalCode::onnx_malformed);
  expect_refused(one_node(13, "SpaceToDepth", {1, 4, 2, 2}), RefusalCode::onnx_malformed);
  expect_refused(one_node(9, "TopK", {2}), RefusalCode::onnx_malformed);
  expect_refused(
      one_node(11, "BitShift", {1}, {Tensor::of<std::uint8_t>({1}, {1})}, onnx::TensorProto::UINT8),
      RefusalCode::onnx_malformed);
}

/// Constant with a sparse value of shape `dims`.
ModelBuilder sparse_constant(const Ints& dims, const Tensor& indices, const Tensor& values) {
  ModelBuilder model(13);
  model.output("y");
  auto& attribute = *model.node("Constant", {}, {"y"}).proto().add_attribute();
  attribute.set_name("sparse_value");
  attribute.set_type(onnx::AttributeProto::SPARSE_TENSOR);
  auto& sparse = *attribute.mutable_sparse_tensor();
  for (std::int64_t dim : dims) sparse.add_dims(dim);
  *sparse.mutable_indices() = tensor_proto("", indices);
  *sparse.mutable_values() = tensor_proto("", values);
  return model;
}

TEST(LowerSelect, SparseConstantsBecomeDense) {
  const Tensor expected = floats({2, 3}, {0, 5, 0, 0, 0, 7});
  const Tensor values = floats({2}, {5, 7});
  const Tensor coordinates = Tensor::of<std::int64_t>({2, 2}, {0, 1, 1, 2});
  EXPECT_TRUE(core::identical(
      import(sparse_constant({2, 3}, integers({1, 5}), values)).constants[0], expected));
  EXPECT_TRUE(
      core::identical(import(sparse_constant({2, 3}, coordinates, values)).constants[0], expected));
}

/// y = x + w, where w is a sparse initialiser of shape [2, 3].
ModelBuilder sparse_weight(const Tensor& indices, const Tensor& values) {
  ModelBuilder model(13);
  model.input("x", {2, 3}).output("y");
  model.node("Add", {"x", "w"}, {"y"});
  auto& sparse = *model.proto().mutable_graph()->add_sparse_initializer();
  for (const std::int64_t dim : {2, 3}) sparse.add_dims(dim);
  *sparse.mutable_indices() = tensor_proto("", indices);
  *sparse.mutable_values() = tensor_proto("w", values);
  return model;
}

TEST(LowerSelect, SparseInitializersBecomeDense) {
  const core::Program program = import(sparse_weight(integers({1, 5}), floats({2}, {5, 7})));
  ASSERT_EQ(program.constants.size(), 1U);
  EXPECT_TRUE(core::identical(program.constants[0], floats({2, 3}, {0, 5, 0, 0, 0, 7})));
  expect_refused(sparse_weight(integers({5, 1}), floats({2}, {5, 7})), RefusalCode::onnx_malformed);
  ModelBuilder twice = sparse_weight(integers({1, 5}), floats({2}, {5, 7}));
  twice.initializer("w", floats({2, 3}, {1, 1, 1, 1, 1, 1}));
  expect_refused(twice, RefusalCode::program_ill_formed);
}

TEST(LowerSelect, MalformedSparseConstantsAreRefused) {
  const Tensor values = floats({2}, {5, 7});
  for (const Ints& positions : {Ints{5, 1}, Ints{1, 1}, Ints{1, 6}, Ints{-1, 1}, Ints{1}}) {
    expect_refused(sparse_constant({2, 3}, integers(positions), values),
                   RefusalCode::onnx_malformed);
  }
  expect_refused(sparse_constant({2, 3}, floats({2}, {0, 1}), values), RefusalCode::onnx_malformed);
  expect_refused(sparse_constant({1 << 20, 2}, integers({0, 1}), values),
                 RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::tests
