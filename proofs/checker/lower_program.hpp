// From a program to the chain of layers that the checker reasons about. Trusted base. Everything
// that is not understood completely is refused (prove_unsupported, naming the node).
#pragma once

#include <isotrace/core/program.hpp>

#include "network.hpp"

namespace isotrace::proofs {

/// One binary32 input (dimensions of any size are taken as 1), one output, and nodes each of which
/// works on the result of the one before it and constants. To be called while rounding downward.
core::Result<Network> lower_program(const core::Program& program);

}  // namespace isotrace::proofs
