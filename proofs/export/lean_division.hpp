// Circuits of lean/bits/Division.lean. Trust: none, as lean_gates.hpp.
#pragma once

#include <string_view>

#include "lean_gates.hpp"

namespace isotrace::proofs {

/// Whether `node` is div_s, div_u, rem_s or rem_u.
bool is_lean_division(const CodeNode& node);
/// "true false" of div_s: is it signed, does it leave the remainder?
std::string_view lean_division_flags(const CodeNode& node);

/// Whether the quotient x / y is beyond the numbers of the width; y is not 0.
LeanLit lean_overflows(LeanGates& gates, const CodeNode& node, const LeanWord& x,
                       const LeanWord& y);
LeanWord lean_divide(LeanGates& gates, const CodeNode& node, const LeanWord& x, const LeanWord& y);

}  // namespace isotrace::proofs
