// Geometry of Resize: sizes of the result, and the taps of every output position along an axis
// (docs/spec/vision.md). All in f64.
#pragma once

#include <optional>
#include <string_view>

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>
#include <isotrace/reference/taps.hpp>

namespace isotrace::reference {

struct ResizeAxis {
  std::int64_t input;
  std::int64_t output;
  double scale;
  double length;     ///< of the output, before it became a whole number
  double start = 0;  ///< of the region, for tf_crop_and_resize
  double end = 1;
};

struct ResizeGeometry {
  std::vector<ResizeAxis> axes;  ///< every axis of x
  core::Shape output;
};

/// What a node gives beside x; exactly one of scales and sizes has entries.
struct ResizeRequest {
  std::optional<std::vector<float>> scales;
  std::optional<std::vector<std::int64_t>> sizes;
};

/// Refuses operation_attribute_invalid for unknown modes, operand_value_invalid for scales that are
/// not positive and finite and for negative sizes, shape_mismatch for lists of a wrong length and
/// sizes that would be sampled from nothing, limit_exceeded for results beyond the limits.
core::Result<ResizeGeometry> resize_geometry(const core::Node& node, Dims x,
                                             const ResizeRequest& request);

/// The region of tf_crop_and_resize: starts, then ends, of the axes that the node names.
core::Result<core::Done> set_resize_region(const core::Node& node,
                                           const std::vector<double>& region,
                                           ResizeGeometry& geometry);

struct Call;
/// The geometry of a whole call, its region included. Refuses what the two above refuse, and
/// shape_mismatch for lists that are none.
core::Result<ResizeGeometry> resize_geometry(const Call& call);

/// The attributes that say where an output position samples, read once.
class ResizeSampling {
 public:
  /// The node has passed resize_geometry.
  explicit ResizeSampling(const core::Node& node);

  [[nodiscard]] bool is_nearest() const { return mode_ == Mode::nearest; }
  [[nodiscard]] bool needs_region() const { return coordinates_ == Coordinates::crop_and_resize; }
  /// The taps of an output position, or nothing where the result is the extrapolation value.
  [[nodiscard]] std::optional<AxisTaps> taps(const ResizeAxis& axis, std::int64_t position) const;
  /// The position on the input that an output position stands for.
  [[nodiscard]] double coordinate(const ResizeAxis& axis, std::int64_t position) const;
  /// Of mode nearest: the element, not yet brought into the axis.
  [[nodiscard]] std::int64_t nearest_position(double x) const;

 private:
  enum class Mode { nearest, linear, cubic };
  enum class Nearest { round_prefer_floor, round_prefer_ceil, floor, ceil };
  enum class Coordinates {
    half_pixel,
    half_pixel_symmetric,
    pytorch_half_pixel,
    align_corners,
    asymmetric,
    half_pixel_for_nn,
    crop_and_resize
  };

  [[nodiscard]] AxisTaps kernel_taps(const ResizeAxis& axis, double x) const;

  Mode mode_;
  Nearest nearest_;
  Coordinates coordinates_;
  double cubic_coefficient_;
  bool antialias_;
  bool exclude_outside_;
};

}  // namespace isotrace::reference
