// Operations of a program: the rows of ops.def.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace isotrace::core {

enum class Op : std::uint16_t {
#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) name = number,
#include <isotrace/core/ops.def>
#undef ISOTRACE_OP
};

inline constexpr std::size_t any_number = 255;

struct OpInfo {
  Op op;
  std::string_view name;  ///< ONNX name
  std::size_t inputs_min;
  std::size_t inputs_max;
  std::size_t outputs_min;
  std::size_t outputs_max;
  std::string_view attributes;  ///< "axis:i perm:I", sorted by name
  std::string_view label;       ///< paragraph in docs/spec
  bool control;                 ///< executes programs: done by the executor, never by a backend
};

const OpInfo& op_info(Op op);
std::span<const OpInfo> all_ops();
std::optional<Op> find_op(std::string_view onnx_name);
std::optional<Op> op_from_number(std::uint16_t number);
/// The kind letter (i f s I F P) of an attribute, nothing if the operation has none of that name.
std::optional<char> attribute_kind(Op op, std::string_view attribute);

}  // namespace isotrace::core
