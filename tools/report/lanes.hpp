// The flow of values as rails beside a list of steps: every value that a later step reads has a
// lane from its step to its last reader, as short as the values alive at a time allow.
#pragma once

#include <isotrace/tools/report/flow.hpp>
#include <isotrace/tools/report/selection.hpp>

namespace isotrace::tools::page {

/// More lanes than this share the last one: a picture has to be narrow.
inline constexpr std::size_t lanes_max = 12;
/// Further operands of a step are not drawn.
inline constexpr std::size_t drawn_operands_max = 64;

/// A value on its way from a step to a reader.
struct Rail {
  std::size_t from = 0;  ///< step; in front of the first shown one: it comes in from above
  std::size_t to = 0;    ///< step; behind the last shown one: it goes out below
  std::size_t lane = 0;  ///< in which it runs down to the row above its reader
};

struct Lanes {
  RowRange steps;
  std::vector<std::size_t> lane;  ///< of each step's own mark
  std::vector<Rail> rails;
  std::size_t width = 1;  ///< lanes used
};

Lanes find_lanes(const Flow& flow, RowRange steps);

}  // namespace isotrace::tools::page
