// The two families of data movement, which lowering.hpp offers as one. Trusted base.
#pragma once

#include "lowering.hpp"

namespace isotrace::proofs {

/// Every element of operand 0 stays (lower_movement.cpp).
core::Result<Movement> same_elements(const NodeAtHand& at);

}  // namespace isotrace::proofs
