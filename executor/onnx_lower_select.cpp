// Lowering of the operations that repeat, rearrange, find and select elements, and of Dropout.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::Tensor;

template <Op op>
Lowered direct(Lowering& node) {
  return node.emit(op);
}

template <Op op>
Lowered with_axis(Lowering& node) {
  return node.emit(op, {{"axis", node.integer("axis", 0)}});
}

/// An attribute that must be there.
std::int64_t required_integer(Lowering& node, std::string_view name) {
  if (!node.has(name)) {
    node.fail(RefusalCode::onnx_malformed, "attribute " + std::string(name), "is missing");
  }
  return node.integer(name, 0);
}

Lowered depth_to_space(Lowering& node) {
  const std::int64_t block = required_integer(node, "blocksize");
  const std::string mode = node.opset() >= 11 ? node.text("mode", "DCR") : "DCR";
  node.expect(mode == "DCR" || mode == "CRD", "mode", mode);
  return node.emit(Op::depth_to_space, {{"blocksize", block}, {"mode", mode}});
}

Lowered space_to_depth(Lowering& node) {
  return node.emit(Op::space_to_depth, {{"blocksize", required_integer(node, "blocksize")}});
}

Lowered gather_nd(Lowering& node) {
  const std::int64_t batch = node.opset() >= 12 ? node.integer("batch_dims", 0) : 0;
  return node.emit(Op::gather_nd, {{"batch_dims", batch}});
}

/// Operator set 16 brought sums and products, 18 maxima and minima.
std::string read_reduction(Lowering& node) {
  if (node.opset() < 16) return "none";
  std::string reduction = node.text("reduction", "none");
  const bool sums = reduction == "none" || reduction == "add" || reduction == "mul";
  const bool extremes = node.opset() >= 18 && (reduction == "max" || reduction == "min");
  node.expect(sums || extremes, "reduction", reduction);
  return reduction;
}

Lowered scatter_elements(Lowering& node) {
  return node.emit(Op::scatter_elements,
                   {{"axis", node.integer("axis", 0)}, {"reduction", read_reduction(node)}});
}

/// The name of ScatterElements before operator set 11.
Lowered scatter(Lowering& node) {
  return node.emit(Op::scatter_elements,
                   {{"axis", node.integer("axis", 0)}, {"reduction", std::string("none")}});
}

Lowered scatter_nd(Lowering& node) {
  return node.emit(Op::scatter_nd, {{"reduction", read_reduction(node)}});
}

Lowered one_hot(Lowering& node) {
  return node.emit(Op::one_hot, {{"axis", node.integer("axis", -1)}});
}

Lowered eye_like(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  Dtype dtype = node.info(0).dtype;
  const std::int64_t number = node.integer("dtype", 0);
  if (node.has("dtype")) {
    const auto named = find_onnx_dtype(number);
    if (!named) node.fail(named.error().code, "attribute dtype", named.error().where);
    dtype = named.value_or(dtype);
  }
  return node.emit(Op::eye_like,
                   {{"dtype", static_cast<std::int64_t>(dtype)}, {"k", node.integer("k", 0)}});
}

Lowered trilu(Lowering& node) {
  return node.emit(Op::trilu, {{"upper", std::int64_t{node.integer("upper", 1) != 0}}});
}

/// Operand 0, or without an `axis` its elements on one axis; and the axis.
struct OneAxis {
  std::size_t x;
  std::int64_t axis;
};
core::Result<OneAxis> take_axis(Lowering& node) {
  const std::int64_t axis = node.integer("axis", 0);
  if (node.has("axis")) return OneAxis{*node.input(0), axis};
  ISOTRACE_TRY(const auto flat, node.emit(Op::reshape, {node.input(0), node.integer_list({-1})},
                                          {{"allowzero", std::int64_t{0}}}));
  return OneAxis{flat.front(), 0};
}

Lowered compress(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  ISOTRACE_TRY(const OneAxis data, take_axis(node));
  return node.emit(Op::compress, {data.x, node.input(1)}, {{"axis", data.axis}});
}

Lowered unique(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::int64_t sorted = node.integer("sorted", 1);
  ISOTRACE_TRY(const OneAxis data, take_axis(node));
  return node.emit(Op::unique, {data.x},
                   {{"axis", data.axis}, {"sorted", std::int64_t{sorted != 0}}}, node.outputs());
}

Lowered reverse_sequence(Lowering& node) {
  return node.emit(Op::reverse_sequence, {{"batch_axis", node.integer("batch_axis", 1)},
                                          {"time_axis", node.integer("time_axis", 0)}});
}

Lowered center_crop_pad(Lowering& node) {
  return node.emit(Op::center_crop_pad, {{"axes", node.integers("axes")}});
}

/// CumSum and CumProd.
template <Op op>
Lowered running(Lowering& node) {
  return node.emit(op, {{"exclusive", std::int64_t{node.integer("exclusive", 0) != 0}},
                        {"reverse", std::int64_t{node.integer("reverse", 0) != 0}}});
}

Lowered tensor_scatter(Lowering& node) {
  const std::string mode = node.text("mode", "linear");
  node.expect(mode == "linear" || mode == "circular", "mode", mode);
  return node.emit(Op::tensor_scatter, {{"axis", node.integer("axis", -2)}, {"mode", mode}});
}

/// k was an attribute before operator set 10. With `sorted` 0 any order will do: it is the same.
Lowered top_k(Lowering& node) {
  std::vector<DraftValue> inputs = node.inputs();
  if (node.opset() < 10) {
    ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
    inputs.emplace_back(node.integer_list({required_integer(node, "k")}));
  }
  std::int64_t largest = 1;
  if (node.opset() >= 11) {
    largest = node.integer("largest", 1);
    node.ignore("sorted");
  }
  return node.emit(Op::top_k, std::move(inputs),
                   {{"axis", node.integer("axis", -1)}, {"largest", std::int64_t{largest != 0}}},
                   node.outputs());
}

/// Whether a floating-point scalar is known to be zero.
bool is_known_zero(const ValueInfo& info) {
  if (!info.content || info.content->elements() != 1) return false;
  switch (info.dtype) {
    case Dtype::f32: return info.content->data<float>()[0] == 0;
    case Dtype::f64: return info.content->data<double>()[0] == 0;
    case Dtype::f16: return core::to_f32(info.content->data<core::Half>()[0]) == 0;
    case Dtype::bf16: return core::to_f32(info.content->data<core::BFloat16>()[0]) == 0;
    default: return false;
  }
}

/// The identity, and a mask that says that everything is kept.
Lowered keep_all(Lowering& node) {
  ISOTRACE_TRY(Lowered::value_type results, node.emit(Op::identity, {node.input(0)}));
  if (!node.is_used(1)) return results;
  Tensor kept = Tensor::of<core::Bool8>({1}, {core::Bool8{1}});
  if (node.opset() < 10) {  // the mask had the type of the data
    auto value = make_scalar(node.info(0).dtype, 1.0F);
    if (!value) {
      return core::refuse(RefusalCode::onnx_dtype_unsupported, "operand 0", "not floating-point");
    }
    kept = *std::move(value);
    kept.reshape({1});
  }
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  ISOTRACE_TRY(const auto shape,
               node.emit(Op::shape, {node.input(0)}, {{"end", last}, {"start", std::int64_t{0}}}));
  ISOTRACE_TRY(const auto mask,
               node.emit(Op::constant_of_shape, {shape.front(), node.constant(std::move(kept))}));
  results.push_back(mask.front());
  return results;
}

/// Inference keeps everything, and so does training with a ratio of 0. Where only the execution can
/// tell whether that is the case, it does.
Lowered dropout(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, node.opset() >= 12 ? 3 : 1));
  if (node.opset() < 7) node.expect(node.integer("is_test", 0) != 0, "is_test", "training");
  node.ignore(node.opset() < 12 ? "ratio" : "seed");
  if (!node.input(2)) return keep_all(node);
  const ValueInfo& mode = node.info(2);
  const bool known = mode.content && mode.dtype == Dtype::boolean && mode.content->elements() == 1;
  if (known && mode.content->bytes()[0] == 0) return keep_all(node);
  if (known && node.input(1) && is_known_zero(node.info(1))) return keep_all(node);
  const bool drops = known && (!node.input(1) || node.info(1).content);
  node.expect(!drops, "training_mode", "training with a ratio that is not 0");
  DraftValue ratio = node.input(1);
  if (!ratio) ratio = node.constant(Tensor::of<float>({}, {0.5F}));
  return node.emit(Op::dropout, {node.input(0), ratio, node.input(2)}, {}, node.outputs());
}

constexpr LoweringRow rows[] = {
    {"Tile", 6, direct<Op::tile>},
    {"DepthToSpace", 1, depth_to_space},
    {"SpaceToDepth", 1, space_to_depth},
    {"GatherElements", 11, with_axis<Op::gather_elements>},
    {"GatherND", 11, gather_nd},
    {"ScatterElements", 11, scatter_elements},
    {"Scatter", 9, scatter, 10},
    {"ScatterND", 11, scatter_nd},
    {"OneHot", 9, one_hot},
    {"EyeLike", 9, eye_like},
    {"Trilu", 14, trilu},
    {"Range", 11, direct<Op::range>},
    {"Compress", 9, compress},
    {"NonZero", 9, direct<Op::non_zero>},
    {"Unique", 11, unique},
    {"ReverseSequence", 10, reverse_sequence},
    {"Size", 1, direct<Op::size>},
    {"CenterCropPad", 18, center_crop_pad},
    {"TensorScatter", 24, tensor_scatter},
    {"CumSum", 11, running<Op::cum_sum>},
    {"CumProd", 26, running<Op::cum_prod>},
    {"TopK", 6, top_k},
    {"Dropout", 6, dropout},
};

}  // namespace

std::span<const LoweringRow> select_lowerings() { return rows; }

}  // namespace isotrace::executor
