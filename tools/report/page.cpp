#include <isotrace/tools/report/page.hpp>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/core/bytes.hpp>

#include <page_texts.hpp>

namespace isotrace::tools::page {
namespace {

/// 'sha256-...' of the contents of an element (Content Security Policy Level 3, hash sources).
std::string hash_source(std::string_view contents) {
  return "'sha256-" + certificates::write_base64(core::sha256(core::as_bytes(contents)).view()) +
         "'";
}

std::string policy() {
  return "default-src 'none'; style-src " + hash_source(page_style) + "; script-src " +
         hash_source(page_script) + "; img-src data:; base-uri 'none'; form-action 'none'";
}

Markup badge_of(Tone tone) {
  switch (tone) {
    case Tone::good: return "<span class=\"badge good\">";
    case Tone::bad: return "<span class=\"badge bad\">";
    case Tone::warn: return "<span class=\"badge warn\">";
    case Tone::plain: break;
  }
  return "<span class=\"badge\">";
}

void put_header(Html& html, const PageFrame& frame) {
  html.raw(
      "<header class=\"top\"><div>"
      "<svg width=\"26\" height=\"26\" viewBox=\"0 0 26 26\" aria-hidden=\"true\">"
      "<path class=\"rail l0\" d=\"M5 3v20\"/><path class=\"rail l1\" d=\"M5 7c0 6 14 4 14 10v6\"/>"
      "<circle class=\"mark\" cx=\"5\" cy=\"13\" r=\"3.4\"/>"
      "<circle class=\"mark\" cx=\"19\" cy=\"18\" r=\"3.4\"/></svg><h1>Isotrace report</h1>");
  put_badge(html, frame.verdict, frame.tone);
  html.raw("<p>").text(frame.subtitle).raw("</p><nav aria-label=\"Chapters\">");
  for (const Chapter& chapter : frame.chapters) {
    html.raw("<a href=\"#").raw(chapter.id).raw("\">").raw(chapter.title).raw("</a>");
  }
  html.raw("</nav></div></header>");
}

}  // namespace

std::string make_page(const PageFrame& frame, const Html& body) {
  Html head;
  head.raw(
          "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\"")
      .attribute(" content=", policy())
      .raw(
          ">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>Isotrace report: ")
      .text(frame.verdict)
      .raw("</title>\n<style>");
  Html page;
  page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
  put_header(page, frame);
  page.raw("\n<main id=\"main\">\n")
      .append(body)
      .raw(
          "</main>\n<footer>Made by <code>isotrace report</code> from traces alone. Nothing here "
          "was "
          "fetched, and nothing is: the page is this one file. The same traces give the same page, "
          "byte "
          "for byte, unless times were asked for.</footer>\n<script>");
  return head.str() + std::string(page_style) + page.str() + std::string(page_script) +
         "</script>\n</body>\n</html>\n";
}

void put_badge(Html& html, std::string_view text, Tone tone) {
  html.raw(badge_of(tone)).text(text).raw("</span>");
}

void put_fact(Html& html, Markup term, const core::Digest& digest) {
  html.raw("<dt>").raw(term).raw("</dt><dd>").digest(digest).raw("</dd>");
}

void put_fact(Html& html, Markup term, std::string_view text) {
  html.raw("<dt>").raw(term).raw("</dt><dd>");
  if (text.empty()) {
    html.raw("<span class=\"soft\">not stated</span></dd>");
  } else {
    html.name(text).raw("</dd>");
  }
}

void put_tile(Html& html, Markup term, std::string_view value, std::string_view note) {
  html.raw("<div class=\"tile\"><dt>").raw(term).raw("</dt><dd>").text(value);
  if (!note.empty()) html.raw("<small>").text(note).raw("</small>");
  html.raw("</dd></div>");
}

void put_bar(Html& html, std::uint64_t part, std::uint64_t whole) {
  const double share = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  html.raw(
          "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
          "aria-hidden=\"true\"><rect height=\"10\" width=\"")
      .number(static_cast<std::uint64_t>(share * 1000))
      .raw("\"/></svg>");
}

void put_left_out(Html& html, std::size_t shown, std::size_t total) {
  if (shown >= total) return;
  html.raw("<p class=\"soft small\">")
      .count(total - shown)
      .raw(" of ")
      .count(total)
      .raw(" are left out here.</p>");
}

void put_row_tools(Html& html, bool compared) {
  html.raw(
      "<div class=\"tools\" id=\"tools\" hidden><input type=\"search\" id=\"filter\" "
      "autocomplete=\"off\" spellcheck=\"false\" aria-label=\"Filter the rows\" "
      "placeholder=\"Filter: name, shape, digest\">");
  if (compared) {
    html.raw("<label><input type=\"checkbox\" id=\"only\"> only what differs</label>");
  }
  html.raw(
      "<span id=\"found\" role=\"status\" class=\"soft small\"></span>"
      "<span class=\"keys soft small\"><kbd>/</kbd> filter <kbd>j</kbd> <kbd>k</kbd> rows "
      "<kbd>Enter</kbd> open");
  if (compared) html.raw(" <kbd>d</kbd> divergence");
  html.raw("</span></div>");
}

}  // namespace isotrace::tools::page
