// The first section of a report: its tiles, and what one or both files say of themselves.
#pragma once

#include <isotrace/tools/report/html.hpp>

namespace isotrace::tools::page {

/// `put_tiles(html, report)`, and `put_side(html, trace, complete)` for each file of report.from.
template <class Report, class Tiles, class Side>
void put_summary(Html& html, const Report& report, Tiles put_tiles, Side put_side) {
  html.raw("<section id=\"summary\"><h2>Summary</h2>");
  put_tiles(html, report);
  html.raw("<div class=\"columns\"><div>");
  if (report.from.b != nullptr) html.raw("<h3>A</h3>");
  put_side(html, report.from.a, report.from.complete);
  html.raw("</div>");
  if (report.from.b != nullptr) {
    html.raw("<div><h3>B</h3>");
    put_side(html, *report.from.b, true);
    html.raw("</div>");
  }
  html.raw(
      "</div><p class=\"soft small\">Backend, device and tool are as the file declares them; no "
      "digest covers them.</p></section>\n");
}

}  // namespace isotrace::tools::page
