// WebAssembly's operations on integers as terms (specification, "Numerics"): i32 and i64 are
// vectors of 32 and 64 bits. Of floats the operations that only move bits are here; values of f32
// and f64 are their bits. Trust: part of the trusted base.
#pragma once

#include <optional>
#include <span>

#include <isotrace/bits/term.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>

namespace isotrace::proofs::obligation {

/// What an operation gives, and when it traps instead.
struct Computed {
  bits::Term value;
  bits::Term trap;  ///< Boolean
};

/// Of a numeric opcode and as many operands as it takes, the one pushed first at the front.
/// Nothing: the opcode has no term here (floats that are computed with).
std::optional<Computed> compute_numeric(bits::TermPool& pool, wasm::Opcode opcode,
                                        std::span<const bits::Term> operands);

/// Whether a vector is not zero, as a Boolean.
bits::Term is_nonzero(bits::TermPool& pool, bits::Term value);
/// 1 or 0 in 32 bits.
bits::Term truth_value(bits::TermPool& pool, bits::Term condition);
/// a + constant, where constants in `a` come together.
bits::Term add_constant(bits::TermPool& pool, bits::Term a, std::uint64_t constant);

}  // namespace isotrace::proofs::obligation
