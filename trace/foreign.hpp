// Traces of what another engine computed. Its results follow no semantics that can be executed
// again, so that the identity names the engine instead: no foreign trace has the root of a run of
// the reference, and who executes traces again or vouches for them refuses it
// (docs/formats/trace.md).
#pragma once

#include <isotrace/core/result.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::trace {

/// Semantics, and names of backends, begin with it; name and version of the engine follow.
inline constexpr std::string_view foreign_prefix = "foreign:";

bool is_foreign(const TraceIdentity& identity);
/// Refuses trace_foreign, naming the engine.
core::Result<core::Done> check_not_foreign(const TraceIdentity& identity);

}  // namespace isotrace::trace
