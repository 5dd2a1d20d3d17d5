#include <isotrace/trace/foreign.hpp>

namespace isotrace::trace {

bool is_foreign(const TraceIdentity& identity) {
  return identity.semantics.starts_with(foreign_prefix);
}

core::Result<core::Done> check_not_foreign(const TraceIdentity& identity) {
  if (!is_foreign(identity)) return core::Done{};
  return core::refuse(core::RefusalCode::trace_foreign, "trace",
                      identity.semantics.substr(foreign_prefix.size()));
}

}  // namespace isotrace::trace
