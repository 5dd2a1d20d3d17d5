#include <isotrace/tools/report/place_state.hpp>

#include <isotrace/tools/report/page.hpp>

namespace isotrace::tools::page {

Markup row_class(PlaceState state) {
  switch (state) {
    case PlaceState::first: return "\" class=\"row first\">";
    case PlaceState::differs:
    case PlaceState::lone: return "\" class=\"row differs\">";
    case PlaceState::same: break;
  }
  return "\" class=\"row same\">";
}

void put_state(Html& html, PlaceState state) {
  if (state == PlaceState::same) return;
  html.raw(" ");
  if (state == PlaceState::first) put_badge(html, "first divergence", Tone::bad);
  if (state == PlaceState::differs) put_badge(html, "differs", Tone::warn);
  if (state == PlaceState::lone) put_badge(html, "only in A", Tone::warn);
}

}  // namespace isotrace::tools::page
