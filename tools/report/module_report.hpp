// What a report says of a run of a WebAssembly module, alone or beside another.
#pragma once

#include <map>

#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/report/checkpoint_views.hpp>
#include <isotrace/tools/report/place_state.hpp>
#include <isotrace/tools/report/selection.hpp>

namespace isotrace::tools::page {

struct ModuleSources {
  const trace::Trace& a;
  bool complete = true;
  const trace::Trace* b = nullptr;
  const wasm::Module* module = nullptr;  ///< a's; nullptr: neither embedded nor given
  Json difference;                       ///< run_difference_json; null: none, or nothing to compare
  /// By checkpoint of a; empty: the run was not executed again.
  std::vector<CheckpointView> views;
  std::string engine;  ///< that executed it
  bool timed = false;
};

/// Calls of one host function.
struct HostSum {
  std::uint64_t calls = 0;
  std::uint64_t bytes_written = 0;
};

struct ModuleReport {
  ModuleSources from;
  std::vector<std::string> names;  ///< of functions; empty without the module
  std::vector<PlaceState> states;  ///< by checkpoint of a, then that of its end
  std::uint64_t differing = 0;
  std::map<std::uint32_t, HostSum> host;

  /// "search", or "function 3" where no name is known.
  [[nodiscard]] std::string function_name(std::uint32_t function) const;
  /// Of checkpoint `row`, or the last state behind them; nullptr if there is none.
  [[nodiscard]] const trace::StateRecord* state_at(std::size_t row) const;
};

ModuleReport make_module_report(ModuleSources from);

}  // namespace isotrace::tools::page
