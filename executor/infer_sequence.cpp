// Types of sequences and optionals, and bounds for what is in them: shapes of the tensors inside
// are not tracked.
#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_rules.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Infos = std::vector<ValueInfo>;
using MaybeBytes = std::optional<std::uint64_t>;

auto refuse_dtype(Dtype dtype) {
  return refuse(RefusalCode::operation_dtype_unsupported, "", std::string(core::dtype_name(dtype)));
}

Result<Dtype> sequence_element(const ValueInfo& operand) {
  if (core::is_optional(operand.dtype) || !core::holds_sequence(operand.dtype)) {
    return refuse_dtype(operand.dtype);
  }
  return core::element_of(operand.dtype);
}

/// A type attribute: the number of a tensor type, or of an optional.
Result<Dtype> type_attribute(const Node& node, std::int64_t least, std::int64_t most) {
  const std::int64_t number = node.integer("dtype");
  const auto dtype = number < least || number > most
                         ? std::nullopt
                         : core::dtype_from_number(static_cast<std::uint8_t>(number));
  if (dtype) return *dtype;
  return refuse(RefusalCode::operation_attribute_invalid, "dtype", std::to_string(number));
}

/// Bytes of a value, where its shape is known.
MaybeBytes bytes_of(const ValueInfo& info) {
  if (!info.shape) return std::nullopt;
  if (std::any_of(info.shape->begin(), info.shape->end(), [](auto dim) { return dim < 0; })) {
    return std::nullopt;
  }
  const auto bytes = core::byte_count(info.dtype, *info.shape);
  return bytes ? MaybeBytes(*bytes) : std::nullopt;
}

/// Bytes of a tensor inside a packing.
MaybeBytes packed_bytes(const ValueInfo& tensor) {
  const MaybeBytes bytes = bytes_of(tensor);
  return bytes ? MaybeBytes(1 + 8 * tensor.shape->size() + *bytes) : std::nullopt;
}

MaybeBytes plus(MaybeBytes a, MaybeBytes b) { return a && b ? MaybeBytes(*a + *b) : std::nullopt; }

/// A value of at most so many bytes.
Infos at_most(Dtype dtype, MaybeBytes bytes) {
  if (bytes) *bytes /= core::dtype_bytes(dtype);
  return {ValueInfo{dtype, std::nullopt, std::nullopt, bytes}};
}

Result<Infos> infer_construct(const Node&, OperandInfos operands) {
  const Dtype element = operands[0]->dtype;
  MaybeBytes bytes = 8;
  for (const auto& operand : operands) {
    if (core::is_structured(element) || operand->dtype != element) {
      return refuse_dtype(operand->dtype);
    }
    bytes = plus(bytes, packed_bytes(*operand));
  }
  return at_most(core::sequence_of(element), bytes);
}

Result<Infos> infer_empty(const Node& node, OperandInfos) {
  ISOTRACE_TRY(const Dtype element, type_attribute(node, 1, 63));
  return at_most(core::sequence_of(element), 8);
}

Result<Infos> infer_at(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype element, sequence_element(*operands[0]));
  return at_most(element, bytes_of(*operands[0]));
}

Result<Infos> infer_insert(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype element, sequence_element(*operands[0]));
  if (operands[1]->dtype != element) return refuse_dtype(operands[1]->dtype);
  return at_most(operands[0]->dtype, plus(bytes_of(*operands[0]), packed_bytes(*operands[1])));
}

Result<Infos> infer_erase(const Node&, OperandInfos operands) {
  ISOTRACE_TRY_DONE(sequence_element(*operands[0]));
  return at_most(operands[0]->dtype, bytes_of(*operands[0]));
}

Result<Infos> infer_length(const Node&, OperandInfos operands) {
  ISOTRACE_TRY_DONE(sequence_element(*operands[0]));
  return Infos{{Dtype::i64, Shape{}, std::nullopt}};
}

Result<Infos> infer_split(const Node& node, OperandInfos operands) {
  const ValueInfo& x = *operands[0];
  if (core::is_structured(x.dtype)) return refuse_dtype(x.dtype);
  MaybeBytes bytes;
  if (x.shape) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), x.shape->size()));
    // As many parts as places on the axis, or as sizes are listed; more than a sequence may have
    // are refused when they are made.
    std::int64_t parts = (*x.shape)[axis];
    if (is_present(operands, 1) && operands[1]->shape && operands[1]->shape->size() == 1) {
      parts = std::max(parts, operands[1]->shape->front());
    }
    if (parts >= 0) {
      const std::uint64_t most = core::limits::sequence_tensors_max;
      const std::uint64_t heads = std::min(static_cast<std::uint64_t>(parts), most);
      bytes = plus(8 + heads * (1 + 8 * x.shape->size()), bytes_of(x));
    }
  }
  return at_most(core::sequence_of(x.dtype), bytes);
}

Result<Infos> infer_optional(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype dtype, type_attribute(node, 128, 255));
  if (!is_present(operands, 0)) return at_most(dtype, 1);
  const ValueInfo& x = *operands[0];
  if (core::is_optional(x.dtype) || core::optional_of(x.dtype) != dtype) {
    return refuse_dtype(x.dtype);
  }
  return at_most(dtype, plus(1, core::is_structured(x.dtype) ? bytes_of(x) : packed_bytes(x)));
}

Result<Infos> infer_get_element(const Node&, OperandInfos operands) {
  const ValueInfo& x = *operands[0];
  if (!core::is_optional(x.dtype)) return Infos{{x.dtype, x.shape, std::nullopt}};
  const Dtype element = core::element_of(x.dtype);
  return at_most(core::holds_sequence(x.dtype) ? core::sequence_of(element) : element, bytes_of(x));
}

Result<Infos> infer_has_element(const Node&, OperandInfos) {
  return Infos{{Dtype::boolean, Shape{}, std::nullopt}};
}

using core::Op;
constexpr InferRow rows[] = {{Op::sequence_construct, &infer_construct},
                             {Op::sequence_empty, &infer_empty},
                             {Op::sequence_at, &infer_at},
                             {Op::sequence_insert, &infer_insert},
                             {Op::sequence_erase, &infer_erase},
                             {Op::sequence_length, &infer_length},
                             {Op::split_to_sequence, &infer_split},
                             {Op::concat_from_sequence, &infer_at},
                             {Op::optional, &infer_optional},
                             {Op::optional_get_element, &infer_get_element},
                             {Op::optional_has_element, &infer_has_element}};

}  // namespace

std::span<const InferRow> infer_sequence_rows() { return rows; }

}  // namespace isotrace::executor
