// Shapes and sampling grids of pooling over regions of interest.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// MaxRoiPool: x [N, C, H, W], rois [R, 5].
core::Result<core::Shape> max_roi_pool_shape(const core::Node& node, Dims x, Dims rois);
/// RoiAlign: x [N, C, H, W], rois [R, 4]. Also refuses unknown modes.
core::Result<core::Shape> roi_align_shape(const core::Node& node, Dims x, Dims rois);

/// Where RoiAlign samples along one axis.
struct RoiAxis {
  double start;
  double bin;
  std::int64_t samples;  ///< per bin

  /// Sample `i` of bin `number`.
  [[nodiscard]] double position(std::int64_t number, std::int64_t i) const {
    const double within = (static_cast<double>(i) + 0.5) * bin / static_cast<double>(samples);
    return start + static_cast<double>(number) * bin + within;
  }
};
struct RoiGrid {
  RoiAxis y;
  RoiAxis x;
};
/// The grid of one region x1, y1, x2, y2; refuses limit_exceeded for more than 2^20 samples per
/// bin.
core::Result<RoiGrid> roi_grid(const core::Node& node, const double (&edges)[4]);

/// The most samples that a bin of any region takes; 1 for other element types than floats.
std::int64_t roi_bin_samples(const core::Node& node, const core::TensorView& rois);

}  // namespace isotrace::reference
