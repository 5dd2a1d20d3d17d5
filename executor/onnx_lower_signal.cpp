// Lowering of tensor algebra, signal processing, losses and text vectors.
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Dtype;
using core::Op;
using core::RefusalCode;

Lowered einsum(Lowering& node) {
  std::string equation = node.text("equation", "");
  if (!node.has("equation")) {
    node.fail(RefusalCode::onnx_malformed, "attribute equation", "is missing");
  }
  std::erase(equation, ' ');
  return node.emit(Op::einsum, {{"equation", std::move(equation)}, {"k_segment", k_segment}});
}

Lowered det(Lowering& node) { return node.emit(Op::det); }

/// The axis was an attribute before operator set 20.
Lowered dft(Lowering& node) {
  const bool old = node.opset() < 20;
  ISOTRACE_TRY_DONE(node.require_inputs(1, old ? 2 : 3));
  DraftValue axis = node.input(2);
  if (!axis) {
    const std::int64_t value = old ? node.integer("axis", 1) : -2;
    axis = node.constant(core::Tensor::of<std::int64_t>({}, {value}));
  }
  return node.emit(Op::dft, {node.input(0), node.input(1), axis},
                   {{"inverse", std::int64_t{node.integer("inverse", 0) != 0}},
                    {"k_segment", k_segment},
                    {"onesided", std::int64_t{node.integer("onesided", 0) != 0}}});
}

Lowered stft(Lowering& node) {
  return node.emit(Op::stft, {{"k_segment", k_segment},
                              {"onesided", std::int64_t{node.integer("onesided", 1) != 0}}});
}

/// Our number of the type that output_datatype names; f32 by default.
Attribute output_datatype(Lowering& node) {
  const auto dtype = find_onnx_dtype(node.integer("output_datatype", onnx::TensorProto::FLOAT));
  if (!dtype) node.fail(dtype.error().code, "attribute output_datatype", dtype.error().where);
  return {"output_datatype", static_cast<std::int64_t>(dtype.value_or(Dtype::f32))};
}

template <Op op>
Lowered window(Lowering& node) {
  return node.emit(
      op, {output_datatype(node), {"periodic", std::int64_t{node.integer("periodic", 1) != 0}}});
}

Lowered mel_weight_matrix(Lowering& node) {
  return node.emit(Op::mel_weight_matrix, {output_datatype(node)});
}

std::vector<Attribute> loss_attributes(Lowering& node) {
  const bool ignores = node.has("ignore_index");
  return {{"has_ignore_index", std::int64_t{ignores}},
          {"ignore_index", node.integer("ignore_index", 0)},
          {"reduction", node.text("reduction", "mean")}};
}

Lowered negative_log_likelihood_loss(Lowering& node) {
  return node.emit(Op::negative_log_likelihood_loss, loss_attributes(node));
}

/// By definition the negative log likelihood of the log-softmax over the classes, which is its
/// second result.
Lowered softmax_cross_entropy_loss(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  std::vector<Attribute> attributes = loss_attributes(node);
  ISOTRACE_TRY(const auto log_prob,
               node.emit(Op::log_softmax, {node.input(0)},
                         {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{0}}}));
  ISOTRACE_TRY(const auto loss,
               node.emit(Op::negative_log_likelihood_loss,
                         {log_prob.front(), node.input(1), node.input(2)}, std::move(attributes)));
  return std::vector<std::size_t>{loss.front(), log_prob.front()};
}

Lowered tfidf_vectorizer(Lowering& node) {
  if (node.has("pool_strings")) {
    node.fail(RefusalCode::onnx_dtype_unsupported, "attribute pool_strings", "strings");
  }
  for (const char* name : {"max_gram_length", "max_skip_count", "min_gram_length", "mode",
                           "ngram_counts", "ngram_indexes"}) {
    if (!node.has(name)) {
      node.fail(RefusalCode::onnx_malformed, "attribute " + std::string(name), "is missing");
    }
  }
  return node.emit(Op::tfidf_vectorizer, {{"max_gram_length", node.integer("max_gram_length", 1)},
                                          {"max_skip_count", node.integer("max_skip_count", 0)},
                                          {"min_gram_length", node.integer("min_gram_length", 1)},
                                          {"mode", node.text("mode", "TF")},
                                          {"ngram_counts", node.integers("ngram_counts")},
                                          {"ngram_indexes", node.integers("ngram_indexes")},
                                          {"pool_int64s", node.integers("pool_int64s")},
                                          {"weights", node.reals("weights")}});
}

constexpr LoweringRow rows[] = {
    {"Einsum", 12, einsum},
    {"Det", 11, det},
    {"DFT", 17, dft},
    {"STFT", 17, stft},
    {"HannWindow", 17, window<Op::hann_window>},
    {"HammingWindow", 17, window<Op::hamming_window>},
    {"BlackmanWindow", 17, window<Op::blackman_window>},
    {"MelWeightMatrix", 17, mel_weight_matrix},
    {"NegativeLogLikelihoodLoss", 12, negative_log_likelihood_loss},
    {"SoftmaxCrossEntropyLoss", 12, softmax_cross_entropy_loss},
    {"TfIdfVectorizer", 9, tfidf_vectorizer},
};

}  // namespace

std::span<const LoweringRow> signal_lowerings() { return rows; }

}  // namespace isotrace::executor
