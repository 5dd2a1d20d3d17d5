// Which ReLU a box that stays open is split by, at the sign of what it is given.
#pragma once

#include <optional>

#include <isotrace/proofs/search/leaf.hpp>

namespace isotrace::proofs::search {

/// `attempt` is what was tried on the box, `signs` the splits above it. Of the unstable ReLUs whose
/// relaxations cost the attempt's combination most (Bunel et al., JMLR 2020), the one whose two
/// halves gain most with everything else as it is (De Palma et al., 2021: filtered smart
/// branching). Where that is not much, and bounds are found again below splits with `rows` of the
/// root: that which costs most in all. Nothing if there is none that matters.
std::optional<SignSplit> choose_sign_split(const Network& network, const Problem& problem,
                                           const Bounds& bounds, Relaxation& relaxation,
                                           const std::vector<SignSplit>& signs,
                                           const LeafAttempt& attempt,
                                           const InnerRows* rows = nullptr);

}  // namespace isotrace::proofs::search
