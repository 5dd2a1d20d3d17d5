// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear between f32 and bytes. Other types,
// scales in blocks and what is refused are left to the reference.
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/core/convert.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/quantise.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Dtype;
using core::TensorView;

/// Scales and zero points of a tensor, seen as [before][axis][inner].
struct Scales {
  std::vector<float> values;
  std::vector<std::int32_t> zero_points;  ///< as many
  Index axis = 1;
  Index inner = 1;
};

/// Nothing unless there is one scale, or one for each position of the axis. `quantised` is the type
/// of the zero points.
std::optional<Scales> find_scales_of(const core::Node& node, core::Operands operands,
                                     Dtype quantised) {
  const TensorView& x = *operands[0];
  const TensorView& scale = *operands[1];
  const TensorView* zero_point = find_operand(operands, 2);
  if (zero_point != nullptr && (zero_point->dtype() != quantised ||
                                !std::ranges::equal(zero_point->shape(), scale.shape()))) {
    return std::nullopt;
  }
  if (node.integer("block_size") != 0 || scale.dtype() != Dtype::f32 || scale.rank() > 1) {
    return std::nullopt;
  }
  Scales scales;
  if (scale.elements() != 1) {
    const auto axis = reference::resolve_axis(node.integer("axis"), x.rank());
    if (!axis || scale.rank() != 1 || scale.dim(0) != x.dim(*axis)) return std::nullopt;
    scales.axis = x.dim(*axis);
    scales.inner = static_cast<Index>(reference::product(x.shape(), *axis + 1, x.rank()));
  }
  scales.values.assign(scale.data<float>().begin(), scale.data<float>().end());
  scales.zero_points.assign(scales.values.size(), 0);
  if (zero_point != nullptr) {
    const auto zeros = reference::read_small_integers(*zero_point);
    if (!zeros) return std::nullopt;
    std::copy(zeros->begin(), zeros->end(), scales.zero_points.begin());
  }
  return scales;
}

/// visit(from, count, scale, stride) for runs of elements that take scales from `scale` on, one for
/// all (stride 0) or one each (stride 1).
template <class Visit>
void for_each_run(const Scales& scales, Index elements, ThreadPool& pool, Visit visit) {
  if (scales.values.size() == 1) {
    run_pieces(pool, elements, piece_elements,
               [&](Index from, Index count) { visit(from, count, 0, 0); });
    return;
  }
  // A run is a position of the axis, or all of them where each has but one element.
  const bool each = scales.inner == 1;
  const Index length = each ? scales.axis : scales.inner;
  run_pieces(pool, elements / length, std::max<Index>(1, piece_elements / length),
             [&](Index from, Index count) {
               for (Index run = from; run < from + count; ++run) {
                 visit(run * length, length, each ? 0 : run % scales.axis, each ? 1 : 0);
               }
             });
}

std::optional<core::Tensor> quantize_linear(const core::Node& node, core::Operands operands,
                                            const ConversionKernels& kernels, ThreadPool& pool) {
  const TensorView& x = *operands[0];
  const std::int64_t number = node.integer("output_dtype");
  const bool to_i8 = number == static_cast<std::int64_t>(Dtype::i8);
  if (x.dtype() != Dtype::f32 || (!to_i8 && number != static_cast<std::int64_t>(Dtype::u8))) {
    return std::nullopt;
  }
  const Dtype to = to_i8 ? Dtype::i8 : Dtype::u8;
  const auto scales = find_scales_of(node, operands, to);
  if (!scales) return std::nullopt;
  auto out = core::Tensor::make_for_overwrite(to, {x.shape().begin(), x.shape().end()});
  if (!out || out->elements() == 0) return std::nullopt;
  std::uint8_t* target = out->mutable_bytes().data();
  for_each_run(*scales, static_cast<Index>(x.elements()), pool,
               [&](Index from, Index count, Index scale, Index stride) {
                 kernels.quantise({.x = x.data<float>().data() + from,
                                   .count = count,
                                   .scales = scales->values.data() + scale,
                                   .zero_points = scales->zero_points.data() + scale,
                                   .scale_stride = stride,
                                   .range = byte_range(to),
                                   .out = target + from});
               });
  return *std::move(out);
}

std::optional<core::Tensor> dequantize_linear(const core::Node& node, core::Operands operands,
                                              const ConversionKernels& kernels, ThreadPool& pool) {
  const TensorView& x = *operands[0];
  if (!is_byte(x.dtype())) return std::nullopt;
  const auto scales = find_scales_of(node, operands, x.dtype());
  if (!scales) return std::nullopt;
  auto out = core::Tensor::make_for_overwrite(Dtype::f32, {x.shape().begin(), x.shape().end()});
  if (!out || out->elements() == 0) return std::nullopt;
  float* target = out->data<float>().data();
  for_each_run(*scales, static_cast<Index>(x.elements()), pool,
               [&](Index from, Index count, Index scale, Index stride) {
                 kernels.dequantise({.x = x.bytes().data() + from,
                                     .is_signed = x.dtype() == Dtype::i8,
                                     .count = count,
                                     .scales = scales->values.data() + scale,
                                     .zero_points = scales->zero_points.data() + scale,
                                     .scale_stride = stride,
                                     .out = target + from});
               });
  return *std::move(out);
}

/// The range of all pieces; the order does not matter, as NaN wins over everything.
FloatRange find_range(std::span<const float> x, const ConversionKernels& kernels,
                      ThreadPool& pool) {
  const auto count = static_cast<Index>(x.size());
  std::vector<FloatRange> parts(static_cast<std::size_t>(count / piece_elements + 1), {0, 0});
  run_pieces(pool, count, piece_elements, [&](Index from, Index size) {
    parts[static_cast<std::size_t>(from / piece_elements)] =
        kernels.find_range(x.data() + from, size);
  });
  FloatRange all{0, 0};
  for (const FloatRange part : parts) {
    if (part.low != part.low) return part;
    all = {std::min(all.low, part.low), std::max(all.high, part.high)};
  }
  return all;
}

}  // namespace

Outcome run_quantisation(const core::Node& node, core::Operands operands,
                         const ConversionKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  auto result = node.op == core::Op::quantize_linear
                    ? quantize_linear(node, operands, kernels, engine.pool)
                    : dequantize_linear(node, operands, kernels, engine.pool);
  if (!result) return reference::evaluate(node, operands);
  return one_tensor(*std::move(result));
}

Outcome run_dynamic_quantisation(const core::Node& node, core::Operands operands,
                                 const ConversionKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  const TensorView& x = *operands[0];
  if (x.dtype() != Dtype::f32 || x.elements() == 0) return reference::evaluate(node, operands);
  auto y = core::Tensor::make_for_overwrite(Dtype::u8, {x.shape().begin(), x.shape().end()});
  if (!y) return reference::evaluate(node, operands);
  const FloatRange range = find_range(x.data<float>(), kernels, engine.pool);
  const float scale = core::canonical((range.high - range.low) / 255.0F);
  const auto zero_point =
      static_cast<std::int32_t>(reference::quantise(0.0F - range.low / scale, 0, {0, 255}));
  std::uint8_t* target = y->mutable_bytes().data();
  run_pieces(engine.pool, static_cast<Index>(x.elements()), piece_elements,
             [&](Index from, Index count) {
               kernels.quantise({.x = x.data<float>().data() + from,
                                 .count = count,
                                 .scales = &scale,
                                 .zero_points = &zero_point,
                                 .scale_stride = 0,
                                 .range = byte_range(Dtype::u8),
                                 .out = target + from});
             });
  std::vector<core::Tensor> results = one_tensor(*std::move(y));
  results.push_back(core::Tensor::of<float>({}, {scale}));
  results.push_back(core::Tensor::of<std::uint8_t>({}, {static_cast<std::uint8_t>(zero_point)}));
  return results;
}

}  // namespace isotrace::backends::cpu
