// One function per row of core/ops.def that is no control flow: evaluate_add, evaluate_sub, ...
// Each is the definition of its operation; the paragraph of docs/spec that its comment cites says
// the same in words.
#pragma once

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) \
  Outcome evaluate_##name(const Call& call);
#define ISOTRACE_CONTROL(...)
#include <isotrace/core/ops.def>
#undef ISOTRACE_OP

}  // namespace isotrace::reference
