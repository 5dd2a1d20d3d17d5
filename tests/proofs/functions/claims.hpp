// Claims that tests make, and their truth on single inputs by two ways: the obligation's term, and
// the reference engine.
#pragma once

#include <gtest/gtest.h>

#include <isotrace/proofs/functions/execute_claim.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::proofs::tests {

inline FunctionClaim never_traps(core::Bytes module, const std::string& function,
                                 std::uint32_t unwind = 8) {
  FunctionClaim claim;
  claim.module = std::move(module);
  claim.function = function;
  claim.unwind = unwind;
  return claim;
}

/// That the result is exactly these bits.
inline FunctionClaim returns(core::Bytes module, const std::string& function, std::uint64_t value) {
  FunctionClaim claim = never_traps(std::move(module), function);
  claim.property = FunctionProperty::range;
  claim.low = value;
  claim.high = value;
  return claim;
}

/// That the functions f and g, both of one type, have the same effects.
inline FunctionClaim same_function(const wasm::FunctionType& type, const core::Bytes& f,
                                   const core::Bytes& g) {
  FunctionClaim claim = never_traps(wasm::tests::ModuleBuilder()
                                        .add_function(type, f)
                                        .add_function(type, g)
                                        .add_export("f", wasm::ExternKind::function, 0)
                                        .add_export("g", wasm::ExternKind::function, 1)
                                        .bytes(),
                                    "f");
  claim.property = FunctionProperty::effects;
  claim.other = "g";
  return claim;
}

/// Whether the inputs violate the claim, by its term.
inline bool is_violated(const FunctionObligation& made, const FunctionInputs& inputs) {
  const auto holds = bits::holds(made.pool, made.violated, assignment_of(inputs));
  EXPECT_TRUE(holds.has_value());
  return holds.value_or(false);
}

/// Whether the inputs lead to what was cut off.
inline bool is_cut(const FunctionObligation& made, const FunctionInputs& inputs) {
  const auto holds = bits::holds(made.pool, made.cut, assignment_of(inputs));
  EXPECT_TRUE(holds.has_value());
  return holds.value_or(true);
}

}  // namespace isotrace::proofs::tests
