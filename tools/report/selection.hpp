// Which of very many rows stand on a page, so that it stays usable whatever the trace.
#pragma once

#include <cstddef>
#include <vector>

namespace isotrace::tools::page {

/// Rows [begin, end).
struct RowRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const RowRange&) const = default;
};

/// At most `most` (at least 1) of `total` rows, in order: all of them, or the first, those around
/// `focus`, and the last ones. Neighbouring ranges are one.
std::vector<RowRange> select_rows(std::size_t total, std::size_t most, std::size_t focus);

std::size_t rows_in(const std::vector<RowRange>& ranges);

}  // namespace isotrace::tools::page
