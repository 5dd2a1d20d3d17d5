// NegativeLogLikelihoodLoss (docs/spec/loss.md).
#include <isotrace/reference/loss.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/reduce.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

Result<Targets> read_targets(const core::Node& node, const TensorView& target,
                             std::int64_t classes) {
  if (target.dtype() != Dtype::i64 && target.dtype() != Dtype::i32) {
    return refuse_dtype(target.dtype());
  }
  const bool ignores = node.integer("has_ignore_index") != 0;
  const std::int64_t ignored = node.integer("ignore_index");
  Targets targets(target.elements());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::int64_t value = target.dtype() == Dtype::i64 ? target.data<std::int64_t>()[i]
                                                            : target.data<std::int32_t>()[i];
    if (ignores && value == ignored) continue;
    if (value < 0 || value >= classes) return refuse_value("class " + std::to_string(value));
    targets[i] = static_cast<std::size_t>(value);
  }
  return targets;
}

/// Target [N, D...] for x [N, C, D...], weights [C].
Result<core::Done> check_shapes(const TensorView& x, const TensorView& target,
                                const TensorView* weights) {
  Shape expected(x.shape().begin(), x.shape().end());
  if (expected.size() >= 2) expected.erase(expected.begin() + 1);
  const bool fits = x.rank() >= 2 && std::equal(expected.begin(), expected.end(),
                                                target.shape().begin(), target.shape().end());
  const bool weighted = weights == nullptr || (weights->rank() == 1 && weights->dim(0) == x.dim(1));
  if (fits && weighted) return core::Done{};
  return refuse_shape("scores " + core::shape_text(x.shape()) + ", target " +
                      core::shape_text(target.shape()) + " or the weights do not fit");
}

template <class T>
Result<Tensor> loss(const Call& call, const Targets& targets, std::string_view reduction) {
  using Number = Wide<T>;
  const TensorView& x = call.operand(0);
  const TensorView* weights = call.find_operand(2);
  const auto classes = static_cast<std::size_t>(x.dim(1));
  const std::size_t inner = product(x.shape(), 2, x.rank());
  std::vector<Number> losses(targets.size());
  std::vector<Number> shares(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i]) continue;
    const std::size_t place = (i / inner * classes + *targets[i]) * inner + i % inner;
    shares[i] = weights == nullptr ? Number{1} : widen(weights->data<T>()[*targets[i]]);
    losses[i] = -widen(x.data<T>()[place]) * shares[i];
  }
  if (reduction == "none") {
    const TensorView& target = call.operand(1);
    ISOTRACE_TRY(Tensor out,
                 Tensor::make(x.dtype(), Shape(target.shape().begin(), target.shape().end())));
    std::transform(losses.begin(), losses.end(), out.data<T>().begin(), narrow<T>);
    return out;
  }
  Number sum = reduce_sum<Number>(losses);
  if (reduction == "mean") sum = sum / reduce_sum<Number>(shares);
  return Tensor::of<T>({}, {narrow<T>(sum)});
}

}  // namespace

Result<Targets> read_loss_targets(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView* weights = call.find_operand(2);
  const std::string& reduction = call.node.text("reduction");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    return refuse_attribute("reduction " + reduction.substr(0, 80));
  }
  if (weights != nullptr) ISOTRACE_TRY_DONE(check_same_dtype(x, *weights));
  ISOTRACE_TRY_DONE(check_shapes(x, call.operand(1), weights));
  return read_targets(call.node, call.operand(1), x.dim(1));
}

// [loss.negative_log_likelihood]
Outcome evaluate_negative_log_likelihood_loss(const Call& call) {
  ISOTRACE_TRY(const Targets targets, read_loss_targets(call));
  return one(visit_floats(call.operand(0).dtype(), [&](auto type) {
    return loss<typename decltype(type)::type>(call, targets, call.node.text("reduction"));
  }));
}

}  // namespace isotrace::reference
