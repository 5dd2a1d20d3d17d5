// Timing of contenders in turns, so that what the machine does beside falls on all of them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace isotrace::tools::bench {

/// One run of a contender: the seconds it took, or nothing if it could not run.
using Contender = std::function<std::optional<double>()>;

/// The contender that times `work`: with one thread by the time this thread computed, which other
/// programs do not lengthen, with several by the clock on the wall.
Contender timed(unsigned threads, std::function<void()> work);

/// By what this thread computed, or all others of the process together if that is more: of work
/// that one hands to another, neither can be done in less.
Contender timed_pipeline(std::function<void()> work);

/// The shortest run of each, in turns until `seconds` have passed and each had three. In its turn a
/// contender runs twice and the second run counts: the first brings its data back into the caches.
/// A contender that fails once is absent.
std::vector<std::optional<double>> best_of(std::span<const Contender> contenders, double seconds);

/// The median of `rounds` runs of each, in turns. A contender that fails once is absent.
std::vector<std::optional<double>> median_of(std::span<const Contender> contenders,
                                             std::size_t rounds);

}  // namespace isotrace::tools::bench
