// What theorems say, for people: in words and as a formula. The assistants do not read it; replay
// compares it like everything else, so that it is what the exported subject gives.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>

namespace isotrace::proofs {

/// Of one case of a network's property. `semantics` as in Obligation. x0, x1, ... are the inputs,
/// y0, y1, ... the outputs; numbers are exact. Boxes of many inputs are named, not written out.
Reading reading_of_case(const Case& of, std::string_view semantics);

/// Of a claim about WebAssembly functions. Names are written as comment_text leaves them.
Reading reading_of_claim(const FunctionClaim& claim);

/// "In words: ...\n   As a formula: ...": a comment's inside, for Coq and Lean.
std::string reading_text(const Reading& reading);

}  // namespace isotrace::proofs
