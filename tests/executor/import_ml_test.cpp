// Operations of the domain ai.onnx.ml: values that follow by hand from what ONNX says of them.
#include <limits>

#include <gtest/gtest.h>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using core::Tensor;
using Floats = std::vector<float>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// One node whose first operand x is the input.
class MlModel {
 public:
  MlModel(const std::string& op, Tensor x, const Names& outputs = {"y"}) : x_(std::move(x)) {
    const auto shape = x_.shape();
    model_.input("x", Ints(shape.begin(), shape.end()), tensor_proto("", x_).data_type());
    for (const std::string& name : outputs) model_.output(name);
    node_ = &model_.node(op, {"x"}, outputs).proto();
    node_->set_domain("ai.onnx.ml");
  }
  template <class Value>
  MlModel& with(const std::string& name, const Value& value) {
    NodeBuilder(*node_).attribute(name, value);
    return *this;
  }
  MlModel& with_texts(const std::string& name, const Names& values) {
    auto& attribute = *node_->add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) attribute.add_strings(value);
    return *this;
  }
  MlModel& operand(const std::string& name, const Tensor& value) {
    model_.initializer(name, value);
    node_->add_input(name);
    return *this;
  }
  [[nodiscard]] std::vector<Tensor> run() const {
    const auto program = executor::import_onnx(model_.bytes());
    EXPECT_TRUE(program.has_value()) << core::describe(program.error());
    if (!program) return {};
    const auto backend = *backends::make_backend("reference", {});
    const std::vector<executor::NamedTensor> inputs = {{"x", x_}};
    auto results = executor::execute(*program, inputs, *backend);
    EXPECT_TRUE(results.has_value()) << core::describe(results.error());
    std::vector<Tensor> values;
    if (results) {
      for (executor::NamedTensor& result : *results) values.push_back(std::move(result.value));
    }
    return values;
  }
  [[nodiscard]] RefusalCode refusal() const {
    const auto program = executor::import_onnx(model_.bytes());
    EXPECT_FALSE(program.has_value());
    return program ? RefusalCode::file_not_found : program.error().code;
  }

 private:
  ModelBuilder model_{15};
  Tensor x_;
  onnx::NodeProto* node_ = nullptr;
};

void expect_results(const std::vector<Tensor>& found, const std::vector<Tensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(core::identical(found[i], expected[i])) << "result " << i;
  }
}

Tensor labels(const Ints& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values));
}

/// Two trees over two features: x0 <= 1 ? 1 : (x1 < 0 ? 2 : 4), and a lone leaf of 8.
MlModel& with_trees(MlModel& model) {
  return model.with("nodes_treeids", Ints{0, 0, 0, 0, 0, 3})
      .with("nodes_nodeids", Ints{0, 1, 2, 3, 4, 0})
      .with("nodes_featureids", Ints{0, 0, 1, 0, 0, 0})
      .with_texts("nodes_modes", {"BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"})
      .with("nodes_values", Floats{1, 0, 0, 0, 0, 0})
      .with("nodes_truenodeids", Ints{1, 0, 3, 0, 0, 0})
      .with("nodes_falsenodeids", Ints{2, 0, 4, 0, 0, 0});
}

MlModel regressor(const Tensor& x, const std::string& how) {
  MlModel model("TreeEnsembleRegressor", x);
  with_trees(model)
      .with("target_treeids", Ints{0, 0, 0, 3})
      .with("target_nodeids", Ints{1, 3, 4, 0})
      .with("target_ids", Ints{0, 0, 0, 0})
      .with("target_weights", Floats{1, 2, 4, 8})
      .with("aggregate_function", how.c_str());
  return model;
}

TEST(TreeEnsembles, EveryRowWalksEveryTree) {
  const Tensor x = floats({4, 2}, {1, 5, 2, -1, 2, 0, nan, nan});
  expect_results(regressor(x, "SUM").run(), {floats({4, 1}, {9, 10, 12, 12})});
  expect_results(regressor(x, "AVERAGE").run(), {floats({4, 1}, {4.5, 5, 6, 6})});
  expect_results(regressor(x, "MIN").run(), {floats({4, 1}, {1, 2, 4, 4})});
  expect_results(regressor(x, "MAX").with("base_values", Floats{0.5}).run(),
                 {floats({4, 1}, {8.5, 8.5, 8.5, 8.5})});
  MlModel missing = regressor(x, "SUM");
  missing.with("nodes_missing_value_tracks_true", Ints{0, 0, 1, 0, 0, 0});
  expect_results(missing.run(), {floats({4, 1}, {9, 10, 12, 10})});
}

TEST(TreeEnsembles, ClassesAreChosenByTheirScores) {
  const Tensor x = floats({2, 2}, {1, 5, 2, -1});
  MlModel model("TreeEnsembleClassifier", x, {"label", "scores"});
  with_trees(model)
      .with("class_treeids", Ints{0, 0, 0, 3})
      .with("class_nodeids", Ints{1, 3, 4, 0})
      .with("class_ids", Ints{0, 2, 1, 1})
      .with("class_weights", Floats{0.75, 2, 4, 0.5})
      .with("classlabels_int64s", Ints{10, 20, 30});
  expect_results(model.run(), {labels({10, 30}), floats({2, 3}, {0.75, 0.5, 0, 0, 0.5, 2})});
}

TEST(TreeEnsembles, TwoClassesMayShareOneScore) {
  const Tensor x = floats({2, 2}, {1, 5, 2, -1});
  const auto model = [&](float least, std::int64_t of_class) {
    MlModel made("TreeEnsembleClassifier", x, {"label", "scores"});
    with_trees(made)
        .with("class_treeids", Ints{0, 0, 0})
        .with("class_nodeids", Ints{1, 3, 4})
        .with("class_ids", Ints(3, of_class))
        .with("class_weights", Floats{0.25, 0.75, least})
        .with("classlabels_int64s", Ints{10, 20});
    return made;
  };
  expect_results(model(1, 0).run(), {labels({10, 20}), floats({2, 2}, {0.75, 0.25, 0.25, 0.75})});
  expect_results(model(-1, 0).run(),
                 {labels({20, 20}), floats({2, 2}, {-0.25, 0.25, -0.75, 0.75})});
  expect_results(model(1, 1).run(), {labels({10, 20}), floats({2, 2}, {0, 0.25, 0, 0.75})});
  EXPECT_EQ(model(1, 0).with("post_transform", "SOFTMAX").refusal(),
            RefusalCode::onnx_attribute_unsupported);
}

/// x0 in {1, 2} ? 10 : (x1 < 0 ? 20 : 40), in two targets.
MlModel forest(const Tensor& x, float first_mode) {
  MlModel model("TreeEnsemble", x);
  model.with("n_targets", 2)
      .with("tree_roots", Ints{0})
      .with("nodes_featureids", Ints{0, 1})
      .with("nodes_modes", floats({2}, {first_mode, 1}))
      .with("nodes_splits", floats({2}, {0, 0}))
      .with("nodes_truenodeids", Ints{0, 1})
      .with("nodes_trueleafs", Ints{1, 1})
      .with("nodes_falsenodeids", Ints{1, 2})
      .with("nodes_falseleafs", Ints{0, 1})
      .with("membership_values", floats({3}, {1, 2, nan}))
      .with("leaf_targetids", Ints{0, 1, 0})
      .with("leaf_weights", floats({3}, {10, 20, 40}));
  return model;
}

TEST(TreeEnsembles, OfOneOperationAskForMembersOfSets) {
  const Tensor x = floats({4, 2}, {1, 5, 2, -1, 3, -1, 0, 0});
  expect_results(forest(x, 6).run(), {floats({4, 2}, {10, 0, 10, 0, 0, 20, 40, 0})});
  for (const float mode : {-1.0F, 7.0F, nan}) {
    EXPECT_EQ(forest(x, mode).refusal(), RefusalCode::onnx_attribute_unsupported);
  }
}

TEST(TreeEnsembles, Refusals) {
  const Tensor x = floats({1, 2}, {1, 5});
  MlModel circle("TreeEnsembleRegressor", x);
  circle.with("nodes_treeids", Ints{0, 0})
      .with("nodes_nodeids", Ints{0, 1})
      .with("nodes_featureids", Ints{0, 0})
      .with_texts("nodes_modes", {"BRANCH_LEQ", "BRANCH_LEQ"})
      .with("nodes_values", Floats{1, 1})
      .with("nodes_truenodeids", Ints{1, 0})
      .with("nodes_falsenodeids", Ints{1, 0});
  EXPECT_EQ(circle.refusal(), RefusalCode::limit_exceeded);
  MlModel nowhere("TreeEnsembleRegressor", x);
  nowhere.with("nodes_treeids", Ints{0})
      .with("nodes_nodeids", Ints{0})
      .with("nodes_featureids", Ints{0})
      .with_texts("nodes_modes", {"BRANCH_LEQ"})
      .with("nodes_values", Floats{1})
      .with("nodes_truenodeids", Ints{7})
      .with("nodes_falsenodeids", Ints{0});
  EXPECT_EQ(nowhere.refusal(), RefusalCode::program_ill_formed);
  EXPECT_EQ(regressor(x, "MEDIAN").refusal(), RefusalCode::onnx_attribute_unsupported);
  MlModel text("TreeEnsembleClassifier", x, {"label"});
  with_trees(text).with_texts("classlabels_strings", {"a", "b"});
  EXPECT_EQ(text.refusal(), RefusalCode::onnx_dtype_unsupported);
}

TEST(LinearModels, ScoresAreProducts) {
  const Tensor x = floats({2, 2}, {1, 2, -3, 4});
  MlModel regression("LinearRegressor", x);
  regression.with("coefficients", Floats{1, 1, 2, 0})
      .with("intercepts", Floats{0.5, 0})
      .with("targets", 2);
  expect_results(regression.run(), {floats({2, 2}, {3.5, 2, 1.5, -6})});
  MlModel classes("LinearClassifier", x, {"label", "scores"});
  classes.with("coefficients", Floats{1, 1, 2, 0})
      .with("intercepts", Floats{0, 1.5})
      .with("classlabels_ints", Ints{7, 9});
  expect_results(classes.run(), {labels({9, 7}), floats({2, 2}, {3, 3.5, 1, -4.5})});
  MlModel lone("LinearClassifier", x, {"label", "scores"});
  lone.with("coefficients", Floats{1, 0})
      .with("intercepts", Floats{0})
      .with("classlabels_ints", Ints{7, 9});
  expect_results(lone.run(), {labels({9, 7}), floats({2, 2}, {0, 1, 4, -3})});
}

TEST(Features, AreMovedScaledAndCounted) {
  const Tensor x = floats({2, 2}, {3, -4, 0, 0});
  expect_results(MlModel("ArrayFeatureExtractor", x).operand("i", labels({1})).run(),
                 {floats({2, 1}, {-4, 0})});
  expect_results(MlModel("Binarizer", x).with("threshold", 0.5F).run(),
                 {floats({2, 2}, {1, 0, 0, 0})});
  expect_results(MlModel("Scaler", x).with("offset", Floats{1}).with("scale", Floats{2, 3}).run(),
                 {floats({2, 2}, {4, -15, -2, -3})});
  expect_results(MlModel("Normalizer", x).with("norm", "L2").run(),
                 {floats({2, 2}, {0.6F, -0.8F, 0, 0})});
  expect_results(MlModel("Normalizer", x).with("norm", "MAX").run(),
                 {floats({2, 2}, {1, -4 / 3.0F, 0, 0})});
  expect_results(MlModel("Imputer", floats({1, 2}, {nan, 2}))
                     .with("imputed_value_floats", Floats{5, 6})
                     .with("replaced_value_float", nan)
                     .run(),
                 {floats({1, 2}, {5, 2})});
  expect_results(MlModel("OneHotEncoder", labels({4, 9})).with("cats_int64s", Ints{9, 4}).run(),
                 {floats({2, 2}, {0, 1, 1, 0})});
  expect_results(MlModel("LabelEncoder", floats({3}, {nan, 2, 5}))
                     .with("keys_floats", Floats{2, nan})
                     .with("values_int64s", Ints{20, 30})
                     .run(),
                 {labels({30, 20, -1})});
}

TEST(Features, Refusals) {
  const Tensor x = floats({1, 2}, {1, 2});
  EXPECT_EQ(MlModel("LabelEncoder", x).with_texts("keys_strings", {"a"}).refusal(),
            RefusalCode::onnx_attribute_unsupported);
  EXPECT_EQ(MlModel("Normalizer", x).with("norm", "L3").refusal(),
            RefusalCode::onnx_attribute_unsupported);
  EXPECT_EQ(MlModel("ZipMap", x).refusal(), RefusalCode::onnx_operation_unsupported);
}

}  // namespace
}  // namespace isotrace::tests
