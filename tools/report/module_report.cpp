#include <isotrace/tools/report/module_report.hpp>

#include <isotrace/wasm/function_names.hpp>

namespace isotrace::tools::page {
namespace {

const trace::StateRecord* find_state(const trace::Trace& trace, std::size_t row) {
  const auto& checkpoints = trace.machine.checkpoints;
  if (row < checkpoints.size()) return &checkpoints[row].state;
  return row == checkpoints.size() && trace.machine.state ? &*trace.machine.state : nullptr;
}

}  // namespace

std::string ModuleReport::function_name(std::uint32_t function) const {
  return function < names.size() ? names[function] : "function " + std::to_string(function);
}

const trace::StateRecord* ModuleReport::state_at(std::size_t row) const {
  return find_state(from.a, row);
}

ModuleReport make_module_report(ModuleSources from) {
  ModuleReport report{std::move(from), {}, {}, 0, {}};
  const trace::Trace& a = report.from.a;
  const trace::Trace* b = report.from.b;
  if (report.from.module != nullptr) report.names = wasm::find_function_names(*report.from.module);
  const std::size_t rows = a.machine.checkpoints.size() + (a.machine.state ? 1 : 0);
  for (std::size_t row = 0; row < rows; ++row) {
    PlaceState state = PlaceState::same;
    if (b != nullptr) {
      // Checkpoints meet by number, ends meet ends.
      const bool end = row == a.machine.checkpoints.size();
      const trace::StateRecord* other = find_state(*b, end ? b->machine.checkpoints.size() : row);
      const bool lone = other == nullptr || (!end && row >= b->machine.checkpoints.size());
      const bool same = !lone && *other == *report.state_at(row);
      if (!same) {
        state = report.differing == 0 ? PlaceState::first
                : lone                ? PlaceState::lone
                                      : PlaceState::differs;
        ++report.differing;
      }
    }
    report.states.push_back(state);
  }
  for (const trace::HostCallRecord& call : a.machine.host_calls) {
    HostSum& sum = report.host[call.function];
    ++sum.calls;
    for (const trace::HostWrite& write : call.writes) sum.bytes_written += write.bytes.size();
  }
  return report;
}

}  // namespace isotrace::tools::page
