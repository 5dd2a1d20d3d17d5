#include <isotrace/executor/bounds/bounds.hpp>

#include <algorithm>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/reduction.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

Bounds bound_exact(const Subject& subject) {
  return std::vector<ResultBound>(subject.results.size());
}

Bounds bound_nothing(const Subject& subject) { return refuse_bound(subject); }

using Family = Bounds (*)(const Subject&);

constexpr Op elementwise_operations[] = {
    Op::add,    Op::sub,          Op::mul,        Op::div,     Op::reciprocal, Op::sqrt,
    Op::sum,    Op::mean,         Op::cast,       Op::range,   Op::leaky_relu, Op::prelu,
    Op::shrink, Op::hard_sigmoid, Op::hard_swish, Op::softsign};
constexpr Op functions[] = {Op::exp,   Op::log,   Op::sin,  Op::cos,  Op::tan,     Op::asin,
                            Op::acos,  Op::atan,  Op::sinh, Op::cosh, Op::tanh,    Op::asinh,
                            Op::acosh, Op::atanh, Op::erf,  Op::pow,  Op::sigmoid, Op::softplus,
                            Op::elu,   Op::selu,  Op::celu, Op::mish, Op::gelu};
constexpr Op sums[] = {Op::matmul,
                       Op::gemm,
                       Op::conv,
                       Op::conv_transpose,
                       Op::einsum,
                       Op::reduce_sum,
                       Op::reduce_mean,
                       Op::reduce_l1,
                       Op::reduce_sum_square,
                       Op::average_pool,
                       Op::global_average_pool,
                       Op::col2im,
                       Op::cum_sum};
constexpr Op reductions[] = {Op::reduce_l2,     Op::reduce_log_sum, Op::reduce_log_sum_exp,
                             Op::reduce_prod,   Op::cum_prod,       Op::lp_pool,
                             Op::global_lp_pool};
constexpr Op losses[] = {Op::negative_log_likelihood_loss, Op::tfidf_vectorizer};
constexpr Op recurrences[] = {Op::rnn, Op::gru, Op::lstm};
constexpr Op signals[] = {Op::dft, Op::stft, Op::hann_window, Op::hamming_window,
                          Op::blackman_window};
constexpr Op resizes[] = {Op::resize};
constexpr Op grid_samples[] = {Op::grid_sample};
constexpr Op affine_grids[] = {Op::affine_grid};
constexpr Op roi_aligns[] = {Op::roi_align};
constexpr Op normalisations[] = {Op::batch_normalization,
                                 Op::layer_normalization,
                                 Op::instance_normalization,
                                 Op::group_normalization,
                                 Op::mean_variance_normalization,
                                 Op::lp_normalization,
                                 Op::lrn};
constexpr Op softmaxes[] = {Op::softmax, Op::log_softmax};
constexpr Op quantised_operations[] = {Op::quantize_linear, Op::dequantize_linear,
                                       Op::dynamic_quantize_linear, Op::qlinear_matmul,
                                       Op::qlinear_conv};
/// Operations that decide what to read, or how to go on, by comparing computed numbers; that stop
/// where rounding errors have no bound (Det); or that nobody has derived yet (docs/bounds.md).
constexpr Op underived_operations[] = {Op::deform_conv,
                                       Op::max_roi_pool,
                                       Op::non_max_suppression,
                                       Op::det,
                                       Op::mel_weight_matrix,
                                       Op::branch,
                                       Op::loop,
                                       Op::scan};

struct FamilyRow {
  Family family;
  std::span<const Op> operations;
};
const FamilyRow families[] = {
    {bound_elementwise, elementwise_operations},
    {bound_function, functions},
    {bound_sums, sums},
    {bound_reduction, reductions},
    {bound_normalisation, normalisations},
    {bound_softmax, softmaxes},
    {bound_quantised, quantised_operations},
    {bound_loss, losses},
    {bound_recurrent, recurrences},
    {bound_signal, signals},
    {bound_resize, resizes},
    {bound_grid_sample, grid_samples},
    {bound_affine_grid, affine_grids},
    {bound_roi_align, roi_aligns},
    {bound_nothing, underived_operations},
};

/// Operations on integers are exact in every engine, and so is everything that selects, compares or
/// moves. What computes with floats has a family, or no bound at all.
Family family_of(const core::Node& node) {
  if (node.op == Op::scatter_elements || node.op == Op::scatter_nd) {
    const std::string& reduction = node.text("reduction");
    if (reduction == "add") return bound_sums;
    return reduction == "mul" ? bound_reduction : bound_exact;
  }
  for (const FamilyRow& row : families) {
    if (std::ranges::find(row.operations, node.op) != row.operations.end()) return row.family;
  }
  return bound_exact;
}

/// Whether a family that computes with floats has nothing to do: everything is an integer, or a
/// reduction over no axes copies.
core::Result<bool> computes(const Subject& subject) {
  if (core::attribute_kind(subject.node.op, "noop_with_empty_axes")) {
    ISOTRACE_TRY(const auto plan, reference::plan_reduction(subject.call()));
    if (plan.identity) return false;
  }
  bool floats = false;
  for (const auto& operand : subject.operands) {
    floats = floats || (operand && core::is_float(operand->dtype()));
  }
  for (const core::TensorView& result : subject.results) {
    floats = floats || core::is_float(result.dtype());
  }
  return floats;
}

}  // namespace

Bounds derive_bounds(const core::Node& node, core::Operands operands,
                     std::span<const core::TensorView> results, const BoundOptions& options) {
  const Subject subject = {node, operands, results, options};
  const Family family = family_of(node);
  if (family == bound_exact || family == bound_nothing) return family(subject);
  ISOTRACE_TRY(const bool floats, computes(subject));
  if (!floats) return bound_exact(subject);
  if (family == bound_quantised || family == bound_resize) return family(subject);
  // From floats to integers no rounding is left to choose; integers computed by way of floats are
  // beyond this analysis.
  if (!core::is_float(results[0].dtype())) {
    return node.op == Op::cast ? bound_exact(subject) : bound_nothing(subject);
  }
  return family(subject);
}

}  // namespace isotrace::executor
