#include <isotrace/executor/onnx_ml.hpp>

namespace isotrace::executor::ml {

using core::Dtype;
using core::Op;
using core::RefusalCode;

Value emit(Lowering& node, Op op, std::vector<DraftValue> inputs,
           std::vector<core::Attribute> attributes) {
  return first(node.emit(op, std::move(inputs), std::move(attributes)));
}

Value in_type(Lowering& node, DraftValue value, Dtype dtype) {
  if (node.draft().info(*value).dtype == dtype) return value;
  return first(emit_cast(node, value, dtype));
}

Value as_rows(Lowering& node, std::size_t index) {
  if (node.find_rank(index) != 1U) return node.input(index);
  return emit(node, Op::unsqueeze, {node.input(index), node.integer_list({0})});
}

DraftValue reals(Lowering& node, const std::vector<float>& values) {
  return node.constant(core::Tensor::of<float>({static_cast<std::int64_t>(values.size())},
                                               std::span<const float>(values)));
}

DraftValue real(Lowering& node, float value) {
  return node.constant(core::Tensor::of<float>({}, {value}));
}

DraftValue numbers(Lowering& node, Dtype dtype, const core::Shape& shape,
                   const std::vector<double>& values) {
  if (dtype == Dtype::f64) {
    return node.constant(core::Tensor::of<double>(shape, std::span<const double>(values)));
  }
  std::vector<float> narrow;
  for (const double value : values) narrow.push_back(static_cast<float>(value));
  return node.constant(core::Tensor::of<float>(shape, std::span<const float>(narrow)));
}

Value reduce(Lowering& node, Op op, DraftValue x, std::int64_t axis, bool keep) {
  return emit(node, op, {x, node.integer_list({axis})},
              {{"keepdims", std::int64_t{keep}}, {"noop_with_empty_axes", std::int64_t{0}}});
}

Value first_greatest(Lowering& node, DraftValue rows) {
  return emit(node, Op::arg_max, {rows},
              {{"axis", std::int64_t{-1}},
               {"keepdims", std::int64_t{0}},
               {"select_last_index", std::int64_t{0}}});
}

Value look_up(Lowering& node, DraftValue table, DraftValue indices) {
  return emit(node, Op::gather, {table, indices}, {{"axis", std::int64_t{0}}});
}

std::string read_post_transform(Lowering& node) {
  std::string name = node.text("post_transform", "NONE");
  node.expect(name == "NONE" || name == "LOGISTIC" || name == "SOFTMAX", "post_transform", name);
  return name;
}

Value transform(Lowering& node, DraftValue scores, const std::string& post_transform) {
  if (post_transform == "LOGISTIC") return emit(node, Op::sigmoid, {scores});
  if (post_transform == "SOFTMAX") {
    return emit(node, Op::softmax, {scores},
                {{"axis", std::int64_t{-1}}, {"flatten", std::int64_t{0}}});
  }
  return scores;
}

void refuse_text_labels(Lowering& node, std::string_view attribute) {
  if (node.texts(attribute).empty() || !node.is_used(0)) return;
  node.fail(RefusalCode::onnx_dtype_unsupported, "attribute " + std::string(attribute),
            "labels that are strings");
}

}  // namespace isotrace::executor::ml
