// From a program to the chain of layers that the checker reasons about. Trusted base. Everything
// that is not understood completely is refused (prove_unsupported, naming the node).
#pragma once

#include <isotrace/core/program.hpp>

#include "network.hpp"

namespace isotrace::proofs {

/// Inputs and outputs are binary32 (dimensions of any size are taken as 1) and stand one after the
/// other, each side as one vector. To be called while rounding downward.
/// With `order_only` a Softmax or LogSoftmax of one row that gives all outputs is left out, and the
/// network says so.
core::Result<Network> lower_program(const core::Program& program, bool order_only = false);

}  // namespace isotrace::proofs
