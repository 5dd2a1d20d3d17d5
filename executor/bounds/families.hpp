// The families of operations that share a derivation (internal to the bounds). Each function takes
// the step apart and gives one bound per result.
#pragma once

#include <isotrace/executor/bounds/arithmetic.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::executor {

using Bounds = core::Result<std::vector<ResultBound>>;
using Reals = std::vector<double>;

/// A step under judgement.
struct Subject {
  const core::Node& node;
  core::Operands operands;
  std::span<const core::TensorView> results;
  const BoundOptions& options;

  [[nodiscard]] const core::TensorView& operand(std::size_t i) const { return *operands[i]; }
  [[nodiscard]] bool has(std::size_t i) const { return i < operands.size() && operands[i]; }
  [[nodiscard]] reference::Call call() const { return {node, operands}; }
  /// In the element type of a result, which must be a float.
  [[nodiscard]] Arithmetic arithmetic(std::size_t result = 0) const {
    return {results[result].dtype(), options};
  }
};

/// Add, Sub, Mul, ..., casts to floats and the activations that need no elementary function.
Bounds bound_elementwise(const Subject& subject);
/// Elementary functions, and the activations made from them.
Bounds bound_function(const Subject& subject);
/// Everything that is a sum of products: contractions, sums, means, average pooling.
Bounds bound_sums(const Subject& subject);
/// Norms, products and logarithms of sums over rows.
Bounds bound_reduction(const Subject& subject);
Bounds bound_normalisation(const Subject& subject);
Bounds bound_softmax(const Subject& subject);
Bounds bound_quantised(const Subject& subject);

/// NegativeLogLikelihoodLoss, TfIdfVectorizer.
Bounds bound_loss(const Subject& subject);
Bounds bound_recurrent(const Subject& subject);
/// DFT, STFT and the windows.
Bounds bound_signal(const Subject& subject);
Bounds bound_resize(const Subject& subject);
Bounds bound_grid_sample(const Subject& subject);
Bounds bound_affine_grid(const Subject& subject);
Bounds bound_roi_align(const Subject& subject);

/// The refusal of an operation without a derivation.
inline auto refuse_bound(const Subject& subject, std::string detail = {}) {
  return core::refuse(core::RefusalCode::bound_unknown,
                      std::string(core::op_info(subject.node.op).name), std::move(detail));
}
/// A bound on the only result.
inline std::vector<ResultBound> one_bound(std::vector<Band> bands) {
  std::vector<ResultBound> bounds;
  bounds.push_back({false, std::move(bands)});
  return bounds;
}

/// The elements as binary64: exact but for integers of 64 bits above 2^53.
Reals read_reals(const core::TensorView& tensor);
/// The same as if broadcast to `shape`.
Reals spread_reals(const core::TensorView& tensor, std::span<const std::int64_t> shape);
/// The first result of a canonical operation in binary64, on the step's operands: the
/// floating-point ones are widened, and changed element by element where a function is given.
core::Result<core::Tensor> evaluate_wide(const Subject& subject, const core::Node& node,
                                         double (*change)(double) = nullptr);
/// The same for an operation with other attributes or another operation on the same operands.
core::Node with_op(const core::Node& node, core::Op op);
/// The size of the axis along which CumSum and CumProd run.
core::Result<double> scan_length(const Subject& subject);
/// The most numbers that a scattering with sums or products brings together in one element.
core::Result<double> count_scattered(const Subject& subject);
/// What a sum of `terms` terms loses at most where subnormals count as zero; a term has at most
/// `factors` factors among the operands.
double flushed_from_sum(const Subject& subject, const Arithmetic& arithmetic, double terms,
                        std::size_t factors);

}  // namespace isotrace::executor
