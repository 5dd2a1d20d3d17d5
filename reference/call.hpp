// What the function of an operation is given: the node and its operands. evaluate() has already
// checked arity and attributes, and puts the operation's name in front of every refusal, so the
// functions refuse with an empty place.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::reference {

using core::Dtype;
using core::RefusalCode;
using core::Result;
using core::Shape;
using core::Tensor;
using core::TensorView;
using Outcome = Result<std::vector<Tensor>>;

struct Call {
  const core::Node& node;
  core::Operands operands;

  /// An operand that must be there; evaluate() has made sure of the first inputs_min.
  [[nodiscard]] const TensorView& operand(std::size_t index) const {
    ISOTRACE_CHECK(index < operands.size() && operands[index], index);
    return *operands[index];
  }
  /// An operand that may be left out.
  [[nodiscard]] const TensorView* find_operand(std::size_t index) const {
    return index < operands.size() && operands[index] ? &*operands[index] : nullptr;
  }
  /// Every operand; refuses program_ill_formed if one is left out.
  [[nodiscard]] Result<std::vector<TensorView>> all_operands() const {
    std::vector<TensorView> all;
    for (const auto& operand : operands) {
      if (!operand) return core::refuse(RefusalCode::program_ill_formed, "", "operand left out");
      all.push_back(*operand);
    }
    return all;
  }
};

[[nodiscard]] inline auto refuse_shape(std::string detail) {
  return core::refuse(RefusalCode::shape_mismatch, "", std::move(detail));
}
[[nodiscard]] inline auto refuse_attribute(std::string detail) {
  return core::refuse(RefusalCode::operation_attribute_invalid, "", std::move(detail));
}
[[nodiscard]] inline auto refuse_value(std::string detail) {
  return core::refuse(RefusalCode::operand_value_invalid, "", std::move(detail));
}
[[nodiscard]] inline auto refuse_dtype(Dtype dtype) {
  return core::refuse(RefusalCode::operation_dtype_unsupported, "",
                      std::string(core::dtype_name(dtype)));
}

/// Refuses operation_dtype_unsupported unless both have the same element type.
[[nodiscard]] inline Result<core::Done> check_same_dtype(const TensorView& a, const TensorView& b) {
  if (a.dtype() == b.dtype()) return core::Done{};
  return core::refuse(
      RefusalCode::operation_dtype_unsupported, "",
      std::string(core::dtype_name(a.dtype())) + " with " + std::string(dtype_name(b.dtype())));
}

/// The element type whose number an attribute is; refuses operation_attribute_invalid.
[[nodiscard]] inline Result<Dtype> dtype_attribute(const core::Node& node, std::string_view name) {
  const std::int64_t number = node.integer(name);
  const auto dtype = number < 0 || number > 255
                         ? std::nullopt
                         : core::dtype_from_number(static_cast<std::uint8_t>(number));
  if (dtype) return *dtype;
  return refuse_attribute(std::string(name) + " " + std::to_string(number));
}

/// The outcome of an operation with one result.
[[nodiscard]] inline Outcome one(Result<Tensor> result) {
  if (!result) return tl::make_unexpected(std::move(result).error());
  std::vector<Tensor> results;
  results.push_back(*std::move(result));
  return results;
}

}  // namespace isotrace::reference
