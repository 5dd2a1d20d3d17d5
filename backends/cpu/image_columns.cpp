#include <isotrace/backends/cpu/image_columns.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {

/// Output positions that differ on the last axis only lie on one line of the image.
void ImageColumns::find_runs(Index column_from, Index count, std::vector<LineRun>& runs) const {
  runs.clear();
  const Index line = layout_.axes().back().output;
  for (Index lane = 0; lane < count;) {
    const Index column = column_from + lane;
    const Index length = std::min(count - lane, line - column % line);
    runs.push_back({lane, length, layout_.window(column)});
    lane += length;
  }
}

void ImageColumns::pack(const Kernels&, Index depth_from, Index depth, Index column_from,
                        Index count, Index width, float* packed) const {
  const Index taps = std::ssize(layout_.taps());
  std::vector<LineRun> runs;
  for (Index j = 0; j < count; j += width) {
    find_runs(column_from + j, std::min(width, count - j), runs);
    vectors_.pack_lines({.channel = padded_ + depth_from / taps * layout_.size(),
                         .channel_size = layout_.size(),
                         .taps = layout_.taps().data(),
                         .tap_count = taps,
                         .tap = depth_from % taps,
                         .runs = runs.data(),
                         .run_count = std::ssize(runs),
                         .depth = depth,
                         .width = width,
                         .packed = packed + j * depth});
  }
}

}  // namespace isotrace::backends::cpu
