// Shapes and sampling grids of pooling over regions of interest.
#pragma once

#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// MaxRoiPool: x [N, C, H, W], rois [R, 5].
core::Result<core::Shape> max_roi_pool_shape(const core::Node& node, Dims x, Dims rois);
/// RoiAlign: x [N, C, H, W], rois [R, 4]. Also refuses unknown modes.
core::Result<core::Shape> roi_align_shape(const core::Node& node, Dims x, Dims rois);

/// The elements [first, last) that a bin covers along one axis.
struct RoiBin {
  std::int64_t first;
  std::int64_t last;
};
/// The bins of one region of MaxRoiPool.
struct RoiBins {
  std::int64_t image;
  std::vector<RoiBin> rows;
  std::vector<RoiBin> columns;
};
/// Of every region, for an output of max_roi_pool_shape(). Refuses operand_value_invalid for a
/// region that names no image, unsupported_dtype for other types than floats.
core::Result<std::vector<RoiBins>> max_roi_bins(const core::Node& node, Dims x,
                                                const core::TensorView& rois);

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

/// RoiAlign's images of the regions, [R] integers below the number of images.
core::Result<std::vector<std::int64_t>> roi_images(const core::TensorView& operand,
                                                   std::int64_t images, std::int64_t rois);

/// The most samples that a bin of any region takes; 1 for other element types than floats.
std::int64_t roi_bin_samples(const core::Node& node, const core::TensorView& rois);

}  // namespace isotrace::reference
