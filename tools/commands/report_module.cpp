#include <isotrace/tools/commands/report_module.hpp>

#include <isotrace/tools/commands/compare_module.hpp>
#include <isotrace/tools/commands/inspect_module.hpp>
#include <isotrace/tools/commands/junit.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/report_page.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>
#include <isotrace/tools/report/module_page.hpp>

namespace isotrace::tools {
namespace {

using page::ModuleReport;

/// Steps that are executed again without being asked for: a few seconds.
constexpr std::uint64_t steps_again_max = std::uint64_t{1} << 30;

std::string verdict_of(const ModuleReport& report) {
  if (report.from.b != nullptr) return report.from.difference.is_null() ? "identical" : "diverged";
  return report.from.complete ? "recorded" : "unfinished";
}

int exit_code_of(const ModuleReport& report) {
  if (!report.from.difference.is_null()) return exit_no;
  return report.from.complete ? exit_yes : exit_undecided;
}

Json host_json(const ModuleReport& report) {
  Json list = Json::array();
  for (const auto& [function, sum] : report.host) {
    list.push_back({{"function", report.function_name(function)},
                    {"calls", sum.calls},
                    {"bytesWritten", sum.bytes_written}});
  }
  return list;
}

Json times_json(const ModuleReport& report) {
  if (!report.from.timed) return nullptr;
  Json segments = Json::array();
  for (const page::CheckpointView& view : report.from.views) segments.push_back(view.nanoseconds);
  return {{"measured", "now"},
          {"backend", report.from.engine},
          {"runs", 1},
          {"unit", "ns"},
          {"checkpoints", std::move(segments)}};
}

void print_text(const Context& context, const ModuleReport& report, const Json& html) {
  const trace::Trace& a = report.from.a;
  context.out << verdict_of(report) << ": " << trace::step_count(a) << " steps, "
              << a.machine.checkpoints.size() << " checkpoints";
  if (!report.from.difference.is_null()) {
    context.out << "\n";
    print_run_difference(context, report.from.difference);
  } else if (report.from.complete) {
    context.out << ", root " << a.root.hex() << "\n";
  } else {
    context.out << "\n";
  }
  context.out << "  program " << a.identity.program.hex() << "\n";
  for (const auto& [function, sum] : report.host) {
    context.out << "  host function " << terminal_text(report.function_name(function)) << ": "
                << sum.calls << " calls, " << sum.bytes_written << " bytes written\n";
  }
  if (report.from.timed) {
    std::uint64_t total = 0;
    for (const page::CheckpointView& view : report.from.views) total += view.nanoseconds;
    context.out << "  time " << total / 1'000'000 << " ms, measured now on " << report.from.engine
                << "\n";
  }
  print_page_line(context, html);
}

core::Result<core::Done> write_junit(const Context& context, const Arguments& arguments,
                                     const ModuleReport& report) {
  if (!arguments.has("--junit")) return core::Done{};
  JunitCase test{report.from.b != nullptr ? "run" : "recording", {}, {}};
  if (!report.from.difference.is_null()) {
    test.failure = "the runs differ: " + report.from.difference["kind"].get<std::string>();
  } else if (!report.from.complete) {
    test.skipped = "the recording was never closed";
  }
  const std::string text = junit_text("report", std::span(&test, 1));
  return context.write(arguments.value("--junit"), core::as_bytes(text));
}

/// The comparison of both, as JSON; null if they are equal.
core::Result<Json> compare(const Context& context, const Arguments& arguments,
                           const wasm::RunRequest& one, const trace::Trace& a,
                           const trace::Trace& b) {
  ISOTRACE_TRY(const wasm::RunRequest other, load_recorded(context, arguments, b));
  const wasm::EngineFactory engine = load_engine(arguments);
  ISOTRACE_TRY(const auto difference, wasm::compare_runs({a, one, engine}, {b, other, engine}));
  return difference ? run_difference_json(*one.module, *difference) : Json(nullptr);
}

}  // namespace

int report_module(const Context& context, const Arguments& arguments,
                  const trace::RecoveredTrace& a, const trace::Trace* b, std::size_t rows_max) {
  const bool timed = arguments.has("--timings");
  page::ModuleSources sources{a.trace, a.complete, b, nullptr, {}, {}, {}, timed};
  const auto request = load_recorded(context, arguments, a.trace);
  // Without the module a run can be shown, but neither executed nor compared.
  const bool needed = timed || b != nullptr || arguments.has("--program");
  if (!request && needed) return report(context, request.error());
  if (b != nullptr) {
    ISOTRACE_OR_REPORT(context, sources.difference,
                       compare(context, arguments, *request, a.trace, *b));
  }
  if (request) sources.module = request->module.get();
  if (request && (timed || trace::step_count(a.trace) <= steps_again_max)) {
    ISOTRACE_OR_REPORT(context, sources.views,
                       page::view_checkpoints(a.trace, *request, load_engine(arguments)));
    sources.engine = arguments.value("--backend");
  }
  const ModuleReport told = page::make_module_report(std::move(sources));
  Json html;
  if (arguments.has("--html")) {
    const std::string text = page::make_module_page(told, rows_max);
    ISOTRACE_OR_REPORT(
        context, html,
        write_page(context, arguments.value("--html"), text, told.states.size(), rows_max));
  }
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                     write_junit(context, arguments, told));
  if (!context.json) {
    print_text(context, told, html);
    return exit_code_of(told);
  }
  Json object = module_trace_json(a);
  object.erase("kind");
  object["verdict"] = verdict_of(told);
  object["rootB"] = b != nullptr ? Json(b->root.hex()) : Json(nullptr);
  object["differing"] = b != nullptr ? Json(told.differing) : Json(nullptr);
  object["hostFunctions"] = host_json(told);
  object["divergence"] = told.from.difference;
  object["times"] = times_json(told);
  object["html"] = std::move(html);
  context.print(object);
  return exit_code_of(told);
}

}  // namespace isotrace::tools
