#include <isotrace/backends/gpu/operations.hpp>

#include <algorithm>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

constexpr core::Dtype floats[] = {core::Dtype::f32};
constexpr core::Dtype bytes[] = {core::Dtype::i8, core::Dtype::u8};

struct Kind {
  Results (*run)(DeviceCall&);
  std::span<const core::Dtype> types;  ///< of the data; none: all
  std::initializer_list<Op> ops;
};

const Kind kinds[] = {
    {&run_elementwise, floats, {Op::add,           Op::sub,
                                Op::mul,           Op::div,
                                Op::neg,           Op::abs,
                                Op::reciprocal,    Op::sqrt,
                                Op::floor,         Op::ceil,
                                Op::round,         Op::sign,
                                Op::max,           Op::min,
                                Op::sum,           Op::mean,
                                Op::clip,          Op::equal,
                                Op::less,          Op::greater,
                                Op::less_or_equal, Op::greater_or_equal}},
    {&run_elementwise, {}, {Op::where}},
    {&run_activation,
     floats,
     {Op::relu,    Op::leaky_relu,   Op::prelu,      Op::elu,      Op::selu,
      Op::sigmoid, Op::hard_sigmoid, Op::softplus,   Op::softsign, Op::thresholded_relu,
      Op::shrink,  Op::celu,         Op::hard_swish, Op::mish,     Op::gelu,
      Op::exp,     Op::log,          Op::sin,        Op::cos,      Op::tan,
      Op::asin,    Op::acos,         Op::atan,       Op::sinh,     Op::cosh,
      Op::tanh,    Op::asinh,        Op::acosh,      Op::atanh,    Op::erf}},
    {&run_normalisation,
     floats,
     {Op::softmax, Op::log_softmax, Op::batch_normalization, Op::layer_normalization,
      Op::instance_normalization, Op::group_normalization}},
    {&run_reduction,
     floats,
     {Op::reduce_sum, Op::reduce_mean, Op::reduce_max, Op::reduce_min, Op::reduce_prod,
      Op::reduce_l1, Op::reduce_l2, Op::reduce_sum_square, Op::reduce_log_sum}},
    {&run_contraction, floats, {Op::matmul, Op::gemm, Op::conv}},
    {&run_pool,
     floats,
     {Op::max_pool, Op::average_pool, Op::global_max_pool, Op::global_average_pool}},
    {&run_quantised,
     bytes,
     {Op::matmul_integer, Op::conv_integer, Op::qlinear_matmul, Op::qlinear_conv}},
    {&run_movement,
     {},
     {Op::transpose, Op::expand, Op::slice, Op::split, Op::concat, Op::gather, Op::pad, Op::tile,
      Op::depth_to_space, Op::space_to_depth}},
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
  ISOTRACE_TRY(const Array array, work.upload(call.operand(index)));
  return sent_.emplace(index, array).first->second;
}

bool is_on_device(Op op, core::Dtype dtype) {
  const Kind* kind = find_kind(op);
  if (kind == nullptr) return false;
  return kind->types.empty() || std::ranges::find(kind->types, dtype) != kind->types.end();
}

Results run_operation(DeviceCall& call) {
  const Kind* kind = find_kind(call.node().op);
  ISOTRACE_CHECK(kind != nullptr, static_cast<int>(call.node().op));
  return kind->run(call);
}

}  // namespace isotrace::backends::gpu
