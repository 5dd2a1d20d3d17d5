#include <isotrace/reference/operand_list.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::reference {

Result<std::vector<std::int64_t>> read_integers(const TensorView& operand) {
  if (operand.rank() > 1 || operand.elements() > core::limits::attribute_elements_max) {
    return refuse_shape("list of shape " + core::shape_text(operand.shape()));
  }
  if (operand.dtype() == Dtype::i64) {
    const auto values = operand.data<std::int64_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
  if (operand.dtype() == Dtype::i32) {
    const auto values = operand.data<std::int32_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
  return refuse_dtype(operand.dtype());
}

Result<std::optional<std::vector<std::int64_t>>> read_optional_integers(const Call& call,
                                                                        std::size_t index) {
  const TensorView* operand = call.find_operand(index);
  if (operand == nullptr) return std::nullopt;
  ISOTRACE_TRY(auto values, read_integers(*operand));
  return std::optional(std::move(values));
}

}  // namespace isotrace::reference
