// Tiers of Lean theorems: what checks a refutation, and which axioms that brings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isotrace::proofs {

enum class LeanTier : std::uint8_t {
  closed,  ///< Lean's kernel: no axioms
  native,  ///< of functions: the checker behind `bv_decide`, which runs as compiled code
};

/// "closed" or "native".
std::string_view lean_tier_name(LeanTier tier);
std::optional<LeanTier> parse_lean_tier(std::string_view name);

/// The axioms, sorted, that a theorem of the tier depends on, as Lean of lean_toolchain prints
/// them.
std::vector<std::string> axioms_of_lean_tier(LeanTier tier);

}  // namespace isotrace::proofs
