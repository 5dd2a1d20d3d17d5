// Where GridSample samples along one axis (docs/spec/vision.md). All in f64.
#pragma once

#include <algorithm>
#include <cmath>

#include <isotrace/core/tensor.hpp>
#include <isotrace/reference/grid.hpp>
#include <isotrace/reference/taps.hpp>

namespace isotrace::reference {

enum class GridPadding { zeros, border, reflection };

/// Where a grid value samples along one axis.
class GridAxis {
 public:
  GridAxis(std::int64_t size, bool align_corners, GridPadding padding)
      : size_(size),
        align_corners_(align_corners),
        padding_(padding),
        low_(align_corners ? 0.0 : -0.5),
        high_(static_cast<double>(size) - (align_corners ? 1.0 : 0.5)) {}

  /// From [-1, 1] to positions.
  [[nodiscard]] double position(double g) const {
    const auto size = static_cast<double>(size_);
    return align_corners_ ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2;
  }
  /// A position outside [low, high] is brought inside, unless the padding is zeros.
  [[nodiscard]] double pad(double x) const {
    if (padding_ == GridPadding::zeros || (x >= low_ && x <= high_)) return x;
    if (padding_ == GridPadding::reflection) return reflect(x);
    return std::clamp(x, 0.0, static_cast<double>(size_ - 1));
  }
  /// The element at a whole position, or -1.
  [[nodiscard]] std::int64_t element(double whole) const {
    const double padded = pad(whole);
    const bool inside = padded >= 0 && padded <= static_cast<double>(size_ - 1);
    return inside ? static_cast<std::int64_t>(padded) : -1;
  }

 private:
  [[nodiscard]] double reflect(double x) const {
    const double range = high_ - low_;
    if (range == 0) return low_;
    const bool below = x < low_;
    const double excess = below ? low_ - x : x - high_;
    const double turns = std::floor(excess / range);
    const double rest = excess - turns * range;
    const bool odd = turns - 2 * std::floor(turns / 2) != 0;
    return below == odd ? high_ - rest : low_ + rest;
  }

  std::int64_t size_;
  bool align_corners_;
  GridPadding padding_;
  double low_;
  double high_;
};

/// Halves to even.
inline double round_to_even(double x) {
  const double below = std::floor(x);
  const double ratio = x - below;
  const bool odd = below - 2 * std::floor(below / 2) != 0;
  return ratio > 0.5 || (ratio == 0.5 && odd) ? below + 1 : below;
}

/// The sampled axes of x [N, C, D...].
inline std::vector<GridAxis> grid_axes(const core::Node& node, Dims x) {
  const bool align_corners = node.integer("align_corners") != 0;
  const std::string& padding = node.text("padding_mode");
  const GridPadding pad = padding == "zeros"    ? GridPadding::zeros
                          : padding == "border" ? GridPadding::border
                                                : GridPadding::reflection;
  std::vector<GridAxis> axes;
  for (const std::int64_t size : x.subspan(2)) axes.emplace_back(size, align_corners, pad);
  return axes;
}

struct GridSampling {
  GridMode mode;
  std::vector<GridAxis> axes;
};

/// The taps of every axis that point `point` of a grid of floats asks for, or nothing if a
/// coordinate is not a number. The grid names the last axis first.
std::optional<std::vector<AxisTaps>> grid_point_taps(const GridSampling& sampling,
                                                     const core::TensorView& grid,
                                                     std::size_t point);

/// AffineGrid: position i of `size` on [-1, 1].
double affine_base_coordinate(std::int64_t i, std::int64_t size, bool align_corners);

}  // namespace isotrace::reference
