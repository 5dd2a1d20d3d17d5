// Proofs of properties that are true because nothing is asked.
#pragma once

#include <string_view>

#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::tools {

/// Whether the proof says that a property holds which no input is within the bounds of, such as
/// one with two bounds the wrong way round: true, and worth nothing.
inline bool is_vacuous(const proofs::Proof& proof) {
  // There is one tree for each case of the property that has a box.
  return proof.outcome == proofs::Proof::Outcome::proved && proof.cases.empty();
}

inline constexpr std::string_view vacuous_text =
    "no input is within the bounds of the property: it holds for nothing";

}  // namespace isotrace::tools
