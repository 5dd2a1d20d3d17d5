#include <isotrace/proofs/export/lean_tier.hpp>

namespace isotrace::proofs {

std::string_view lean_tier_name(LeanTier tier) {
  return tier == LeanTier::closed ? "closed" : "native";
}

std::optional<LeanTier> parse_lean_tier(std::string_view name) {
  for (const LeanTier tier : {LeanTier::closed, LeanTier::native}) {
    if (name == lean_tier_name(tier)) return tier;
  }
  return std::nullopt;
}

std::vector<std::string> axioms_of_lean_tier(LeanTier tier) {
  if (tier == LeanTier::closed) return {};
  return {"Classical.choice", "Lean.ofReduceBool", "Lean.trustCompiler", "Quot.sound", "propext"};
}

}  // namespace isotrace::proofs
