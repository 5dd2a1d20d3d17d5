#include <isotrace/tools/report/tensor_page.hpp>

#include <algorithm>

#include <isotrace/tools/report/divergence_section.hpp>
#include <isotrace/tools/report/flow_figure.hpp>
#include <isotrace/tools/report/page.hpp>
#include <isotrace/tools/report/step_table.hpp>
#include <isotrace/tools/report/summary.hpp>

namespace isotrace::tools::page {
namespace {

/// Inputs and outputs in a list; more are counted.
constexpr std::size_t names_max = 100;

std::string seconds_text(std::uint64_t nanoseconds) {
  const std::uint64_t microseconds = nanoseconds / 1000;
  if (microseconds < 10'000) return grouped(microseconds) + " µs";
  return grouped(microseconds / 1000) + " ms";
}

void put_tiles(Html& html, const TensorReport& report) {
  const trace::Trace& a = report.from.a;
  html.raw("<dl class=\"tiles\">");
  put_tile(html, "Steps", grouped(a.steps.size()), counted(report.operations.size(), "operation"));
  if (report.from.b != nullptr) {
    put_tile(html, "Steps that differ", grouped(report.differing),
             "B has " + counted(report.from.b->steps.size(), "step"));
  }
  if (!a.steps.empty()) {
    const std::uint64_t peak = report.flow.steps[report.flow.peak].alive_bytes;
    put_tile(html, "Most bytes alive", bytes_text(peak),
             grouped(peak) + " B at step " + grouped(report.flow.peak));
  }
  if (report.from.times != nullptr) {
    std::uint64_t sum = 0;
    for (const std::uint64_t time : report.from.times->nanoseconds) sum += time;
    put_tile(html, "Time of all steps", seconds_text(sum), "measured now, not recorded");
  }
  html.raw("</dl>");
}

void put_side(Html& html, const trace::Trace& trace, bool complete) {
  html.raw("<dl class=\"facts\">");
  if (complete) {
    put_fact(html, "Root", trace.root);
  } else {
    html.raw("<dt>Root</dt><dd>none: the recording was never closed</dd>");
  }
  put_fact(html, "Program", trace.identity.program);
  put_fact(html, "Semantics", trace.identity.semantics);
  html.raw("<dt>Seed</dt><dd>").number(trace.identity.seed).raw("</dd>");
  put_fact(html, "Backend", trace.provenance.backend);
  put_fact(html, "Device", trace.provenance.device);
  put_fact(html, "Recorded by", trace.provenance.tool);
  html.raw("<dt>Inside the file</dt><dd>")
      .raw(trace.program.empty() ? Markup("no program, ") : Markup("the program, "))
      .text(counted(trace.contents.size(), "tensor"))
      .raw("</dd></dl>");
}

void put_operations(Html& html, const TensorReport& report) {
  const bool times = report.from.times != nullptr;
  std::vector<std::pair<std::string, OperationSum>> rows(report.operations.begin(),
                                                         report.operations.end());
  const auto weight = [times](const OperationSum& sum) {
    return times ? sum.nanoseconds : sum.result_bytes;
  };
  std::ranges::stable_sort(
      rows, [&](const auto& x, const auto& y) { return weight(x.second) > weight(y.second); });
  const std::uint64_t most = rows.empty() ? 0 : weight(rows[0].second);
  html.raw(
      "<section id=\"operations\"><h2>Operations</h2><div class=\"scroll\"><table><thead><tr>"
      "<th>Operation</th><th class=\"right\">Steps</th><th class=\"right\">Results</th>");
  if (times) html.raw("<th class=\"right\">Time</th>");
  if (report.from.b != nullptr) html.raw("<th class=\"right\">Differ</th>");
  html.raw("<th class=\"wide\"><span class=\"soft\">")
      .raw(times ? Markup("time") : Markup("bytes of results"))
      .raw("</span></th></tr></thead><tbody>");
  for (const auto& [name, sum] : rows) {
    html.raw("<tr><td>").text(name).raw("</td><td class=\"right\">").count(sum.steps);
    html.raw("</td><td class=\"right\">").text(bytes_text(sum.result_bytes)).raw("</td>");
    if (times) html.raw("<td class=\"right\">").text(seconds_text(sum.nanoseconds)).raw("</td>");
    if (report.from.b != nullptr)
      html.raw("<td class=\"right\">").count(sum.differing).raw("</td>");
    html.raw("<td class=\"bar wide\">");
    put_bar(html, weight(sum), most);
    html.raw("</td></tr>");
  }
  html.raw("</tbody></table></div></section>\n");
}

void put_memory(Html& html, const TensorReport& report) {
  html.raw(
      "<section id=\"memory\"><h2>Memory</h2><p class=\"soft small\">Bytes of inputs and results "
      "that are still read, from the first step to the last: what the shapes in the trace need at "
      "least, constants left out.");
  if (report.from.b != nullptr) html.raw(" Red below: steps that differ.");
  html.raw("</p>");
  put_memory_strip(html, report);
  html.raw("</section>\n");
}

void put_named(Html& html, Markup title, const std::vector<trace::NamedRecord>& records,
               const std::vector<trace::NamedRecord>* others) {
  html.raw("<div><h3>").raw(title).raw("</h3><dl class=\"facts\">");
  for (std::size_t i = 0; i < std::min(records.size(), names_max); ++i) {
    const trace::TensorRecord& tensor = records[i].tensor;
    html.raw("<dt>").name(records[i].name).raw("</dt><dd>").text(core::dtype_name(tensor.dtype));
    html.text(core::shape_text(tensor.shape)).raw(" ").digest(tensor.digest);
    const bool other = others != nullptr && (i >= others->size() || (*others)[i].tensor != tensor);
    if (other) {
      html.raw(" ");
      put_badge(html, "other in B", Tone::bad);
    }
    html.raw("</dd>");
  }
  html.raw("</dl>");
  put_left_out(html, std::min(records.size(), names_max), records.size());
  html.raw("</div>");
}

void put_ends(Html& html, const TensorReport& report) {
  const trace::Trace* b = report.from.b;
  html.raw("<section id=\"ends\"><h2>Inputs and outputs</h2><div class=\"columns\">");
  put_named(html, "Inputs", report.from.a.identity.inputs, b ? &b->identity.inputs : nullptr);
  put_named(html, "Outputs", report.from.a.outputs, b ? &b->outputs : nullptr);
  html.raw("</div></section>\n");
}

PageFrame frame_of(const TensorReport& report) {
  PageFrame frame;
  frame.subtitle = "a run of a tensor program";
  if (report.from.b == nullptr) {
    frame.verdict = report.from.complete ? "recorded" : "unfinished";
    frame.tone = report.from.complete ? Tone::plain : Tone::warn;
  } else {
    frame.subtitle = "two runs of tensor programs";
    frame.verdict = report.from.divergence == nullptr ? "identical" : "diverged";
    frame.tone = report.from.divergence == nullptr ? Tone::good : Tone::bad;
  }
  frame.chapters = {{"summary", "Summary"}};
  if (report.from.divergence != nullptr) frame.chapters.push_back({"divergence", "Divergence"});
  if (!report.states.empty()) {
    frame.chapters.insert(
        frame.chapters.end(),
        {{"memory", "Memory"}, {"operations", "Operations"}, {"flow", "Flow"}, {"steps", "Steps"}});
  }
  frame.chapters.push_back({"ends", "Inputs, outputs"});
  return frame;
}

}  // namespace

std::string make_tensor_page(const TensorReport& report, const PageOptions& options) {
  Html body;
  put_summary(body, report, put_tiles, put_side);
  if (report.from.divergence != nullptr) put_divergence(body, report, options.reproduce);
  if (!report.states.empty()) {
    put_memory(body, report);
    put_operations(body, report);
    put_flow_figure(body, report);
    put_step_table(body, report, options.rows_max);
  }
  put_ends(body, report);
  return make_page(frame_of(report), body);
}

}  // namespace isotrace::tools::page
