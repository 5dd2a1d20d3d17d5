#include <isotrace/reference/operand_list.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::reference {

Result<std::vector<std::int64_t>> read_indices(const TensorView& operand) {
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

Result<std::vector<std::int64_t>> read_integers(const TensorView& operand) {
  if (operand.rank() > 1 || operand.elements() > core::limits::attribute_elements_max) {
    return refuse_shape("list of shape " + core::shape_text(operand.shape()));
  }
  return read_indices(operand);
}

Result<std::int64_t> read_integer(const TensorView& operand) {
  ISOTRACE_TRY(const auto values, read_integers(operand));
  if (values.size() != 1) return refuse_shape("not one number");
  return values[0];
}

Result<std::size_t> resolve_index(std::int64_t index, std::int64_t size) {
  if (index < -size || index >= size) {
    return refuse_value("index " + std::to_string(index) + " of " + std::to_string(size));
  }
  return static_cast<std::size_t>(index < 0 ? index + size : index);
}

Result<std::optional<std::vector<std::int64_t>>> read_optional_integers(const Call& call,
                                                                        std::size_t index) {
  const TensorView* operand = call.find_operand(index);
  if (operand == nullptr) return std::nullopt;
  ISOTRACE_TRY(auto values, read_integers(*operand));
  return std::optional(std::move(values));
}

}  // namespace isotrace::reference
