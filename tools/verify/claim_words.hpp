// What a claim about functions says, where their names may be anybody's.
#pragma once

#include <isotrace/proofs/obligation/function_proof.hpp>
#include <isotrace/tools/cli/printable.hpp>

namespace isotrace::tools {

/// proofs::claim_text with names that cannot be taken for other words of it.
inline std::string claim_words(proofs::FunctionClaim claim) {
  for (std::string* name : {&claim.function, &claim.other, &claim.assume}) {
    if (!name->empty()) *name = name_text(*name);
  }
  return proofs::claim_text(claim);
}

}  // namespace isotrace::tools
