#include <isotrace/tools/report/module_page.hpp>

#include <algorithm>

#include <isotrace/tools/report/page.hpp>
#include <isotrace/tools/report/run_difference_section.hpp>
#include <isotrace/tools/report/summary.hpp>
#include <isotrace/tools/report/timeline.hpp>
#include <isotrace/wasm/value_text.hpp>

namespace isotrace::tools::page {
namespace {

constexpr std::size_t settings_max = 100;
constexpr std::size_t functions_max = 100;

std::string slots_text(const std::vector<std::uint64_t>& slots) {
  constexpr std::size_t most = 32;
  std::string text;
  for (std::size_t i = 0; i < std::min(slots.size(), most); ++i) {
    text += (i > 0 ? " " : "") + wasm::bits_text(wasm::ValueType::i64, slots[i]);
  }
  if (slots.size() > most) text += " and " + std::to_string(slots.size() - most) + " more";
  return text.empty() ? "none" : text;
}

std::string outcome_of(const trace::Trace& trace) {
  if (!trace.machine.state) return "the recording was never closed";
  const auto status = static_cast<wasm::Status>(trace.machine.state->status);
  if (status != wasm::Status::trapped) return "finished";
  const auto trap = static_cast<wasm::Trap>(trace.machine.state->trap);
  if (trap == wasm::Trap::exit) return "ended itself (exit)";
  return "trapped: " + std::string(wasm::trap_text(trap));
}

void put_tiles(Html& html, const ModuleReport& report) {
  const trace::Trace& a = report.from.a;
  html.raw("<dl class=\"tiles\">");
  put_tile(html, "Steps", grouped(trace::step_count(a)), outcome_of(a));
  put_tile(html, "Checkpoints", grouped(a.machine.checkpoints.size()),
           "every " + grouped(a.identity.machine->interval) + " steps");
  if (report.from.b != nullptr) {
    put_tile(html, "Checkpoints that differ", grouped(report.differing),
             "the last state counts as one");
  }
  put_tile(html, "Host calls", grouped(a.machine.host_calls.size()),
           counted(report.host.size(), "function"));
  if (const auto& state = a.machine.state; state && !state->memories.empty()) {
    put_tile(html, "Memory at the end", bytes_text(state->memories[0].size * 65536),
             counted(state->memories[0].size, "page") + " of 64 KiB");
  }
  if (report.from.timed) {
    std::uint64_t sum = 0;
    for (const CheckpointView& view : report.from.views) sum += view.nanoseconds;
    put_tile(html, "Time", grouped(sum / 1'000'000) + " ms",
             "measured now on " + report.from.engine);
  }
  html.raw("</dl>");
}

void put_side(Html& html, const trace::Trace& trace, bool complete) {
  const trace::MachineIdentity& machine = *trace.identity.machine;
  html.raw("<dl class=\"facts\">");
  if (complete) {
    put_fact(html, "Root", trace.root);
  } else {
    html.raw("<dt>Root</dt><dd>none: the recording was never closed</dd>");
  }
  put_fact(html, "Program", trace.identity.program);
  put_fact(html, "Module (BLAKE3)", machine.module);
  put_fact(html, "Semantics",
           trace.identity.semantics + ", WebAssembly " + (machine.edition == 0 ? "1.0" : "2.0"));
  put_fact(html, "Invoked", machine.invoke);
  put_fact(html, "Arguments", slots_text(machine.arguments));
  put_fact(html, "Results", slots_text(trace.machine.results));
  for (std::size_t i = 0; i < std::min(machine.settings.size(), settings_max); ++i) {
    html.raw("<dt>Setting ").name(machine.settings[i].name).raw("</dt><dd>");
    html.name(machine.settings[i].value).raw("</dd>");
  }
  put_fact(html, "Backend", trace.provenance.backend);
  put_fact(html, "Device", trace.provenance.device);
  put_fact(html, "Recorded by", trace.provenance.tool);
  html.raw("<dt>Inside the file</dt><dd>")
      .raw(trace.program.empty() ? Markup("no module, ") : Markup("the module, "))
      .text(counted(trace.machine.snapshots.size(), "snapshot"))
      .raw("</dd></dl>");
  put_left_out(html, std::min(machine.settings.size(), settings_max), machine.settings.size());
}

void put_host(Html& html, const ModuleReport& report) {
  std::vector<std::pair<std::uint32_t, HostSum>> rows(report.host.begin(), report.host.end());
  std::ranges::stable_sort(
      rows, [](const auto& x, const auto& y) { return x.second.calls > y.second.calls; });
  html.raw("<section id=\"host\"><h2>Host calls</h2>");
  if (rows.empty()) {
    html.raw("<p class=\"soft\">The program called nothing outside.</p></section>\n");
    return;
  }
  html.raw(
      "<div class=\"scroll\"><table><thead><tr><th>Function</th><th class=\"right\">Calls</th>"
      "<th class=\"right\">Bytes written</th><th class=\"wide\"></th></tr></thead><tbody>");
  for (std::size_t i = 0; i < std::min(rows.size(), functions_max); ++i) {
    html.raw("<tr><td>").name(report.function_name(rows[i].first)).raw("</td><td class=\"right\">");
    html.count(rows[i].second.calls).raw("</td><td class=\"right\">");
    html.count(rows[i].second.bytes_written).raw("</td><td class=\"bar wide\">");
    put_bar(html, rows[i].second.calls, rows[0].second.calls);
    html.raw("</td></tr>");
  }
  html.raw("</tbody></table></div>");
  put_left_out(html, std::min(rows.size(), functions_max), rows.size());
  html.raw("</section>\n");
}

PageFrame frame_of(const ModuleReport& report) {
  PageFrame frame;
  frame.subtitle = report.from.b == nullptr ? "a run of a WebAssembly module"
                                            : "two runs of WebAssembly modules";
  if (report.from.b == nullptr) {
    frame.verdict = report.from.complete ? "recorded" : "unfinished";
    frame.tone = report.from.complete ? Tone::plain : Tone::warn;
  } else {
    frame.verdict = report.from.difference.is_null() ? "identical" : "diverged";
    frame.tone = report.from.difference.is_null() ? Tone::good : Tone::bad;
  }
  frame.chapters = {{"summary", "Summary"}};
  if (!report.from.difference.is_null()) frame.chapters.push_back({"divergence", "Divergence"});
  frame.chapters.insert(frame.chapters.end(), {{"steps", "Timeline"}, {"host", "Host calls"}});
  return frame;
}

}  // namespace

std::string make_module_page(const ModuleReport& report, std::size_t rows_max) {
  Html body;
  put_summary(body, report, put_tiles, put_side);
  if (!report.from.difference.is_null()) put_run_difference(body, report.from.difference);
  put_timeline(body, report, rows_max);
  put_host(body, report);
  return make_page(frame_of(report), body);
}

}  // namespace isotrace::tools::page
