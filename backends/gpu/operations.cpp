#include <isotrace/backends/gpu/operations.hpp>

#include <algorithm>

#include <isotrace/reference/scalar.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;

constexpr std::uint32_t set_of(std::initializer_list<Dtype> dtypes) {
  std::uint32_t set = 0;
  for (const Dtype dtype : dtypes) set |= 1U << static_cast<unsigned>(dtype);
  return set;
}
constexpr std::uint32_t singles = set_of({Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn,
                                          Dtype::f8e4m3fnuz, Dtype::f8e5m2, Dtype::f8e5m2fnuz});
constexpr std::uint32_t floats = singles | set_of({Dtype::f64});
constexpr std::uint32_t small_integers =
    set_of({Dtype::i8, Dtype::u8, Dtype::i16, Dtype::u16, Dtype::i32, Dtype::u32});
constexpr std::uint32_t integers = small_integers | set_of({Dtype::i64, Dtype::u64});
constexpr std::uint32_t bytes = set_of({Dtype::i8, Dtype::u8});
constexpr std::uint32_t everything = ~0U;

/// Which operations are done, for which types of data. A pair that the reference does not define is
/// not done here either, whatever this says.
struct Kind {
  Results (*run)(DeviceCall&);
  std::uint32_t types;
  std::initializer_list<Op> ops;
};

const Kind kinds[] = {
    {&run_elementwise, everything, {Op::add,           Op::sub,
                                    Op::mul,           Op::div,
                                    Op::neg,           Op::abs,
                                    Op::reciprocal,    Op::sqrt,
                                    Op::floor,         Op::ceil,
                                    Op::round,         Op::sign,
                                    Op::max,           Op::min,
                                    Op::sum,           Op::mean,
                                    Op::clip,          Op::equal,
                                    Op::less,          Op::greater,
                                    Op::less_or_equal, Op::greater_or_equal,
                                    Op::where,         Op::mod}},
    {&run_logic,
     everything,
     {Op::logical_not, Op::logical_and, Op::logical_or, Op::logical_xor, Op::bitwise_and,
      Op::bitwise_or, Op::bitwise_xor, Op::bitwise_not, Op::bit_shift, Op::is_nan, Op::is_inf}},
    {&run_cast, everything, {Op::cast, Op::bit_cast}},
    {&run_power, floats | integers, {Op::pow}},
    {&run_activation, everything, {Op::relu, Op::prelu, Op::shrink}},
    {&run_activation, floats, {Op::leaky_relu, Op::hard_sigmoid, Op::softsign, Op::thresholded_relu,
                               Op::hard_swish, Op::exp,          Op::log,      Op::sin,
                               Op::cos,        Op::tan,          Op::asin,     Op::acos,
                               Op::atan,       Op::sinh,         Op::cosh,     Op::tanh,
                               Op::asinh,      Op::acosh,        Op::atanh,    Op::erf,
                               Op::elu,        Op::selu,         Op::sigmoid,  Op::softplus,
                               Op::celu,       Op::mish,         Op::gelu}},
    {&run_normalisation, singles, {Op::lrn}},
    {&run_normalisation,
     floats,
     {Op::softmax, Op::log_softmax, Op::batch_normalization, Op::layer_normalization,
      Op::instance_normalization, Op::group_normalization, Op::mean_variance_normalization,
      Op::lp_normalization}},
    {&run_reduction,
     everything,
     {Op::reduce_sum, Op::reduce_max, Op::reduce_min, Op::reduce_prod, Op::reduce_l1, Op::reduce_l2,
      Op::reduce_sum_square}},
    {&run_reduction,
     floats | integers,
     {Op::reduce_mean, Op::reduce_log_sum, Op::reduce_log_sum_exp}},
    {&run_scan,
     everything,
     {Op::arg_max, Op::arg_min, Op::cum_sum, Op::cum_prod, Op::top_k, Op::hardmax}},
    {&run_deform_conv, floats, {Op::deform_conv}},
    {&run_determinant, floats, {Op::det}},
    {&run_regions, floats, {Op::max_roi_pool, Op::roi_align}},
    {&run_contraction, everything, {Op::matmul, Op::gemm, Op::conv, Op::conv_transpose}},
    {&run_pool,
     everything,
     {Op::max_pool, Op::average_pool, Op::global_max_pool, Op::global_average_pool, Op::col2im}},
    {&run_pool, singles, {Op::lp_pool, Op::global_lp_pool}},
    {&run_quantised,
     bytes,
     {Op::matmul_integer, Op::conv_integer, Op::qlinear_matmul, Op::qlinear_conv}},
    {&run_quantise_linear,
     everything,
     {Op::quantize_linear, Op::dequantize_linear, Op::dynamic_quantize_linear}},
    {&run_movement,
     everything,
     {Op::transpose, Op::expand, Op::slice, Op::split, Op::concat, Op::gather, Op::pad, Op::tile,
      Op::depth_to_space, Op::space_to_depth, Op::constant_of_shape, Op::dropout}},
    {&run_placement,
     everything,
     {Op::gather_elements, Op::gather_nd, Op::scatter_elements, Op::scatter_nd, Op::tensor_scatter,
      Op::trilu, Op::reverse_sequence, Op::center_crop_pad, Op::compress, Op::one_hot,
      Op::max_unpool}},
    {&run_resize, everything, {Op::resize}},
    {&run_grid, everything, {Op::grid_sample, Op::affine_grid}},
    {&run_loss, everything, {Op::negative_log_likelihood_loss}},
    {&run_einsum, everything, {Op::einsum}},
    {&run_recurrent, singles, {Op::rnn, Op::gru, Op::lstm}},
    {&run_signal,
     everything,
     {Op::dft, Op::stft, Op::hann_window, Op::hamming_window, Op::blackman_window,
      Op::mel_weight_matrix}},
    {&run_ngrams, everything, {Op::tfidf_vectorizer}},
};

const Kind* find_kind(Op op) {
  const auto* kind = std::ranges::find_if(
      kinds, [op](const Kind& k) { return std::ranges::find(k.ops, op) != k.ops.end(); });
  return kind == std::end(kinds) ? nullptr : kind;
}

}  // namespace

Made DeviceCall::operand(std::size_t index) {
  const auto sent = sent_.find(index);
  if (sent != sent_.end()) return sent->second;
  const core::TensorView& view = call.operand(index);
  const auto resident = residents_.find(view.bytes().data());
  if (resident != residents_.end() && resident->second.dtype == view.dtype() &&
      std::ranges::equal(resident->second.shape, view.shape())) {
    return resident->second;
  }
  ISOTRACE_TRY(const Array array, work.upload(view));
  return sent_.emplace(index, array).first->second;
}

Made DeviceCall::wide(std::size_t index) {
  ISOTRACE_TRY(const Array array, operand(index));
  return work.widen(array);
}

bool is_on_device(Op op, Dtype dtype) {
  const Kind* kind = find_kind(op);
  return kind != nullptr && (kind->types >> static_cast<unsigned>(dtype) & 1U) != 0;
}

core::Result<Dtype> number_type(Dtype dtype) {
  return reference::visit_numbers(dtype, [dtype](auto) -> core::Result<Dtype> { return dtype; });
}

bool takes_from_device(Op op, std::size_t operand) {
  const Kind* kind = find_kind(op);
  const auto of_the_host = {Op::constant_of_shape, Op::one_hot,         Op::hann_window,
                            Op::hamming_window,    Op::blackman_window, Op::mel_weight_matrix};
  if (kind == nullptr || std::ranges::find(of_the_host, op) != of_the_host.end()) return false;
  if (operand == 0 || op == Op::concat || (op == Op::stft && operand == 2)) return true;
  const auto all_of_it = {&run_elementwise,   &run_logic,       &run_activation,
                          &run_normalisation, &run_contraction, &run_einsum};
  return std::ranges::find(all_of_it, kind->run) != all_of_it.end();
}

Results run_operation(DeviceCall& call) {
  const Kind* kind = find_kind(call.node().op);
  ISOTRACE_CHECK(kind != nullptr, static_cast<int>(call.node().op));
  return kind->run(call);
}

}  // namespace isotrace::backends::gpu
