// Types and shapes of tensor algebra, signal processing and the operations that are trained with.
#include <algorithm>

#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/call.hpp>
#include <isotrace/reference/einsum.hpp>
#include <isotrace/reference/signal_shape.hpp>
#include <isotrace/reference/tfidf.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Infos = Result<std::vector<ValueInfo>>;

Infos one(Dtype dtype, MaybeShape shape) {
  std::vector<ValueInfo> results;
  results.push_back({dtype, std::move(shape), std::nullopt});
  return results;
}

bool is_concrete(const MaybeShape& shape) {
  return shape && std::find(shape->begin(), shape->end(), unknown_size) == shape->end();
}

/// The integer that an operand is, where that is known.
Result<std::optional<std::int64_t>> find_integer(OperandInfos operands, std::size_t index) {
  ISOTRACE_TRY(const auto values, find_integers(operands, index));
  if (!values) return std::nullopt;
  if (values->size() == 1) return std::optional(values->front());
  return refuse(RefusalCode::shape_mismatch, "operand " + std::to_string(index), "not a scalar");
}

Infos infer_einsum(const Node& node, OperandInfos operands) {
  std::vector<reference::Dims> shapes;
  for (const auto& operand : operands) {
    if (!is_concrete(operand->shape)) return one(operands[0]->dtype, std::nullopt);
    shapes.emplace_back(*operand->shape);
  }
  ISOTRACE_TRY(auto plan, reference::plan_einsum(node.text("equation"), shapes));
  return one(operands[0]->dtype, std::move(plan.output));
}

Infos infer_det(const Node&, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  if (!x) return one(operands[0]->dtype, std::nullopt);
  const std::size_t rank = x->size();
  const auto differ = [](auto a, auto b) { return a != b && a >= 0 && b >= 0; };
  if (rank < 2 || differ((*x)[rank - 1], (*x)[rank - 2])) {
    return refuse(RefusalCode::shape_mismatch, "", "matrices of shape " + core::shape_text(*x));
  }
  return one(operands[0]->dtype, Shape(x->begin(), x->end() - 2));
}

Infos infer_dft(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto length, find_integer(operands, 1));
  ISOTRACE_TRY(const auto axis, find_integer(operands, 2));
  const Dtype dtype = operands[0]->dtype;
  const MaybeShape& x = operands[0]->shape;
  const bool known =
      is_present(operands, 1) == length.has_value() && is_present(operands, 2) == axis.has_value();
  if (!x) return one(dtype, std::nullopt);
  if (!known || !is_concrete(x)) return one(dtype, Shape(x->size(), unknown_size));
  ISOTRACE_TRY(auto shape, reference::dft_shape(node, *x, axis.value_or(-2), length));
  return one(dtype, std::move(shape.output));
}

Infos infer_stft(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto step, find_integer(operands, 1));
  ISOTRACE_TRY(auto length, find_integer(operands, 3));
  const Dtype dtype = operands[0]->dtype;
  const MaybeShape& signal = operands[0]->shape;
  if (!length && is_present(operands, 2) && is_concrete(operands[2]->shape) &&
      operands[2]->shape->size() == 1) {
    length = operands[2]->shape->front();
  }
  if (!step || !length || !is_concrete(signal)) return one(dtype, Shape(4, unknown_size));
  ISOTRACE_TRY(auto shape, reference::stft_shape(node, *signal, *step, *length));
  return one(dtype, std::move(shape.output));
}

Infos infer_window(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype dtype, reference::dtype_attribute(node, "output_datatype"));
  ISOTRACE_TRY(const auto size, find_integer(operands, 0));
  if (size && *size < 0) {
    return refuse(RefusalCode::operand_value_invalid, "", "size " + std::to_string(*size));
  }
  return one(dtype, Shape{size.value_or(unknown_size)});
}

Infos infer_mel_weight_matrix(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype dtype, reference::dtype_attribute(node, "output_datatype"));
  ISOTRACE_TRY(const auto bins, find_integer(operands, 0));
  ISOTRACE_TRY(const auto length, find_integer(operands, 1));
  if (!bins || !length) return one(dtype, Shape{unknown_size, unknown_size});
  ISOTRACE_TRY(Shape shape, reference::mel_shape(*bins, *length));
  return one(dtype, std::move(shape));
}

Infos infer_loss(const Node& node, OperandInfos operands) {
  const bool each = node.text("reduction") == "none";
  return one(operands[0]->dtype, each ? operands[1]->shape : Shape{});
}

Infos infer_tfidf_vectorizer(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto pool, reference::ngram_pool(node));
  MaybeShape shape = operands[0]->shape;
  if (shape && shape->empty()) return refuse(RefusalCode::shape_mismatch, "", "a scalar");
  if (shape) shape->back() = pool.columns;
  return one(Dtype::f32, std::move(shape));
}

constexpr InferRow rows[] = {
    {core::Op::einsum, &infer_einsum},
    {core::Op::det, &infer_det},
    {core::Op::dft, &infer_dft},
    {core::Op::stft, &infer_stft},
    {core::Op::hann_window, &infer_window},
    {core::Op::hamming_window, &infer_window},
    {core::Op::blackman_window, &infer_window},
    {core::Op::mel_weight_matrix, &infer_mel_weight_matrix},
    {core::Op::negative_log_likelihood_loss, &infer_loss},
    {core::Op::tfidf_vectorizer, &infer_tfidf_vectorizer},
};

}  // namespace

std::span<const InferRow> infer_signal_rows() { return rows; }

}  // namespace isotrace::executor
