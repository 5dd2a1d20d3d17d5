// Lowering of the domain ai.onnx.ml: features and linear models (docs/formats/onnx-import.md).
#include <cmath>

#include <isotrace/executor/onnx_ml.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using ml::emit;
using ml::Value;

constexpr std::int64_t one = 1;
constexpr std::int64_t last_axis = -1;

Lowered array_feature_extractor(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  ISOTRACE_TRY_DONE(node.check_attributes());
  ISOTRACE_TRY(const DraftValue x, ml::as_rows(node, 0));
  ISOTRACE_TRY(const DraftValue indices,
               emit(node, Op::reshape, {node.input(1), node.integer_list({-1})},
                    {{"allowzero", std::int64_t{0}}}));
  return node.emit(Op::gather, {x, indices}, {{"axis", last_axis}});
}

Lowered binarizer(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const float threshold = node.real("threshold", 0);
  ISOTRACE_TRY_DONE(node.check_attributes());
  const Dtype dtype = node.info(0).dtype;
  ISOTRACE_TRY(const DraftValue bound, ml::in_type(node, ml::real(node, threshold), dtype));
  ISOTRACE_TRY(const DraftValue above, emit(node, Op::greater, {node.input(0), bound}));
  return emit_cast(node, above, dtype);
}

Lowered scaler(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::vector<float> offset = node.reals("offset");
  const std::vector<float> scale = node.reals("scale");
  ISOTRACE_TRY_DONE(node.check_attributes());
  ISOTRACE_TRY(DraftValue y, ml::in_type(node, node.input(0), Dtype::f32));
  if (!offset.empty()) {
    ISOTRACE_TRY(y, emit(node, Op::sub, {y, ml::reals(node, offset)}));
  }
  return node.emit(Op::mul, {y, ml::reals(node, scale.empty() ? std::vector<float>{1} : scale)});
}

/// Each row divided by its norm, one of nothing but zeros by 1.
Lowered normalizer(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::string norm = node.text("norm", "MAX");
  node.expect(norm == "MAX" || norm == "L1" || norm == "L2", "norm", norm);
  ISOTRACE_TRY_DONE(node.check_attributes());
  const Op op = norm == "MAX" ? Op::reduce_max : norm == "L1" ? Op::reduce_l1 : Op::reduce_l2;
  ISOTRACE_TRY(const DraftValue x, ml::in_type(node, node.input(0), Dtype::f32));
  ISOTRACE_TRY(const DraftValue size, ml::reduce(node, op, x, last_axis, true));
  ISOTRACE_TRY(const DraftValue nothing, emit(node, Op::equal, {size, ml::real(node, 0)}));
  ISOTRACE_TRY(const DraftValue divisor, emit(node, Op::where, {nothing, ml::real(node, 1), size}));
  return node.emit(Op::div, {x, divisor});
}

/// x == value, where NaN is equal to itself.
Value is_value(Lowering& node, DraftValue x, DraftValue value, bool with_nan) {
  ISOTRACE_TRY(const DraftValue equal, emit(node, Op::equal, {x, value}));
  if (!with_nan) return equal;
  ISOTRACE_TRY(const DraftValue x_nan, emit(node, Op::is_nan, {x}));
  ISOTRACE_TRY(const DraftValue value_nan, emit(node, Op::is_nan, {value}));
  ISOTRACE_TRY(const DraftValue both, emit(node, Op::logical_and, {x_nan, value_nan}));
  return emit(node, Op::logical_or, {equal, both});
}

Lowered imputer(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::vector<float> reals = node.reals("imputed_value_floats");
  const Integers integers = node.integers("imputed_value_int64s");
  const float replaced = node.real("replaced_value_float", 0);
  const std::int64_t replaced_integer = node.integer("replaced_value_int64", 0);
  ISOTRACE_TRY_DONE(node.check_attributes());
  const Dtype dtype = node.info(0).dtype;
  const bool real = core::is_float(dtype);
  if (real ? reals.empty() : integers.empty()) {
    return refuse(RefusalCode::onnx_malformed, "attribute imputed_value", "no values of this type");
  }
  const DraftValue wanted =
      real ? ml::real(node, replaced) : DraftValue(node.integer_list({replaced_integer}));
  const DraftValue instead =
      real ? ml::reals(node, reals) : DraftValue(node.integer_list(integers));
  ISOTRACE_TRY(const DraftValue value, ml::in_type(node, wanted, dtype));
  ISOTRACE_TRY(const DraftValue fill, ml::in_type(node, instead, dtype));
  ISOTRACE_TRY(const DraftValue missing, is_value(node, node.input(0), value, real));
  return node.emit(Op::where, {missing, fill, node.input(0)});
}

Lowered feature_vectorizer(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, node.inputs().size()));
  const Integers sizes = node.integers("inputdimensions");
  ISOTRACE_TRY_DONE(node.check_attributes());
  std::vector<DraftValue> parts;
  for (std::size_t i = 0; i < node.inputs().size(); ++i) {
    if (!node.input(i)) return refuse(RefusalCode::program_ill_formed, "", "operand left out");
    ISOTRACE_TRY(const DraftValue rows, ml::as_rows(node, i));
    ISOTRACE_TRY(const DraftValue part, ml::in_type(node, rows, Dtype::f32));
    const auto& shape = node.draft().info(*part).shape;
    if (i < sizes.size() && (!shape || shape->size() != 2 || (*shape)[1] != sizes[i])) {
      return refuse(RefusalCode::onnx_operation_unsupported, "operand " + std::to_string(i),
                    "not known to have " + std::to_string(sizes[i]) + " features");
    }
    parts.push_back(part);
  }
  return node.emit(Op::concat, std::move(parts), {{"axis", one}});
}

Lowered one_hot_encoder(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const Integers categories = node.integers("cats_int64s");
  node.expect(node.texts("cats_strings").empty(), "cats_strings", "strings");
  node.expect(node.integer("zeros", 1) != 0, "zeros", "an unknown category is an error");
  ISOTRACE_TRY_DONE(node.check_attributes());
  ISOTRACE_TRY(const DraftValue x, ml::in_type(node, node.input(0), Dtype::i64));
  ISOTRACE_TRY(const DraftValue column,
               emit(node, Op::unsqueeze, {x, node.integer_list({last_axis})}));
  ISOTRACE_TRY(const DraftValue found,
               emit(node, Op::equal, {column, node.integer_list(categories)}));
  return emit_cast(node, found, Dtype::f32);
}

/// Keys or values of a LabelEncoder by whichever attribute gives them.
std::optional<core::Tensor> read_table(Lowering& node, const std::string& name) {
  node.expect(node.texts(name + "_strings").empty(), name + "_strings", "strings");
  const std::vector<float> floats = node.reals(name + "_floats");
  const Integers integers = node.integers(name + "_int64s");
  if (auto tensor = node.tensor(name + "_tensor")) return tensor;
  if (!floats.empty()) {
    return core::Tensor::of<float>({static_cast<std::int64_t>(floats.size())},
                                   std::span<const float>(floats));
  }
  if (integers.empty()) return std::nullopt;
  return core::Tensor::of<std::int64_t>({static_cast<std::int64_t>(integers.size())},
                                        std::span<const std::int64_t>(integers));
}

/// The value beside the first key that is x, and the default where none is.
Lowered label_encoder(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  node.expect(node.texts("classes_strings").empty(), "classes_strings", "strings");
  auto keys = read_table(node, "keys");
  auto values = read_table(node, "values");
  auto otherwise = node.tensor("default_tensor");
  const float default_float = node.real("default_float", -0.0F);
  const std::int64_t default_integer = node.integer("default_int64", -1);
  node.ignore("default_string");
  ISOTRACE_TRY_DONE(node.check_attributes());
  if (!keys || !values || keys->rank() != 1 || values->rank() != 1 ||
      keys->elements() != values->elements() || keys->elements() == 0) {
    return refuse(RefusalCode::onnx_malformed, "", "not as many keys as values");
  }
  if (keys->dtype() != node.info(0).dtype) {
    return refuse(RefusalCode::operation_dtype_unsupported, "",
                  "keys of another type than the operand");
  }
  const Dtype to = values->dtype();
  const bool real_keys = core::is_float(keys->dtype());
  const DraftValue table = node.constant(*std::move(values));
  DraftValue rest;
  if (otherwise) {
    rest = node.constant(*std::move(otherwise));
  } else {
    rest = core::is_float(to) ? ml::real(node, default_float)
                              : DraftValue(node.integer_list({default_integer}));
  }
  ISOTRACE_TRY(rest, ml::in_type(node, rest, to));
  ISOTRACE_TRY(const DraftValue column,
               emit(node, Op::unsqueeze, {node.input(0), node.integer_list({last_axis})}));
  ISOTRACE_TRY(const DraftValue same,
               is_value(node, column, node.constant(*std::move(keys)), real_keys));
  ISOTRACE_TRY(const DraftValue any, ml::reduce(node, Op::reduce_max, same, last_axis, false));
  ISOTRACE_TRY(const DraftValue number, ml::in_type(node, same, Dtype::u8));
  ISOTRACE_TRY(const DraftValue at, ml::first_greatest(node, number));
  ISOTRACE_TRY(const DraftValue value, ml::look_up(node, table, at));
  return node.emit(Op::where, {any, value, rest});
}

/// Rows times the coefficients [targets, features], transposed, plus the intercepts.
Value linear_scores(Lowering& node, std::vector<float> coefficients,
                    const std::vector<float>& intercepts, std::int64_t targets) {
  const auto count = static_cast<std::int64_t>(coefficients.size());
  if (targets < 1 || count % targets != 0) {
    return refuse(RefusalCode::onnx_malformed, "attribute coefficients",
                  std::to_string(count) + " for " + std::to_string(targets) + " targets");
  }
  ISOTRACE_TRY(const DraftValue rows, ml::as_rows(node, 0));
  ISOTRACE_TRY(const DraftValue x, ml::in_type(node, rows, Dtype::f32));
  std::vector<DraftValue> operands = {
      x, node.constant(core::Tensor::of<float>({targets, count / targets},
                                               std::span<const float>(coefficients)))};
  if (!intercepts.empty()) operands.push_back(ml::reals(node, intercepts));
  return emit(node, Op::gemm, std::move(operands),
              {{"alpha", 1.0F},
               {"beta", 1.0F},
               {"k_segment", k_segment},
               {"transA", std::int64_t{0}},
               {"transB", one}});
}

Lowered linear_regressor(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::vector<float> coefficients = node.reals("coefficients");
  const std::vector<float> intercepts = node.reals("intercepts");
  const std::int64_t targets = node.integer("targets", 1);
  const std::string post = ml::read_post_transform(node);
  ISOTRACE_TRY_DONE(node.check_attributes());
  ISOTRACE_TRY(const DraftValue scores, linear_scores(node, coefficients, intercepts, targets));
  ISOTRACE_TRY(const DraftValue y, ml::transform(node, scores, post));
  return std::vector<std::size_t>{*y};
}

/// One score for two labels: above 0 the second one wins, and the first one's score is 1 - s.
Lowered lone_score(Lowering& node, DraftValue score, DraftValue labels) {
  ISOTRACE_TRY(const DraftValue above, emit(node, Op::greater, {score, ml::real(node, 0)}));
  ISOTRACE_TRY(const DraftValue wide, ml::in_type(node, above, Dtype::i64));
  ISOTRACE_TRY(const DraftValue winner, emit(node, Op::squeeze, {wide, node.integer_list({one})}));
  ISOTRACE_TRY(const DraftValue label, ml::look_up(node, labels, winner));
  ISOTRACE_TRY(const DraftValue rest, emit(node, Op::sub, {ml::real(node, 1), score}));
  ISOTRACE_TRY(const DraftValue both, emit(node, Op::concat, {rest, score}, {{"axis", one}}));
  return std::vector<std::size_t>{*label, *both};
}

Lowered linear_classifier(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::vector<float> coefficients = node.reals("coefficients");
  const std::vector<float> intercepts = node.reals("intercepts");
  Integers labels = node.integers("classlabels_ints");
  const std::string post = ml::read_post_transform(node);
  node.ignore("multi_class");  // how the coefficients were found
  ml::refuse_text_labels(node, "classlabels_strings");
  const std::size_t texts = node.texts("classlabels_strings").size();
  ISOTRACE_TRY_DONE(node.check_attributes());
  // Labels that nobody reads stand for themselves.
  if (labels.empty()) labels.resize(texts);
  const auto classes = static_cast<std::int64_t>(labels.size());
  const bool lone = classes == 2 && intercepts.size() == 1;
  if (lone && post != "NONE") {
    return refuse(RefusalCode::onnx_attribute_unsupported, "attribute post_transform",
                  post + " of one score for two labels");
  }
  ISOTRACE_TRY(const DraftValue scores,
               linear_scores(node, coefficients, intercepts, lone ? 1 : classes));
  const DraftValue table = node.integer_list(labels);
  if (lone) return lone_score(node, scores, table);
  ISOTRACE_TRY(const DraftValue winner, ml::first_greatest(node, scores));
  ISOTRACE_TRY(const DraftValue label, ml::look_up(node, table, winner));
  ISOTRACE_TRY(const DraftValue z, ml::transform(node, scores, post));
  return std::vector<std::size_t>{*label, *z};
}

constexpr LoweringRow rows[] = {
    {"ArrayFeatureExtractor", 1, array_feature_extractor, ml_opset_max},
    {"Binarizer", 1, binarizer, ml_opset_max},
    {"FeatureVectorizer", 1, feature_vectorizer, ml_opset_max},
    {"Imputer", 1, imputer, ml_opset_max},
    {"LabelEncoder", 2, label_encoder, ml_opset_max},
    {"LinearClassifier", 1, linear_classifier, ml_opset_max},
    {"LinearRegressor", 1, linear_regressor, ml_opset_max},
    {"Normalizer", 1, normalizer, ml_opset_max},
    {"OneHotEncoder", 1, one_hot_encoder, ml_opset_max},
    {"Scaler", 1, scaler, ml_opset_max},
};

}  // namespace

std::span<const LoweringRow> ml_lowerings() { return rows; }

}  // namespace isotrace::executor
