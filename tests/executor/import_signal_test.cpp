// Lowering and shape rules of quantised, signal and loss operations, and of Cast to small types.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::Shape;
using core::Tensor;

constexpr int f32_type = onnx::TensorProto::FLOAT;
constexpr int u8_type = onnx::TensorProto::UINT8;

/// y = op(x, constants...), with x of the shape given.
struct Model {
  Model(std::int64_t opset, const std::string& op, const Ints& shape,
        const std::vector<Tensor>& constants = {}, int type = f32_type)
      : builder(opset) {
    builder.input("x", shape, type).output("y");
    Names names = {"x"};
    for (std::size_t i = 0; i < constants.size(); ++i) {
      names.push_back("c" + std::to_string(i));
      builder.initializer(names.back(), constants[i]);
    }
    builder.node(op, names, {"y"});
  }
  template <class Value>
  Model& with(const std::string& name, const Value& value) {
    NodeBuilder(*builder.proto().mutable_graph()->mutable_node(0)).attribute(name, value);
    return *this;
  }
  ModelBuilder builder;
};

core::Program import(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? *std::move(program) : core::Program{};
}
std::string digest(const Model& model) { return core::program_digest(import(model.builder)).hex(); }

RefusalCode refusal(const Model& model) {
  const auto program = executor::import_onnx(model.builder.bytes());
  EXPECT_FALSE(program.has_value());
  return program ? RefusalCode::file_not_found : program.error().code;
}

/// Element type and shape of the first output, "u8[2,3]".
std::string result(const Model& model) {
  const core::Program program = import(model.builder);
  const auto shapes = executor::infer_shapes(program);
  EXPECT_TRUE(shapes.has_value()) << core::describe(shapes.error());
  const auto& info = shapes->values[program.outputs[0].value];
  return std::string(core::dtype_name(info.dtype)) +
         (info.shape ? core::shape_text(*info.shape) : "?");
}

Tensor scalar(std::int64_t value) { return Tensor::of<std::int64_t>({}, {value}); }
Tensor bytes(const Shape& shape) { return {Dtype::u8, shape}; }

TEST(QuantisedLowering, every_operator_set_gives_the_newest_form) {
  const std::vector<Tensor> constants = {floats({}, {0.5F}), bytes({})};
  const std::string newest = digest(Model(21, "QuantizeLinear", {4}, constants));
  for (const std::int64_t opset : {10, 13, 19}) {
    EXPECT_EQ(digest(Model(opset, "QuantizeLinear", {4}, constants)), newest) << opset;
  }
  EXPECT_EQ(digest(Model(21, "QuantizeLinear", {4}, constants).with("output_dtype", u8_type)),
            newest);
  EXPECT_EQ(digest(Model(19, "QuantizeLinear", {4}, constants).with("saturate", 0)), newest);
  EXPECT_EQ(result(Model(21, "QuantizeLinear", {4}, {floats({}, {1})})), "u8[4]");
  EXPECT_EQ(result(Model(21, "QuantizeLinear", {4}, {floats({}, {1})}).with("output_dtype", 22)),
            "i4[4]");
  EXPECT_EQ(digest(Model(10, "DequantizeLinear", {4}, constants, u8_type)),
            digest(Model(21, "DequantizeLinear", {4}, constants, u8_type).with("block_size", 0)));
}

TEST(QuantisedLowering, refuses_attributes_that_contradict) {
  const std::vector<Tensor> constants = {floats({}, {0.5F}), bytes({})};
  EXPECT_EQ(refusal(Model(21, "QuantizeLinear", {4}, constants).with("output_dtype", 22)),
            RefusalCode::onnx_malformed);
  EXPECT_EQ(refusal(Model(21, "QuantizeLinear", {4}, constants).with("output_dtype", 99)),
            RefusalCode::onnx_dtype_unsupported);
  EXPECT_EQ(refusal(Model(10, "QuantizeLinear", {4}, constants).with("axis", 0)),
            RefusalCode::onnx_attribute_unsupported);
}

TEST(QuantisedInference, follows_types_and_shapes) {
  const Tensor one = floats({}, {1});
  EXPECT_EQ(result(Model(10, "DequantizeLinear", {-1, 4}, {one}, u8_type)), "f32[-1,4]");
  EXPECT_EQ(result(Model(11, "DynamicQuantizeLinear", {2, -1})), "u8[2,-1]");
  EXPECT_EQ(result(Model(10, "MatMulInteger", {5, -1, 3}, {bytes({3, 2})}, u8_type)),
            "i32[5,-1,2]");
  EXPECT_EQ(result(Model(10, "ConvInteger", {-1, 3, 8, 8}, {bytes({4, 3, 3, 3})}, u8_type)),
            "i32[-1,4,6,6]");
  EXPECT_EQ(result(Model(10, "QLinearMatMul", {2, 3},
                         {one, bytes({}), bytes({3, 7}), one, bytes({}), one, bytes({})}, u8_type)),
            "u8[2,7]");
  EXPECT_EQ(
      result(Model(10, "QLinearConv", {1, 3, 8, 8},
                   {one, bytes({}), bytes({4, 3, 3, 3}), one, bytes({}), one, bytes({})}, u8_type)
                 .with("strides", Ints{2, 2})
                 .with("kernel_shape", Ints{3, 3})),
      "u8[1,4,3,3]");
}

TEST(CastLowering, saturation_is_written_where_it_says_something) {
  const auto cast = [](std::int64_t opset, int to) {
    return Model(opset, "Cast", {2}).with("to", to);
  };
  EXPECT_EQ(digest(cast(9, u8_type)), digest(cast(19, u8_type).with("saturate", 0)));
  EXPECT_EQ(digest(cast(19, 17)), digest(cast(19, 17).with("saturate", 1)));
  EXPECT_NE(digest(cast(19, 17)), digest(cast(19, 17).with("saturate", 0)));
  EXPECT_EQ(result(cast(19, 20)), "f8e5m2fnuz[2]");
  EXPECT_EQ(result(cast(21, 21)), "u4[2]");
}

TEST(SignalLowering, older_forms_and_defaults_give_the_newest_form) {
  EXPECT_EQ(digest(Model(17, "DFT", {2, 8, 1})),
            digest(Model(17, "DFT", {2, 8, 1}).with("axis", 1)));
  EXPECT_EQ(digest(Model(17, "DFT", {2, 8, 3, 1}, {scalar(5)}).with("axis", 2)),
            digest(Model(20, "DFT", {2, 8, 3, 1}, {scalar(5), scalar(2)})));
  EXPECT_EQ(digest(Model(20, "DFT", {2, 8, 3, 1}, {scalar(5)})),
            digest(Model(20, "DFT", {2, 8, 3, 1}, {scalar(5), scalar(-2)})));
  EXPECT_EQ(digest(Model(12, "Einsum", {2, 3}).with("equation", "i j -> j i")),
            digest(Model(12, "Einsum", {2, 3}).with("equation", "ij->ji")));
  EXPECT_EQ(refusal(Model(12, "Einsum", {2, 3})), RefusalCode::onnx_malformed);
}

TEST(SignalInference, knows_sizes_that_constants_give) {
  EXPECT_EQ(result(Model(12, "Einsum", {2, 3}).with("equation", "...j->j...")), "f32[3,2]");
  EXPECT_EQ(result(Model(12, "Einsum", {2, -1}).with("equation", "ij->ji")), "f32?");
  EXPECT_EQ(result(Model(11, "Det", {-1, 4, 4})), "f32[-1]");
  EXPECT_EQ(result(Model(17, "DFT", {2, 8, 1}).with("onesided", 1)), "f32[2,5,2]");
  EXPECT_EQ(result(Model(17, "DFT", {2, 8, 1}, {scalar(12)})), "f32[2,12,2]");
  EXPECT_EQ(result(Model(17, "STFT", {1, 20, 1}, {scalar(4), floats({8}, std::vector<float>(8))})),
            "f32[1,4,5,2]");
  const Tensor hertz = floats({}, {0});
  ModelBuilder window(17);
  window.initializer("n", scalar(10)).output("y");
  window.node("HannWindow", {"n"}, {"y"}).attribute("output_datatype", 11);
  const core::Program program = import(window);
  const auto shapes = executor::infer_shapes(program);
  EXPECT_EQ(shapes->values[program.outputs[0].value].shape, (Shape{10}));
  EXPECT_EQ(shapes->values[program.outputs[0].value].dtype, Dtype::f64);
  EXPECT_EQ(result(Model(17, "BlackmanWindow", {}, {}, onnx::TensorProto::INT64)), "f32[-1]");
  EXPECT_EQ(result(Model(17, "MelWeightMatrix", {}, {scalar(16), scalar(8000), hertz, hertz},
                         onnx::TensorProto::INT64)),
            "f32[-1,-1]");
}

TEST(LossLowering, cross_entropy_is_the_likelihood_of_the_log_softmax) {
  ModelBuilder whole(13);
  whole.input("x", {4, 3}).initializer("t", integers({0, 1, 2, 0})).output("y").output("p");
  whole.node("SoftmaxCrossEntropyLoss", {"x", "t"}, {"y", "p"}).attribute("ignore_index", 2);
  ModelBuilder parts(13);
  parts.input("x", {4, 3}).initializer("t", integers({0, 1, 2, 0})).output("y").output("p");
  parts.node("LogSoftmax", {"x"}, {"p"}).attribute("axis", 1);
  parts.node("NegativeLogLikelihoodLoss", {"p", "t"}, {"y"}).attribute("ignore_index", 2);
  EXPECT_EQ(core::program_digest(import(whole)), core::program_digest(import(parts)));
  EXPECT_EQ(result(Model(13, "NegativeLogLikelihoodLoss", {4, 3}, {integers({0, 1, 2, 0})})),
            "f32[]");
  EXPECT_EQ(result(Model(13, "NegativeLogLikelihoodLoss", {4, 3}, {integers({0, 1, 2, 0})})
                       .with("reduction", "none")),
            "f32[4]");
}

TEST(TextLowering, takes_integers_and_refuses_strings) {
  const auto model = [] {
    return Model(9, "TfIdfVectorizer", {2, 5}, {}, onnx::TensorProto::INT64)
        .with("mode", "TF")
        .with("max_gram_length", 1)
        .with("min_gram_length", 1)
        .with("max_skip_count", 0)
        .with("ngram_counts", Ints{0})
        .with("ngram_indexes", Ints{3, 1});
  };
  EXPECT_EQ(result(model().with("pool_int64s", Ints{7, 8})), "f32[2,4]");
  EXPECT_EQ(refusal(model().with("pool_strings", "a")), RefusalCode::onnx_dtype_unsupported);
  EXPECT_EQ(refusal(model().with("pool_int64s", Ints{7})),
            RefusalCode::operation_attribute_invalid);
}

}  // namespace
}  // namespace isotrace::tests
