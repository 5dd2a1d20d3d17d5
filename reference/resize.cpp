#include <isotrace/reference/resize.hpp>

#include <algorithm>

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {
namespace {

// In the order of the enumerations of ResizeSampling.
constexpr std::string_view modes[] = {"nearest", "linear", "cubic"};
constexpr std::string_view nearest_modes[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                              "ceil"};
constexpr std::string_view coordinate_modes[] = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
    "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
constexpr std::string_view policies[] = {"stretch", "not_larger", "not_smaller"};

std::ptrdiff_t find_text(std::span<const std::string_view> known, std::string_view text) {
  return std::ranges::find(known, text) - known.begin();
}

Result<core::Done> check_modes(const core::Node& node) {
  const auto check = [&](std::string_view attribute,
                         std::span<const std::string_view> known) -> Result<core::Done> {
    const std::string& text = node.text(attribute);
    if (find_text(known, text) < std::ssize(known)) return core::Done{};
    return refuse_attribute(std::string(attribute) + " " + text);
  };
  ISOTRACE_TRY_DONE(check("mode", modes));
  ISOTRACE_TRY_DONE(check("nearest_mode", nearest_modes));
  ISOTRACE_TRY_DONE(check("keep_aspect_ratio_policy", policies));
  return check("coordinate_transformation_mode", coordinate_modes);
}

/// The axes that the node's lists speak of, in the order of the lists.
Result<std::vector<std::size_t>> listed_axes(const core::Node& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  std::vector<bool> named(rank);
  for (const std::int64_t axis : node.integers("axes")) {
    ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, rank));
    if (named[resolved]) return refuse_attribute("axis " + std::to_string(axis) + " named twice");
    named[resolved] = true;
    axes.push_back(resolved);
  }
  for (std::size_t axis = 0; node.integers("axes").empty() && axis < rank; ++axis) {
    axes.push_back(axis);
  }
  return axes;
}

/// floor(input * scale), the product in f32.
Result<core::Done> scale_axis(ResizeAxis& axis, float scale) {
  if (!(scale > 0) || scale > std::numeric_limits<float>::max()) {
    return refuse_value("scale " + std::to_string(scale));
  }
  const float size = std::floor(static_cast<float>(axis.input) * scale);
  axis.output = core::to_integer<std::int64_t>(size);
  axis.scale = scale;
  axis.length = axis.scale * static_cast<double>(axis.input);
  return core::Done{};
}

/// One scale for all listed axes, the least or the greatest of size / input; each size becomes
/// scale * input rounded, halves up.
void keep_aspect_ratio(bool larger, const std::vector<std::size_t>& axes,
                       std::vector<ResizeAxis>& all) {
  std::optional<double> scale;
  for (const std::size_t a : axes) {
    if (all[a].input == 0) continue;
    if (!scale || (larger ? all[a].scale > *scale : all[a].scale < *scale)) scale = all[a].scale;
  }
  for (const std::size_t a : axes) {
    if (all[a].input == 0) continue;
    all[a].scale = *scale;
    all[a].length = *scale * static_cast<double>(all[a].input);
    all[a].output = core::to_integer<std::int64_t>(std::floor(all[a].length + 0.5));
  }
}

Result<core::Done> size_axes(const core::Node& node, const std::vector<std::size_t>& axes,
                             const std::vector<std::int64_t>& sizes, std::vector<ResizeAxis>& all) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = all[axes[i]];
    if (sizes[i] < 0) return refuse_value("size " + std::to_string(sizes[i]));
    axis.output = sizes[i];
    axis.length = static_cast<double>(sizes[i]);
    axis.scale = static_cast<double>(sizes[i]) / static_cast<double>(axis.input);
  }
  const std::string& policy = node.text("keep_aspect_ratio_policy");
  if (policy != "stretch") keep_aspect_ratio(policy == "not_smaller", axes, all);
  return core::Done{};
}

}  // namespace

Result<ResizeGeometry> resize_geometry(const core::Node& node, Dims x,
                                       const ResizeRequest& request) {
  ISOTRACE_TRY_DONE(check_modes(node));
  ISOTRACE_TRY(const auto axes, listed_axes(node, x.size()));
  if (request.scales.has_value() == request.sizes.has_value()) {
    return refuse_shape("one of scales and sizes is needed");
  }
  const std::size_t given = request.scales ? request.scales->size() : request.sizes->size();
  if (given != axes.size()) {
    return refuse_shape(std::to_string(given) + " scales or sizes for " +
                        std::to_string(axes.size()) + " axes");
  }
  ResizeGeometry geometry;
  for (const std::int64_t size : x)
    geometry.axes.push_back({size, size, 1.0, static_cast<double>(size)});
  if (request.scales) {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      ISOTRACE_TRY_DONE(scale_axis(geometry.axes[axes[i]], (*request.scales)[i]));
    }
  } else {
    ISOTRACE_TRY_DONE(size_axes(node, axes, *request.sizes, geometry.axes));
  }
  for (const ResizeAxis& axis : geometry.axes) {
    if (axis.input == 0 && axis.output != 0) return refuse_shape("nothing to sample from");
    geometry.output.push_back(axis.output);
  }
  ISOTRACE_TRY_DONE(core::element_count(geometry.output));
  return geometry;
}

Result<core::Done> set_resize_region(const core::Node& node, const std::vector<double>& region,
                                     ResizeGeometry& geometry) {
  ISOTRACE_TRY(const auto axes, listed_axes(node, geometry.axes.size()));
  if (region.size() != 2 * axes.size()) {
    return refuse_shape("a region of " + std::to_string(region.size()) + " numbers");
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    geometry.axes[axes[i]].start = region[i];
    geometry.axes[axes[i]].end = region[axes.size() + i];
  }
  return core::Done{};
}

ResizeSampling::ResizeSampling(const core::Node& node)
    : mode_(static_cast<Mode>(find_text(modes, node.text("mode")))),
      nearest_(static_cast<Nearest>(find_text(nearest_modes, node.text("nearest_mode")))),
      coordinates_(static_cast<Coordinates>(
          find_text(coordinate_modes, node.text("coordinate_transformation_mode")))),
      cubic_coefficient_(node.real("cubic_coeff_a")),
      antialias_(node.integer("antialias") != 0),
      exclude_outside_(node.integer("exclude_outside") != 0) {}

std::optional<AxisTaps> ResizeSampling::taps(const ResizeAxis& axis, std::int64_t position) const {
  const double x = coordinate(axis, position);
  const bool inside = x >= 0 && x <= static_cast<double>(axis.input - 1);
  if (needs_region() && !inside) return std::nullopt;
  if (!is_nearest()) return kernel_taps(axis, x);
  return AxisTaps{{std::clamp<std::int64_t>(nearest_position(x), 0, axis.input - 1), 1.0}};
}

double ResizeSampling::coordinate(const ResizeAxis& axis, std::int64_t position) const {
  const auto o = static_cast<double>(position);
  const auto in = static_cast<double>(axis.input);
  const double half = (o + 0.5) / axis.scale - 0.5;
  switch (coordinates_) {
    case Coordinates::half_pixel: return half;
    case Coordinates::half_pixel_symmetric:
      return in / 2 * (1 - static_cast<double>(axis.output) / (axis.scale * in)) + half;
    case Coordinates::pytorch_half_pixel: return axis.output > 1 ? half : 0.0;
    case Coordinates::align_corners:
      return axis.output > 1 ? o * (in - 1) / (axis.length - 1) : 0.0;
    case Coordinates::asymmetric: return o / axis.scale;
    case Coordinates::half_pixel_for_nn: return (o + 0.5) / axis.scale;
    case Coordinates::crop_and_resize: break;
  }
  if (axis.output <= 1) return 0.5 * (axis.start + axis.end) * (in - 1);
  return axis.start * (in - 1) + o * (axis.end - axis.start) * (in - 1) / (axis.length - 1);
}

std::int64_t ResizeSampling::nearest_position(double x) const {
  const double below = std::floor(x);
  const double ratio = x - below;
  const bool up = (nearest_ == Nearest::round_prefer_floor && ratio > 0.5) ||
                  (nearest_ == Nearest::round_prefer_ceil && ratio >= 0.5) ||
                  (nearest_ == Nearest::ceil && ratio > 0);
  return static_cast<std::int64_t>(below) + (up ? 1 : 0);
}

/// Linear and cubic taps: the kernel, stretched by 1 / s where antialiasing shrinks.
AxisTaps ResizeSampling::kernel_taps(const ResizeAxis& axis, double x) const {
  const bool linear = mode_ == Mode::linear;
  const double s = antialias_ ? std::min(axis.scale, 1.0) : 1.0;
  const double radius = (linear ? 1.0 : 2.0) / s;
  const auto last = static_cast<std::int64_t>(std::floor(x + radius));
  AxisTaps taps;
  double total = 0;
  for (auto j = static_cast<std::int64_t>(std::ceil(x - radius)); j <= last; ++j) {
    const double d = (static_cast<double>(j) - x) * s;
    const double weight =
        linear ? std::fmax(1 - std::fabs(d), 0.0) : cubic_weight(d, cubic_coefficient_);
    const bool outside = j < 0 || j >= axis.input;
    if (outside && exclude_outside_) continue;
    taps.push_back({std::clamp<std::int64_t>(j, 0, axis.input - 1), weight});
    total += weight;
  }
  if (antialias_ || exclude_outside_) {
    for (Tap& tap : taps) tap.weight /= total;
  }
  return taps;
}

}  // namespace isotrace::reference
