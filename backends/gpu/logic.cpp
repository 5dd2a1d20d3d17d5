// Logic of booleans, bits of integers, and tests of real numbers (docs/spec/elementwise.md). A
// boolean is the u64 0 or 1.
#include <isotrace/backends/gpu/operations.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;

Binary find_operation(Op op) {
  switch (op) {
    case Op::logical_and:
    case Op::bitwise_and: return Binary::bit_and;
    case Op::logical_or:
    case Op::bitwise_or: return Binary::bit_or;
    default: return Binary::bit_xor;
  }
}

Made shift(DeviceCall& call) {
  const std::string& direction = call.node().text("direction");
  if (direction != "LEFT" && direction != "RIGHT") return reference::refuse_attribute("direction");
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array bits, call.wide(1));
  return call.work.binary(direction == "LEFT" ? Binary::shift_left : Binary::shift_right, x, bits);
}

/// Whether an element is one of the infinities asked for.
Made is_infinite(DeviceCall& call, const Array& x) {
  Work& work = call.work;
  ISOTRACE_TRY(Array found, work.compare(Comparison::less, x, x));  // nothing
  ISOTRACE_TRY(found, work.widen(found));
  for (const bool positive : {true, false}) {
    if (call.node().integer(positive ? "detect_positive" : "detect_negative") == 0) continue;
    const Parameter infinity = positive ? greatest_of(x.dtype) : least_of(x.dtype);
    ISOTRACE_TRY(const Array wanted, work.number(x.dtype, infinity));
    ISOTRACE_TRY(const Array equal, work.compare(Comparison::equal, x, wanted));
    ISOTRACE_TRY(const Array wide, work.widen(equal));
    ISOTRACE_TRY(found, work.binary(Binary::bit_or, found, wide));
  }
  return work.convert(found, Dtype::boolean);
}

}  // namespace

Results run_logic(DeviceCall& call) {
  Work& work = call.work;
  const Op op = call.node().op;
  if (op == Op::bit_shift) return one(call.narrow(shift(call)));
  ISOTRACE_TRY(const Array x, call.wide(0));
  switch (op) {
    case Op::is_nan: return one(work.compare(Comparison::not_equal, x, x));
    case Op::is_inf: return one(is_infinite(call, x));
    case Op::bitwise_not: return one(call.narrow(work.unary(Unary::complement, x)));
    case Op::logical_not: {
      ISOTRACE_TRY(const Array zero, work.number(x.dtype, 0));
      return one(work.compare(Comparison::equal, x, zero));
    }
    default: break;
  }
  ISOTRACE_TRY(const Array y, call.wide(1));
  return one(call.narrow(work.binary(find_operation(op), x, y)));
}

}  // namespace isotrace::backends::gpu
