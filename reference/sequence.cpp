// Sequences of tensors (docs/spec/sequence.md). A sequence is an operand of bytes, so every
// operation reads its packing and writes a new one; tensors are copied, never changed.
#include <isotrace/core/limits.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/packed.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

using Tensors = std::vector<core::PackedTensor>;

Outcome one_sequence(Dtype element, Tensors tensors) {
  return one(write_packed(core::sequence_of(element), {true, std::move(tensors)}));
}

/// The position that operand `index` names among `count` places; `otherwise` if it is left out.
/// Negative ones count from the end.
Result<std::size_t> read_position(const Call& call, std::size_t index, std::size_t count,
                                  std::size_t otherwise) {
  const TensorView* operand = call.find_operand(index);
  if (operand == nullptr) return otherwise;
  ISOTRACE_TRY(const auto values, read_integers(*operand));
  if (values.size() != 1) return refuse_shape("a position of " + std::to_string(values.size()));
  const auto places = static_cast<std::int64_t>(count);
  if (values[0] < -places || values[0] >= places) {
    return refuse_value("position " + std::to_string(values[0]) + " of " + std::to_string(count));
  }
  return static_cast<std::size_t>(values[0] < 0 ? values[0] + places : values[0]);
}

Result<Dtype> read_element_type(const Call& call) {
  const std::int64_t number = call.node.integer("dtype");
  const auto dtype = number < 1 || number >= 64
                         ? std::nullopt
                         : core::dtype_from_number(static_cast<std::uint8_t>(number));
  if (!dtype) return refuse_attribute("dtype " + std::to_string(number));
  return *dtype;
}

/// Sizes of the parts along an axis: the list given, chunks of one size with a smaller last one, or
/// all 1.
Result<std::vector<std::int64_t>> part_sizes(std::int64_t size, const TensorView* split) {
  std::vector<std::int64_t> given = {1};
  if (split != nullptr) {
    ISOTRACE_TRY(given, read_integers(*split));
  }
  if (split != nullptr && split->rank() == 1) return given;
  const std::int64_t chunk = given[0];
  if (chunk < 1) return refuse_value("parts of size " + std::to_string(chunk));
  const std::int64_t count = size / chunk + (size % chunk != 0 ? 1 : 0);
  if (count > static_cast<std::int64_t>(core::limits::sequence_tensors_max)) {
    return core::refuse(RefusalCode::limit_exceeded, "", std::to_string(count) + " parts");
  }
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(count), chunk);
  if (size % chunk != 0) sizes.back() = size % chunk;
  return sizes;
}

/// The parts of x along `axis`, as [move.split] makes them.
Outcome split(const TensorView& x, std::int64_t axis, const std::vector<std::int64_t>& sizes) {
  const core::Node node{
      core::Op::split, {}, std::vector<core::ValueId>(sizes.size()), {{"axis", axis}}, {}};
  const Tensor list =
      Tensor::of<std::int64_t>({std::ssize(sizes)}, std::span<const std::int64_t>(sizes));
  const std::optional<TensorView> operands[] = {x, list.view()};
  return evaluate_split(Call{node, operands});
}

}  // namespace

// [sequence.construct]
Outcome evaluate_sequence_construct(const Call& call) {
  ISOTRACE_TRY(const auto operands, call.all_operands());
  Tensors tensors;
  for (const TensorView& operand : operands) {
    if (core::is_structured(operand.dtype())) return refuse_dtype(operand.dtype());
    ISOTRACE_TRY_DONE(check_same_dtype(operands[0], operand));
    tensors.push_back(packed_tensor(operand));
  }
  return one_sequence(operands[0].dtype(), std::move(tensors));
}

// [sequence.empty]
Outcome evaluate_sequence_empty(const Call& call) {
  ISOTRACE_TRY(const Dtype element, read_element_type(call));
  return one_sequence(element, {});
}

// [sequence.at]
Outcome evaluate_sequence_at(const Call& call) {
  const TensorView& sequence = call.operand(0);
  ISOTRACE_TRY(const Tensors tensors, read_sequence(sequence));
  ISOTRACE_TRY(const std::size_t at, read_position(call, 1, tensors.size(), 0));
  return one(
      Tensor::from_bytes(core::element_of(sequence.dtype()), tensors[at].shape, tensors[at].bytes));
}

// [sequence.insert]
Outcome evaluate_sequence_insert(const Call& call) {
  const TensorView& sequence = call.operand(0);
  const TensorView& tensor = call.operand(1);
  ISOTRACE_TRY(Tensors tensors, read_sequence(sequence));
  if (tensor.dtype() != core::element_of(sequence.dtype())) return refuse_dtype(tensor.dtype());
  // One place more than tensors: behind the last. -1 still means in front of the last.
  std::size_t at = tensors.size();
  if (const TensorView* position = call.find_operand(2)) {
    ISOTRACE_TRY(const auto values, read_integers(*position));
    if (values.size() != 1 || values[0] != std::ssize(tensors)) {
      ISOTRACE_TRY(at, read_position(call, 2, tensors.size(), 0));
    }
  }
  tensors.insert(tensors.begin() + static_cast<std::ptrdiff_t>(at), packed_tensor(tensor));
  return one_sequence(tensor.dtype(), std::move(tensors));
}

// [sequence.erase]
Outcome evaluate_sequence_erase(const Call& call) {
  const TensorView& sequence = call.operand(0);
  ISOTRACE_TRY(Tensors tensors, read_sequence(sequence));
  if (tensors.empty()) return refuse_value("erasing from an empty sequence");
  ISOTRACE_TRY(const std::size_t at, read_position(call, 1, tensors.size(), tensors.size() - 1));
  tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(at));
  return one_sequence(core::element_of(sequence.dtype()), std::move(tensors));
}

// [sequence.length]
Outcome evaluate_sequence_length(const Call& call) {
  ISOTRACE_TRY(const Tensors tensors, read_sequence(call.operand(0)));
  return one(Tensor::of<std::int64_t>({}, {std::ssize(tensors)}));
}

// [sequence.split]
Outcome evaluate_split_to_sequence(const Call& call) {
  const TensorView& x = call.operand(0);
  if (core::is_structured(x.dtype())) return refuse_dtype(x.dtype());
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  const TensorView* sizes_operand = call.find_operand(1);
  ISOTRACE_TRY(const auto sizes, part_sizes(x.dim(axis), sizes_operand));
  if (sizes.empty() && x.dim(axis) == 0) return one_sequence(x.dtype(), {});
  ISOTRACE_TRY(const std::vector<Tensor> parts, split(x, static_cast<std::int64_t>(axis), sizes));
  Tensors tensors;
  for (const Tensor& part : parts) {
    tensors.push_back(packed_tensor(part));
    if (sizes_operand != nullptr || call.node.integer("keepdims") != 0) continue;
    Shape& shape = tensors.back().shape;
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return one_sequence(x.dtype(), std::move(tensors));
}

// [sequence.concat]
Outcome evaluate_concat_from_sequence(const Call& call) {
  const TensorView& sequence = call.operand(0);
  ISOTRACE_TRY(Tensors tensors, read_sequence(sequence));
  if (tensors.empty()) return refuse_value("an empty sequence");
  const bool stacked = call.node.integer("new_axis") != 0;
  const std::size_t rank = tensors[0].shape.size() + (stacked ? 1 : 0);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), rank));
  std::vector<std::optional<TensorView>> views;
  for (core::PackedTensor& tensor : tensors) {
    if (stacked) {
      if (tensor.shape.size() + 1 != rank) return refuse_shape("tensors of different rank");
      tensor.shape.insert(tensor.shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    }
    ISOTRACE_TRY_DONE(core::element_count(tensor.shape));
    views.emplace_back(TensorView(core::element_of(sequence.dtype()), tensor.shape, tensor.bytes));
  }
  const core::Node node{core::Op::concat, {}, {0}, {{"axis", static_cast<std::int64_t>(axis)}}, {}};
  return evaluate_concat(Call{node, views});
}

}  // namespace isotrace::reference
