#include <isotrace/tools/report/step_table.hpp>

#include <algorithm>

#include <isotrace/tools/report/flow_figure.hpp>
#include <isotrace/tools/report/page.hpp>
#include <isotrace/tools/report/selection.hpp>

namespace isotrace::tools::page {
namespace {

/// Operands, results and readers of one step; more are counted.
constexpr std::size_t list_max = 24;

class StepTable {
 public:
  StepTable(Html& html, const TensorReport& report, std::size_t rows_max)
      : html_(html),
        report_(report),
        times_(report.from.times),
        ranges_(select_rows(report.states.size(), rows_max, focus_of(report))) {}

  void put() {
    html_.raw("<section id=\"steps\"><h2>Steps</h2>");
    put_note();
    put_row_tools(html_, report_.from.b != nullptr);
    html_.raw(
        "<table class=\"rows\"><thead><tr><th>#</th><th>Step</th><th>Result</th>"
        "<th class=\"wide\">Digest</th><th class=\"wide right\">Result size</th>"
        "<th class=\"wide right\">Alive</th>");
    if (times_ != nullptr) html_.raw("<th class=\"right\">Time</th>");
    html_.raw("</tr></thead><tbody>\n");
    std::size_t next = 0;
    for (const RowRange& range : ranges_) {
      put_gap(next, range.begin);
      for (std::size_t i = range.begin; i < range.end; ++i) put_row(i);
      next = range.end;
    }
    put_gap(next, report_.states.size());
    html_.raw("</tbody></table></section>\n");
  }

 private:
  void put_note() {
    html_.raw("<p class=\"soft small\">");
    const std::size_t shown = rows_in(ranges_);
    if (shown < report_.states.size()) {
      html_.raw("<strong>").count(shown).raw(" of ").count(report_.states.size());
      html_.raw(" steps stand here; ").count(report_.states.size() - shown);
      html_.raw(" are left out (<code>--rows</code> shows more).</strong> ");
    }
    if (times_ != nullptr) {
      html_.raw(
          "Times were measured for this page, not recorded: the program was executed again, ");
      html_.count(times_->runs).raw(" times, on ").name(times_->backend).raw(" (");
      html_.name(times_->device).raw("), one operation at a time; the least of each step counts.");
    } else {
      html_.raw(
          "Traces record no times; <code>--timings</code> measures them by executing the "
          "program again.");
    }
    html_.raw("</p>");
  }

  void put_gap(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    html_.raw("<tr class=\"gap\"><td colspan=\"7\">steps ").count(begin).raw(" to ").count(end - 1);
    html_.raw(" are left out</td></tr>\n");
  }

  void put_row(std::size_t at) {
    const trace::StepRecord& step = report_.from.a.steps[at];
    html_.raw("<tr id=\"s").number(at).raw(row_class(report_.state(at)));
    html_.raw("<td class=\"at\"><a href=\"#s").number(at).raw("\">").number(at);
    html_.raw("</a></td><td class=\"step\"><details><summary><b>")
        .text(core::op_info(step.op).name);
    html_.raw("</b>");
    if (!step.name.empty()) html_.raw(" ").name(step.name);
    put_state(html_, report_.state(at));
    html_.raw("</summary>");
    put_details(at, step);
    html_.raw("</details></td><td class=\"shape\">");
    if (!step.outputs.empty()) put_type(step.outputs[0]);
    html_.raw("</td><td class=\"wide\">");
    if (!step.outputs.empty()) html_.short_digest(step.outputs[0].digest);
    html_.raw("</td><td class=\"wide right\">");
    html_.text(bytes_text(report_.flow.steps[at].result_bytes))
        .raw("</td><td class=\"wide right\">");
    html_.text(bytes_text(report_.flow.steps[at].alive_bytes)).raw("</td>");
    if (times_ != nullptr) {
      html_.raw("<td class=\"right\">").count(times_->nanoseconds[at] / 1000).raw(" µs</td>");
    }
    html_.raw("</tr>\n");
  }

  void put_type(const trace::TensorRecord& tensor) {
    html_.text(core::dtype_name(tensor.dtype)).text(core::shape_text(tensor.shape));
  }

  void put_tensor(const trace::TensorRecord& tensor) {
    put_type(tensor);
    html_.raw(" ").digest(tensor.digest);
  }

  void put_link(std::size_t step) {
    html_.raw("<a href=\"#s").number(step).raw("\">step ").number(step).raw("</a>");
  }

  void put_details(std::size_t at, const trace::StepRecord& step) {
    const StepFlow& flow = report_.flow.steps[at];
    html_.raw("<dl class=\"facts\">");
    for (std::size_t i = 0; i < std::min(step.inputs.size(), list_max); ++i) {
      html_.raw("<dt>operand ").number(i).raw("</dt><dd>");
      put_source(flow.operands[i]);
      if (step.inputs[i]) {
        html_.raw(" ");
        put_tensor(*step.inputs[i]);
      }
      html_.raw("</dd>");
    }
    put_more(step.inputs.size());
    for (std::size_t i = 0; i < std::min(step.outputs.size(), list_max); ++i) {
      html_.raw("<dt>result ").number(i).raw("</dt><dd>");
      put_tensor(step.outputs[i]);
      put_other(at, i);
      html_.raw("</dd>");
    }
    put_more(step.outputs.size());
    put_readers(flow);
    put_attributes(step);
    html_.raw("<dt>bytes</dt><dd>").count(flow.result_bytes).raw(" of results, ");
    html_.count(flow.alive_bytes).raw(" alive</dd>");
    put_fact(html_, "record", trace::step_digest(step));
    html_.raw("</dl>");
  }

  void put_source(const Source& source) {
    switch (source.kind) {
      case Source::Kind::absent: html_.raw("left out"); return;
      case Source::Kind::constant: html_.raw("constant"); return;
      case Source::Kind::step: put_link(source.index); return;
      case Source::Kind::input:
        html_.raw("input ").name(report_.from.a.identity.inputs[source.index].name);
        return;
    }
  }

  /// The result of B's step, where it is another.
  void put_other(std::size_t at, std::size_t result) {
    if (report_.state(at) == PlaceState::same || report_.state(at) == PlaceState::lone) return;
    const std::vector<trace::TensorRecord>& others = report_.from.b->steps[at].outputs;
    if (result >= others.size() || others[result] == report_.from.a.steps[at].outputs[result])
      return;
    html_.raw("<br>B: ");
    put_tensor(others[result]);
  }

  void put_readers(const StepFlow& flow) {
    if (flow.readers.empty()) return;
    html_.raw("<dt>read by</dt><dd>");
    for (std::size_t i = 0; i < std::min(flow.readers.size(), list_max); ++i) {
      if (i > 0) html_.raw(", ");
      put_link(flow.readers[i]);
    }
    html_.raw("</dd>");
    put_more(flow.readers.size());
  }

  void put_attributes(const trace::StepRecord& step) {
    const auto known = report_.attributes.find({step.op, step.attributes});
    if (known == report_.attributes.end()) {
      put_fact(html_, "attributes", step.attributes);
    } else if (known->second != "{}") {
      html_.raw("<dt>attributes</dt><dd><code>").text(known->second).raw("</code></dd>");
    }
  }

  void put_more(std::size_t total) {
    if (total <= list_max) return;
    html_.raw("<dt></dt><dd class=\"soft\">and ").count(total - list_max).raw(" more</dd>");
  }

  Html& html_;
  const TensorReport& report_;
  const StepTimes* times_;
  std::vector<RowRange> ranges_;
};

}  // namespace

void put_step_table(Html& html, const TensorReport& report, std::size_t rows_max) {
  StepTable(html, report, rows_max).put();
}

}  // namespace isotrace::tools::page
