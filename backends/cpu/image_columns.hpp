// The columns that a convolution multiplies with its weights, one image and group at a time:
// row k is a tap (channel, then kernel position, row-major), column j an output position. Taps in
// the padding are +0 and take part like any other (docs/numerics.md, conv).
#pragma once

#include <span>
#include <vector>

#include <isotrace/backends/cpu/columns.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {

class ImageColumns final : public Columns {
 public:
  /// image: the input channels of one group; axes: at least one. Both outlive this object.
  ImageColumns(const float* image, std::span<const reference::WindowAxis> axes);

  void pack(const Kernels& kernels, Index depth_from, Index depth, Index column_from, Index count,
            Index width, float* packed) const override;
  [[nodiscard]] const float* find_row(Index, Index) const override { return nullptr; }
  [[nodiscard]] Index row_stride() const override { return 0; }

 private:
  /// Output positions that differ on the last axis only.
  struct Run {
    Index lane;
    Index count;
    Index last;                ///< output coordinate on the last axis of the first position
    std::vector<Index> outer;  ///< input coordinates on the other axes, for tap 0
  };
  void pack_panel(Index depth_from, Index depth, Index column_from, Index count, Index width,
                  float* packed) const;
  [[nodiscard]] std::vector<Run> find_runs(Index column_from, Index count) const;
  [[nodiscard]] const float* find_line(const Run& run, const Index* tap, Index channel) const;
  void pack_run(const Run& run, const float* line, Index tap, float* row) const;

  const float* image_;
  std::span<const reference::WindowAxis> axes_;
  Index channel_size_;
  Index tap_count_;
  std::vector<Index> taps_;  ///< [tap][axis]: offset of the tap in the input
};

}  // namespace isotrace::backends::cpu
