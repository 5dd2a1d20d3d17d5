// RoiAlign: means, or greatest products, of bilinear samples whose places other engines compute in
// binary32.
#include <algorithm>
#include <array>
#include <cmath>

#include <isotrace/executor/bounds/interpolation.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/roi.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using reference::RoiAxis;

/// One axis of a region.
struct RoiPlaces {
  RoiAxis axis;
  double error;         ///< of every place
  bool counted = true;  ///< whether all engines take as many samples
};

/// The edges are scaled, shifted and subtracted: a few roundings of numbers as large as they are.
RoiPlaces make_places(const core::Node& node, const RoiAxis& axis, double from, double to,
                      std::int64_t bins) {
  const double scale = std::fabs(double{node.real("spatial_scale")});
  const double terms = (std::fabs(from) + std::fabs(to)) * scale + 1;
  RoiPlaces places = {axis, 16 * position_roundoff * terms};
  if (node.integer("sampling_ratio") == 0) {
    // How many samples follows from ceil(bin), which is certain away from whole numbers, and at one
    // where no operation rounds.
    const double length = axis.bin * static_cast<double>(bins);
    const bool whole = axis.bin == std::floor(axis.bin) && is_power_of_two(scale) &&
                       is_single(from * scale) && is_single(to * scale) && is_single(axis.start) &&
                       is_single(axis.start + length) && is_single(length);
    const double off = places.error / static_cast<double>(bins);
    places.counted = whole || std::ceil(axis.bin - off) == std::ceil(axis.bin + off);
  }
  return places;
}

enum class Sample { inside, outside, edge };

Sample find_sample(Place place, std::int64_t size, WideTaps& taps) {
  const auto beyond = static_cast<double>(size);
  if (place.x + place.error < -1 || place.x - place.error > beyond) return Sample::outside;
  if (place.x - place.error < -1 || place.x + place.error > beyond) return Sample::edge;
  taps = Kernel::linear().taps(place, 1, [size](std::int64_t j) {
    return std::optional(std::clamp<std::int64_t>(j, 0, size - 1));
  });
  return Sample::inside;
}

/// What one bin samples: sums are over all its samples.
struct BinSums {
  TapSum all;
  double greatest_error = 0;
  double greatest = 0;
  bool known = true;
};

class Region {
 public:
  Region(const RoiPlaces& y, const RoiPlaces& x, std::int64_t height, std::int64_t width)
      : y_(y), x_(x), height_(height), width_(width) {}

  [[nodiscard]] BinSums bin(std::int64_t row, std::int64_t column,
                            std::span<const double> plane) const {
    BinSums sums;
    sums.known = y_.counted && x_.counted;
    for (std::int64_t i = 0; sums.known && i < y_.axis.samples; ++i) {
      for (std::int64_t j = 0; sums.known && j < x_.axis.samples; ++j) {
        add_sample(sums, {y_.axis.position(row, i), y_.error},
                   {x_.axis.position(column, j), x_.error}, plane);
      }
    }
    return sums;
  }
  [[nodiscard]] double samples() const {
    return static_cast<double>(y_.axis.samples) * static_cast<double>(x_.axis.samples);
  }

 private:
  void add_sample(BinSums& sums, Place y, Place x, std::span<const double> plane) const {
    std::array<WideTaps, 2> taps;
    sums.known = y.is_known() && x.is_known();
    if (!sums.known) return;
    const Sample rows = find_sample(y, height_, taps[0]);
    const Sample columns = find_sample(x, width_, taps[1]);
    if (rows == Sample::outside || columns == Sample::outside) return;
    sums.known = rows == Sample::inside && columns == Sample::inside;
    if (!sums.known) return;
    const std::array<std::int64_t, 2> strides = {width_, 1};
    const TapSum sample = sum_wide_taps(taps, strides, plane);
    sums.all.value += sample.value;
    sums.all.magnitude += sample.magnitude;
    sums.all.reach += sample.reach;
    sums.all.terms += sample.terms;
    sums.greatest_error = std::max(sums.greatest_error, sample.greatest_error);
    sums.greatest = std::max(sums.greatest, sample.reach);
  }

  RoiPlaces y_;
  RoiPlaces x_;
  std::int64_t height_;
  std::int64_t width_;
};

Band mean_band(const Arithmetic& a, const BinSums& sums, double samples) {
  if (!sums.known || !std::isfinite(sums.all.reach)) return unknown_band();
  if (samples == 0 || sums.all.terms == 0) return {0, 0};
  return a.round(a.divide(tap_band(a, sums.all, 3), {samples, 0}));
}

/// The greatest product moves by no more than the one that moves most; around the canonical one.
Band greatest_band(const Arithmetic& a, const BinSums& sums, double canonical) {
  if (!sums.known || !std::isfinite(sums.all.reach) || !std::isfinite(canonical)) {
    return unknown_band();
  }
  const double rounding = 8 * std::max(a.roundoff(), position_roundoff) * sums.greatest;
  return a.round({canonical, 2 * (sums.greatest_error + rounding)});
}

}  // namespace

Bounds bound_roi_align(const Subject& subject) {
  const core::Node& node = subject.node;
  const core::TensorView& x = subject.operand(0);
  const Arithmetic a = subject.arithmetic();
  const Reals values = read_reals(x);
  const Reals rois = read_reals(subject.operand(1));
  const Reals canonical = read_reals(subject.results[0]);
  ISOTRACE_TRY(const auto images, reference::read_integers(subject.operand(2)));
  const bool average = node.text("mode") == "avg";
  const std::int64_t height = node.integer("output_height");
  const std::int64_t width = node.integer("output_width");
  const std::size_t plane = reference::product(x.shape(), 2, 4);
  const auto channels = static_cast<std::size_t>(x.dim(1));
  std::vector<Band> bands;
  for (std::size_t r = 0; r < images.size(); ++r) {
    const double edges[4] = {rois[4 * r], rois[4 * r + 1], rois[4 * r + 2], rois[4 * r + 3]};
    ISOTRACE_TRY(const reference::RoiGrid grid, reference::roi_grid(node, edges));
    const Region region(make_places(node, grid.y, edges[1], edges[3], height),
                        make_places(node, grid.x, edges[0], edges[2], width), x.dim(2), x.dim(3));
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t channel = static_cast<std::size_t>(images[r]) * channels + c;
      const auto source = std::span(values).subspan(channel * plane, plane);
      for (std::int64_t bin = 0; bin < height * width; ++bin) {
        const BinSums sums = region.bin(bin / width, bin % width, source);
        bands.push_back(average ? mean_band(a, sums, region.samples())
                                : greatest_band(a, sums, canonical[bands.size()]));
      }
    }
  }
  return one_bound(std::move(bands));
}

}  // namespace isotrace::executor
