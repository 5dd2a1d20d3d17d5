#include <isotrace/tools/report/divergence_section.hpp>

#include <algorithm>
#include <array>
#include <bit>

#include <isotrace/tools/commands/compare_report.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/report/heat_map.hpp>
#include <isotrace/tools/report/page.hpp>

namespace isotrace::tools::page {
namespace {

using executor::Distances;
using executor::TensorDifference;

constexpr std::size_t cell = 10;  // units of the picture

Markup heat_rect(std::size_t heat) {
  static constexpr std::array<Markup, heat_nan + 1> rects = {
      "<rect class=\"h0\" height=\"10\" x=\"", "<rect class=\"h1\" height=\"10\" x=\"",
      "<rect class=\"h2\" height=\"10\" x=\"", "<rect class=\"h3\" height=\"10\" x=\"",
      "<rect class=\"h4\" height=\"10\" x=\"", "<rect class=\"h5\" height=\"10\" x=\"",
      "<rect class=\"h6\" height=\"10\" x=\"", "<rect class=\"h7\" height=\"10\" x=\"",
      "<rect class=\"h8\" height=\"10\" x=\"", "<rect class=\"h9\" height=\"10\" x=\""};
  return rects[heat];
}

std::string heat_text(std::size_t heat) {
  if (heat == heat_nan) return "NaN in one alone";
  if (heat == heat_infinity) return "infinity in one alone";
  return bucket_name(heat);
}

/// "rows 0 to 3" or "row 0".
std::string span_text(const char* what, std::size_t block, std::size_t index, std::size_t total) {
  const std::size_t begin = index * block;
  const std::size_t last = std::min(begin + block, total) - 1;
  if (begin == last) return std::string(what) + " " + grouped(begin);
  return std::string(what) + "s " + grouped(begin) + " to " + grouped(last);
}

void put_heat_map(Html& html, const HeatMap& map) {
  html.raw(
      "<svg class=\"heat\" role=\"img\" aria-label=\"Where elements differ\" "
      "preserveAspectRatio=\"none\" viewBox=\"0 0 ");
  html.number(map.columns * cell).raw(" ").number(map.rows * cell).raw("\">");
  for (std::size_t i = 0; i < map.cells.size(); ++i) {
    const std::size_t heat = heat_of(map.cells[i]);
    if (heat == 0) continue;  // as the ground
    const std::size_t row = i / map.columns;
    const std::size_t column = i % map.columns;
    html.raw(heat_rect(heat)).number(column * cell).raw("\" y=\"").number(row * cell);
    html.raw("\" width=\"10\"><title>");
    html.text(span_text("row", map.block_rows, row, map.matrix_rows)).raw(", ");
    html.text(span_text("column", map.block_columns, column, map.matrix_columns)).raw(": ");
    html.count(differing_in(map.cells[i])).raw(" differ, worst ").text(heat_text(heat));
    html.raw("</title></rect>");
  }
  html.raw("</svg><p class=\"soft small\">The tensor as ").count(map.matrix_rows).raw(" rows of ");
  html.count(map.matrix_columns).raw(" (last dimensions across); a cell is ");
  html.count(map.block_rows).raw(" × ").count(map.block_columns);
  html.raw(" elements and shows the worst of them.</p>");
}

void put_bucket(Html& html, const std::string& name, std::size_t heat, std::uint64_t count,
                std::uint64_t most) {
  if (count == 0) return;
  html.raw("<tr><td><svg class=\"dot\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">");
  html.raw(heat_rect(heat)).raw("0\" width=\"10\"/></svg>").text(name);
  html.raw("</td><td class=\"right\">").count(count).raw("</td><td class=\"bar\">");
  // Logarithmic: one element among a million is to be seen.
  put_bar(html, static_cast<std::uint64_t>(std::bit_width(count)),
          static_cast<std::uint64_t>(std::bit_width(most)));
  html.raw("</td></tr>");
}

void put_histogram(Html& html, const Distances& distances, bool floats) {
  std::uint64_t most = std::max(distances.nans, distances.infinities);
  for (const std::uint64_t count : distances.elements) most = std::max(most, count);
  html.raw("<table><thead><tr><th>");
  html.raw(floats ? Markup("Distance in ulps") : Markup("Distance"));
  html.raw("</th><th class=\"right\">Elements</th><th>(logarithmic)</th></tr></thead><tbody>");
  for (std::size_t i = 0; i < Distances::buckets; ++i) {
    put_bucket(html, i == 0 ? "0 (equal)" : bucket_name(i), i, distances.elements[i], most);
  }
  put_bucket(html, heat_text(heat_infinity), heat_infinity, distances.infinities, most);
  put_bucket(html, heat_text(heat_nan), heat_nan, distances.nans, most);
  html.raw("</tbody></table>");
}

void put_first_element(Html& html, const TensorDifference& difference) {
  const trace::ElementDifference& first = *difference.first;
  html.raw("<p><strong>").count(first.differing).raw("</strong> of ");
  html.count(difference.a_value->elements()).raw(" elements differ; the first is ");
  html.raw("<code>").text(core::shape_text(first.index)).raw("</code>");
  if (first.ulps)
    html.raw(", ")
        .count(*first.ulps)
        .raw(*first.ulps == 1 ? Markup(" ulp apart") : Markup(" ulps apart"));
  html.raw(".</p><div class=\"values\">");
  html.raw("<b>A</b><span>").text(first.a_decimal + " = " + first.a + " (" + first.a_bits + ")");
  html.raw("</span><b>B</b><span>");
  html.text(first.b_decimal + " = " + first.b + " (" + first.b_bits + ")").raw("</span></div>");
}

void put_difference(Html& html, const TensorDifference& difference) {
  html.raw("<h3>").name(difference.place).raw(" <code>").text(core::dtype_name(difference.a.dtype));
  html.text(core::shape_text(difference.a.shape)).raw("</code></h3><dl class=\"facts\">");
  put_fact(html, "A", difference.a.digest);
  put_fact(html, "B", difference.b.digest);
  html.raw("</dl>");
  if (difference.b.dtype != difference.a.dtype || difference.b.shape != difference.a.shape) {
    html.raw("<p>B has <code>").text(core::dtype_name(difference.b.dtype));
    html.text(core::shape_text(difference.b.shape)).raw("</code>.</p>");
  }
  if (!difference.first) {
    if (!difference.a_value || !difference.b_value) {
      html.raw(
          "<p class=\"soft\">The values are not in the traces and could not be computed again: "
          "record with <code>--keep all</code> to see them.</p>");
    }
    return;
  }
  put_first_element(html, difference);
  const auto map = make_heat_map(*difference.a_value, *difference.b_value);
  html.raw("<div class=\"columns\"><div>");
  if (map) put_heat_map(html, *map);
  html.raw("</div><div>");
  if (difference.distances) {
    put_histogram(html, *difference.distances, core::is_float(difference.a.dtype));
  }
  html.raw("</div></div>");
}

void put_judgement(Html& html, const executor::StepExplanation& explanation) {
  if (!explanation.a_canonical || !explanation.b_canonical) return;
  html.raw("<dt>The reference gives</dt><dd>");
  if (*explanation.a_canonical && *explanation.b_canonical) {
    html.raw("both, each on its own operands");
  } else if (*explanation.a_canonical) {
    html.raw("A: B is wrong on these operands");
  } else if (*explanation.b_canonical) {
    html.raw("B: A is wrong on these operands");
  } else {
    html.raw("neither of them");
  }
  html.raw("</dd>");
}

}  // namespace

void put_divergence(Html& html, const TensorReport& report, const std::string& reproduce) {
  const trace::Divergence& divergence = *report.from.divergence;
  html.raw(
      "<section id=\"divergence\" class=\"bad\"><h2>First divergence</h2><dl class=\"facts\">");
  if (!divergence.operation.empty()) {
    html.raw("<dt>Step</dt><dd><a href=\"#s").number(divergence.step).raw("\">");
    html.number(divergence.step).raw("</a> <b>").text(divergence.operation).raw("</b>");
    if (report.from.explanation != nullptr && !report.from.explanation->a_name.empty()) {
      html.raw(" ").name(report.from.explanation->a_name);
    }
    html.raw("</dd>");
  }
  html.raw("<dt>Kind</dt><dd>").text(divergence_kind_name(divergence.kind)).raw(" ");
  html.name(divergence.tensor).raw("</dd>");
  if (report.from.explanation != nullptr) put_judgement(html, *report.from.explanation);
  if (!divergence.operation.empty() && divergence.step > 0 &&
      divergence.step <= report.from.a.steps.size()) {
    html.raw("<dt>Last agreeing</dt><dd>step ").number(divergence.step - 1).raw(" ");
    html.text(core::op_info(report.from.a.steps[divergence.step - 1].op).name).raw("</dd>");
  }
  html.raw("</dl>");
  if (report.from.explanation != nullptr) {
    for (const TensorDifference& difference : report.from.explanation->differences) {
      put_difference(html, difference);
    }
  }
  if (!reproduce.empty()) {
    html.raw("<h3>Judge this one step again</h3><pre>").text(reproduce).raw("</pre>");
  }
  html.raw("</section>\n");
}

}  // namespace isotrace::tools::page
