// Runs the functions of a claim on given inputs with the reference engine: what makes a
// counterexample one. Trust: the engine alone.
#pragma once

#include <isotrace/proofs/obligation/function_proof.hpp>
#include <isotrace/wasm/numeric/slot.hpp>
#include <isotrace/wasm/numeric/trap.hpp>

namespace isotrace::proofs {

/// One call of a function.
struct FunctionCall {
  std::string function;
  std::vector<wasm::ValueType> result_types;
  std::vector<wasm::Slot> results = {};  ///< none if it did not return
  wasm::Trap trap = wasm::Trap::none;
  std::uint32_t pc = 0;   ///< where it trapped: byte of the module
  bool returned = false;  ///< neither: it took more steps than it may
};

struct ClaimRun {
  bool counts = false;              ///< the assumption held
  bool violated = false;            ///< and the property did not
  std::vector<FunctionCall> calls;  ///< function, then the other one; not the assumption
  std::string difference;   ///< effects: what the calls leave differently, if results are the same
  std::uint32_t place = 0;  ///< effects: the byte of memory that differs, if one does
};

/// Steps that one call may take.
inline constexpr std::uint64_t call_steps_max = std::uint64_t{1} << 24;

/// Refuses what load_module and instantiation refuse; wasm_export_unknown; wasm_arguments_mismatch;
/// limit_exceeded: more steps than a call may take, so that nothing is known.
core::Result<ClaimRun> execute_claim(const FunctionClaim& claim, const FunctionInputs& inputs);

}  // namespace isotrace::proofs
