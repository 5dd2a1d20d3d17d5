// The step of a node that has executed programs: its results are those of its rounds, and nothing
// is executed to judge them (internal to the referee).
#pragma once

#include <isotrace/referee/hearing.hpp>
#include <isotrace/referee/unfolding.hpp>

namespace isotrace::referee {

/// Holds a side to the results that it states; operation, operands and number of results are right.
/// What a scan output holds the side itself has to show.
void judge_closing(Hearing& hearing, const Side& side, std::uint64_t leaf, const core::Node& node,
                   const Unfolding::Closing& closing, const trace::StepRecord& stated);

}  // namespace isotrace::referee
