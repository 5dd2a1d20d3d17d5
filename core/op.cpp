#include <isotrace/core/op.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

constexpr OpInfo table[] = {
#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) \
  {Op::name, onnx, imin, imax, omin, omax, attributes, label, false},
#define ISOTRACE_CONTROL(number, name, onnx, imin, imax, omin, omax, attributes, label) \
  {Op::name, onnx, imin, imax, omin, omax, attributes, label, true},
#include <isotrace/core/ops.def>
#undef ISOTRACE_OP
};

}  // namespace

std::span<const OpInfo> all_ops() { return table; }

const OpInfo& op_info(Op op) {
  const auto* row = std::find_if(std::begin(table), std::end(table),
                                 [op](const OpInfo& info) { return info.op == op; });
  ISOTRACE_CHECK(row != std::end(table), static_cast<int>(op));
  return *row;
}

std::optional<Op> find_op(std::string_view onnx_name) {
  for (const OpInfo& info : table) {
    if (info.name == onnx_name) return info.op;
  }
  return std::nullopt;
}

std::optional<Op> op_from_number(std::uint16_t number) {
  for (const OpInfo& info : table) {
    if (static_cast<std::uint16_t>(info.op) == number) return info.op;
  }
  return std::nullopt;
}

std::optional<char> attribute_kind(Op op, std::string_view attribute) {
  std::string_view rest = op_info(op).attributes;
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    if (field.substr(0, field.size() - 2) == attribute) return field.back();
  }
  return std::nullopt;
}

}  // namespace isotrace::core
