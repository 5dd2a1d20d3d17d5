#include <isotrace/tools/commands/report_tensors.hpp>

#include <isotrace/tools/commands/compare_report.hpp>
#include <isotrace/tools/commands/explain_traces.hpp>
#include <isotrace/tools/commands/report_page.hpp>
#include <isotrace/tools/commands/shell_words.hpp>
#include <isotrace/tools/commands/step_times.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/tools/report/tensor_page.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::tools {
namespace {

using page::TensorReport;

std::string verdict_of(const TensorReport& report) {
  if (report.from.b != nullptr) return report.from.divergence ? "diverged" : "identical";
  return report.from.complete ? "recorded" : "unfinished";
}

int exit_code_of(const TensorReport& report) {
  if (report.from.divergence != nullptr) return exit_no;
  return report.from.complete ? exit_yes : exit_undecided;
}

/// Judges the one step again, of the run that the reference does not confirm.
std::string reproduce_line(const TensorReport& report, const executor::StepExplanation& explanation,
                           const std::string& a, const std::string& b) {
  if (!explanation.a_node) return {};
  const std::string step = std::to_string(report.from.divergence->step);
  const bool blame_a = explanation.b_canonical.value_or(false);
  if (is_foreign((blame_a ? report.from.a : *report.from.b).identity)) {
    const std::vector<std::string> words = {"isotrace", "compare", a, b, "--extract", "step"};
    return shell_line(words);
  }
  const std::string& blamed = blame_a ? a : b;
  const std::vector<std::string> words = {"isotrace", "replay", blamed, "--from",
                                          step,       "--to",   step};
  return shell_line(words);
}

Json times_json(const TensorReport& report) {
  if (report.from.times == nullptr) return nullptr;
  const page::StepTimes& times = *report.from.times;
  Json steps = Json::array();
  for (const std::uint64_t time : times.nanoseconds) steps.push_back(time);
  return {{"measured", "now"},      {"backend", times.backend},
          {"device", times.device}, {"runs", times.runs},
          {"unit", "ns"},           {"steps", std::move(steps)}};
}

Json operations_json(const TensorReport& report) {
  Json list = Json::array();
  for (const auto& [name, sum] : report.operations) {
    list.push_back({{"operation", name},
                    {"steps", sum.steps},
                    {"resultBytes", sum.result_bytes},
                    {"differing", sum.differing}});
  }
  return list;
}

Json peak_json(const TensorReport& report) {
  if (report.flow.steps.empty()) return nullptr;
  const std::size_t step = report.flow.peak;
  return {{"bytes", report.flow.steps[step].alive_bytes},
          {"step", step},
          {"operation", core::op_info(report.from.a.steps[step].op).name}};
}

Json summary_json(const TensorReport& report, Json divergence, Json html) {
  const trace::Trace& a = report.from.a;
  const trace::Trace* b = report.from.b;
  return {{"verdict", verdict_of(report)},
          {"root", report.from.complete ? Json(a.root.hex()) : Json(nullptr)},
          {"rootB", b ? Json(b->root.hex()) : Json(nullptr)},
          {"semantics", a.identity.semantics},
          {"programDigest", a.identity.program.hex()},
          {"provenance",
           {{"backend", a.provenance.backend},
            {"device", a.provenance.device},
            {"tool", a.provenance.tool}}},
          {"steps", a.steps.size()},
          {"stepsB", b ? Json(b->steps.size()) : Json(nullptr)},
          {"differing", b ? Json(report.differing) : Json(nullptr)},
          {"mostAlive", peak_json(report)},
          {"operations", operations_json(report)},
          {"divergence", std::move(divergence)},
          {"times", times_json(report)},
          {"html", std::move(html)}};
}

void print_text(const Context& context, const TensorReport& report, const std::string& divergence,
                const Json& html) {
  const trace::Trace& a = report.from.a;
  context.out << verdict_of(report) << ": " << a.steps.size() << " steps";
  if (report.from.divergence != nullptr) {
    context.out << ", of which " << report.differing
                << (report.differing == 1 ? " differs" : " differ");
    if (report.from.b->steps.size() != a.steps.size()) {
      context.out << "; the other has " << report.from.b->steps.size();
    }
  } else if (report.from.complete) {
    context.out << ", root " << a.root.hex();
  }
  context.out << "\n" << divergence;
  context.out << "  program " << a.identity.program.hex() << "\n";
  for (const auto& [name, sum] : report.operations) {
    context.out << "  " << name << ": " << sum.steps << (sum.steps == 1 ? " step, " : " steps, ")
                << sum.result_bytes << " bytes";
    if (report.from.times != nullptr) context.out << ", " << sum.nanoseconds / 1000 << " us";
    if (sum.differing > 0) context.out << ", " << sum.differing << " differ";
    context.out << "\n";
  }
  if (const Json peak = peak_json(report); !peak.is_null()) {
    context.out << "  most bytes alive: " << peak["bytes"] << " at step " << peak["step"] << " ("
                << peak["operation"].get<std::string>() << ")\n";
  }
  if (report.from.times != nullptr) {
    context.out << "  times were measured now, on " << report.from.times->backend << " ("
                << report.from.times->device << "), least of " << report.from.times->runs
                << " runs\n";
  }
  print_page_line(context, html);
}

core::Result<core::Done> write_junit(const Context& context, const Arguments& arguments,
                                     const TensorReport& report) {
  if (!arguments.has("--junit")) return core::Done{};
  std::vector<JunitCase> cases = {{"recording", {}, {}}};
  if (report.from.b != nullptr) {
    const auto divergence =
        report.from.divergence ? std::optional(*report.from.divergence) : std::nullopt;
    cases = report_cases(report.from.a, *report.from.b, divergence);
  } else if (!report.from.complete) {
    cases[0].skipped = "the recording was never closed";
  }
  return context.write(arguments.value("--junit"), core::as_bytes(junit_text("report", cases)));
}

}  // namespace

int report_tensors(const Context& context, const Arguments& arguments,
                   const trace::RecoveredTrace& a, const trace::Trace* b, std::size_t rows_max) {
  const auto divergence = b ? trace::find_divergence(a.trace, *b) : std::nullopt;
  std::optional<executor::StepExplanation> explanation;
  if (divergence) {
    ISOTRACE_OR_REPORT(context, explanation,
                       explain_traces(context, arguments, a.trace, *b, *divergence));
  }
  std::optional<page::StepTimes> times;
  if (arguments.has("--timings")) {
    ISOTRACE_OR_REPORT(context, times, measure_steps(context, arguments, a.trace));
  }
  const auto run = find_run(context, arguments, a.trace);
  const TensorReport told =
      page::make_tensor_report({.a = a.trace,
                                .complete = a.complete,
                                .b = b,
                                .divergence = divergence ? &*divergence : nullptr,
                                .explanation = explanation ? &*explanation : nullptr,
                                .program = run ? &run->program : nullptr,
                                .times = times ? &*times : nullptr});
  Json html;
  if (arguments.has("--html")) {
    // The same traces give the same page, whatever their files are called.
    const std::string reproduce =
        divergence ? reproduce_line(told, *explanation, "A.isotrace", "B.isotrace") : "";
    const std::string text = page::make_tensor_page(told, {rows_max, reproduce});
    ISOTRACE_OR_REPORT(
        context, html,
        write_page(context, arguments.value("--html"), text, a.trace.steps.size(), rows_max));
  }
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                     write_junit(context, arguments, told));
  Json difference;
  std::string difference_text;
  if (divergence) {
    const TraceReport found{
        *divergence, *explanation,
        reproduce_line(told, *explanation, arguments.operand(0), arguments.operand(1))};
    difference = report_json(found);
    difference_text = report_text(found);
  }
  if (context.json) {
    context.print(summary_json(told, std::move(difference), std::move(html)));
  } else {
    print_text(context, told, difference_text, html);
  }
  return exit_code_of(told);
}

}  // namespace isotrace::tools
