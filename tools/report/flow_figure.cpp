#include <isotrace/tools/report/flow_figure.hpp>

#include <algorithm>

#include <isotrace/tools/report/lanes.hpp>

namespace isotrace::tools::page {
namespace {

// Pixels.
constexpr std::size_t row_height = 22;
constexpr std::size_t lane_width = 16;
constexpr std::size_t margin = 14;
constexpr std::size_t label_width = 700;
constexpr std::size_t label_bytes_max = 48;

Markup rail_class(std::size_t lane) {
  static constexpr std::array<Markup, 6> classes = {
      "<path class=\"rail l0\" d=\"", "<path class=\"rail l1\" d=\"",
      "<path class=\"rail l2\" d=\"", "<path class=\"rail l3\" d=\"",
      "<path class=\"rail l4\" d=\"", "<path class=\"rail l5\" d=\""};
  return classes[lane % classes.size()];
}

Markup mark_class(PlaceState state) {
  switch (state) {
    case PlaceState::first: return "<circle class=\"mark first\" r=\"5\" cx=\"";
    case PlaceState::differs:
    case PlaceState::lone: return "<circle class=\"mark differs\" r=\"4\" cx=\"";
    case PlaceState::same: break;
  }
  return "<circle class=\"mark\" r=\"4\" cx=\"";
}

class FlowFigure {
 public:
  FlowFigure(Html& html, const TensorReport& report, RowRange steps)
      : html_(html), report_(report), lanes_(find_lanes(report.flow, steps)) {}

  void put() {
    const std::size_t rows = lanes_.steps.end - lanes_.steps.begin;
    const std::size_t width = label_x() + label_width;
    const std::size_t height = rows * row_height + 2 * margin;
    html_
        .raw(
            "<div class=\"figure\" tabindex=\"0\" role=\"group\" aria-label=\"Flow of values\">"
            "<svg width=\"")
        .number(width)
        .raw("\" height=\"")
        .number(height)
        .raw("\">");
    for (const Rail& rail : lanes_.rails) put_rail(rail);
    for (std::size_t i = lanes_.steps.begin; i < lanes_.steps.end; ++i) put_step(i);
    html_.raw("</svg></div>");
  }

 private:
  [[nodiscard]] std::size_t x(std::size_t lane) const { return margin + lane * lane_width; }
  [[nodiscard]] std::size_t y(std::size_t step) const {
    return margin + (step - lanes_.steps.begin) * row_height + row_height / 2;
  }
  [[nodiscard]] std::size_t label_x() const { return x(lanes_.width) + 4; }

  /// Down its lane, and in the last row over to its reader.
  void put_rail(const Rail& rail) {
    const bool from_above = rail.from < lanes_.steps.begin;
    const std::size_t end = y(lanes_.steps.end - 1) + row_height / 2;
    html_.raw(rail_class(rail.lane)).raw("M").number(x(rail.lane)).raw(" ");
    html_.number(from_above ? 0 : y(rail.from)).raw("V");
    if (rail.to >= lanes_.steps.end) {
      html_.number(end + margin).raw("\"/>");
      return;
    }
    const std::size_t target = y(rail.to);
    const std::size_t mark = x(lanes_.lane[rail.to - lanes_.steps.begin]);
    if (mark == x(rail.lane)) {
      html_.number(target).raw("\"/>");
      return;
    }
    html_.number(target - row_height).raw("C").number(x(rail.lane)).raw(" ");
    html_.number(target - row_height / 3).raw(" ").number(mark).raw(" ");
    html_.number(target - row_height * 2 / 3).raw(" ").number(mark).raw(" ");
    html_.number(target).raw("\"/>");
  }

  void put_step(std::size_t at) {
    const trace::StepRecord& step = report_.from.a.steps[at];
    const PlaceState state = report_.state(at);
    html_.raw(mark_class(state)).number(x(lanes_.lane[at - lanes_.steps.begin]));
    html_.raw("\" cy=\"").number(y(at)).raw("\"/><a href=\"#s").number(at).raw("\"><text y=\"");
    html_.number(y(at) + 4).raw("\" x=\"").number(label_x());
    html_.raw(state == PlaceState::first ? Markup("\" class=\"first\">") : Markup("\">"));
    html_.number(at).raw(" ").text(core::op_info(step.op).name).raw("</text></a>");
    if (!step.outputs.empty()) {
      put_beside(at, 150,
                 std::string(core::dtype_name(step.outputs[0].dtype)) +
                     core::shape_text(step.outputs[0].shape));
    }
    if (!step.name.empty()) put_beside(at, 330, step.name);
  }

  /// Soft text in the row of a step.
  void put_beside(std::size_t at, std::size_t right, std::string_view text) {
    html_.raw("<text class=\"soft\" y=\"").number(y(at) + 4).raw("\" x=\"");
    html_.number(label_x() + right).raw("\">").text(text, label_bytes_max).raw("</text>");
  }

  Html& html_;
  const TensorReport& report_;
  Lanes lanes_;
};

constexpr std::size_t strip_columns = 240;
/// Fewer are not stretched over the page.
constexpr std::size_t few_columns = 30;

}  // namespace

std::size_t focus_of(const TensorReport& report) {
  const auto first = std::ranges::find(report.states, PlaceState::first);
  return first == report.states.end() ? 0 : static_cast<std::size_t>(first - report.states.begin());
}

void put_flow_figure(Html& html, const TensorReport& report) {
  const std::size_t total = report.states.size();
  const std::size_t rows = std::min(total, flow_rows_max);
  const std::size_t focus = focus_of(report);
  const std::size_t begin = std::min(focus - std::min(focus, rows / 2), total - rows);
  html.raw(
      "<section id=\"flow\"><h2>Flow of values</h2><p class=\"soft small\">Each mark is a step, "
      "each line a value from the step that made it to a step that reads it, found by digest. "
      "Inputs and constants are not drawn.");
  if (rows < total) {
    html.raw(" Steps ").count(begin).raw(" to ").count(begin + rows - 1).raw(" of ").count(total);
    html.raw(" are shown.");
  }
  html.raw("</p>");
  FlowFigure(html, report, {begin, begin + rows}).put();
  html.raw("</section>\n");
}

void put_memory_strip(Html& html, const TensorReport& report) {
  const std::size_t total = report.states.size();
  const std::size_t columns = std::min(total, strip_columns);
  const std::uint64_t peak =
      std::max<std::uint64_t>(report.flow.steps[report.flow.peak].alive_bytes, 1);
  html.raw("<svg class=\"strip\" ");
  if (columns < few_columns) html.raw("width=\"").number(columns * 30).raw("\" ");
  html.raw("viewBox=\"0 0 ").number(columns * 10);
  html.raw(
      " 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Bytes alive, step by "
      "step\">");
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t begin = column * total / columns;
    const std::size_t end = (column + 1) * total / columns;
    std::uint64_t alive = 0;
    bool differs = false;
    for (std::size_t i = begin; i < end; ++i) {
      alive = std::max(alive, report.flow.steps[i].alive_bytes);
      differs = differs || report.state(i) != PlaceState::same;
    }
    const auto height =
        static_cast<std::uint64_t>(static_cast<double>(alive) / static_cast<double>(peak) * 88);
    html.raw("<rect class=\"alive\" width=\"9\" x=\"").number(column * 10).raw("\" y=\"");
    html.number(90 - height).raw("\" height=\"").number(height).raw("\"><title>");
    html.raw("steps ").count(begin).raw(" to ").count(end - 1).raw(": at most ").count(alive);
    html.raw(" bytes</title></rect>");
    if (!differs) continue;
    html.raw("<rect class=\"stripe\" width=\"10\" height=\"8\" y=\"92\" x=\"").number(column * 10);
    html.raw("\"/>");
  }
  html.raw("</svg>");
}

}  // namespace isotrace::tools::page
