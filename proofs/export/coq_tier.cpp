#include <isotrace/proofs/export/coq_tier.hpp>

#include <algorithm>
#include <array>

namespace isotrace::proofs {
namespace {

constexpr std::array<std::string_view, 4> real_axioms = {
    "ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec",
    "Classical_Prop.classic", "FunctionalExtensionality.functional_extensionality_dep"};

/// The operations that coq/primint uses, and what the standard library assumes of them.
constexpr std::array<std::string_view, 32> primitive_integers = {
    "PrimInt63.add",   "PrimInt63.asr",      "PrimInt63.div",   "PrimInt63.divs",
    "PrimInt63.eqb",   "PrimInt63.head0",    "PrimInt63.int",   "PrimInt63.land",
    "PrimInt63.leb",   "PrimInt63.lesb",     "PrimInt63.lor",   "PrimInt63.lsl",
    "PrimInt63.lsr",   "PrimInt63.ltb",      "PrimInt63.ltsb",  "PrimInt63.mul",
    "PrimInt63.sub",   "Sint63.asr_spec",    "Sint63.leb_spec", "Sint63.ltb_spec",
    "Uint63.add_spec", "Uint63.eqb_correct", "Uint63.eqb_refl", "Uint63.land_spec",
    "Uint63.leb_spec", "Uint63.lor_spec",    "Uint63.lsl_spec", "Uint63.lsr_spec",
    "Uint63.ltb_spec", "Uint63.mul_spec",    "Uint63.of_to_Z",  "Uint63.sub_spec"};

}  // namespace

std::string_view coq_tier_name(CoqTier tier) {
  return tier == CoqTier::closed ? "closed" : "primint";
}

std::optional<CoqTier> parse_coq_tier(std::string_view name) {
  for (const CoqTier tier : {CoqTier::closed, CoqTier::primint}) {
    if (name == coq_tier_name(tier)) return tier;
  }
  return std::nullopt;
}

std::string_view float_tier_name(CoqTier tier) {
  return tier == CoqTier::closed ? "reals" : "primint+reals";
}

std::vector<std::string> axioms_of_tier(std::string_view tier) {
  std::vector<std::string> axioms;
  if (tier.starts_with("primint"))
    axioms.assign(primitive_integers.begin(), primitive_integers.end());
  if (tier_needs_flocq(tier)) axioms.insert(axioms.end(), real_axioms.begin(), real_axioms.end());
  std::sort(axioms.begin(), axioms.end());
  return axioms;
}

bool tier_needs_flocq(std::string_view tier) { return tier.ends_with("reals"); }

bool tier_within(std::string_view tier, std::string_view accepted) {
  return accepted == "reals" || tier == "closed" || tier == accepted;
}

}  // namespace isotrace::proofs
