// What coq/bits/Claims.v makes of a claim about functions, in the same gates with the same numbers:
// a twin in C++ of Symbolic.v, Execution.v and Claims.v, so that a refutation can be searched
// before Coq checks it. Trust: none; if the two differ, Coq does not accept the refutation.
#pragma once

#include <isotrace/bits/cnf.hpp>
#include <isotrace/core/result.hpp>

#include "wasm_code.hpp"

namespace isotrace::proofs {

/// A claim about code: functions by their places.
struct CodeClaim {
  const CodeModule* module = nullptr;
  const CodeModule* other_module = nullptr;  ///< equivalent
  FunctionProperty property = FunctionProperty::never_traps;
  std::uint32_t function = 0;
  std::uint32_t other = 0;
  std::optional<std::uint32_t> assume = {};
  bool is_signed = false;  ///< range; bounds as bits of the result's width
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// How far code is followed; what lies beyond is cut off. Any numbers are sound.
struct CircuitLimits {
  std::uint32_t fuel = 1U << 14;  ///< blocks, rounds and calls inside each other
  std::uint32_t unwind = 0;       ///< rounds of a loop that may or may not begin
  std::uint32_t depth = 0;        ///< calls inside each other
};

struct FunctionCircuit {
  bits::Cnf cnf;  ///< satisfiable if the claim is false
  /// By clause, from the first: its number in coq/bits/Gates.v.
  std::vector<std::uint64_t> clause_numbers;
  /// By variable (entry 0 is not used): the variable in Gates.v.
  std::vector<std::uint32_t> variables;
};

/// Refuses limit_exceeded; export_unsupported: a claim about a result that there never is.
core::Result<FunctionCircuit> make_function_circuit(const CodeClaim& claim,
                                                    const CircuitLimits& limits);

}  // namespace isotrace::proofs
