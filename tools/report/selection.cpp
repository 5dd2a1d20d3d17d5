#include <isotrace/tools/report/selection.hpp>

#include <algorithm>

namespace isotrace::tools::page {

std::vector<RowRange> select_rows(std::size_t total, std::size_t most, std::size_t focus) {
  if (total == 0) return {};
  if (total <= most) return {{0, total}};
  const std::size_t edge = most / 4;
  const std::size_t middle = most - 2 * edge;
  // Between the edges, so that no row is counted twice.
  const std::size_t begin =
      std::clamp(focus - std::min(focus, middle / 2), edge, total - edge - middle);
  std::vector<RowRange> ranges;
  for (const RowRange& range :
       {RowRange{0, edge}, RowRange{begin, begin + middle}, RowRange{total - edge, total}}) {
    if (range.begin == range.end) continue;
    if (!ranges.empty() && range.begin <= ranges.back().end) {
      ranges.back().end = std::max(ranges.back().end, range.end);
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

std::size_t rows_in(const std::vector<RowRange>& ranges) {
  std::size_t rows = 0;
  for (const RowRange& range : ranges) rows += range.end - range.begin;
  return rows;
}

}  // namespace isotrace::tools::page
