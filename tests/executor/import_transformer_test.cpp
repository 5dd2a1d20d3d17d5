// What operator sets 22 to 26 brought, most of it for transformers and lowered to other operations:
// values that follow by hand from what ONNX composes it of.
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include <isotrace/core/convert.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using core::Tensor;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct Operand {
  std::string name;  ///< empty: left out
  Tensor value;
};

/// One node with all its operands as inputs of the graph.
class NodeModel {
 public:
  NodeModel(std::int64_t opset, const std::string& op, const std::vector<Operand>& operands,
            const Names& outputs = {"y"})
      : model_(opset) {
    Names names;
    for (const Operand& operand : operands) {
      names.push_back(operand.name);
      if (operand.name.empty()) continue;
      const auto shape = operand.value.shape();
      const int type = tensor_proto("", operand.value).data_type();
      model_.input(operand.name, Ints(shape.begin(), shape.end()), type);
      inputs_.push_back({operand.name, operand.value});
    }
    for (const std::string& name : outputs) {
      if (!name.empty()) model_.output(name);
    }
    model_.node(op, names, outputs);
  }
  template <class Value>
  NodeModel& with(const std::string& name, const Value& value) {
    NodeBuilder(*model_.proto().mutable_graph()->mutable_node(0)).attribute(name, value);
    return *this;
  }
  /// Leaves sizes of the inputs open: those where `keep` does not say the axis.
  NodeModel& forget_sizes(const std::vector<int>& keep) {
    for (auto& input : *model_.proto().mutable_graph()->mutable_input()) {
      auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
      for (int axis = 0; axis < shape.dim_size(); ++axis) {
        if (std::ranges::find(keep, axis) == keep.end()) shape.mutable_dim(axis)->clear_dim_value();
      }
    }
    return *this;
  }
  [[nodiscard]] core::Result<core::Program> import() const {
    return executor::import_onnx(model_.bytes());
  }
  [[nodiscard]] std::vector<Tensor> run() const {
    const auto program = import();
    EXPECT_TRUE(program.has_value()) << core::describe(program.error());
    if (!program) return {};
    const auto backend = *backends::make_backend("reference", {});
    auto results = executor::execute(*program, inputs_, *backend);
    EXPECT_TRUE(results.has_value()) << core::describe(results.error());
    std::vector<Tensor> tensors;
    if (results) {
      for (auto& result : *results) tensors.push_back(std::move(result.value));
    }
    return tensors;
  }

 private:
  ModelBuilder model_;
  std::vector<executor::NamedTensor> inputs_;
};

void expect_tensor(const Tensor& actual, const Tensor& expected) {
  EXPECT_EQ(core::dtype_name(actual.dtype()), core::dtype_name(expected.dtype()));
  EXPECT_EQ(core::shape_text(actual.shape()), core::shape_text(expected.shape()));
  EXPECT_TRUE(std::ranges::equal(actual.bytes(), expected.bytes()));
}
void expect_results(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    SCOPED_TRACE(i);
    expect_tensor(actual[i], expected[i]);
  }
}
void expect_refused(const NodeModel& model, RefusalCode code) {
  const auto program = model.import();
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, code) << core::describe(program.error());
}

Tensor truths(const core::Shape& shape, std::vector<int> values) {
  Tensor tensor(core::Dtype::boolean, shape);
  std::ranges::transform(values, tensor.mutable_bytes().begin(),
                         [](int value) { return static_cast<std::uint8_t>(value); });
  return tensor;
}
Tensor zeros(const core::Shape& shape) { return {core::Dtype::f32, shape}; }

/// Keys of zero, one query per row asked for: all scores are 0 before the masks.
std::vector<Operand> zero_keys(std::int64_t queries, const Tensor& v) {
  return {
      {"q", zeros({v.dim(0), 1, queries, 1})}, {"k", zeros({v.dim(0), 1, v.dim(2), 1})}, {"v", v}};
}
std::vector<Operand> operator+(std::vector<Operand> operands, const std::vector<Operand>& more) {
  operands.insert(operands.end(), more.begin(), more.end());
  return operands;
}
const Names scores_too = {"y", "", "", "scores"};

TEST(LowerAttention, ScalesBothFactorsByTheRoot) {
  const std::vector<Operand> operands = {{"q", floats({1, 1, 1, 2}, {1, 2})},
                                         {"k", floats({1, 1, 2, 2}, {3, 4, 5, -6})},
                                         {"v", floats({1, 1, 2, 1}, {7, 9})},
                                         {"mask", truths({1, 2}, {1, 0})}};
  const Tensor y = floats({1, 1, 1, 1}, {7});
  const auto form = [&](int mode) {
    return NodeModel(23, "Attention", operands, scores_too)
        .with("scale", 4.0F)
        .with("qk_matmul_output_mode", mode)
        .run();
  };
  expect_results(form(0), {y, floats({1, 1, 1, 2}, {44, -28})});
  expect_results(form(1), {y, floats({1, 1, 1, 2}, {44, -28})});
  expect_results(form(2), {y, floats({1, 1, 1, 2}, {44, -infinity})});
  expect_results(form(3), {y, floats({1, 1, 1, 2}, {1, 0})});
}

TEST(LowerAttention, DefaultScaleIsThatOfTheHead) {
  const std::vector<Operand> operands = {{"q", floats({1, 1, 1, 16}, std::vector<float>(16, 1))},
                                         {"k", floats({1, 1, 1, 16}, std::vector<float>(16, 1))},
                                         {"v", floats({1, 1, 1, 1}, {5})}};
  expect_results(NodeModel(23, "Attention", operands, scores_too).run(),
                 {floats({1, 1, 1, 1}, {5}), floats({1, 1, 1, 1}, {4})});  // 16 / sqrt(16)
}

TEST(LowerAttention, CausalQueriesStandBehindThePast) {
  const Tensor v = floats({1, 1, 2, 1}, {1, 3});
  expect_results(NodeModel(23, "Attention", zero_keys(2, v)).with("is_causal", 1).run(),
                 {floats({1, 1, 2, 1}, {1, 2})});
  const auto cached = zero_keys(2, v) + std::vector<Operand>{{"", {}},
                                                             {"pk", floats({1, 1, 2, 1}, {8, 9})},
                                                             {"pv", floats({1, 1, 2, 1}, {5, 6})}};
  NodeModel model(24, "Attention", cached, {"", "pk2", "pv2", "scores"});
  model.with("is_causal", 1).with("qk_matmul_output_mode", 2);
  const std::vector<Tensor> expected = {floats({1, 1, 4, 1}, {8, 9, 0, 0}),
                                        floats({1, 1, 4, 1}, {5, 6, 1, 3}),
                                        floats({1, 1, 2, 4}, {0, 0, 0, -infinity, 0, 0, 0, 0})};
  expect_results(model.run(), expected);
  expect_results(model.forget_sizes({1, 3}).run(), expected);
}

TEST(LowerAttention, HeadsOfKeysServeConsecutiveHeadsOfQueries) {
  expect_results(NodeModel(23, "Attention",
                           {{"q", zeros({1, 4, 1, 1})},
                            {"k", zeros({1, 2, 1, 1})},
                            {"v", floats({1, 2, 1, 1}, {10, 20})}})
                     .run(),
                 {floats({1, 4, 1, 1}, {10, 10, 20, 20})});
  NodeModel flat(
      23, "Attention",
      {{"q", zeros({1, 1, 4})}, {"k", zeros({1, 1, 2})}, {"v", floats({1, 1, 2}, {10, 20})}},
      {"y", "k2", "v2"});
  flat.with("q_num_heads", 4).with("kv_num_heads", 2);
  const std::vector<Tensor> expected = {floats({1, 1, 4}, {10, 10, 20, 20}), zeros({1, 2, 1, 1}),
                                        floats({1, 2, 1, 1}, {10, 20})};
  expect_results(flat.run(), expected);
  expect_results(flat.forget_sizes({2}).run(), expected);
}

TEST(LowerAttention, QueriesWithoutKeysGiveZero) {
  const auto with_mask = [](const Tensor& mask) {
    const auto operands =
        zero_keys(2, floats({1, 1, 2, 1}, {1, 3})) + std::vector<Operand>{{"mask", mask}};
    NodeModel model(23, "Attention", operands, scores_too);
    return model.with("qk_matmul_output_mode", 3);
  };
  const std::vector<Tensor> expected = {floats({1, 1, 2, 1}, {0, 2}),
                                        floats({1, 1, 2, 2}, {0, 0, 0.5, 0.5})};
  const Tensor numbers = floats({2, 2}, {-infinity, -infinity, 0, 0});
  expect_results(with_mask(truths({2, 2}, {0, 0, 1, 1})).run(), expected);
  expect_results(with_mask(numbers).run(), expected);
  expect_results(with_mask(numbers).forget_sizes({1, 3}).run(), expected);
  // What only looks like a row without keys is none: a NaN stays.
  expect_results(with_mask(floats({2, 2}, {nan, -infinity, 0, 0})).run(),
                 {floats({1, 1, 2, 1}, {nan, 2}), floats({1, 1, 2, 2}, {nan, nan, 0.5, 0.5})});
}

TEST(LowerAttention, TheSoftcapComesBeforeTheMask) {
  const std::vector<Operand> operands = {{"q", floats({1, 1, 1, 1}, {infinity})},
                                         {"k", floats({1, 1, 2, 1}, {1, 1})},
                                         {"v", floats({1, 1, 2, 1}, {1, 3})},
                                         {"mask", floats({1, 2}, {4, -infinity})}};
  const auto form = [&](int mode) {
    return NodeModel(23, "Attention", operands, scores_too)
        .with("softcap", 2.0F)
        .with("qk_matmul_output_mode", mode)
        .run();
  };
  const Tensor y = floats({1, 1, 1, 1}, {1});
  expect_results(form(0), {y, floats({1, 1, 1, 2}, {infinity, infinity})});
  expect_results(form(1), {y, floats({1, 1, 1, 2}, {2, 2})});
  expect_results(form(2), {y, floats({1, 1, 1, 2}, {6, -infinity})});
  expect_results(form(3), {y, floats({1, 1, 1, 2}, {1, 0})});
}

TEST(LowerAttention, ShortMasksEndWithMinusInfinityFromOperatorSet24) {
  const auto operands = zero_keys(1, floats({1, 1, 2, 1}, {1, 3})) +
                        std::vector<Operand>{{"mask", floats({1, 1}, {5})}};
  const auto scores = [&](std::int64_t opset, bool open) {
    NodeModel model(opset, "Attention", operands, scores_too);
    model.with("qk_matmul_output_mode", 2);
    if (open) model.forget_sizes({1, 3});
    return model.run().at(1);
  };
  expect_tensor(scores(23, false), floats({1, 1, 1, 2}, {5, 5}));
  expect_tensor(scores(24, false), floats({1, 1, 1, 2}, {5, -infinity}));
  const Tensor longer = floats({1, 3}, {0, 0, 0});
  expect_refused(NodeModel(24, "Attention",
                           zero_keys(1, floats({1, 1, 2, 1}, {1, 3})) +
                               std::vector<Operand>{{"mask", longer}}),
                 RefusalCode::shape_mismatch);
  const auto wide = zero_keys(1, floats({1, 1, 2, 1}, {1, 3})) +
                    std::vector<Operand>{{"mask", floats({1, 1, 1, 1}, {5})}};
  expect_tensor(NodeModel(24, "Attention", wide, scores_too)
                    .with("qk_matmul_output_mode", 2)
                    .forget_sizes({1})
                    .with("scale", 1.0F)
                    .run()
                    .at(1),
                floats({1, 1, 1, 2}, {5, -infinity}));
}

TEST(LowerAttention, SamplesHaveLengthsOfTheirOwn) {
  const auto operands =
      zero_keys(1, floats({2, 1, 2, 1}, {1, 3, 5, 7})) +
      std::vector<Operand>{{"", {}}, {"", {}}, {"", {}}, {"lengths", integers({1, 2})}};
  expect_results(
      NodeModel(24, "Attention", operands, scores_too).with("qk_matmul_output_mode", 2).run(),
      {floats({2, 1, 1, 1}, {1, 6}), floats({2, 1, 1, 2}, {0, -infinity, 0, 0})});
  expect_refused(NodeModel(23, "Attention", operands), RefusalCode::program_ill_formed);
}

TEST(LowerAttention, CausalQueriesAreTheLastOfTheirSample) {
  const auto operands =
      zero_keys(2, floats({1, 1, 4, 1}, {2, 4, 6, 8})) +
      std::vector<Operand>{{"", {}}, {"", {}}, {"", {}}, {"lengths", integers({3})}};
  const auto causal = [](const std::vector<Operand>& given) {
    NodeModel model(24, "Attention", given);
    return model.with("is_causal", 1);
  };
  expect_results(causal(operands).run(), {floats({1, 1, 2, 1}, {3, 4})});
  expect_results(causal(operands).forget_sizes({1, 3}).run(), {floats({1, 1, 2, 1}, {3, 4})});
  auto short_of_queries = operands;
  short_of_queries.back().value = integers({1});  // the first query comes before every key
  expect_results(causal(short_of_queries).run(), {floats({1, 1, 2, 1}, {0, 2})});
}

TEST(LowerAttention, SoftmaxMayHaveATypeOfItsOwn) {
  const auto program = NodeModel(23, "Attention", zero_keys(1, floats({1, 1, 2, 1}, {1, 3})))
                           .with("softmax_precision", onnx::TensorProto::FLOAT16)
                           .import();
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(std::ranges::count(program->nodes, core::Op::cast, &core::Node::op), 2);
}

TEST(LowerAttention, RefusesWhatDoesNotGoTogether) {
  const auto operands = zero_keys(1, floats({1, 1, 2, 1}, {1, 3}));
  const auto with = [&](const std::vector<Operand>& more) {
    return NodeModel(24, "Attention", operands + more);
  };
  expect_refused(NodeModel(22, "Attention", operands), RefusalCode::onnx_operation_unsupported);
  expect_refused(with({{"mask", integers({0, 0})}}), RefusalCode::onnx_dtype_unsupported);
  expect_refused(with({{"mask", zeros({2, 1, 1, 2})}}), RefusalCode::shape_mismatch);
  expect_refused(with({{"", {}}, {"pk", zeros({1, 1, 2, 1})}}), RefusalCode::program_ill_formed);
  expect_refused(with({}).with("softcap", -1.0F), RefusalCode::onnx_attribute_unsupported);
  expect_refused(with({}).with("scale", -1.0F), RefusalCode::onnx_attribute_unsupported);
  expect_refused(with({}).with("qk_matmul_output_mode", 4),
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(with({}).with("softmax_precision", onnx::TensorProto::INT32),
                 RefusalCode::onnx_attribute_unsupported);
  const auto heads = [](std::int64_t q, std::int64_t k) {
    return NodeModel(
        23, "Attention",
        {{"q", zeros({1, q, 1, 1})}, {"k", zeros({1, k, 1, 1})}, {"v", zeros({1, k, 1, 1})}});
  };
  expect_refused(heads(3, 2), RefusalCode::shape_mismatch);
  const std::vector<Operand> flat = {
      {"q", zeros({1, 1, 4})}, {"k", zeros({1, 1, 4})}, {"v", zeros({1, 1, 4})}};
  expect_refused(NodeModel(23, "Attention", flat), RefusalCode::operation_attribute_invalid);
  expect_refused(NodeModel(23, "Attention", flat).with("q_num_heads", 3).with("kv_num_heads", 3),
                 RefusalCode::shape_mismatch);
}

/// x = 1, 2, 3, 4 with a cache whose position 1 turns the first pair by a quarter.
NodeModel rotary(const core::Shape& shape, std::int64_t pairs) {
  const Tensor cosine =
      floats({2, pairs}, pairs == 1 ? std::vector<float>{9, 0} : std::vector<float>{9, 9, 0, 1});
  const Tensor sine =
      floats({2, pairs}, pairs == 1 ? std::vector<float>{9, 1} : std::vector<float>{9, 9, 1, 0});
  Tensor position = integers({1});
  position.reshape({1, 1});
  return {23,
          "RotaryEmbedding",
          {{"x", floats(shape, {1, 2, 3, 4})}, {"cos", cosine}, {"sin", sine}, {"at", position}}};
}

TEST(LowerRotary, TurnsPairs) {
  const core::Shape head = {1, 1, 1, 4};
  expect_results(rotary(head, 2).run(), {floats(head, {-3, 2, 1, 4})});
  expect_results(rotary(head, 2).with("interleaved", 1).run(), {floats(head, {-2, 1, 3, 4})});
  expect_results(rotary(head, 1).with("rotary_embedding_dim", 2).run(),
                 {floats(head, {-2, 1, 3, 4})});
  expect_results(rotary({1, 1, 4}, 1).with("num_heads", 2).run(),
                 {floats({1, 1, 4}, {-2, 1, -4, 3})});
  expect_results(rotary({1, 2, 1, 2}, 1).forget_sizes({1, 3}).run(),
                 {floats({1, 2, 1, 2}, {-2, 1, -4, 3})});
}

TEST(LowerRotary, TakesACachePerPosition) {
  const NodeModel model(23, "RotaryEmbedding",
                        {{"x", floats({1, 1, 2, 2}, {1, 2, 3, 4})},
                         {"cos", floats({1, 2, 1}, {1, 0})},
                         {"sin", floats({1, 2, 1}, {0, 1})}});
  expect_results(model.run(), {floats({1, 1, 2, 2}, {1, 2, -4, 3})});
}

TEST(LowerRotary, RefusesHeadsThatDoNotSplit) {
  expect_refused(rotary({1, 1, 4}, 1), RefusalCode::operation_attribute_invalid);
  expect_refused(rotary({1, 1, 4}, 1).with("num_heads", 3),
                 RefusalCode::operation_attribute_invalid);
  expect_refused(rotary({1, 1, 1, 4}, 1), RefusalCode::shape_mismatch);
  expect_refused(rotary({1, 1, 1, 4}, 1).with("rotary_embedding_dim", 3),
                 RefusalCode::operation_attribute_invalid);
  expect_refused(rotary({1, 4}, 1), RefusalCode::shape_mismatch);
}

NodeModel rms(const core::Shape& shape, std::vector<float> values, const Tensor& scale) {
  return {23, "RMSNormalization", {{"x", floats(shape, std::move(values))}, {"scale", scale}}};
}

TEST(LowerRms, DividesByTheRootMeanSquare) {
  expect_results(rms({2, 2}, {3, -3, 0, 0}, floats({2}, {2, 4})).with("epsilon", 7.0F).run(),
                 {floats({2, 2}, {1.5, -3, 0, 0})});  // sqrt(9 + 7) = 4
  expect_results(
      rms({2, 2}, {1, 1, 5, -3}, floats({1}, {6})).with("axis", 0).with("epsilon", 0.0F).run(),
      {floats({2, 2}, {2, 2, 10, -6})});  // sqrt(36 / 4) = 3
}

TEST(LowerRms, RefusesAxesAndTypes) {
  const Tensor scale = floats({1}, {1});
  expect_refused(rms({2}, {1, 2}, scale).with("axis", 1), RefusalCode::operation_attribute_invalid);
  expect_refused(rms({2}, {1, 2}, scale).with("axis", -2),
                 RefusalCode::operation_attribute_invalid);
  expect_refused(rms({2}, {1, 2}, scale).with("stash_type", onnx::TensorProto::INT32),
                 RefusalCode::onnx_attribute_unsupported);
}

TEST(LowerRms, StashesInAnotherType) {
  const auto program =
      rms({2}, {1, 2}, floats({1}, {1})).with("stash_type", onnx::TensorProto::DOUBLE).import();
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->nodes.front().op, core::Op::cast);
  EXPECT_EQ(program->nodes.size(), 8U);
}

TEST(LowerSwish, IsXTimesTheSigmoid) {
  const Tensor x = floats({4}, {0, 200, -200, -infinity});
  const NodeModel plain(24, "Swish", {{"x", x}});
  expect_results(plain.run(), {floats({4}, {0, 200, -0.0F, nan})});
  NodeModel scaled(24, "Swish", {{"x", x}});
  EXPECT_EQ(plain.import()->nodes.size() + 1, scaled.with("alpha", 2.0F).import()->nodes.size());
  expect_refused(NodeModel(24, "Swish", {{"x", integers({1})}}),
                 RefusalCode::onnx_dtype_unsupported);
}

Tensor halves(const core::Shape& shape, const std::vector<float>& values) {
  Tensor tensor(core::Dtype::f16, shape);
  std::ranges::transform(values, tensor.data<core::Half>().begin(),
                         [](float value) { return core::to_half(value); });
  return tensor;
}
Tensor bytes(const core::Shape& shape, const std::vector<std::uint8_t>& values) {
  return Tensor::of<std::uint8_t>(shape, std::span<const std::uint8_t>(values));
}

/// 2558 / 1023 is a little above 2.5 and rounds to it in f16.
TEST(LowerQuantise, DividesInTheTypeOfTheScaleFromOperatorSet23) {
  const auto model = [](std::int64_t opset, const core::Shape& shape, const Tensor& scale) {
    return NodeModel(opset, "QuantizeLinear",
                     {{"x", halves(shape, std::vector<float>(3, 2558))}, {"scale", scale}});
  };
  const Tensor one = halves({}, {1023});
  expect_results(model(22, {3}, one).run(), {bytes({3}, {3, 3, 3})});
  expect_results(model(23, {3}, one).run(), {bytes({3}, {2, 2, 2})});
  expect_results(model(23, {3}, one).with("precision", onnx::TensorProto::FLOAT).run(),
                 {bytes({3}, {3, 3, 3})});
  expect_results(model(23, {3}, floats({}, {1023})).run(), {bytes({3}, {3, 3, 3})});
  expect_results(
      model(23, {3}, floats({1}, {1023})).with("precision", onnx::TensorProto::FLOAT16).run(),
      {bytes({3}, {2, 2, 2})});
  expect_results(model(23, {3, 1}, halves({3}, {1023, 2558, 1279})).with("axis", 0).run(),
                 {bytes({3, 1}, {2, 1, 2})});
  expect_results(
      model(23, {1, 3}, halves({1, 2}, {1023, 2558})).with("axis", 1).with("block_size", 2).run(),
      {bytes({1, 3}, {2, 2, 1})});
  expect_refused(model(23, {3}, one).with("precision", onnx::TensorProto::INT32),
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(model(22, {3}, one).with("precision", onnx::TensorProto::FLOAT),
                 RefusalCode::onnx_attribute_unsupported);
  expect_refused(model(23, {3}, halves({3}, {1, 1, 1})).with("axis", 1),
                 RefusalCode::operation_attribute_invalid);
}

TEST(LowerQuantise, KeepsZeroPointsBesideA16BitDivision) {
  const NodeModel model(23, "QuantizeLinear",
                        {{"x", halves({2}, {2558, 4})},
                         {"scale", halves({2}, {1023, 2})},
                         {"zero", bytes({2}, {10, 20})}});
  expect_results(NodeModel(model).with("axis", 0).run(), {bytes({2}, {12, 22})});
}

TEST(LowerQuantise, DequantizesToTheTypeNamed) {
  const std::vector<Operand> operands = {{"x", bytes({2}, {3, 5})}, {"scale", floats({}, {0.5F})}};
  expect_results(NodeModel(23, "DequantizeLinear", operands)
                     .with("output_dtype", onnx::TensorProto::FLOAT16)
                     .run(),
                 {halves({2}, {1.5F, 2.5F})});
  const std::vector<Operand> half = {{"x", bytes({2}, {3, 5})}, {"scale", halves({}, {0.5F})}};
  expect_results(
      NodeModel(23, "DequantizeLinear", half).with("output_dtype", onnx::TensorProto::FLOAT).run(),
      {floats({2}, {1.5F, 2.5F})});
  expect_refused(
      NodeModel(23, "DequantizeLinear", operands).with("output_dtype", onnx::TensorProto::INT32),
      RefusalCode::onnx_attribute_unsupported);
  expect_refused(NodeModel(22, "DequantizeLinear", operands).with("output_dtype", 1),
                 RefusalCode::onnx_attribute_unsupported);
}

TEST(LowerNewer, OperationsOfOperatorSets24And26) {
  expect_results(
      NodeModel(24, "TensorScatter",
                {{"cache", floats({1, 2, 1}, {1, 2})}, {"update", floats({1, 1, 1}, {7})}})
          .run(),
      {floats({1, 2, 1}, {7, 2})});
  expect_refused(
      NodeModel(24, "TensorScatter", {{"cache", zeros({1, 2, 1})}, {"update", zeros({1, 3, 1})}}),
      RefusalCode::shape_mismatch);
  expect_results(
      NodeModel(26, "CumProd", {{"x", floats({3}, {2, 3, 4})}, {"axis", integers({0})}}).run(),
      {floats({3}, {2, 6, 24})});
  expect_refused(NodeModel(25, "CumProd", {{"x", zeros({3})}, {"axis", integers({0})}}),
                 RefusalCode::onnx_operation_unsupported);
  const auto bits = [](int to) {
    return NodeModel(26, "BitCast", {{"x", floats({1}, {1})}}).with("to", to);
  };
  const std::int32_t one = 0x3F800000;
  expect_results(bits(onnx::TensorProto::INT32).run(), {Tensor::of<std::int32_t>({1}, {one})});
  expect_refused(bits(onnx::TensorProto::INT64), RefusalCode::operation_dtype_unsupported);
  expect_refused(bits(onnx::TensorProto::STRING), RefusalCode::onnx_dtype_unsupported);
  expect_refused(NodeModel(26, "BitCast", {{"x", zeros({1})}}), RefusalCode::onnx_malformed);
}

TEST(LowerNewer, RoundModeOfCastIsForATypeThatIsNotThere) {
  const NodeModel cast(24, "Cast", {{"x", zeros({1})}});
  EXPECT_TRUE(NodeModel(cast).with("to", 7).with("round_mode", "down").import().has_value());
  expect_refused(NodeModel(cast).with("to", 24).with("round_mode", "down"),
                 RefusalCode::onnx_dtype_unsupported);
}

}  // namespace
}  // namespace isotrace::tests
