// Arithmetic, comparisons and Where (docs/spec/elementwise.md).
#include <limits>

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
  ISOTRACE_TRY(Array folded, call.operand(0));
  const std::size_t count = call.call.operands.size();
  for (std::size_t i = 1; i < count; ++i) {
    ISOTRACE_TRY(const Array next, call.operand(i));
    ISOTRACE_TRY(folded, call.work.binary(op, folded, next));
  }
  if (call.node().op == Op::mean) {
    return call.work.unary(Unary::divide_by, folded, static_cast<float>(count));
  }
  return count == 1 ? call.work.unary(Unary::multiply, folded, 1) : folded;
}

Made clip(DeviceCall& call) {
  float bounds[] = {-std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::infinity()};
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const core::TensorView* bound = call.call.find_operand(i);
    if (bound == nullptr) continue;
    if (bound->elements() != 1 || bound->rank() > 1) return reference::refuse_shape("bound");
    bounds[i - 1] = bound->data<float>()[0];
  }
  ISOTRACE_TRY(const Array x, call.operand(0));
  return call.work.unary(Unary::clip, x, bounds[0], bounds[1]);
}

}  // namespace

Results run_elementwise(DeviceCall& call) {
  const Op op = call.node().op;
  if (op == Op::clip) return one(clip(call));
  if (const auto binary = find_binary(op)) return one(fold(call, *binary));
  ISOTRACE_TRY(const Array x, call.operand(0));
  if (const auto unary = find_unary(op)) return one(call.work.unary(*unary, x));
  ISOTRACE_TRY(const Array y, call.operand(1));
  if (const auto comparison = find_comparison(op)) return one(call.work.compare(*comparison, x, y));
  ISOTRACE_TRY(const Array z, call.operand(2));
  ISOTRACE_CHECK(op == Op::where, static_cast<int>(op));
  return one(call.work.choose(x, y, z));
}

}  // namespace isotrace::backends::gpu
