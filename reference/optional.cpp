// Values that may be missing (docs/spec/sequence.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/packed.hpp>

namespace isotrace::reference {

// [sequence.optional]
Outcome evaluate_optional(const Call& call) {
  const std::int64_t number = call.node.integer("dtype");
  const auto dtype = number < 128 || number > 255
                         ? std::nullopt
                         : core::dtype_from_number(static_cast<std::uint8_t>(number));
  if (!dtype) return refuse_attribute("dtype " + std::to_string(number));
  const TensorView* x = call.find_operand(0);
  if (x == nullptr) return one(write_packed(*dtype, {false, {}}));
  if (core::is_optional(x->dtype()) || core::optional_of(x->dtype()) != *dtype) {
    return refuse_dtype(x->dtype());
  }
  if (!core::is_structured(x->dtype())) {
    return one(write_packed(*dtype, {true, {packed_tensor(*x)}}));
  }
  ISOTRACE_TRY(auto tensors, read_sequence(*x));
  return one(write_packed(*dtype, {true, std::move(tensors)}));
}

// [sequence.optional_get_element]
Outcome evaluate_optional_get_element(const Call& call) {
  const TensorView& x = call.operand(0);
  if (!core::is_optional(x.dtype())) {
    return one(copy_as(x, Shape(x.shape().begin(), x.shape().end())));
  }
  ISOTRACE_TRY(core::Packed value, core::read_packed(x.dtype(), x.bytes()));
  if (!value.present) return refuse_value("the optional has no value");
  const Dtype element = core::element_of(x.dtype());
  if (core::holds_sequence(x.dtype())) {
    return one(write_packed(core::sequence_of(element), value));
  }
  return one(Tensor::from_bytes(element, value.tensors[0].shape, value.tensors[0].bytes));
}

// [sequence.optional_has_element]
Outcome evaluate_optional_has_element(const Call& call) {
  const TensorView* x = call.find_operand(0);
  bool present = x != nullptr;
  if (present && core::is_optional(x->dtype())) {
    ISOTRACE_TRY(const core::Packed value, core::read_packed(x->dtype(), x->bytes()));
    present = value.present;
  }
  return one(Tensor::of<core::Bool8>({}, {core::Bool8{static_cast<std::uint8_t>(present)}}));
}

}  // namespace isotrace::reference
