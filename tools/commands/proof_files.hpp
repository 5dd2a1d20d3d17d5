// Proofs and counterexamples as commands read and show them.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

core::Result<proofs::Proof> load_proof(const Context& context, const std::string& path);

/// Whether the proof says that a property holds which no input is within the bounds of, such as
/// one with two bounds the wrong way round: true, and worth nothing.
bool is_vacuous(const proofs::Proof& proof);
inline constexpr std::string_view vacuous_text =
    "no input is within the bounds of the property: it holds for nothing";

/// {"inputs": [hex floats], "outputs": [...], "case": k}
Json counterexample_json(const proofs::Counterexample& counterexample);
/// "  X_0 = 0x1p-1 (0.5)" lines.
std::string counterexample_text(const proofs::Counterexample& counterexample);

}  // namespace isotrace::tools
