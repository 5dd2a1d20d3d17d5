// How a step or checkpoint of A compares with that of B at the same place, and how rows show it.
#pragma once

#include <isotrace/tools/report/html.hpp>

namespace isotrace::tools::page {

enum class PlaceState : std::uint8_t {
  same,
  first,    ///< the divergence is here
  differs,  ///< too
  lone,     ///< B has nothing at this place
};

/// The class of the row and the end of its tag.
Markup row_class(PlaceState state);
/// A badge, for all but the same.
void put_state(Html& html, PlaceState state);

}  // namespace isotrace::tools::page
