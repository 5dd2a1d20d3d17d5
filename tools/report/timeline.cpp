#include <isotrace/tools/report/timeline.hpp>

#include <algorithm>
#include <array>

#include <isotrace/tools/report/page.hpp>

namespace isotrace::tools::page {
namespace {

/// Columns of the picture; frames of a stack that are listed.
constexpr std::size_t strip_columns = 240;
/// Fewer are not stretched over the page.
constexpr std::size_t few_columns = 30;
/// Functions that have a colour of their own.
constexpr std::size_t colours = 6;
constexpr std::size_t frames_max = 24;

class Timeline {
 public:
  Timeline(Html& html, const ModuleReport& report, std::size_t rows_max)
      : html_(html), report_(report), from_(report.from) {
    const auto first = std::ranges::find(report.states, PlaceState::first);
    const auto focus = static_cast<std::size_t>(first - report.states.begin());
    ranges_ = select_rows(rows(), rows_max, focus == rows() ? 0 : focus);
  }

  void put() {
    html_.raw("<section id=\"steps\"><h2>Checkpoint timeline</h2>");
    put_note();
    put_strip();
    put_row_tools(html_, from_.b != nullptr);
    html_.raw(
        "<table class=\"rows\"><thead><tr><th>#</th><th>Where</th><th class=\"right\">Step</th>"
        "<th class=\"wide\">State</th><th class=\"wide right\">Frames</th>"
        "<th class=\"wide right\">Memory</th><th class=\"wide right\">Host calls</th>");
    if (from_.timed) html_.raw("<th class=\"right\">Time</th>");
    html_.raw("</tr></thead><tbody>\n");
    std::size_t next = 0;
    for (const RowRange& range : ranges_) {
      put_gap(next, range.begin);
      for (std::size_t i = range.begin; i < range.end; ++i) put_row(i);
      next = range.end;
    }
    put_gap(next, rows());
    html_.raw("</tbody></table></section>\n");
  }

 private:
  [[nodiscard]] std::size_t rows() const { return report_.states.size(); }
  [[nodiscard]] bool is_end(std::size_t row) const {
    return row == from_.a.machine.checkpoints.size();
  }

  void put_note() {
    html_.raw("<p class=\"soft small\">A checkpoint is a state whose root stands in the trace. ");
    const std::size_t shown = rows_in(ranges_);
    if (shown < rows()) {
      html_.raw("<strong>").count(shown).raw(" of ").count(rows()).raw(" stand here; ");
      html_.count(rows() - shown).raw(" are left out (<code>--rows</code> shows more).</strong> ");
    }
    if (from_.views.empty()) {
      html_.raw(
          "Where the program was at each is not shown: that takes the module, and executing the "
          "run again, which <code>--timings</code> does however long it is.");
    } else {
      html_.raw("The run was executed again");
      if (from_.timed) html_.raw(" and timed, on ").name(from_.engine).raw(",");
      html_.raw(" to see where it was; what stands here has the digests that the trace states.");
    }
    html_.raw("</p>");
  }

  /// From the beginning to the end: calls that have not returned as height, the innermost function
  /// as colour, what differs in red below.
  void put_strip() {
    const std::size_t columns = std::min(rows(), strip_columns);
    if (columns == 0) return;
    std::uint64_t deepest = 1;
    for (std::size_t i = 0; i < rows(); ++i) {
      deepest = std::max(deepest, report_.state_at(i)->frames.size);
    }
    html_.raw(
        "<svg class=\"strip\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Calls that "
        "have not returned\" ");
    if (columns < few_columns) html_.raw("width=\"").number(columns * 30).raw("\" ");
    html_.raw("viewBox=\"0 0 ").number(columns * 10).raw(" 100\">");
    for (std::size_t column = 0; column < columns; ++column) {
      put_column(column, column * rows() / columns, (column + 1) * rows() / columns, deepest);
    }
    html_.raw("</svg>");
    put_legend();
  }

  /// Rows [begin, end) of which the deepest one is drawn.
  void put_column(std::size_t column, std::size_t begin, std::size_t end, std::uint64_t deepest) {
    std::size_t shown = begin;
    bool differs = false;
    for (std::size_t i = begin; i < end; ++i) {
      if (report_.state_at(i)->frames.size > report_.state_at(shown)->frames.size) shown = i;
      differs = differs || report_.states[i] != PlaceState::same;
    }
    const trace::StateRecord& state = *report_.state_at(shown);
    const double share = static_cast<double>(state.frames.size) / static_cast<double>(deepest);
    const std::uint64_t height = 2 + static_cast<std::uint64_t>(share * 86);
    html_.raw(colour_of(shown)).number(column * 10).raw("\" y=\"").number(90 - height);
    html_.raw("\" height=\"").number(height).raw("\"><title>step ").count(state.steps).raw(": ");
    put_place(shown, state);
    html_.raw(", ").count(state.frames.size).raw(" deep</title></rect>");
    if (!differs) return;
    html_.raw("<rect class=\"stripe\" width=\"10\" height=\"8\" y=\"92\" x=\"");
    html_.number(column * 10).raw("\"/>");
  }

  Markup colour_of(std::size_t row) {
    static constexpr std::array<Markup, colours> rects = {
        "<rect class=\"f0\" width=\"9\" x=\"", "<rect class=\"f1\" width=\"9\" x=\"",
        "<rect class=\"f2\" width=\"9\" x=\"", "<rect class=\"f3\" width=\"9\" x=\"",
        "<rect class=\"f4\" width=\"9\" x=\"", "<rect class=\"f5\" width=\"9\" x=\""};
    const auto* stack = stack_at(row);
    if (stack == nullptr || stack->empty()) return "<rect class=\"alive\" width=\"9\" x=\"";
    const auto known = std::ranges::find(shown_functions_, stack->back());
    const auto place = static_cast<std::size_t>(known - shown_functions_.begin());
    if (known == shown_functions_.end()) {
      if (place == colours) return "<rect class=\"alive\" width=\"9\" x=\"";
      shown_functions_.push_back(stack->back());
    }
    return rects[place];
  }

  void put_legend() {
    static constexpr std::array<Markup, colours> dots = {
        "<rect class=\"f0\"", "<rect class=\"f1\"", "<rect class=\"f2\"",
        "<rect class=\"f3\"", "<rect class=\"f4\"", "<rect class=\"f5\""};
    html_.raw("<p class=\"soft small\">Height: calls that have not returned.");
    for (std::size_t i = 0; i < shown_functions_.size(); ++i) {
      html_.raw(" <svg class=\"dot\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">").raw(dots[i]);
      html_.raw(" width=\"10\" height=\"10\"/></svg>");
      html_.name(report_.function_name(shown_functions_[i]));
    }
    html_.raw("</p>");
  }

  [[nodiscard]] std::uint64_t pages_at(std::size_t row) const {
    std::uint64_t pages = 0;
    for (const trace::Contents& memory : report_.state_at(row)->memories) pages += memory.size;
    return pages;
  }

  void put_gap(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    html_.raw("<tr class=\"gap\"><td colspan=\"8\">checkpoints ").count(begin).raw(" to ");
    html_.count(end - 1).raw(" are left out</td></tr>\n");
  }

  void put_row(std::size_t row) {
    const trace::StateRecord& state = *report_.state_at(row);
    html_.raw("<tr id=\"s").number(row).raw(row_class(report_.states[row]));
    html_.raw("<td class=\"at\"><a href=\"#s").number(row).raw("\">");
    if (is_end(row)) {
      html_.raw("end");
    } else {
      html_.number(row);
    }
    html_.raw("</a></td><td class=\"step\"><details><summary><b><bdi>");
    put_place(row, state);
    html_.raw("</bdi></b>");
    put_state(html_, report_.states[row]);
    html_.raw("</summary>");
    put_details(row, state);
    html_.raw("</details></td><td class=\"right\">").count(state.steps);
    html_.raw("</td><td class=\"wide\">").short_digest(trace::state_root(state));
    html_.raw("</td><td class=\"wide right\">").count(state.frames.size);
    html_.raw("</td><td class=\"wide right\">").text(bytes_text(pages_at(row) * 65536));
    html_.raw("</td><td class=\"wide right\">").count(state.host_calls.size).raw("</td>");
    if (from_.timed) put_time(row);
    html_.raw("</tr>\n");
  }

  void put_time(std::size_t row) {
    html_.raw("<td class=\"right\">");
    if (row < from_.views.size()) html_.count(from_.views[row].nanoseconds / 1000).raw(" µs");
    html_.raw("</td>");
  }

  /// The innermost function, or how the run ended. Text alone: it stands in titles, too.
  void put_place(std::size_t row, const trace::StateRecord& state) {
    if (is_end(row)) {
      const bool trapped = state.status == static_cast<std::uint8_t>(wasm::Status::trapped);
      html_.raw(trapped ? Markup("trapped: ") : Markup("finished"));
      if (trapped) html_.text(wasm::trap_text(static_cast<wasm::Trap>(state.trap)));
      return;
    }
    const auto* stack = stack_at(row);
    if (stack == nullptr || stack->empty()) {
      html_.raw("checkpoint");
    } else {
      html_.text(report_.function_name(stack->back()));
    }
  }

  [[nodiscard]] const std::vector<std::uint32_t>* stack_at(std::size_t row) const {
    if (row >= from_.views.size() || !from_.views[row].stack) return nullptr;
    return &*from_.views[row].stack;
  }

  void put_details(std::size_t row, const trace::StateRecord& state) {
    html_.raw("<dl class=\"facts\">");
    put_fact(html_, "state root", trace::state_root(state));
    put_other(row, state);
    if (const auto* stack = stack_at(row)) put_stack(*stack);
    if (!is_end(row)) {
      html_.raw("<dt>call</dt><dd>").number(from_.a.machine.checkpoints[row].call).raw("</dd>");
    }
    put_contents("frames", state.frames);
    put_contents("slots", state.slots);
    put_contents("globals", state.globals);
    for (const trace::Contents& table : state.tables) put_contents("table, elements", table);
    for (const trace::Contents& memory : state.memories) put_contents("memory, pages", memory);
    put_contents("host calls, log", state.host_calls);
    html_.raw("</dl>");
  }

  void put_contents(Markup term, const trace::Contents& contents) {
    html_.raw("<dt>").raw(term).raw("</dt><dd>").count(contents.size).raw(" ");
    html_.digest(contents.digest).raw("</dd>");
  }

  /// B's state at the same place, where it is another.
  void put_other(std::size_t row, const trace::StateRecord& state) {
    if (from_.b == nullptr) return;
    const auto& others = from_.b->machine;
    const trace::StateRecord* other = nullptr;
    if (is_end(row)) {
      other = others.state ? &*others.state : nullptr;
    } else if (row < others.checkpoints.size()) {
      other = &others.checkpoints[row].state;
    }
    if (other == nullptr || *other == state) return;
    put_fact(html_, "state root of B", trace::state_root(*other));
    html_.raw("<dt>step of B</dt><dd>").count(other->steps).raw("</dd>");
  }

  /// Innermost first.
  void put_stack(const std::vector<std::uint32_t>& stack) {
    html_.raw("<dt>stack</dt><dd>");
    std::size_t left = stack.size();
    for (std::size_t shown = 0; left > 0 && shown < frames_max; ++shown) {
      const std::uint32_t function = stack[left - 1];
      std::size_t calls = 0;  // of itself, one by the other
      for (; left > 0 && stack[left - 1] == function; --left) ++calls;
      if (shown > 0) html_.raw(" ← ");
      html_.name(report_.function_name(function));
      if (calls > 1) html_.raw(" ×").count(calls);
    }
    if (left > 0) html_.raw(" ← ").count(left).raw(" more");
    html_.raw("</dd>");
  }

  Html& html_;
  const ModuleReport& report_;
  const ModuleSources& from_;
  std::vector<RowRange> ranges_;
  std::vector<std::uint32_t> shown_functions_;  // by colour
};

}  // namespace

void put_timeline(Html& html, const ModuleReport& report, std::size_t rows_max) {
  Timeline(html, report, rows_max).put();
}

}  // namespace isotrace::tools::page
