// Lowering of Attention to the operations that ONNX composes it of (docs/formats/onnx-import.md):
// products, sums of masks, Softmax. Masks are tensors of 0 and -inf; a query that may look at no
// key gives 0, as ONNX 1.22 corrected it.
#include <cmath>
#include <limits>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using Value = Result<DraftValue>;

constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// The attributes; they are read before the first node is added.
struct Form {
  bool causal = false;
  std::int64_t q_heads = 0;  ///< 0: the operands have an axis of heads
  std::int64_t kv_heads = 0;
  std::optional<float> scale;
  float softcap = 0;  ///< 0: none
  std::int64_t output_mode = 0;
  Dtype softmax_dtype = Dtype::f32;
};

Form read_form(Lowering& node, Dtype dtype) {
  Form form;
  form.causal = node.integer("is_causal", 0) != 0;
  form.q_heads = node.integer("q_num_heads", 0);
  form.kv_heads = node.integer("kv_num_heads", 0);
  const float scale = node.real("scale", 0);
  if (node.has("scale")) form.scale = scale;
  node.expect(scale >= 0, "scale", "negative");
  form.softcap = node.real("softcap", 0);
  node.expect(form.softcap >= 0, "softcap", "negative");
  form.output_mode = node.integer("qk_matmul_output_mode", 0);
  node.expect(form.output_mode >= 0 && form.output_mode <= 3, "qk_matmul_output_mode",
              std::to_string(form.output_mode));
  const std::int64_t precision = node.integer("softmax_precision", 0);
  const auto named = node.has("softmax_precision") ? find_onnx_dtype(precision) : dtype;
  node.expect(named && make_scalar(*named, 0), "softmax_precision", std::to_string(precision));
  form.softmax_dtype = named.value_or(dtype);
  return form;
}

/// Adds the nodes. Operands: query, key, value, mask?, past key?, past value?, lengths?.
class AttentionNodes {
 public:
  AttentionNodes(Lowering& node, Form form)
      : node_(node), form_(form), dtype_(node.info(0).dtype) {}

  Lowered add();

 private:
  [[nodiscard]] std::int64_t size(DraftValue value, std::size_t axis) const {
    const auto& shape = node_.draft().info(*value).shape;
    return shape && axis < shape->size() ? (*shape)[axis] : -1;
  }
  Value emit(Op op, std::vector<DraftValue> inputs, std::vector<core::Attribute> attributes = {}) {
    return first(node_.emit(op, std::move(inputs), std::move(attributes)));
  }
  DraftValue scalar(double value) { return node_.constant(*make_scalar(dtype_, value)); }
  Value length(DraftValue value, std::int64_t axis);
  Value split_heads(std::size_t operand, std::int64_t heads);
  Value extend(DraftValue incoming, std::size_t past);
  Value repeat_heads(DraftValue value, std::int64_t heads);
  Value multiply_queries_and_keys();
  Value blocked(DraftValue allowed);
  Value pad_mask(DraftValue mask);
  Value mask_given();
  Value mask_later_keys();
  Value mask_padding();
  Value add_mask(DraftValue scores, DraftValue mask);
  Value sum_masks();
  Value clear_blocked_rows(DraftValue weights, DraftValue mask);
  Value cap(DraftValue scores);
  Value convert(DraftValue value, Dtype from, Dtype to);
  Value join_heads(DraftValue y);
  Value as_result(DraftValue value, std::size_t output);

  Lowering& node_;
  Form form_;
  Dtype dtype_;
  DraftValue q_;  ///< [batch, heads, queries, head size]
  DraftValue k_;  ///< [batch, heads of keys, keys, head size], those of the past first
  DraftValue v_;
};

/// The size of an axis as a list of one: a constant where it is known.
Value AttentionNodes::length(DraftValue value, std::int64_t axis) {
  const std::int64_t known = size(value, static_cast<std::size_t>(axis));
  if (known >= 0) return DraftValue(node_.integer_list({known}));
  return emit(Op::shape, {value}, {{"end", axis + 1}, {"start", axis}});
}

/// [batch, n, heads * size] to [batch, heads, n, size]; four axes stay.
Value AttentionNodes::split_heads(std::size_t operand, std::int64_t heads) {
  const DraftValue x = node_.input(operand);
  if (node_.find_rank(operand) == 4U) return x;
  const std::string name = operand == 0 ? "q_num_heads" : "kv_num_heads";
  if (heads < 1) {
    return refuse(RefusalCode::operation_attribute_invalid, "attribute " + name,
                  std::to_string(heads) + " heads of an operand of rank 3");
  }
  const std::int64_t hidden = size(x, 2);
  if (hidden >= 0 && hidden % heads != 0) {
    return refuse(RefusalCode::shape_mismatch, "attribute " + name,
                  std::to_string(hidden) + " in " + std::to_string(heads) + " heads");
  }
  const std::size_t shape = node_.integer_list({0, 0, heads, hidden < 0 ? -1 : hidden / heads});
  ISOTRACE_TRY(const DraftValue split,
               emit(Op::reshape, {x, shape}, {{"allowzero", std::int64_t{0}}}));
  return emit(Op::transpose, {split}, {{"perm", Integers{0, 2, 1, 3}}});
}

/// What was there before, and then what comes in.
Value AttentionNodes::extend(DraftValue incoming, std::size_t past) {
  if (!node_.input(past)) return incoming;
  return emit(Op::concat, {node_.input(past), incoming}, {{"axis", std::int64_t{2}}});
}

/// Every head of keys or values serves as many consecutive heads of queries.
Value AttentionNodes::repeat_heads(DraftValue value, std::int64_t heads) {
  const std::int64_t own = size(value, 1);
  if (heads < 0 || own < 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "operand 0",
                  "the number of heads is not known");
  }
  if (own == heads) return value;
  if (own == 0 || heads % own != 0) {
    return refuse(RefusalCode::shape_mismatch, "operand 0",
                  std::to_string(heads) + " heads for " + std::to_string(own));
  }
  Integers source;
  for (std::int64_t i = 0; i < heads; ++i) source.push_back(i / (heads / own));
  return emit(Op::gather, {value, node_.integer_list(source)}, {{"axis", std::int64_t{1}}});
}

/// (q * sqrt(scale)) times the transpose of (k * sqrt(scale)).
Value AttentionNodes::multiply_queries_and_keys() {
  const std::int64_t head_size = size(q_, 3);
  if (!form_.scale && head_size < 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "operand 0",
                  "the size of a head is not known");
  }
  const double scale =
      form_.scale ? double{*form_.scale} : 1.0 / std::sqrt(static_cast<double>(head_size));
  const DraftValue root = scalar(std::sqrt(scale));
  ISOTRACE_TRY(const DraftValue keys, repeat_heads(k_, size(q_, 1)));
  ISOTRACE_TRY(const DraftValue turned,
               emit(Op::transpose, {keys}, {{"perm", Integers{0, 1, 3, 2}}}));
  ISOTRACE_TRY(const DraftValue a, emit(Op::mul, {q_, root}));
  ISOTRACE_TRY(const DraftValue b, emit(Op::mul, {turned, root}));
  return emit(Op::matmul, {a, b}, {{"k_segment", k_segment}});
}

/// 0 where a key may be looked at, and -inf elsewhere.
Value AttentionNodes::blocked(DraftValue allowed) {
  return emit(Op::where, {allowed, scalar(0), scalar(-infinity)});
}

/// From operator set 24 on a mask may end before the keys do: the others are not looked at.
Value AttentionNodes::pad_mask(DraftValue mask) {
  const auto& shape = node_.draft().info(*mask).shape;
  const std::int64_t own = shape && !shape->empty() ? shape->back() : -1;
  const std::int64_t keys = size(k_, 2);
  if (node_.opset() < 24 || (own >= 0 && own == keys)) return mask;
  if (own >= 0 && keys >= 0 && own > keys) {
    return refuse(RefusalCode::shape_mismatch, "operand 3",
                  std::to_string(own) + " keys, " + std::to_string(keys) + " are there");
  }
  ISOTRACE_TRY(const DraftValue there, length(k_, 2));
  ISOTRACE_TRY(const DraftValue given,
               emit(Op::shape, {mask}, {{"end", last}, {"start", std::int64_t{-1}}}));
  ISOTRACE_TRY(const DraftValue missing, emit(Op::sub, {there, given}));
  // A mask that is too long is not cut: it fails to broadcast.
  const std::size_t none = node_.integer_list({0});
  ISOTRACE_TRY(const DraftValue behind, emit(Op::max, {missing, none}));
  ISOTRACE_TRY(const DraftValue pads,
               emit(Op::concat, {none, behind}, {{"axis", std::int64_t{0}}}));
  return emit(Op::pad, {mask, pads, scalar(-infinity), node_.integer_list({-1})},
              {{"mode", std::string("constant")}});
}

Value AttentionNodes::mask_given() {
  DraftValue mask = node_.input(3);
  if (node_.info(3).dtype == Dtype::boolean) {
    ISOTRACE_TRY(mask, blocked(mask));
  } else if (node_.info(3).dtype != dtype_) {
    return refuse(RefusalCode::onnx_dtype_unsupported, "operand 3",
                  "a mask that is neither boolean nor of the type of the query");
  }
  return pad_mask(mask);
}

/// The query at position i, counted after the past, looks at the keys up to position i. With
/// lengths the past is what precedes the sample's last keys, as many of them as there are queries.
Value AttentionNodes::mask_later_keys() {
  const DraftValue one = node_.constant(core::Tensor::of<std::int64_t>({}, {1}));
  DraftValue start = node_.integer_list({0});
  ISOTRACE_TRY(const DraftValue own, length(q_, 2));
  DraftValue end = own;
  if (node_.input(4)) {
    ISOTRACE_TRY(start, length(node_.input(4), 2));
    ISOTRACE_TRY(end, emit(Op::add, {start, own}));
  }
  ISOTRACE_TRY(const DraftValue queries, emit(Op::range, {start, end, one}));
  ISOTRACE_TRY(DraftValue rows, emit(Op::unsqueeze, {queries, node_.integer_list({1})}));
  if (node_.input(6)) {
    ISOTRACE_TRY(const DraftValue before, emit(Op::sub, {node_.input(6), own}));
    ISOTRACE_TRY(const DraftValue samples,
                 emit(Op::unsqueeze, {before, node_.integer_list({1, 2, 3})}));
    ISOTRACE_TRY(rows, emit(Op::add, {rows, samples}));
  }
  ISOTRACE_TRY(const DraftValue count, length(k_, 2));
  ISOTRACE_TRY(const DraftValue keys, emit(Op::range, {node_.integer_list({0}), count, one}));
  ISOTRACE_TRY(const DraftValue allowed, emit(Op::greater_or_equal, {rows, keys}));
  return blocked(allowed);
}

/// Each sample has its own number of keys.
Value AttentionNodes::mask_padding() {
  const DraftValue one = node_.constant(core::Tensor::of<std::int64_t>({}, {1}));
  ISOTRACE_TRY(const DraftValue count, length(k_, 2));
  ISOTRACE_TRY(const DraftValue keys, emit(Op::range, {node_.integer_list({0}), count, one}));
  ISOTRACE_TRY(const DraftValue lengths,
               emit(Op::unsqueeze, {node_.input(6), node_.integer_list({1, 2, 3})}));
  ISOTRACE_TRY(const DraftValue allowed, emit(Op::less, {keys, lengths}));
  return blocked(allowed);
}

/// A mask broadcasts to the scores, never the other way.
Value AttentionNodes::add_mask(DraftValue scores, DraftValue mask) {
  ISOTRACE_TRY(const DraftValue sum, emit(Op::add, {scores, mask}));
  const auto& before = node_.draft().info(*scores).shape;
  const auto& after = node_.draft().info(*sum).shape;
  bool larger = before && after && after->size() != before->size();
  for (std::size_t i = 0; before && after && !larger && i < before->size(); ++i) {
    larger = (*before)[i] >= 0 && (*after)[i] >= 0 && (*before)[i] != (*after)[i];
  }
  if (larger) return refuse(RefusalCode::shape_mismatch, "operand 3", "larger than the scores");
  return sum;
}

/// The sum of all masks; nothing if there is none.
Value AttentionNodes::sum_masks() {
  DraftValue sum;
  const auto add = [&](Value mask) -> Result<core::Done> {
    if (!mask) return tl::make_unexpected(std::move(mask).error());
    if (!sum) {
      sum = *mask;
      return core::Done{};
    }
    ISOTRACE_TRY(sum, emit(Op::add, {sum, *mask}));
    return core::Done{};
  };
  if (node_.input(3)) ISOTRACE_TRY_DONE(add(mask_given()));
  if (form_.causal) ISOTRACE_TRY_DONE(add(mask_later_keys()));
  if (node_.input(6)) ISOTRACE_TRY_DONE(add(mask_padding()));
  return sum;
}

/// Softmax of a row of nothing but -inf is NaN: where the masks leave a query no key, 0. Without an
/// operand that says so, every query has a key.
Value AttentionNodes::clear_blocked_rows(DraftValue weights, DraftValue mask) {
  if (!node_.input(3) && !node_.input(6)) return weights;
  ISOTRACE_TRY(const DraftValue largest,
               emit(Op::reduce_max, {mask, node_.integer_list({-1})},
                    {{"keepdims", std::int64_t{1}}, {"noop_with_empty_axes", std::int64_t{0}}}));
  ISOTRACE_TRY(const DraftValue blocked, emit(Op::equal, {largest, scalar(-infinity)}));
  return emit(Op::where, {blocked, scalar(0), weights});
}

/// softcap * tanh(scores / softcap).
Value AttentionNodes::cap(DraftValue scores) {
  if (form_.softcap == 0) return scores;
  const DraftValue bound = scalar(form_.softcap);
  ISOTRACE_TRY(const DraftValue ratio, emit(Op::div, {scores, bound}));
  ISOTRACE_TRY(const DraftValue bent, emit(Op::tanh, {ratio}));
  return emit(Op::mul, {bent, bound});
}

Value AttentionNodes::convert(DraftValue value, Dtype from, Dtype to) {
  return from == to ? Value(value) : first(emit_cast(node_, value, to));
}

/// Back to the three axes of the operands.
Value AttentionNodes::join_heads(DraftValue y) {
  if (node_.find_rank(0) == 4U) return y;
  ISOTRACE_TRY(const DraftValue turned, emit(Op::transpose, {y}, {{"perm", Integers{0, 2, 1, 3}}}));
  const std::int64_t head_size = size(turned, 3);
  const std::int64_t hidden = head_size < 0 ? -1 : head_size * form_.q_heads;
  return emit(Op::reshape, {turned, node_.integer_list({0, 0, hidden})},
              {{"allowzero", std::int64_t{0}}});
}

/// A result that is an operand is a copy of it.
Value AttentionNodes::as_result(DraftValue value, std::size_t output) {
  const bool own = value == node_.input(1) || value == node_.input(2);
  return own && node_.is_used(output) ? emit(Op::identity, {value}) : Value(value);
}

Lowered AttentionNodes::add() {
  ISOTRACE_TRY(q_, split_heads(0, form_.q_heads));
  ISOTRACE_TRY(k_, split_heads(1, form_.kv_heads));
  ISOTRACE_TRY(v_, split_heads(2, form_.kv_heads));
  ISOTRACE_TRY(k_, extend(k_, 4));
  ISOTRACE_TRY(v_, extend(v_, 5));
  ISOTRACE_TRY(const DraftValue products, multiply_queries_and_keys());
  ISOTRACE_TRY(const DraftValue capped, cap(products));
  ISOTRACE_TRY(const DraftValue mask, sum_masks());
  DraftValue masked = capped;
  if (mask) {
    ISOTRACE_TRY(masked, add_mask(capped, mask));
  }
  ISOTRACE_TRY(const DraftValue scores, convert(masked, dtype_, form_.softmax_dtype));
  ISOTRACE_TRY(
      const DraftValue shares,
      emit(Op::softmax, {scores}, {{"axis", std::int64_t{-1}}, {"flatten", std::int64_t{0}}}));
  ISOTRACE_TRY(const DraftValue own, convert(shares, form_.softmax_dtype, dtype_));
  ISOTRACE_TRY(const DraftValue weights, clear_blocked_rows(own, mask));
  ISOTRACE_TRY(const DraftValue values, repeat_heads(v_, size(q_, 1)));
  ISOTRACE_TRY(const DraftValue mixed,
               emit(Op::matmul, {weights, values}, {{"k_segment", k_segment}}));
  ISOTRACE_TRY(const DraftValue y, join_heads(mixed));
  ISOTRACE_TRY(const DraftValue present_key, as_result(k_, 1));
  ISOTRACE_TRY(const DraftValue present_value, as_result(v_, 2));
  const DraftValue stages[] = {products, capped, masked, weights};
  const DraftValue shown = stages[static_cast<std::size_t>(form_.output_mode)];
  return std::vector<std::size_t>{*y, *present_key, *present_value, *shown};
}

/// Refuses operands that do not go together.
Result<core::Done> check_operands(const Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(3, node.opset() >= 24 ? 7 : 6));
  const auto rank = node.find_rank(0);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string place = "operand " + std::to_string(i);
    if (!node.find_rank(i)) {
      return refuse(RefusalCode::onnx_operation_unsupported, place, "its rank is not known");
    }
    if (node.find_rank(i) != rank || (rank != 3U && rank != 4U)) {
      return refuse(RefusalCode::shape_mismatch, place,
                    core::shape_text(*node.info(i).shape) + ", all of 3 or all of 4 axes expected");
    }
    if (node.info(i).dtype != node.info(0).dtype) {
      return refuse(RefusalCode::onnx_dtype_unsupported, place, "not of the type of the query");
    }
  }
  if (!make_scalar(node.info(0).dtype, 0)) {
    return refuse(RefusalCode::onnx_dtype_unsupported, "operand 0", "not floating-point");
  }
  const bool past = node.input(4).has_value();
  if (past != node.input(5).has_value() || (past && node.input(6))) {
    return refuse(RefusalCode::program_ill_formed, "operand 4",
                  "past key and past value go together, and without lengths");
  }
  return core::Done{};
}

Lowered attention(Lowering& node) {
  ISOTRACE_TRY_DONE(check_operands(node));
  const Form form = read_form(node, node.info(0).dtype);
  ISOTRACE_TRY_DONE(node.check_attributes());
  return AttentionNodes(node, form).add();
}

constexpr LoweringRow rows[] = {{"Attention", 23, attention}};

}  // namespace

std::span<const LoweringRow> attention_lowerings() { return rows; }

}  // namespace isotrace::executor
