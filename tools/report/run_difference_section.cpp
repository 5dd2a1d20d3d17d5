#include <isotrace/tools/report/run_difference_section.hpp>

#include <isotrace/tools/report/page.hpp>

namespace isotrace::tools::page {
namespace {

/// Bytes and slots of one step; more are counted.
constexpr std::size_t list_max = 16;

std::string list_text(const Json& list) {
  std::string text;
  for (std::size_t i = 0; i < std::min(list.size(), list_max); ++i) {
    text += (i > 0 ? " " : "") + list[i].get<std::string>();
  }
  if (list.size() > list_max) text += " and " + std::to_string(list.size() - list_max) + " more";
  return text.empty() ? "nothing" : text;
}

void put_step(Html& html, Markup side, const Json& step) {
  html.raw("<dt>").raw(side).raw("</dt><dd>");
  if (step.is_null()) {
    html.raw("makes no further step</dd>");
    return;
  }
  html.raw("step ").count(step["step"].get<std::uint64_t>()).raw(", <b>");
  html.name(step["function"].get<std::string>()).raw("</b> at byte ");
  html.count(step["pc"].get<std::uint64_t>()).raw(", <code>");
  html.text(step["opcode"].get<std::string>()).raw("</code>: takes <code>");
  html.text(list_text(step["operands"])).raw("</code>, puts <code>");
  html.text(list_text(step["results"])).raw("</code>");
  for (std::size_t i = 0; i < std::min(step["writes"].size(), list_max); ++i) {
    const Json& write = step["writes"][i];
    html.raw(", writes <code>").text(write["bytes"].get<std::string>()).raw("</code> at ");
    html.count(write["address"].get<std::uint64_t>());
  }
  html.raw("</dd>");
}

void put_parts(Html& html, const Json& difference) {
  for (const Json& given : difference["given"]) {
    html.raw("<dt>Given otherwise</dt><dd>").name(given.get<std::string>()).raw("</dd>");
  }
  if (!difference["parts"].empty()) {
    const auto checkpoint = difference["checkpoint"].get<std::uint64_t>();
    html.raw("<dt>First different checkpoint</dt><dd><a href=\"#s").number(checkpoint).raw("\">");
    html.count(checkpoint).raw("</a>, in ").text(list_text(difference["parts"])).raw("</dd>");
  }
  for (const auto& [key, side] : {std::pair{"aAgrees", "A"}, std::pair{"bAgrees", "B"}}) {
    if (difference[key] == true) continue;
    html.raw("<dt>Not a run of its program</dt><dd>").text(side);
    html.raw(": the reference comes to another state there</dd>");
  }
  if (!difference["equalUntil"].is_null()) {
    html.raw("<dt>Executed again</dt><dd>equal until step ");
    html.count(difference["equalUntil"].get<std::uint64_t>()).raw("</dd>");
  }
}

}  // namespace

void put_run_difference(Html& html, const Json& difference) {
  html.raw(
      "<section id=\"divergence\" class=\"bad\"><h2>First divergence</h2><dl class=\"facts\">");
  html.raw("<dt>Kind</dt><dd>").text(difference["kind"].get<std::string>()).raw("</dd>");
  if (difference["kind"] == "program") {
    html.raw("</dl><p>The programs differ; their runs have nothing in common to compare.</p>");
    html.raw("</section>\n");
    return;
  }
  put_parts(html, difference);
  if (!difference["a"].is_null() || !difference["b"].is_null()) {
    put_step(html, "A", difference["a"]);
    put_step(html, "B", difference["b"]);
  }
  if (const Json& byte = difference["byte"]; !byte.is_null()) {
    html.raw("<dt>Memory</dt><dd>byte ").count(byte["address"].get<std::uint64_t>()).raw(" is ");
    html.count(byte["a"].get<std::uint64_t>()).raw(" in A and ");
    html.count(byte["b"].get<std::uint64_t>()).raw(" in B</dd>");
    if (!byte["lastWrite"].is_null()) put_step(html, "Last written by", byte["lastWrite"]);
  }
  html.raw("</dl></section>\n");
}

}  // namespace isotrace::tools::page
