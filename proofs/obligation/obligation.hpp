// From a claim about a function to a term that can be true exactly if the claim is false or not all
// of the function was followed. The same claim always gives the same term, so that a checker makes
// the term anew and believes nobody. Trust: part of the trusted base.
#pragma once

#include <functional>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/proofs/obligation/claim.hpp>
#include <isotrace/proofs/obligation/floats.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::proofs {

/// Arguments, where the initial memory is arbitrary its bytes, and a place to look at afterwards.
struct FunctionInputs {
  std::vector<std::uint64_t> arguments;  ///< bits
  std::uint8_t fill = 0;                 ///< the bytes that are not listed
  std::vector<std::pair<std::uint32_t, std::uint8_t>> memory = {};  ///< by ascending address
  std::uint32_t place = 0;  ///< effects: the byte of memory that is compared

  bool operator==(const FunctionInputs&) const = default;
};

struct FunctionObligation {
  bits::TermPool pool{std::size_t{1} << 24};
  /// Arguments that count are a counterexample, or lead to what was cut off. No solution: proved.
  bits::Term refuted;
  /// Arguments that count are a counterexample, and nothing was cut off on the way.
  bits::Term violated;
  /// Some argument that counts leads to what was cut off.
  bits::Term cut;
  wasm::FunctionType type;  ///< of the function
  /// Operations on floats whose results are any ones, the same for the same operands.
  std::vector<obligation::FloatApplication> floats;
};

/// Refuses what load_module refuses of the modules; wasm_export_unknown; function_types_mismatch;
/// function_unsupported with function, offset and opcode; limit_exceeded.
/// Also limit_exceeded as soon as `stop`, if given, says so.
core::Result<FunctionObligation> make_obligation(const FunctionClaim& claim,
                                                 const std::function<bool()>& stop = {});
/// The same for these inputs alone, one argument for each parameter: constants in the place of
/// variables, so that loops end where they end and floats are computed. Refuses also
/// wasm_arguments_mismatch.
core::Result<FunctionObligation> make_obligation(const FunctionClaim& claim,
                                                 const FunctionInputs& inputs);

/// Values of the variables of an obligation.
bits::Assignment assignment_of(const FunctionInputs& inputs);
/// The other way round.
FunctionInputs inputs_of(const wasm::FunctionType& type, const bits::Assignment& assignment);

}  // namespace isotrace::proofs
