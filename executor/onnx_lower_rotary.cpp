// Lowering of RotaryEmbedding to slices, products and sums (docs/formats/onnx-import.md).
#include <limits>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using Value = Result<DraftValue>;

constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t zero = 0;

Value emit(Lowering& node, Op op, std::vector<DraftValue> inputs,
           std::vector<core::Attribute> attributes = {}) {
  return first(node.emit(op, std::move(inputs), std::move(attributes)));
}

/// Positions begin, begin + step, ... before end of the last axis.
Value slice_last(Lowering& node, DraftValue x, std::int64_t begin, std::int64_t end,
                 std::int64_t step) {
  return emit(node, Op::slice,
              {x, node.integer_list({begin}), node.integer_list({end}), node.integer_list({-1}),
               node.integer_list({step})});
}

struct Form {
  bool interleaved;
  std::int64_t heads;
  std::int64_t rotated;  ///< elements of a head that are rotated
  std::int64_t head_size;
};

/// Refuses heads that are not known or cannot be split.
Result<Form> read_form(Lowering& node) {
  const bool interleaved = node.integer("interleaved", 0) != 0;
  const std::int64_t rotated = node.integer("rotary_embedding_dim", 0);
  const std::int64_t heads = node.integer("num_heads", 0);
  ISOTRACE_TRY_DONE(node.check_attributes());
  const auto rank = node.find_rank(0);
  const std::int64_t width = rank && *rank > 0 ? node.info(0).shape->back() : -1;
  if (width < 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "operand 0",
                  "the size of a head is not known");
  }
  if (*rank != 3 && *rank != 4) {
    return refuse(RefusalCode::shape_mismatch, "operand 0", core::shape_text(*node.info(0).shape));
  }
  if (*rank == 3 && (heads < 1 || width % heads != 0)) {
    return refuse(RefusalCode::operation_attribute_invalid, "attribute num_heads",
                  std::to_string(width) + " in " + std::to_string(heads) + " heads");
  }
  const std::int64_t head_size = *rank == 3 ? width / heads : width;
  const Form form = {interleaved, heads, rotated == 0 ? head_size : rotated, head_size};
  if (form.rotated < 0 || form.rotated > head_size || form.rotated % 2 != 0) {
    return refuse(RefusalCode::operation_attribute_invalid, "attribute rotary_embedding_dim",
                  std::to_string(form.rotated) + " of " + std::to_string(head_size));
  }
  return form;
}

/// Cosines or sines of each position, with an axis of size 1 for the heads.
Value positions_of(Lowering& node, std::size_t operand, std::int64_t pairs) {
  const DraftValue ids = node.input(3);
  const auto& shape = node.info(operand).shape;
  if (shape &&
      (shape->size() != (ids ? 2U : 3U) || (shape->back() >= 0 && shape->back() != pairs))) {
    return refuse(RefusalCode::shape_mismatch, "operand " + std::to_string(operand),
                  core::shape_text(*shape) + " for " + std::to_string(pairs) + " pairs");
  }
  DraftValue cache = node.input(operand);
  if (ids) {
    ISOTRACE_TRY(cache, emit(node, Op::gather, {cache, ids}, {{"axis", zero}}));
  }
  const std::int64_t heads_axis = node.find_rank(0) == 4U ? 1 : 2;
  return emit(node, Op::unsqueeze, {cache, node.integer_list({heads_axis})});
}

/// The two halves as neighbours, or one after the other.
Value join_pairs(Lowering& node, const Form& form, DraftValue real, DraftValue imaginary) {
  if (!form.interleaved) {
    return emit(node, Op::concat, {real, imaginary}, {{"axis", std::int64_t{-1}}});
  }
  const std::size_t end = node.integer_list({-1});
  ISOTRACE_TRY(const DraftValue a, emit(node, Op::unsqueeze, {real, end}));
  ISOTRACE_TRY(const DraftValue b, emit(node, Op::unsqueeze, {imaginary, end}));
  ISOTRACE_TRY(const DraftValue pairs,
               emit(node, Op::concat, {a, b}, {{"axis", std::int64_t{-1}}}));
  return emit(node, Op::reshape, {pairs, node.integer_list({0, 0, 0, form.rotated})},
              {{"allowzero", zero}});
}

/// x: heads of any order of axes, with their elements on the last one.
Value rotate(Lowering& node, const Form& form, DraftValue x) {
  const std::int64_t pairs = form.rotated / 2;
  const std::int64_t step = form.interleaved ? 2 : 1;
  ISOTRACE_TRY(const DraftValue cosine, positions_of(node, 1, pairs));
  ISOTRACE_TRY(const DraftValue sine, positions_of(node, 2, pairs));
  ISOTRACE_TRY(const DraftValue x1,
               slice_last(node, x, 0, form.interleaved ? form.rotated : pairs, step));
  ISOTRACE_TRY(const DraftValue x2,
               slice_last(node, x, form.interleaved ? 1 : pairs, form.rotated, step));
  ISOTRACE_TRY(const DraftValue c1, emit(node, Op::mul, {cosine, x1}));
  ISOTRACE_TRY(const DraftValue s2, emit(node, Op::mul, {sine, x2}));
  ISOTRACE_TRY(const DraftValue real, emit(node, Op::sub, {c1, s2}));
  ISOTRACE_TRY(const DraftValue s1, emit(node, Op::mul, {sine, x1}));
  ISOTRACE_TRY(const DraftValue c2, emit(node, Op::mul, {cosine, x2}));
  ISOTRACE_TRY(const DraftValue imaginary, emit(node, Op::add, {s1, c2}));
  ISOTRACE_TRY(const DraftValue turned, join_pairs(node, form, real, imaginary));
  if (form.rotated == form.head_size) return turned;
  ISOTRACE_TRY(const DraftValue rest, slice_last(node, x, form.rotated, last, 1));
  return emit(node, Op::concat, {turned, rest}, {{"axis", std::int64_t{-1}}});
}

/// The last reshape changes nothing but where the heads shared an axis with their elements; it
/// holds every result to the shape of the operand.
Lowered rotary_embedding(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(3, 4));
  ISOTRACE_TRY(const Form form, read_form(node));
  DraftValue x = node.input(0);
  if (node.find_rank(0) == 3U) {
    ISOTRACE_TRY(x,
                 emit(node, Op::reshape, {x, node.integer_list({0, 0, form.heads, form.head_size})},
                      {{"allowzero", zero}}));
  }
  ISOTRACE_TRY(const DraftValue turned, rotate(node, form, x));
  ISOTRACE_TRY(const DraftValue shape,
               emit(node, Op::shape, {node.input(0)}, {{"end", last}, {"start", zero}}));
  return node.emit(Op::reshape, {turned, shape}, {{"allowzero", std::int64_t{1}}});
}

constexpr LoweringRow rows[] = {{"RotaryEmbedding", 23, rotary_embedding}};

}  // namespace

std::span<const LoweringRow> rotary_lowerings() { return rows; }

}  // namespace isotrace::executor
