#include <isotrace/reference/roi.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

constexpr std::int64_t size_max = (std::int64_t{1} << 31) - 1;
constexpr double bin_samples_max = 1 << 20;

Result<Shape> roi_shape(Dims x, Dims rois, std::int64_t columns, std::int64_t height,
                        std::int64_t width) {
  if (x.size() != 4 || rois.size() != 2 || rois[1] != columns) {
    return refuse_shape("data " + core::shape_text(x) + ", regions " + core::shape_text(rois));
  }
  if (height < 1 || width < 1 || height > size_max || width > size_max) {
    return refuse_attribute("output of " + std::to_string(height) + " by " + std::to_string(width));
  }
  Shape shape = {rois[0], x[1], height, width};
  ISOTRACE_TRY_DONE(core::element_count(shape));
  return shape;
}

/// The nearest integer, halves away from zero, within 2^30 so that no product below overflows.
std::int64_t round_coordinate(double value) {
  constexpr std::int64_t bound = std::int64_t{1} << 30;
  const double away = value < 0 ? -std::floor(0.5 - value) : std::floor(value + 0.5);
  return std::clamp(core::to_integer<std::int64_t>(away), -bound, bound);
}

/// Bin `number` of `bins` covers what the exact part [number, number + 1) * length / bins touches.
RoiBin find_bin(std::int64_t start, std::int64_t end, std::int64_t number, std::int64_t bins,
                std::int64_t size) {
  const std::int64_t length = std::max<std::int64_t>(end - start + 1, 1);
  const std::int64_t from = start + number * length / bins;
  const std::int64_t to = start + ((number + 1) * length + bins - 1) / bins;
  return {std::clamp<std::int64_t>(from, 0, size), std::clamp<std::int64_t>(to, 0, size)};
}

std::vector<RoiBin> find_bins(std::int64_t start, std::int64_t end, std::int64_t bins,
                              std::int64_t size) {
  std::vector<RoiBin> all;
  for (std::int64_t i = 0; i < bins; ++i) all.push_back(find_bin(start, end, i, bins, size));
  return all;
}

}  // namespace

Result<std::vector<RoiBins>> max_roi_bins(const core::Node& node, Dims x,
                                          const core::TensorView& rois) {
  ISOTRACE_TRY(const Shape output, max_roi_pool_shape(node, x, rois.shape()));
  ISOTRACE_TRY(const std::size_t elements, core::element_count(output));
  return visit_floats(rois.dtype(), [&](auto type) -> Result<std::vector<RoiBins>> {
    using T = typename decltype(type)::type;
    const Wide<T> scale = node.real("spatial_scale");
    std::vector<RoiBins> regions;
    for (std::size_t r = 0; r < static_cast<std::size_t>(output[0]); ++r) {
      const auto roi = rois.data<T>().subspan(5 * r, 5);
      const auto image = static_cast<double>(widen(roi[0]));
      if (!(image >= 0 && image < static_cast<double>(x[0]) && image == std::floor(image))) {
        return refuse_value("region " + std::to_string(r) + " names no image");
      }
      std::int64_t edge[4];
      for (std::size_t i = 0; i < 4; ++i) {
        edge[i] = round_coordinate(static_cast<double>(widen(roi[i + 1]) * scale));
      }
      RoiBins& region = regions.emplace_back();
      region.image = static_cast<std::int64_t>(image);
      if (elements == 0) continue;
      region.rows = find_bins(edge[1], edge[3], output[2], x[2]);
      region.columns = find_bins(edge[0], edge[2], output[3], x[3]);
    }
    return regions;
  });
}

Result<Shape> max_roi_pool_shape(const core::Node& node, Dims x, Dims rois) {
  const auto& pooled = node.integers("pooled_shape");
  if (pooled.size() != 2) return refuse_attribute("pooled_shape");
  return roi_shape(x, rois, 5, pooled[0], pooled[1]);
}

Result<Shape> roi_align_shape(const core::Node& node, Dims x, Dims rois) {
  const std::string& mode = node.text("mode");
  if (mode != "avg" && mode != "max") return refuse_attribute("mode " + mode);
  const std::string& transformation = node.text("coordinate_transformation_mode");
  if (transformation != "half_pixel" && transformation != "output_half_pixel") {
    return refuse_attribute("coordinate_transformation_mode " + transformation);
  }
  const std::int64_t ratio = node.integer("sampling_ratio");
  if (ratio < 0 || ratio > 1024) return refuse_attribute("sampling_ratio " + std::to_string(ratio));
  return roi_shape(x, rois, 4, node.integer("output_height"), node.integer("output_width"));
}

Result<RoiGrid> roi_grid(const core::Node& node, const double (&edges)[4]) {
  const double scale = node.real("spatial_scale");
  const bool half_pixel = node.text("coordinate_transformation_mode") == "half_pixel";
  const double offset = half_pixel ? 0.5 : 0.0;
  const std::int64_t ratio = node.integer("sampling_ratio");
  const auto axis = [&](double from, double to, std::int64_t bins) {
    const double start = from * scale - offset;
    double length = to * scale - offset - start;
    if (!half_pixel) length = length < 1.0 ? 1.0 : length;
    RoiAxis result{start, length / static_cast<double>(bins), ratio};
    if (ratio == 0) {
      const double adaptive = std::ceil(result.bin);
      // Without a size there is one sample, at a position that is not a number either.
      result.samples =
          adaptive != adaptive ? 1 : static_cast<std::int64_t>(std::clamp(adaptive, 0.0, 1e9));
    }
    return result;
  };
  const RoiGrid grid = {axis(edges[1], edges[3], node.integer("output_height")),
                        axis(edges[0], edges[2], node.integer("output_width"))};
  if (static_cast<double>(grid.y.samples) * static_cast<double>(grid.x.samples) > bin_samples_max) {
    return core::refuse(RefusalCode::limit_exceeded, "", "too many samples per bin");
  }
  return grid;
}

Result<std::vector<std::int64_t>> roi_images(const TensorView& operand, std::int64_t images,
                                             std::int64_t rois) {
  ISOTRACE_TRY(auto numbers, read_integers(operand));
  if (static_cast<std::int64_t>(numbers.size()) != rois) {
    return refuse_shape(std::to_string(numbers.size()) + " batch indices for " +
                        std::to_string(rois) + " regions");
  }
  for (const std::int64_t number : numbers) {
    if (number < 0 || number >= images) return refuse_value("image " + std::to_string(number));
  }
  return numbers;
}

std::int64_t roi_bin_samples(const core::Node& node, const core::TensorView& rois) {
  const std::int64_t ratio = node.integer("sampling_ratio");
  if (ratio != 0) return ratio * ratio;
  const Result<std::int64_t> most =
      visit_floats(rois.dtype(), [&](auto type) -> Result<std::int64_t> {
        using T = typename decltype(type)::type;
        std::int64_t greatest = 1;
        const auto values = rois.data<T>();
        for (std::size_t i = 0; i + 4 <= values.size(); i += 4) {
          double edges[4];
          for (std::size_t k = 0; k < 4; ++k) edges[k] = static_cast<double>(widen(values[i + k]));
          ISOTRACE_TRY(const RoiGrid grid, roi_grid(node, edges));
          greatest = std::max(greatest, grid.y.samples * grid.x.samples);
        }
        return greatest;
      });
  return most ? *most : 1;
}

}  // namespace isotrace::reference
