// Arithmetic, comparisons and Where (docs/spec/elementwise.md).
#include <isotrace/backends/gpu/operations.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

std::optional<Binary> find_binary(Op op) {
  switch (op) {
    case Op::add:
    case Op::sum:
    case Op::mean: return Binary::add;
    case Op::sub: return Binary::subtract;
    case Op::mul: return Binary::multiply;
    case Op::div: return Binary::divide;
    case Op::max: return Binary::maximum;
    case Op::min: return Binary::minimum;
    default: return std::nullopt;
  }
}

std::optional<Unary> find_unary(Op op) {
  switch (op) {
    case Op::neg: return Unary::negate;
    case Op::abs: return Unary::absolute;
    case Op::reciprocal: return Unary::reciprocal;
    case Op::sqrt: return Unary::square_root;
    case Op::floor: return Unary::floor;
    case Op::ceil: return Unary::ceil;
    case Op::round: return Unary::round;
    case Op::sign: return Unary::sign;
    default: return std::nullopt;
  }
}

std::optional<Comparison> find_comparison(Op op) {
  switch (op) {
    case Op::equal: return Comparison::equal;
    case Op::less: return Comparison::less;
    case Op::greater: return Comparison::greater;
    case Op::less_or_equal: return Comparison::less_or_equal;
    case Op::greater_or_equal: return Comparison::greater_or_equal;
    default: return std::nullopt;
  }
}

/// Any number of operands, folded from the left; Mean divides by their number.
Made fold(DeviceCall& call, Binary op) {
  ISOTRACE_TRY(Array folded, call.wide(0));
  const std::size_t count = call.call.operands.size();
  for (std::size_t i = 1; i < count; ++i) {
    ISOTRACE_TRY(const Array next, call.wide(i));
    ISOTRACE_TRY(folded, call.work.binary(op, folded, next));
  }
  if (call.node().op == Op::mean) {
    return call.work.unary(Unary::divide_by, folded, static_cast<double>(count));
  }
  // Alone, it is rounded all the same: NaN becomes the canonical one.
  if (count == 1 && core::is_float(folded.dtype)) {
    return call.work.unary(Unary::multiply, folded, 1);
  }
  return folded;
}

/// The upper bound is applied last.
Made clip(DeviceCall& call) {
  ISOTRACE_TRY(Array x, call.wide(0));
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    if (!call.has(i)) continue;
    const core::TensorView& view = call.call.operand(i);
    if (view.elements() != 1 || view.rank() > 1) return reference::refuse_shape("bound");
    ISOTRACE_TRY(const Array bound, call.wide(i));
    ISOTRACE_TRY(
        x, call.work.binary(i == 1 ? Binary::maximum : Binary::minimum, x, bound.reshaped({})));
  }
  return core::is_float(x.dtype) ? call.work.unary(Unary::multiply, x, 1) : x;
}

Made remainder(DeviceCall& call) {
  const bool sign_of_dividend = call.node().integer("fmod") != 0;
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array y, call.wide(1));
  if (core::is_float(x.dtype) && !sign_of_dividend) {
    return reference::refuse_attribute("fmod 0 of floating-point numbers");
  }
  return call.work.binary(sign_of_dividend ? Binary::truncated_remainder : Binary::remainder, x, y);
}

Made compare(DeviceCall& call, Comparison comparison) {
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array y, call.wide(1));
  return call.work.compare(comparison, x, y);
}

}  // namespace

Results run_elementwise(DeviceCall& call) {
  const Op op = call.node().op;
  if (op == Op::where) {
    ISOTRACE_TRY(const Array condition, call.operand(0));
    ISOTRACE_TRY(const Array x, call.operand(1));
    ISOTRACE_TRY(const Array y, call.operand(2));
    return one(call.work.choose(condition, x, y));
  }
  if (const auto comparison = find_comparison(op)) return one(compare(call, *comparison));
  if (op == Op::clip) return one(call.narrow(clip(call)));
  if (const auto binary = find_binary(op)) return one(call.narrow(fold(call, *binary)));
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (const auto unary = find_unary(op)) return one(call.narrow(call.work.unary(*unary, x)));
  ISOTRACE_CHECK(op == Op::mod, static_cast<int>(op));
  return one(call.narrow(remainder(call)));
}

}  // namespace isotrace::backends::gpu
