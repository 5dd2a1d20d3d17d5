// Tiers of Coq theorems: by which numbers a certificate is checked, and which axioms that brings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isotrace::proofs {

enum class CoqTier : std::uint8_t {
  closed,   ///< Coq's inductive integers: no axioms
  primint,  ///< Coq's primitive 63-bit integers, which are faster
};

/// "closed" or "primint".
std::string_view coq_tier_name(CoqTier tier);
std::optional<CoqTier> parse_coq_tier(std::string_view name);

/// The tier of the theorem about floats over a certificate checked in `tier`.
std::string_view float_tier_name(CoqTier tier);

/// The axioms, sorted, that a theorem of the named tier depends on: "closed": none; "primint":
/// Coq's primitive integers and their specifications; "reals": those of Coq's real numbers, which
/// Flocq's floats bring along; "primint+reals": both.
std::vector<std::string> axioms_of_tier(std::string_view tier);

/// Whether a theorem of the named tier needs Flocq.
bool tier_needs_flocq(std::string_view tier);

/// Whether someone who accepts the axioms of `accepted` ("closed", "primint" or "reals", which is
/// all of them) accepts a theorem of the named tier.
bool tier_within(std::string_view tier, std::string_view accepted);

}  // namespace isotrace::proofs
