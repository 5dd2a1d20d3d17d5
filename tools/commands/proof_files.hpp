// Proofs and counterexamples as commands read and show them.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/commands/vacuous.hpp>

namespace isotrace::tools {

core::Result<proofs::Proof> load_proof(const Context& context, const std::string& path);

/// {"inputs": [hex floats], "outputs": [...], "case": k}
Json counterexample_json(const proofs::Counterexample& counterexample);
/// "  X_0 = 0x1p-1 (0.5)" lines.
std::string counterexample_text(const proofs::Counterexample& counterexample);

}  // namespace isotrace::tools
