// Resize and GridSample.
#include <algorithm>
#include <bit>
#include <cmath>

#include <isotrace/executor/bounds/interpolation.hpp>
#include <isotrace/reference/grid_axis.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/resize.hpp>

namespace isotrace::executor {
namespace {

using reference::Dims;
using reference::ResizeAxis;
using reference::ResizeSampling;

/// All between two elements, or exactly the one.
Band middle_of(const Range& range) {
  const double half = (range.greatest - range.least) / 2;
  const double slack = half == 0 ? 0.0 : 0x1p-50 * (std::fabs(range.least) + half);
  return {range.least + half, half + slack};
}

/// What nearest gives: exactly one element, or one of several where a position is near a boundary.
/// Without any such element all bits must be right.
class NearestBounds {
 public:
  explicit NearestBounds(const Subject& subject) : subject_(subject) {}

  void add(std::span<const Candidates> axes, std::span<const std::int64_t> strides,
           std::span<const double> values) {
    const Range range = candidate_range(axes, strides, values);
    const bool several =
        std::ranges::any_of(axes, [](const Candidates& axis) { return axis.size() > 1; });
    exact_ = exact_ && !several;
    if (range.special) {
      bands_.push_back(several ? unknown_band() : Band{range.least, 0});
    } else {
      bands_.push_back(middle_of(range));
    }
  }
  void add(Band band) {
    exact_ = exact_ && band.error == 0;
    bands_.push_back(band);
  }

  Bounds take() {
    if (exact_) return std::vector<ResultBound>(1);
    if (!core::is_float(subject_.results[0].dtype())) {
      return refuse_bound(subject_, "a position near a boundary");
    }
    return one_bound(std::move(bands_));
  }

 private:
  const Subject& subject_;
  std::vector<Band> bands_;
  bool exact_ = true;
};

/// Positions of Resize.
class ResizePlaces {
 public:
  explicit ResizePlaces(const core::Node& node)
      : sampling_(node), coordinates_(node.text("coordinate_transformation_mode")) {}

  /// (o + 1/2) / s - 1/2 and the like: a few roundings of numbers as large as the terms. With a
  /// scale that is a power of two there are none.
  [[nodiscard]] Place at(const ResizeAxis& axis, std::int64_t position) const {
    const double x = sampling_.coordinate(axis, position);
    const bool simple = coordinates_ == "half_pixel" || coordinates_ == "asymmetric" ||
                        coordinates_ == "pytorch_half_pixel" ||
                        coordinates_ == "tf_half_pixel_for_nn";
    const bool unscaled = axis.input == axis.output && axis.scale == 1 && axis.input < 4096 &&
                          !sampling_.needs_region();
    const bool exact = simple && is_power_of_two(axis.scale) && position < 1 << 22 &&
                       is_single(x) && is_single(x + 0.5);
    if (exact || unscaled) return {x, 0};
    const auto size = static_cast<double>(axis.input);
    double terms = std::fabs(x) + 1;
    if (coordinates_ == "half_pixel_symmetric") terms += size;
    if (sampling_.needs_region()) terms += (std::fabs(axis.start) + std::fabs(axis.end)) * size;
    return {x, 8 * position_roundoff * terms};
  }
  [[nodiscard]] const ResizeSampling& sampling() const { return sampling_; }

 private:
  ResizeSampling sampling_;
  const std::string& coordinates_;
};

Candidates nearest_candidates(const ResizeSampling& sampling, const ResizeAxis& axis, Place place) {
  Candidates found;
  for (const double x : {place.x - place.error, place.x, place.x + place.error}) {
    const auto position = std::clamp<std::int64_t>(sampling.nearest_position(x), 0, axis.input - 1);
    if (std::ranges::find(found, position) == found.end()) found.push_back(position);
  }
  return found;
}

core::Result<reference::ResizeGeometry> read_geometry(const Subject& subject,
                                                      const ResizeSampling& sampling) {
  const auto list = [&](std::size_t operand) {
    return subject.has(operand) ? read_reals(subject.operand(operand)) : Reals{};
  };
  reference::ResizeRequest request;
  if (const Reals scales = list(2); !scales.empty()) {
    request.scales = std::vector<float>(scales.begin(), scales.end());
  }
  ISOTRACE_TRY(request.sizes, reference::read_optional_integers(subject.call(), 3));
  if (request.sizes && request.sizes->empty()) request.sizes.reset();
  ISOTRACE_TRY(auto geometry,
               reference::resize_geometry(subject.node, subject.operand(0).shape(), request));
  if (sampling.needs_region()) {
    ISOTRACE_TRY_DONE(reference::set_resize_region(subject.node, list(1), geometry));
  }
  return geometry;
}

/// Where a region ends an engine may extrapolate or not.
enum class Region { inside, outside, edge };
Region region_of(const ResizeAxis& axis, Place place) {
  const double last = static_cast<double>(axis.input - 1);
  if (place.x - place.error >= 0 && place.x + place.error <= last) return Region::inside;
  if (place.x + place.error < 0 || place.x - place.error > last) return Region::outside;
  return Region::edge;
}

/// One output element: its places along all axes.
class ResizeElement {
 public:
  ResizeElement(const Subject& subject, const ResizePlaces& places,
                const reference::ResizeGeometry& geometry)
      : places_(places),
        geometry_(geometry),
        antialias_(subject.node.integer("antialias") != 0),
        exclude_(subject.node.integer("exclude_outside") != 0),
        kernel_(subject.node.text("mode") == "linear"
                    ? Kernel::linear()
                    : Kernel::cubic(subject.node.real("cubic_coeff_a"))) {}

  /// False where nothing can be said.
  bool move_to(std::span<const std::int64_t> position) {
    region_ = Region::inside;
    place_.clear();
    for (std::size_t a = 0; a < position.size(); ++a) {
      place_.push_back(places_.at(geometry_.axes[a], position[a]));
      if (!place_.back().is_known()) return false;
      if (!places_.sampling().needs_region()) continue;
      const Region region = region_of(geometry_.axes[a], place_.back());
      if (region == Region::outside) region_ = Region::outside;
      if (region == Region::edge && region_ == Region::inside) region_ = Region::edge;
    }
    return true;
  }
  [[nodiscard]] Region region() const { return region_; }

  [[nodiscard]] std::vector<Candidates> candidates() const {
    std::vector<Candidates> all;
    for (std::size_t a = 0; a < place_.size(); ++a) {
      all.push_back(nearest_candidates(places_.sampling(), geometry_.axes[a], place_[a]));
    }
    return all;
  }
  [[nodiscard]] std::optional<std::vector<WideTaps>> taps() const {
    std::vector<WideTaps> all;
    for (std::size_t a = 0; a < place_.size(); ++a) {
      const ResizeAxis& axis = geometry_.axes[a];
      const auto element = [&](std::int64_t j) -> std::optional<std::int64_t> {
        if (exclude_ && (j < 0 || j >= axis.input)) return std::nullopt;
        return std::clamp<std::int64_t>(j, 0, axis.input - 1);
      };
      WideTaps taps =
          kernel_.taps(place_[a], antialias_ ? std::min(axis.scale, 1.0) : 1.0, element);
      if (antialias_ || exclude_) {
        auto divided = normalised(std::move(taps));
        if (!divided) return std::nullopt;
        taps = *std::move(divided);
      }
      all.push_back(std::move(taps));
    }
    return all;
  }

 private:
  const ResizePlaces& places_;
  const reference::ResizeGeometry& geometry_;
  bool antialias_;
  bool exclude_;
  Kernel kernel_;
  Region region_ = Region::inside;
  std::vector<Place> place_;
};

}  // namespace

Bounds bound_resize(const Subject& subject) {
  const ResizePlaces places(subject.node);
  const bool nearest = places.sampling().is_nearest();
  if (!nearest && !core::is_float(subject.results[0].dtype())) return refuse_bound(subject);
  ISOTRACE_TRY(const auto geometry, read_geometry(subject, places.sampling()));
  const core::TensorView& x = subject.operand(0);
  const Reals values = read_reals(x);
  const auto strides = reference::row_major_strides(x.shape());
  const Reals canonical = read_reals(subject.results[0]);
  ResizeElement element(subject, places, geometry);
  NearestBounds bounds(subject);
  reference::Odometer at(geometry.output);
  for (std::size_t i = 0; i < subject.results[0].elements(); ++i, at.next()) {
    if (!element.move_to(at.position()) || element.region() == Region::edge) {
      bounds.add(unknown_band());
    } else if (element.region() == Region::outside) {
      bounds.add({canonical[i], 0});
    } else if (nearest) {
      bounds.add(element.candidates(), strides, values);
    } else {
      const auto taps = element.taps();
      bounds.add(
          taps ? tap_band(subject.arithmetic(), sum_wide_taps(*taps, strides, values), taps->size())
               : unknown_band());
    }
  }
  return bounds.take();
}

namespace {

using reference::GridAxis;
using reference::GridMode;

/// Three roundings of a number as large as (|g| + 1) D; what padding does moves it no further.
Place grid_place(const GridAxis& axis, double g, std::int64_t size) {
  const double terms = (std::fabs(g) + 1) * static_cast<double>(size) + 1;
  return {axis.position(g), 4 * position_roundoff * terms};
}

Candidates grid_candidates(const GridAxis& axis, Place place) {
  Candidates found;
  for (const double x : {place.x - place.error, place.x, place.x + place.error}) {
    const std::int64_t position = axis.element(axis.pad(reference::round_to_even(x)));
    if (std::ranges::find(found, position) == found.end()) found.push_back(position);
  }
  return found;
}

/// Reflection is continuous. Clamping is not: it moves a position by half an element where it
/// begins, which only linear interpolation does not see, as all of its taps are the last element
/// there.
Place padded(const GridAxis& axis, GridMode mode, Place place) {
  const double x = axis.pad(place.x);
  if (mode == GridMode::linear) return {x, place.error};
  const double before = axis.pad(place.x - place.error);
  const double behind = axis.pad(place.x + place.error);
  const double least = std::min({x, before, behind});
  const double greatest = std::max({x, before, behind});
  return {(least + greatest) / 2, (greatest - least) / 2 + place.error};
}

WideTaps grid_taps(const GridAxis& axis, GridMode mode, Place place) {
  const Kernel kernel = mode == GridMode::linear ? Kernel::linear() : Kernel::cubic(-0.75);
  const auto element = [&](std::int64_t j) {
    return std::optional(axis.element(static_cast<double>(j)));
  };
  return kernel.taps(padded(axis, mode, place), 1, element);
}

/// What one grid point asks for along all axes.
struct GridPoint {
  std::vector<Candidates> candidates;
  std::vector<WideTaps> taps;
  bool is_number = true;
  bool is_known = true;
};

GridPoint read_point(const std::vector<GridAxis>& axes, GridMode mode, Dims spatial,
                     std::span<const double> point) {
  GridPoint found;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const Place place = grid_place(axes[a], point[point.size() - 1 - a], spatial[a]);
    found.is_number = found.is_number && !std::isnan(axes[a].pad(place.x));
    found.is_known = found.is_known && place.is_known();
    if (!found.is_number || !found.is_known) continue;
    if (mode == GridMode::nearest) {
      found.candidates.push_back(grid_candidates(axes[a], place));
    } else {
      found.taps.push_back(grid_taps(axes[a], mode, place));
    }
  }
  return found;
}

}  // namespace

Bounds bound_grid_sample(const Subject& subject) {
  const core::TensorView& x = subject.operand(0);
  if (!core::is_float(x.dtype())) return refuse_bound(subject);
  const GridMode mode = reference::grid_mode(subject.node);
  const auto axes = reference::grid_axes(subject.node, x.shape());
  const Dims spatial = x.shape().subspan(2);
  const auto strides = reference::row_major_strides(spatial);
  const std::size_t plane = reference::product(spatial, 0, spatial.size());
  const Reals grid = read_reals(subject.operand(1));
  const Reals values = read_reals(x);
  const auto channels = static_cast<std::size_t>(x.dim(1));
  const std::size_t images = static_cast<std::size_t>(x.dim(0));
  const std::size_t points = images == 0 ? 0 : grid.size() / axes.size() / images;
  const Arithmetic a = subject.arithmetic();
  std::vector<Band> bands(subject.results[0].elements());
  for (std::size_t i = 0; i < images * points; ++i) {
    const GridPoint point =
        read_point(axes, mode, spatial, std::span(grid).subspan(i * axes.size(), axes.size()));
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t channel = i / points * channels + c;
      const auto source = std::span(values).subspan(channel * plane, plane);
      Band& band = bands[channel * points + i % points];
      if (!point.is_number || !point.is_known) {
        band = point.is_number ? unknown_band() : Band{std::nan(""), 0};
      } else if (mode == GridMode::nearest) {
        const Range range = candidate_range(point.candidates, strides, source);
        band = range.special ? unknown_band() : middle_of(range);
      } else {
        band = tap_band(a, sum_wide_taps(point.taps, strides, source), axes.size());
      }
    }
  }
  return one_bound(std::move(bands));
}

// Each coordinate of the base is computed in binary32 from numbers of at most 2; around the
// canonical result.
Bounds bound_affine_grid(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& theta = subject.operand(0);
  const Reals values = read_reals(theta);
  const Reals canonical = read_reals(subject.results[0]);
  const auto axes = static_cast<std::size_t>(theta.dim(1));
  const std::size_t per_image = canonical.size() / std::max<std::size_t>(theta.shape()[0], 1);
  const double u = a.sum_roundoff();
  std::vector<Band> bands;
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    const auto row = std::span(values).subspan((i / per_image * axes + i % axes) * (axes + 1));
    double scaled = 0;
    for (std::size_t k = 0; k < axes; ++k) scaled += std::fabs(row[k]);
    const double own = gamma(static_cast<double>(axes) + 2, u) * (scaled + std::fabs(row[axes])) +
                       8 * position_roundoff * scaled + 4 * (a.underflow() + a.flush());
    const bool finite = std::isfinite(scaled) && std::isfinite(canonical[i]);
    bands.push_back(finite ? a.round({canonical[i], 2 * own}) : unknown_band());
  }
  return one_bound(std::move(bands));
}

}  // namespace isotrace::executor
