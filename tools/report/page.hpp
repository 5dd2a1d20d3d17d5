// The frame of a report: one file that needs nothing else. Style and script stand inside and are
// named by their digests in the content security policy, which allows nothing else: no network, no
// other script, no style of an element's own.
#pragma once

#include <vector>

#include <isotrace/tools/report/html.hpp>

namespace isotrace::tools::page {

enum class Tone : std::uint8_t { plain, good, bad, warn };

/// A link in the head of the page.
struct Chapter {
  Markup id;
  Markup title;
};

struct PageFrame {
  std::string verdict;  ///< "identical"
  Tone tone = Tone::plain;
  std::string subtitle;
  std::vector<Chapter> chapters;
};

std::string make_page(const PageFrame& frame, const Html& body);

/// "<span class="badge ...">TEXT</span>"
void put_badge(Html& html, std::string_view text, Tone tone);
/// A row of a list of facts: the digest in full.
void put_fact(Html& html, Markup term, const core::Digest& digest);
void put_fact(Html& html, Markup term, std::string_view text);
/// One number in large type; `note` below it, if there is one.
void put_tile(Html& html, Markup term, std::string_view value, std::string_view note);
/// A bar as long as `part` is of `whole`.
void put_bar(Html& html, std::uint64_t part, std::uint64_t whole);
/// "TOTAL, of which MOST are shown", where a list is cut; nothing else says what is left out.
void put_left_out(Html& html, std::size_t shown, std::size_t total);
/// The field that filters rows and the keys, hidden unless the script runs.
void put_row_tools(Html& html, bool compared);

}  // namespace isotrace::tools::page
